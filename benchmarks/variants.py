"""Which U-Net under one budget? On the nuclei set, and 3-D beside 2-D on phantoms: `python benchmarks/variants.py`.

Five networks with nearly the same number of parameters see the same images, as often, in as many updates. On the
first seed each is trained with every learning rate; the one with the better validation Dice is kept for all seeds. A
seed fixes split, initial weights and order. Scores are those of all test images, at a threshold of one half: mean
Dice and mean IoU of an image. A second reading gives all networks the seconds of the plain U-Net: it is the validation
Dice, all pixels pooled, of the last epoch that fits. 3-D and 2-D compare the Dice of whole tumours of BraTS phantoms,
which are no patients.
"""

import argparse
import functools
import importlib
import json
import os
import time
from dataclasses import replace

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait for work would take it from the others
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd

from unet_course import metrics, paths, preprocessing, studies
from unet_course.common import hardware
from unet_course.datasets import brats, nuclei, splits

PLAIN = "U-Net"
# Builder and filters of the finest level: so many that the parameters agree.
NETWORKS = {
    PLAIN: ("unet", 11),
    "residual": ("residual_unet", 11),
    "attention": ("attention_unet", 11),
    "U-Net++": ("unet_plus_plus", 10),
    "transformer": ("trans_unet", 9),
}
DEPTH = 4
SCORES = {"test_dice": "Dice", "test_iou": "IoU"}
VOLUME_NETWORKS = {"2-D": ("unet", 14), "3-D": ("unet_3d", 8)}
SLICES = 16  # of one block of neighbouring slices


def train(uc, model, data, loss, *, rate, epochs, batch_size, seed, callbacks=()):
    """Train; return the history, and the seconds of processor time."""
    started = time.process_time()
    history = uc.fit(
        model, *data, loss=loss, learning_rate=rate, epochs=epochs, batch_size=batch_size, augment=True,
        metrics=("dice",), callbacks=callbacks, precision="auto", seed=seed,
    )  # fmt: skip
    return history, round(time.process_time() - started, 2)


def nuclei_run(dataset, uc, options, *, network, rate, seed):
    """One line of the table of networks."""
    parts = splits.split(dataset.index, stratify="image_type", seed=seed)
    pictures = {name: (dataset.images[at], np.asarray(dataset.masks[at])) for name, at in parts.items()}
    builder, filters = NETWORKS[network]
    uc.set_seed(seed)
    model = getattr(uc, builder)(3, 1, base_filters=filters, depth=DEPTH)
    history, seconds = train(
        uc, model, (pictures["train"], pictures["validation"]), uc.bce_dice_loss,
        rate=rate, epochs=options.epochs, batch_size=16, seed=seed,
    )  # fmt: skip
    found = {}
    for part in ("validation", "test"):
        images, truth = pictures[part]
        counts = metrics.confusion(truth, uc.predict(model, images, batch_size=64, precision="auto") > 0.5)
        for name in ("dice", "iou"):
            found[f"{part}_{name}"] = float(metrics.score(name, counts, empty=1).mean())
    facts = {"parameters": uc.count_parameters(model), "pictures_seen": options.epochs * len(parts["train"])}
    return facts | found | {"curve": history["val_dice"], "seconds": seconds}


