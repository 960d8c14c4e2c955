"""What do an ensemble, turned images and a temperature add? On the nuclei set: `python benchmarks/ensembles.py`.

The same small network is trained from several seeds on one split, and all of that on several splits. Predictions are
averaged over every choice of 2, 3, ... members, over mirror images and quarter turns, or over both; the scores of all
choices of as many members are averaged. "passes" counts how often an image goes through a network. A temperature is
fitted on a quarter of the pixels of the validation images, for each choice anew. Scores on the test images: mean
Dice at a threshold of one half, and, of all pixels, Brier score, cross-entropy and expected calibration error; the last
also of pixels near an outline, where the doubt is.
"""

import argparse
import functools
import importlib
import itertools
import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait for work would take it from the others
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
from scipy import ndimage

from unet_course import metrics, preprocessing, studies
from unet_course.common import hardware, inference
from unet_course.datasets import nuclei, splits

POSITIONS = {1: "as it is", 4: "mirrored", 8: "turned"}  # predictions of one image by one member
NEAR = 2  # pixels from an outline
SINGLE = "1 member, 1 position"
SCORES = {"dice": "Dice", "brier": "Brier", "cross_entropy": "cross-entropy", "ece": "ECE", "near_ece": "ECE, near"}


def build(uc):
    return uc.unet(3, 1, base_filters=8, depth=4)


def train(dataset, uc, options, folder, *, split, seed):
    """Train one member and keep its weights."""
    started = time.process_time()
    parts = splits.split(dataset.index, stratify="image_type", seed=split)
    seen, held_out = ((dataset.images[at], np.asarray(dataset.masks[at])) for at in list(parts.values())[:2])
    uc.set_seed(seed)
    model = build(uc)
    uc.fit(
        model, seen, held_out, loss=uc.bce_dice_loss, learning_rate=options.learning_rate, epochs=options.epochs,
        augment=True, precision="auto", seed=seed,
    )  # fmt: skip
    uc.save_weights(model, folder / f"split{split}-seed{seed}")
    return {"parameters": uc.count_parameters(model), "seconds": round(time.process_time() - started, 1)}


def predict(uc, path, images):
    """Probabilities of one member by number of positions, each (N, H, W)."""
    model = build(uc)
    uc.load_weights(model, next(path.parent.glob(f"{path.name}.*")))
    answer = functools.partial(uc.predict, model, batch_size=64, precision="auto")
    return {1: answer(images), 4: answer(images, flips=True), 8: inference.mean_over_turns(images, answer)}


def near_outlines(masks):
    """Pixels at most `NEAR` from where nucleus and background meet."""
    square = np.ones((1, 2 * NEAR + 1, 2 * NEAR + 1), bool)
    return ndimage.binary_dilation(masks, square) & ~ndimage.binary_erosion(masks, square, border_value=1)


def scores(truth, probabilities, near):
    """All scores of one prediction."""
    return {
        "dice": float(metrics.dice(truth, probabilities > 0.5, empty=1).mean()),
        "brier": metrics.brier_score(truth, probabilities),
        "cross_entropy": metrics.cross_entropy(truth, probabilities),
        "ece": metrics.expected_calibration_error(truth, probabilities),
        "near_ece": metrics.expected_calibration_error(truth[near], probabilities[near]),
    }


def evaluate(dataset, uc, options, folder, *, split):
    """Scores of every number of members and positions, without and with a temperature, and reliability tables."""
    parts = splits.split(dataset.index, stratify="image_type", seed=split)
    validation, test = (dataset.take(parts[name]) for name in ("validation", "test"))
    paths = [folder / f"split{split}-seed{seed}" for seed in range(options.members)]
    held_out, asked = ([predict(uc, path, part.images) for path in paths] for part in (validation, test))
    truth, near = np.asarray(test.masks).astype(int), near_outlines(test.masks > 0)
    lines, tables = [], {}
    for members, positions in itertools.product(range(1, options.members + 1), POSITIONS):
        found = []
        for chosen in itertools.combinations(range(options.members), members):
            known, new = (np.mean([some[i][positions] for i in chosen], axis=0) for some in (held_out, asked))
            temperature = metrics.fit_temperature(validation.masks[:, ::2, ::2], known[:, ::2, ::2])
            tempered = metrics.apply_temperature(new, temperature)
            cooled = {f"tempered_{name}": value for name, value in scores(truth, tempered, near).items()}
            found.append(scores(truth, new, near) | cooled | {"temperature": temperature})
            if chosen == tuple(range(members)) and (members, positions) in ((1, 1), (options.members, 8)):
                for name, values in (("as it is", new), ("tempered", tempered)):
                    table = metrics.reliability_curve(truth, values)
                    tables[f"{_way(members, positions)}, {name}"] = {key: table[key].tolist() for key in table}
        mean = pd.DataFrame(found).mean().to_dict()
        lines.append({"members": members, "positions": positions, "passes": members * positions, **mean})
    return {"lines": lines, "tables": tables, "near_share": float(near.mean()), "test_pictures": len(test)}


