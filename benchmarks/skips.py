"""What do skip connections bring a U-Net? On the nuclei set: `python benchmarks/skips.py`.

The same network is trained twice from the same weights, once as it is and once with every skip connection multiplied by
0: nothing else differs, not even the number of parameters. A seed fixes split (stratified by image type), initial
weights and order of images. Scores are means over the test images: Dice, and the share of both outlines that lies
within one pixel of the other (surface Dice); two empty masks would count 1.
"""

import argparse
import functools
import json
import os
import time
from dataclasses import replace

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait for work would take it from the others

import numpy as np
from torch import nn

from unet_course import metrics, preprocessing, studies
from unet_course import torch as uc
from unet_course.common import hardware
from unet_course.common.config import UNetConfig
from unet_course.datasets import nuclei, splits
from unet_course.torch.models import UNet, channels_last_memory

SCORES = {"dice": "Dice", "surface_dice": "surface Dice, 1 pixel"}


class Cut(nn.Module):
    """The gate of a U-Net without skip connections: nothing comes through."""

    def __init__(self, filters, channels, dimensions):
        super().__init__()

    def forward(self, skip, x):
        return skip * 0


def network(skips, options):
    """A U-Net with batch norm, its skip connections as they are or cut."""
    plan = UNetConfig(3, 1, options.base_filters, options.depth, True, 0.0, "transpose")
    return channels_last_memory(UNet(plan, gate=None if skips else Cut))


def scores(truth, prediction):
    """Mean scores of masks of images."""
    surface = [
        metrics.surface_dice(*pair, spacing=1, tolerance=1, empty=1) for pair in zip(truth, prediction, strict=True)
    ]
    return {"dice": float(metrics.dice(truth, prediction, empty=1).mean()), "surface_dice": float(np.mean(surface))}


def train_and_score(dataset, options, *, seed, skips):
    """One line of the table."""
    started = time.process_time()
    parts = splits.split(dataset.index, test=0.2, validation=0.1, stratify="image_type", seed=seed)
    train, validation, test = ((dataset.images[rows], dataset.masks[rows]) for rows in parts.values())
    uc.set_seed(seed)
    model = network(skips, options)
    uc.fit(
        model,
        train,
        validation,
        loss=uc.bce_dice_loss,
        learning_rate=options.learning_rate,
        epochs=options.epochs,
        batch_size=options.batch_size,
        precision="auto",
        seed=seed,
    )
    prediction = (uc.predict(model, test[0], precision="auto") > 0.5).astype(int)
    return {
        **scores(test[1], prediction),
        "parameters": uc.count_parameters(model),
        "test_pictures": len(test[0]),
        "cpu_seconds": round(time.process_time() - started, 1),
    }


def comparisons(table):
    """With skips less without, seed by seed."""
    return [{"score": name} | studies.difference(table, name, "skips", False, True) for name in SCORES]


def show(table, compared):
    """Print means and differences."""
    print("\n| skips | " + " | ".join(SCORES.values()) + " |\n|---|---|---|")
    for skips, runs in table.groupby("skips"):
        means = (f"{mean:.3f} +- {half:.3f}" for mean, half in (studies.interval(runs[name]) for name in SCORES))
        print(f"| {skips} | {' | '.join(means)} |")
    for one in compared:
        span = f"{one['mean']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})"
        print(f"{SCORES[one['score']]} with skips, less without: {span}, {one['verdict']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", choices=("real", "phantom"), default="real")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--base-filters", type=int, default=8)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folder", help="keep each finished run here, and go on from there")
    parser.add_argument("--record", help="write the figures here (JSON)")
    options = parser.parse_args()
    dataset = nuclei.load(source=options.source, size=options.size)
    dataset = replace(dataset, images=preprocessing.rescale_percentiles(dataset.images))
    settings = {k: v for k, v in vars(options).items() if k not in ("folder", "record")}
    table = studies.sweep(
        functools.partial(train_and_score, dataset, options),
        {"seed": list(range(options.seeds)), "skips": [False, True]},
        protocol={"content_hash": dataset.content_hash, **{k: v for k, v in settings.items() if k != "seeds"}},
        folder=options.folder,
    )
    compared = comparisons(table)
    show(table, compared)
    if options.record:
        record = {
            "arguments": settings,
            "machine": hardware.machine(),
            **uc.describe_device(),
            "pictures": len(dataset),
            "content_hash": dataset.content_hash,
            "rows": table.to_dict("records"),
            "comparisons": compared,
        }
        with open(options.record, "w", encoding="utf-8") as file:
            file.write(json.dumps(record, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
