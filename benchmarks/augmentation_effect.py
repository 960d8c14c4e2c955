"""Does augmentation help a U-Net that has few images? On the nuclei: `python benchmarks/augmentation_effect.py`.

The same small network is trained on few and on more images, once as they are and once with each of several
augmentations, always for as many updates. A seed fixes which images are for training, the initial weights and the
order, so that the runs of one seed differ in the augmentation alone. All other images are the test: nothing is
chosen, neither an epoch nor a threshold (0.5). The score is the mean over images of the Dice, on the test and, to see
how much is known by heart, on the training images as they are.
"""

import argparse
import functools
import importlib
import json
import os
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait for work would take it from the others
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from unet_course import metrics, preprocessing, studies
from unet_course.augmentation import Augmentation
from unet_course.common import hardware
from unet_course.datasets import nuclei

SIZE = 96
BATCH = 8
WAYS = {
    "none": False,
    "geometry and intensity": Augmentation(
        rotation=180, zoom=0.2, shift=0.1, flip="both", brightness=0.2, contrast=0.2, gamma=0.2
    ),
    "flips and quarter turns": True,
}


def train_and_score(dataset, uc, options, *, way, pictures, seed):
    """One line of the table."""
    started = time.process_time()
    order = np.random.default_rng(seed).permutation(len(dataset))
    train, test = (dataset.take(np.sort(part)) for part in (order[:pictures], order[pictures:]))
    uc.set_seed(seed)
    model = uc.unet(3, 1, base_filters=8, depth=4)
    history = uc.fit(
        model,
        (train.images, train.masks),
        (test.images[:2], test.masks[:2]),  # only because `fit` asks for some: nothing is decided by them
        loss=uc.bce_dice_loss,
        learning_rate=options.learning_rate,
        epochs=options.updates * BATCH // pictures,
        batch_size=BATCH,
        augment=WAYS[way],
        precision="auto",
        seed=seed,
    )
    result = {"loss": history["loss"][-1]}
    for name, part in (("train", train), ("test", test)):
        prediction = uc.predict(model, part.images, batch_size=32, precision="auto") > 0.5
        result[f"{name}_dice"] = float(metrics.dice(part.masks, prediction, empty=1).mean())
    return {**result, "cpu_seconds": round(time.process_time() - started, 1)}


def show(table, compared):
    """Print the mean scores, and what each way changes."""
    print("\n| images | augmentation | Dice, training | Dice, test | less none |\n|---|---|---|---|---|")
    for (pictures, way), runs in table.groupby(["pictures", "way"], sort=False):
        cells = ["{:.3f} +- {:.3f}".format(*studies.interval(runs[f"{part}_dice"])) for part in ("train", "test")]
        one = next((one for one in compared if (one["pictures"], one["way"]) == (pictures, way)), None)
        cells.append(f"{one['mean']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f}), {one['verdict']}" if one else "")
        print(f"| {pictures} | {way} | {' | '.join(cells)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--framework", choices=("torch", "keras"), default="torch")
    parser.add_argument("--source", choices=("real", "phantom"), default="real")
    parser.add_argument("--pictures", type=int, nargs="+", default=[8, 40], help="for training; multiples of 8")
    parser.add_argument("--updates", type=int, default=300)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--folder", help="keep each finished run here, and go on from there")
    parser.add_argument("--record", help="write the figures here (JSON)")
    arguments = parser.parse_args()
    if arguments.ways[0] != "none" or len(arguments.ways) < 2:
        parser.error('--ways starts with "none", what the others are compared with, and goes on with one or more.')
    uc = importlib.import_module(f"unet_course.{arguments.framework}")
    dataset = nuclei.load(source=arguments.source, size=SIZE)
    dataset = replace(dataset, images=preprocessing.rescale_percentiles(np.asarray(dataset.images)))
    table = studies.sweep(
        functools.partial(train_and_score, dataset, uc, arguments),
        {"way": arguments.ways, "seed": list(range(arguments.seeds)), "pictures": arguments.pictures},
        protocol={
            "content_hash": dataset.content_hash,
            **{name: getattr(arguments, name) for name in ("framework", "updates", "learning_rate")},
        },
        folder=arguments.folder,
    )
    compared = [
        {"pictures": pictures, "way": way} | studies.difference(runs, "test_dice", "way", "none", way)
        for pictures, runs in table.groupby("pictures")
        for way in arguments.ways[1:]
    ]
    show(table, compared)
    if arguments.record:
        record = {
            "arguments": {k: v for k, v in vars(arguments).items() if k not in ("folder", "record")},
            "machine": hardware.machine(),
            **uc.describe_device(),
            "images": len(dataset),
            "content_hash": dataset.content_hash,
            "ways": {way: repr(WAYS[way]) for way in arguments.ways},
            "rows": table.to_dict("records"),
            "comparisons": compared,
        }
        Path(arguments.record).write_text(json.dumps(record, indent=1, default=float) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
