"""Does denoising the inputs help a U-Net? On the LGG set: `python benchmarks/denoise_then_segment.py`.

The same small network is trained on slices as they are and on slices with Rician noise, each time without and with
total-variation denoising of all inputs. A seed fixes split (by patient), training slices, initial weights and their
order, so that the runs of one seed differ in the inputs alone. Noise is drawn once, for all runs. Training takes as
many slices without tumour as with; the scores are those of all slices of the test patients: mean Dice of the slices
with a tumour (an empty prediction counts 0) and mean Dice of the patients' volumes. "chosen" is, for each seed, the
weight above 0 with the better Dice on validation patients: the test plays no part in that choice.
"""

import argparse
import functools
import importlib
import json
import os
import time

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait for work would take it from the others
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd

from unet_course import denoising, metrics, studies
from unet_course.common import hardware
from unet_course.datasets import lgg, splits

SIZE = 64
SCORES = {"slice_dice": "Dice of tumour slices", "patient_dice": "Dice of patients"}


def inputs(dataset, noise, weight):
    """All slices, float32, with noise of this standard deviation (white is 1), then denoised."""
    images = np.asarray(dataset.images) / np.float32(255)
    if noise:
        rng = np.random.default_rng(0)
        real, imaginary = (noise * rng.standard_normal(images.shape, dtype=np.float32) for _ in range(2))
        images = np.hypot(images + real, imaginary).clip(max=1)  # a file ends at white
    return denoising.denoise_tv(images, weight) if weight else images


def training_slices(index, positions, n, rng):
    """Half of them with a tumour, half without; fewer where there are not as many."""
    has_tumour = index.has_tumour.to_numpy()[positions]
    kinds = [rng.permutation(positions[has_tumour == wanted])[: n // 2] for wanted in (True, False)]
    return np.sort(np.concatenate(kinds))


def scores(dataset, positions, prediction):
    """The two Dice scores of predicted masks of the slices at these positions."""
    index = dataset.index.iloc[positions]
    counts = metrics.confusion(dataset.masks[positions], prediction)
    of_patients = metrics.pool(counts, "patient", index["group"])
    return {
        "slice_dice": float(metrics.score("dice", counts[index.has_tumour.to_numpy()], empty=1).mean()),
        "patient_dice": float(metrics.score("dice", of_patients, empty=1).mean()),
    }


def train_and_score(dataset, images_of, uc, options, *, noise, weight, seed):
    """One line of the table; `images_of(noise, weight)` gives the inputs."""
    started = time.process_time()
    images = images_of(noise, weight)
    parts = splits.split(dataset.index, seed=seed)
    chosen = training_slices(dataset.index, parts["train"], options.slices, np.random.default_rng(seed))
    watched = parts["validation"][::20]  # only for the curves: nothing is decided by them
    uc.set_seed(seed)
    model = uc.unet(3, 1, base_filters=8, depth=4)
    uc.fit(
        model,
        (images[chosen], np.asarray(dataset.masks[chosen])),
        (images[watched], np.asarray(dataset.masks[watched])),
        loss=uc.bce_dice_loss,
        learning_rate=options.learning_rate,
        epochs=options.epochs,
        precision="auto",
        seed=seed,
    )
    result = {}
    for part in ("validation", "test"):
        prediction = uc.predict(model, images[parts[part]], batch_size=64, precision="auto") > 0.5
        found = scores(dataset, parts[part], prediction)
        result |= {f"{part}_{name}": value for name, value in found.items()}
    result["test_patients"] = int(dataset.index["group"].iloc[parts["test"]].nunique())
    return {**result, "cpu_seconds": round(time.process_time() - started, 1)}


def chosen_weights(table):
    """Of each noise and seed the line with the weight above 0 that is best on validation patients, as "chosen"."""
    best = table[table.weight > 0].groupby(["noise", "seed"]).validation_patient_dice.idxmax()
    return table.loc[best].assign(weight="chosen")


def comparisons(table):
    """Each weight against no denoising, seed by seed: a list of lines with intervals and verdicts."""
    table = pd.concat([table, chosen_weights(table)])
    others = [weight for weight in table.weight.unique() if weight != 0]
    return [
        {"noise": noise, "weight": weight, "score": score}
        | studies.difference(runs, f"test_{score}", "weight", 0, weight)
        for noise, runs in table.groupby("noise")
        for weight in others
        for score in SCORES
    ]


def show(table, compared):
    """Print the mean scores, and what denoising changes."""
    print("\n| noise | weight | " + " | ".join(SCORES.values()) + " |\n|---|---|---|---|")
    for (noise, weight), runs in table.groupby(["noise", "weight"]):
        cells = []
        for name in SCORES:
            mean, half = studies.interval(runs[f"test_{name}"])
            cells.append(f"{mean:.3f} +- {half:.3f}")
        print(f"| {noise} | {weight} | {' | '.join(cells)} |")
    print("\nagainst no denoising:")
    for one in compared:
        span = f"{one['mean']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})"
        print(f"noise {one['noise']}, weight {one['weight']}, {SCORES[one['score']]}: {span}, {one['verdict']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--framework", choices=("torch", "keras"), default="torch")
    parser.add_argument("--source", choices=("real", "phantom"), default="real")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--slices", type=int, default=1000, help="training slices, half of them with a tumour")
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--noises", type=float, nargs="+", default=[0.0, 0.1])
    parser.add_argument("--weights", type=float, nargs="+", default=[0.0, 0.03, 0.1])
    parser.add_argument("--folder", help="keep each finished run here, and go on from there")
    parser.add_argument("--record", help="write the figures here (JSON)")
    arguments = parser.parse_args()
    if arguments.weights[:1] != [0] or len(arguments.weights) < 2:
        parser.error("--weights starts with 0, what the others are compared with, and goes on with one or more.")
    uc = importlib.import_module(f"unet_course.{arguments.framework}")
    dataset = lgg.load(source=arguments.source, size=SIZE)
    # Runs with the same inputs follow one another.
    images_of = functools.lru_cache(maxsize=1)(functools.partial(inputs, dataset))
    table = studies.sweep(
        functools.partial(train_and_score, dataset, images_of, uc, arguments),
        {"noise": arguments.noises, "weight": arguments.weights, "seed": list(range(arguments.seeds))},
        protocol={
            "content_hash": dataset.content_hash,
            **{name: getattr(arguments, name) for name in ("framework", "epochs", "slices", "learning_rate")},
        },
        folder=arguments.folder,
    )
    compared = comparisons(table)
    show(table, compared)
    if arguments.record:
        record = {
            "arguments": {k: v for k, v in vars(arguments).items() if k not in ("folder", "record")},
            "machine": hardware.machine(),
            **uc.describe_device(),
            "slices": len(dataset),
            "patients": int(dataset.index["group"].nunique()),
            "content_hash": dataset.content_hash,
            "rows": table.to_dict("records"),
            "comparisons": compared,
        }
        with open(arguments.record, "w", encoding="utf-8") as file:
            file.write(json.dumps(record, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