def volume_run(dataset, uc, options, *, network, seed):
    """One line of the table of 2-D and 3-D."""
    parts = splits.split(dataset.index, seed=seed)
    blocks = {name: cut_blocks(dataset, at) for name, at in parts.items()}
    flat = network == "2-D"
    data = [blocks["train"], blocks["validation"]]
    if flat:
        data = [tuple(array.reshape(-1, *array.shape[2:]) for array in pair) for pair in data]
    builder, filters = VOLUME_NETWORKS[network]
    uc.set_seed(seed)
    model = getattr(uc, builder)(4, 1, base_filters=filters, depth=3)
    # With one block a batch, the validation loss jumps from epoch to epoch: both networks keep their best one.
    _, seconds = train(
        uc, model, data, uc.bce_dice_loss,
        rate=options.volume_rate, epochs=options.volume_epochs, batch_size=SLICES if flat else 1, seed=seed,
        callbacks=[uc.EarlyStopping(options.volume_epochs)],
    )  # fmt: skip
    images, truth = blocks["test"]
    asked = images.reshape(-1, *images.shape[2:]) if flat else images
    found = uc.predict(model, asked, batch_size=SLICES if flat else 1, precision="auto").reshape(truth.shape) > 0.5
    patient = np.repeat(np.arange(len(parts["test"])), len(truth) // len(parts["test"]))
    scores = metrics.dice(truth, found, empty=1, reduction="patient", groups=patient)
    facts = {"parameters": uc.count_parameters(model), "test_patients": len(scores), "seconds": seconds}
    return facts | {"test_dice": float(scores.mean())}


def cut_blocks(dataset, positions):
    """Blocks of neighbouring slices, uint8 (B, SLICES, H, W, 4), and their masks of the whole tumour."""
    images = np.stack([brats.to_grey(dataset.images[i]) for i in positions])
    masks = np.stack([dataset.masks[i] > 0 for i in positions]).astype(int)
    return tuple(array.reshape(-1, SLICES, *array.shape[2:]) for array in (images, masks))


def search_then_repeat(run, options, protocol):
    """Try all rates on the first seed, then train from every seed at each network's better one: two tables."""
    folder = options.folder and os.path.join(options.folder, "nuclei")
    sweep = functools.partial(studies.sweep, run, protocol=protocol, folder=folder)
    tried = sweep({"network": list(NETWORKS), "rate": options.rates, "seed": [0]}, label="search")
    best = tried.loc[tried.groupby("network").validation_dice.idxmax()].set_index("network").rate
    # Seed by seed, so that what is there after a kill can be compared.
    rest = [
        {"network": network, "rate": float(best[network]), "seed": seed}
        for seed in range(1, options.seeds)
        for network in NETWORKS
    ]
    first = tried[tried.rate == tried.network.map(best)]
    return tried, pd.concat([first, sweep(rest, label="seeds")], ignore_index=True)


def with_equal_time(table):
    """Add `same_seconds_dice`: the validation Dice of the last epoch that ends within the plain U-Net's seconds."""
    usual = table.groupby("network").seconds.median()
    share = (usual[PLAIN] / usual).clip(upper=1)
    table = table.assign(same_seconds_epochs=table.curve.str.len() * table.network.map(share))
    table.same_seconds_epochs = table.same_seconds_epochs.astype(int).clip(lower=1)
    dice = [curve[epochs - 1] for curve, epochs in zip(table.curve, table.same_seconds_epochs, strict=True)]
    return table.assign(same_seconds_dice=dice)


def comparisons(table, volumes):
    """Each network against the plain U-Net, and 3-D against 2-D: a list of lines with intervals and verdicts."""
    lines = [
        {"network": network, "against": PLAIN, "score": score}
        | studies.difference(table, score, "network", PLAIN, network)
        for score in (*SCORES, "same_seconds_dice")
        for network in list(NETWORKS)[1:]
    ]
    line = {"network": "3-D", "against": "2-D", "score": "test_dice"}
    return [*lines, line | studies.difference(volumes, "test_dice", "network", "2-D", "3-D")]


def show(table, volumes, compared):
    """Print the mean scores, and the comparisons."""
    for runs, names in ((table, SCORES), (volumes, {"test_dice": "Dice"})):
        print("\n| network | parameters | seconds | " + " | ".join(names.values()) + " |")
        print("|---|---|---|" + "---|" * len(names))
        for network, some in runs.groupby("network", sort=False):
            cells = ["{:.3f} +- {:.3f}".format(*studies.interval(some[name])) for name in names]
            print(f"| {network} | {some.parameters.iloc[0]:,} | {some.seconds.median():.0f} | {' | '.join(cells)} |")
    print()
    for one in compared:
        span = f"{one['mean']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})"
        print(f"{one['network']} against {one['against']}, {one['score']}: {span}, {one['verdict']}")


def phantom_volumes(cases):
    """BraTS phantoms of 64 x 64 x 32 voxels."""
    from unet_course.phantoms.brats import write

    return brats.load(write(paths.data_root() / "cache" / f"brats-phantoms-{cases}", n_cases=cases))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--framework", choices=("torch", "keras"), default="torch")
    parser.add_argument("--source", choices=("real", "phantom"), default="real", help="of the nuclei")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=18)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.001, 0.004])
    parser.add_argument("--volume-rate", type=float, default=0.004)
    parser.add_argument("--volume-epochs", type=int, default=24)
    parser.add_argument("--volume-cases", type=int, default=24)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folder", help="keep each finished run here, and go on from there")
    parser.add_argument("--record", help="write the figures here (JSON)")
    options = parser.parse_args()
    uc = importlib.import_module(f"unet_course.{options.framework}")
    dataset = nuclei.load(source=options.source, size=options.size)
    protocol = {
        "content_hash": dataset.content_hash,
        **{name: getattr(options, name) for name in ("framework", "size", "epochs")},
    }
    # Compared on the whole range of grey values, as the chapter on nuclei has it.
    stretched = replace(dataset, images=preprocessing.rescale_percentiles(dataset.images))
    run = functools.partial(nuclei_run, stretched, uc, options)
    tried, table = search_then_repeat(run, options, protocol)
    phantoms = phantom_volumes(options.volume_cases)
    volumes = studies.sweep(
        functools.partial(volume_run, phantoms, uc, options),
        [{"network": network, "seed": seed} for seed in range(options.seeds) for network in VOLUME_NETWORKS],
        protocol={
            "content_hash": phantoms.content_hash,
            **{name: getattr(options, name) for name in ("framework", "volume_epochs", "volume_rate")},
        },
        folder=options.folder and os.path.join(options.folder, "volumes"),
        label="volumes",
    )
    table = with_equal_time(table)
    compared = comparisons(table, volumes)
    show(table, volumes, compared)
    if options.record:
        record = {
            "arguments": {k: v for k, v in vars(options).items() if k not in ("folder", "record")},
            "machine": hardware.machine(),
            **uc.describe_device(),
            "pictures": len(dataset),
            "content_hash": dataset.content_hash,
            "search": tried.drop(columns="curve").to_dict("records"),
            "rows": table.to_dict("records"),
            "volumes": {"source": phantoms.source, "cases": len(phantoms), "rows": volumes.to_dict("records")},
            "comparisons": compared,
        }
        with open(options.record, "w", encoding="utf-8") as file:
            file.write(json.dumps(record, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
