"""Small trainings: several at a time on one core each, or one after another on all cores? `python benchmarks/jobs.py`.

As many trainings as there are cores, of the network of chapter 5 (8 filters, five levels, 64 pixels, batches of 16),
go through `studies.sweep` in three ways that take turns: one at a time with one thread, one at a time with a thread
for each core, and all at a time with `n_jobs`. The processes of the last have been started before. PyTorch, bfloat16
where the processor has it.
"""

import os
import statistics
import time

os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported

import numpy as np  # noqa: E402
import torch  # noqa: E402

from unet_course import results, studies  # noqa: E402
from unet_course import torch as uc  # noqa: E402
from unet_course.common import hardware  # noqa: E402

PICTURES, EPOCHS, TURNS = 640, 2, 5
CORES = hardware.cores()


def train(seed):
    """One training; its last loss, so that all ways can be seen to train alike."""
    images = np.random.default_rng(0).integers(0, 256, (PICTURES, 64, 64, 3), dtype=np.uint8)
    masks = (images.mean(-1) > 128).astype(np.uint8)
    uc.set_seed(seed)
    model = uc.unet(3, 1, base_filters=8, depth=5)
    options = {"loss": uc.bce_loss, "epochs": EPOCHS, "batch_size": 16, "metrics": (), "precision": "auto"}
    return {"loss": uc.fit(model, (images, masks), (images[:1], masks[:1]), seed=seed, **options)["loss"][-1]}


def swept(threads, n_jobs):
    """Seconds that the trainings took."""
    torch.set_num_threads(threads)
    started = time.perf_counter()
    table = studies.sweep(train, {"seed": range(CORES)}, n_jobs=n_jobs)
    assert (table.loss < 0.7).all()
    return time.perf_counter() - started


def main():
    ways = {
        "one at a time, one thread": (1, 1),
        f"one at a time, {CORES} threads": (CORES, 1),
        f"{CORES} at a time, one thread each": (1, CORES),
    }
    for way in ways.values():
        swept(*way)  # the first pass starts processes and prepares
    turns = [{name: swept(*way) for name, way in ways.items()} for _ in range(TURNS)]
    first = next(iter(ways))
    print("| way | times faster than one at a time with one thread |\n|---|---|")
    for name in ways:
        ratios = sorted(turn[first] / turn[name] for turn in turns)
        print(f"| {name} | {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) |")
    seconds = {name: [round(turn[name], 3) for turn in turns] for name in ways}
    record = {"trainings": CORES, "cores": CORES, "pictures": PICTURES, "epochs": EPOCHS, "seconds": seconds}
    results.write_benchmark("jobs", {**record, **uc.describe_device()})


if __name__ == "__main__":
    main()
