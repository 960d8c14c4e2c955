"""Train the small U-Net that runs in the page, on the whole public nuclei set: `python benchmarks/live_unet.py`.

Grey images of 128 x 128 pixels, split image by image as in the nuclei chapter. Every second training image is
inverted: a reader may draw bright dots or dark ones. Of the seeds, the weights with the lowest validation loss become
`unet_course/widgets/live_unet.npz`. The test images are looked at once, with those.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from unet_course import metrics, postprocessing, results, shipping
from unet_course import torch as uc
from unet_course.augmentation import Augmentation
from unet_course.datasets import nuclei, splits

NETWORK = {"in_channels": 1, "out_channels": 1, "base_filters": 10, "depth": 3}
SETTINGS = {"epochs": 30, "batch_size": 16, "learning_rate": 0.003, "precision": "auto"}
AUGMENTATION = Augmentation(rotation=180, flip="both", zoom=0.3, gamma=0.3, noise=0.05, elastic=0)
PATIENCE, SIZE, SPLIT_SEED, SEEDS = 10, 128, 0, (0, 1)


class Progress(uc.Callback):
    """One printed line an epoch."""

    def on_epoch_end(self, epoch, logs=None):
        print(f"epoch {epoch + 1}: validation loss {logs['val_loss']:.4f}, {logs['seconds']:.0f} s", flush=True)


def train_once(train, validation, seed):
    """One training; what is needed to choose among seeds, and the weights."""
    uc.set_seed(seed)
    model = uc.unet(**NETWORK)
    stopping = uc.EarlyStopping(patience=PATIENCE)
    history = uc.fit(
        model,
        train,
        validation,
        loss=uc.bce_dice_loss,
        augment=AUGMENTATION,
        callbacks=[stopping, Progress()],
        seed=seed,
        **SETTINGS,
    )
    print(f"seed {seed}: {len(history.epochs)} epochs, validation loss {stopping.best:.4f}")
    line = {"seed": seed, "best_epoch": stopping.best_epoch, "validation_loss": stopping.best}
    return line, shipping.get_state(model)


def dice_by_type(part, masks, predictions):
    """Mean Dice of an image, for each type and for all."""
    scores = pd.Series(metrics.dice(masks, predictions, empty=1))
    types = part.index.image_type.reset_index(drop=True)
    return {**scores.groupby(types).mean().round(4).to_dict(), "all": round(float(scores.mean()), 4)}


def card(record):
    """What travels with the weights."""
    pictures = sum(record["pictures"].values())
    return {
        "name": "nuclei in the page, 1",
        "task": "Marks the pixels of cell nuclei in a microscope image.",
        "network": {"unet": NETWORK},
        "input": f"{SIZE} x {SIZE} pixels, one grey channel, 0 to 1, channels last; other sizes work less well",
        "pixel_spacing": "not known: most nuclei were 2 to 16 pixels wide, the median 6",
        "preprocessing": "grey = 0.299 R + 0.587 G + 0.114 B; percentile 1 becomes 0 and percentile 99 becomes 1",
        "output": "one logit a pixel; its sigmoid is the probability of nucleus, the other label is background",
        "threshold": record["threshold"],
        "data": f"2018 Data Science Bowl, stage 1 (BBBC038, CC0): {pictures} images, split image by image",
        "scores": {"test images": record["test_images"], "mean Dice of an image": record["test_dice_by_type"]},
        "limits": "A teaching model: not for diagnosis, nor for counts that matter; weak on types with low scores.",
        "licence": "BSD-3-Clause, as the course",
    }


def main():
    dataset = nuclei.load(size=SIZE, source="real")
    parts = splits.split(dataset.index, test=0.2, validation=0.2, stratify="image_type", seed=SPLIT_SEED)
    held = {name: dataset.take(rows) for name, rows in parts.items()}
    images = {name: shipping.prepare(part.images) for name, part in held.items()}
    masks = {name: np.array(part.masks) for name, part in held.items()}
    images["train"][1::2] = 1 - images["train"][1::2]
    train = images["train"], masks["train"]

    seeds = SEEDS if len(sys.argv) == 1 else [int(word) for word in sys.argv[1:]]
    runs = [train_once(train, (images["validation"], masks["validation"]), seed) for seed in seeds]
    best, state = min(runs, key=lambda run: run[0]["validation_loss"])
    model = shipping.set_state(uc.unet(**NETWORK), state)

    found = {name: uc.predict(model, images[name]) for name in ("validation", "test")}
    table = postprocessing.threshold_table(masks["validation"], found["validation"], empty=1)
    threshold = postprocessing.best_threshold(table)
    record = {
        "content_hash": dataset.content_hash,
        "pictures": {name: len(part) for name, part in held.items()},
        "network": NETWORK,
        "settings": {**SETTINGS, "size": SIZE, "patience": PATIENCE, "split_seed": SPLIT_SEED},
        "runs": [line for line, _ in runs],
        "chosen_seed": best["seed"],
        "parameters": uc.count_parameters(model),
        "threshold": float(threshold),
        "test_images": len(held["test"]),
        "test_dice_by_type": dice_by_type(held["test"], masks["test"], (found["test"] > threshold).astype(int)),
    }
    record["test_dice"] = record["test_dice_by_type"]["all"]
    inverted = uc.predict(model, 1 - images["test"]) > threshold
    record["test_dice_inverted"] = dice_by_type(held["test"], masks["test"], inverted.astype(int))["all"]
    print(json.dumps(record, indent=1))
    path = Path(shipping.__file__).parent / "widgets" / "live_unet.npz"
    print(shipping.save(path, state, card(record)), path.stat().st_size)
    results.write_benchmark("live_unet", record)


if __name__ == "__main__":
    main()