def _way(members, positions):
    return f"{members} member{'s'[: members > 1]}, {positions} position{'s'[: positions > 1]}"


def as_table(evaluated):
    """One line for each split, number of members and number of positions."""
    rows = [
        {"split": split, "way": _way(line["members"], line["positions"]), **line}
        for split, lines in zip(evaluated.split, evaluated.lines, strict=True)
        for line in lines
    ]
    return pd.DataFrame(rows)


def comparisons(table):
    """Each way against a single member, and tempered against not: lines with intervals and verdicts over the splits."""
    lines = [
        {"way": way, "against": SINGLE, "score": score}
        | studies.difference(table, score, "way", SINGLE, way, pair="split")
        for way in table.way.unique()[1:]
        for score in SCORES
    ]
    for way, some in table.groupby("way", sort=False):
        for score in list(SCORES)[1:]:
            two = [some.assign(tempered=False), some.assign(tempered=True, **{score: some[f"tempered_{score}"]})]
            found = studies.difference(pd.concat(two), score, "tempered", False, True, pair="split")
            lines.append({"way": f"{way}, tempered", "against": way, "score": score} | found)
    return lines


def show(table, compared):
    """Print the mean scores, and what is decided."""
    print("\n| way | passes | " + " | ".join(SCORES.values()) + " | temperature |\n|---" + "|---" * 7 + "|")
    for way, some in table.groupby("way", sort=False):
        cells = " | ".join(f"{some[name].mean():.4f}" for name in (*SCORES, "temperature"))
        print(f"| {way} | {some.passes.iloc[0]} | {cells} |")
    print()
    for one in compared:
        if one["score"] not in ("dice", "ece"):  # the record has them all
            continue
        span = f"{one['mean']:+.4f} ({one['low']:+.4f} to {one['high']:+.4f})"
        print(f"{one['way']} against {one['against']}, {SCORES[one['score']]}: {span}, {one['verdict']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--framework", choices=("torch", "keras"), default="torch")
    parser.add_argument("--source", choices=("real", "phantom"), default="real")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--learning-rate", type=float, default=0.004)
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--folder", help="keep each finished run and its weights here, and go on from there")
    parser.add_argument("--record", help="write the figures here (JSON)")
    options = parser.parse_args()
    uc = importlib.import_module(f"unet_course.{options.framework}")
    dataset = nuclei.load(source=options.source, size=options.size)
    # On the whole range of grey values, as the chapter on nuclei has it.
    stretched = replace(dataset, images=preprocessing.rescale_percentiles(dataset.images))
    protocol = {
        "content_hash": dataset.content_hash,
        **{name: getattr(options, name) for name in ("framework", "size", "epochs", "learning_rate")},
    }
    folder = Path(options.folder or tempfile.mkdtemp())
    every = [list(range(count)) for count in (options.splits, options.members)]
    trained = studies.sweep(
        functools.partial(train, stretched, uc, options, folder),
        dict(zip(("split", "seed"), every, strict=True)),
        protocol=protocol,
        folder=folder,
        label="members",
    )
    evaluated = studies.sweep(
        functools.partial(evaluate, stretched, uc, options, folder),
        {"split": every[0]},
        protocol=protocol | {"members": options.members},
        folder=folder,
        label="splits",
    )
    table = as_table(evaluated)
    compared = comparisons(table)
    show(table, compared)
    if options.record:
        record = {
            "arguments": {k: v for k, v in vars(options).items() if k not in ("folder", "record")},
            "machine": hardware.machine(),
            **uc.describe_device(),
            "pictures": len(dataset),
            "content_hash": dataset.content_hash,
            "test_pictures": evaluated.test_pictures.tolist(),
            "near_share": evaluated.near_share.tolist(),
            "members": trained.to_dict("records"),
            "rows": table.to_dict("records"),
            "tables": evaluated.tables[0],
            "comparisons": compared,
        }
        with open(options.record, "w", encoding="utf-8") as file:
            file.write(json.dumps(record, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
