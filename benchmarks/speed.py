"""What one training step spends its time on, and what makes it faster: `python benchmarks/speed.py`.

A U-Net of 128 x 128 pixels, 16 filters and four levels, PyTorch, one thread. The ways and the batch sizes take turns,
so that another program on the machine slows all of them alike; a ratio compares within a turn.
"""

import os
import time

os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported

import numpy as np  # noqa: E402
import torch  # noqa: E402

from unet_course import results  # noqa: E402
from unet_course import torch as uc  # noqa: E402
from unet_course.augmentation import Augmentation  # noqa: E402
from unet_course.common.batches import Batches  # noqa: E402

SIZE, WIDTH, DEPTH, BATCH, TURNS = 128, 16, 4, 16, 9
BATCH_SIZES = (1, 2, 4, 8, 16, 32)


def pictures(n):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, SIZE, SIZE, 3), dtype=np.uint8)
    return images, (images.mean(-1) > 128).astype(np.uint8)


def network(layout=torch.channels_last):
    uc.set_seed(0)
    model = uc.unet(3, 1, base_filters=WIDTH, depth=DEPTH).to(memory_format=layout)
    return model.train(), torch.optim.Adam(model.parameters(), fused=True)


class Stopwatch:
    """Seconds of each part of a step, by name."""

    def __init__(self):
        self.parts, self.last = {}, time.perf_counter()

    def lap(self, name):
        now = time.perf_counter()
        self.parts[name] = now - self.last
        self.last = now


def one_step(batches, number, model, optimizer, precision, augmentation):
    """One step as `fit` does it, with a lap after each part."""
    watch = Stopwatch()
    images, masks = (torch.from_numpy(array) for array in batches.raw(0, number))
    watch.lap("choose a batch")
    images = images.float() / 255
    watch.lap("bytes to numbers")
    images, masks = uc.augment(images, masks, augmentation.sample(batches.rng(0, number), *images.shape[:3]))
    watch.lap("augment")
    optimizer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
        logits = model(images)
    watch.lap("forward")
    value = uc.bce_loss(logits.float(), masks)
    watch.lap("loss")
    value.backward()
    watch.lap("backward")
    optimizer.step()
    watch.lap("update")
    return watch.parts


def parts_of_a_step():
    batches = Batches(*pictures(BATCH * 4), BATCH, seed=0)
    rows = {"float32": [], "bfloat16": []}
    made = {precision: network() for precision in rows}
    for turn in range(TURNS + 1):
        for precision, (model, optimizer) in made.items():
            parts = one_step(batches, turn % 4, model, optimizer, precision, Augmentation())
            rows[precision] += [parts] if turn else []  # the first turn warms up
    return rows


def step_of(model, optimizer, images, masks, precision="float32"):
    """Forward, backward and update of one batch that lies ready."""
    optimizer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
        logits = model(images)
    uc.bce_loss(logits.float(), masks).backward()
    optimizer.step()


def in_turns(functions, turns=TURNS):
    """Seconds of each function, turn by turn; and those of its first call."""
    seconds = {name: [] for name in functions}
    for _ in range(turns + 1):
        for name, function in functions.items():
            started = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - started)
    first = {name: values.pop(0) for name, values in seconds.items()}
    return {"first call": first, "seconds": seconds}


def ways():
    images, masks = (torch.from_numpy(array) for array in pictures(BATCH))
    images = images.float() / 255

    def way(layout, precision, compiled=False):
        model, optimizer = network(layout)
        used = torch.compile(model) if compiled else model
        return lambda: step_of(used, optimizer, images, masks, precision)

    return in_turns(
        {
            "channels first, float32": way(torch.contiguous_format, "float32"),
            "channels last, float32": way(torch.channels_last, "float32"),
            "channels last, bfloat16": way(torch.channels_last, "bfloat16"),
            "channels last, float32, compiled": way(torch.channels_last, "float32", compiled=True),
        }
    )


def batch_sizes():
    functions = {}
    for n in BATCH_SIZES:
        images, masks = (torch.from_numpy(array) for array in pictures(n))
        model, optimizer = network()
        prepared = images.float() / 255
        functions[str(n)] = lambda m=model, o=optimizer, x=prepared, y=masks: step_of(m, o, x, y)
    return in_turns(functions)


def main():
    torch.set_num_threads(1)
    torch.compiler.config.force_disable_caches = True  # else the first call may find what an earlier run compiled
    record = {
        "network": {"size": SIZE, "base_filters": WIDTH, "depth": DEPTH, "batch": BATCH},
        "device": "CPU, 1 thread",
        "torch": torch.__version__,
        "parts": parts_of_a_step(),
        "ways": ways(),
        "batch sizes": batch_sizes(),
    }
    for precision, rows in record["parts"].items():
        middle = {name: float(np.median([row[name] for row in rows])) for name in rows[0]}
        print(precision, {name: f"{value / sum(middle.values()):.1%}" for name, value in middle.items()})
    for what in ("ways", "batch sizes"):
        print(what, {name: round(float(np.median(values)), 3) for name, values in record[what]["seconds"].items()})
    results.write_benchmark("speed", record)


if __name__ == "__main__":
    main()
