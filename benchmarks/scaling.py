"""How training time grows with the image, the width and the depth of a U-Net: `python benchmarks/scaling.py`.

One of the three changes at a time, the others stay at 128 pixels, 16 filters and five levels. The cases take turns; a
ratio compares a case with the one before it in its row, within a turn. Float32, PyTorch twin.
"""

import os
import statistics
import time

os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported

import numpy as np  # noqa: E402

from unet_course import results  # noqa: E402
from unet_course import torch as uc  # noqa: E402

BASE = {"size": 128, "width": 16, "depth": 5}
ROWS = {"size": (64, 128, 256), "width": (8, 16, 32, 64), "depth": (2, 3, 4, 5, 6)}
PICTURES, BATCH, TURNS = 16, 8, 5


def trainer(size, width, depth):
    """A function that goes once through the images and learns, and the number of parameters."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (PICTURES, size, size, 3), dtype=np.uint8)
    masks = (images.mean(-1) > 128).astype(np.uint8)
    model = uc.unet(3, 1, base_filters=width, depth=depth)
    options = {"loss": uc.bce_loss, "epochs": 1, "batch_size": BATCH, "metrics": ()}
    return lambda: uc.fit(model, (images, masks), (images[:1], masks[:1]), **options), uc.count_parameters(model)


def seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def main():
    record = {"pictures": PICTURES, "batch": BATCH, "base": BASE, "device": uc.describe_device()["device"], "rows": {}}
    print("| what | value | parameters | training, pictures/s | times the one before |")
    print("|---|---|---|---|---|")
    for what, values in ROWS.items():
        trainers = {value: trainer(**{**BASE, what: value}) for value in values}
        for train, _ in trainers.values():
            train()  # the first pass prepares
        turns = [{value: seconds(train) for value, (train, _) in trainers.items()} for _ in range(TURNS)]
        record["rows"][what] = {str(value): [turn[value] for turn in turns] for value in values}
        for before, value in zip((None, *values), values, strict=False):
            ratios = sorted(turn[value] / turn[before] for turn in turns) if before else []
            growth = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})" if ratios else ""
            speed = PICTURES / statistics.median(turn[value] for turn in turns)
            print(f"| {what} | {value} | {trainers[value][1]:,} | {speed:.1f} | {growth} |", flush=True)
    results.write_benchmark("scaling", record)


if __name__ == "__main__":
    main()
