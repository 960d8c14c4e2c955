"""Duality gap against time of total-variation denoising, ours beside scikit-image's: `python benchmarks/tv.py`.

Every way denoises the same noisy slices for more and more iterations. One yardstick measures what comes out in float64:
how far the objective lies above the best lower bound, as a fraction. That is the smallest gap anybody could vouch for.
Ours must also find its own, which the last column times: until it stops by itself.
The ways take turns, so that whatever else slows the machine slows all of them; ratios are taken within a turn. PyTorch
and Keras use the GPU where there is one. Ways that do not import are named.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
import warnings

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait for work would take it from the others
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from unet_course import denoising
from unet_course.common import hardware
from unet_course.datasets import lgg, locate
from unet_course.phantoms import lgg as phantoms

REFERENCE = "scikit-image, Chambolle"
TARGET = 1e-3
OURS = (10, 20, 40, 80, 120, 160, 320)
THEIRS = {REFERENCE: (12, 50, 100, 200, 400, 800, 1600, 3200), "scikit-image, split Bregman": (10, 40, 160, 640)}


def noisy_slices(source, pictures, size, sigma):
    """Slices (N, size, size, 1) of `source` with Gaussian noise, in [0, 1] before it."""
    with tempfile.TemporaryDirectory() as folder:
        if source == "phantom":
            phantoms.write(folder, n_patients=4, n_slices=8, size=256)
        dataset = lgg.load(locate("lgg", "real") if source == "real" else folder)
        return _noisy(dataset, pictures, size, sigma)


def _noisy(dataset, pictures, size, sigma):
    half_full = [i for i in range(len(dataset)) if np.mean(np.asarray(dataset.images[i])[..., 1] > 25) > 0.15]
    chosen = half_full[:: max(1, len(half_full) // pictures)][:pictures]
    slices = [np.asarray(dataset.images[i])[:size, :size, 1:2] / np.float32(255) for i in chosen]
    rng = np.random.default_rng(0)
    return np.stack(slices) + rng.normal(0, sigma, (len(slices), *slices[0].shape)).astype(np.float32)


def ours_numpy(images, weight, compiled, **options):
    return denoising.denoise_tv(images, weight, compiled=compiled, **options)


def ours_torch(images, weight, **options):
    import torch

    from unet_course.torch import denoise_tv

    device = "cuda" if torch.cuda.is_available() else "cpu"
    with torch.no_grad():
        return denoise_tv(torch.from_numpy(images).to(device), weight, **options).cpu().numpy()


def ours_keras(images, weight, **options):
    from keras import ops

    from unet_course.keras import denoise_tv

    return ops.convert_to_numpy(denoise_tv(images, weight, **options))


def chambolle(images, weight, iterations):
    from skimage.restoration import denoise_tv_chambolle

    options = {"weight": weight, "eps": 0, "max_num_iter": iterations}
    return np.stack([denoise_tv_chambolle(x[..., 0], **options) for x in images])[..., None]


def bregman(images, weight, iterations):
    from skimage.restoration import denoise_tv_bregman

    # Its weight is the inverse, and the one that comes closest to the same problem is 1 / (2 weight).
    options = {"weight": 1 / (2 * weight), "eps": 0, "max_num_iter": iterations}
    return np.stack([denoise_tv_bregman(x[..., 0], **options) for x in images])[..., None]


WAYS = {
    "ours, Numba": (lambda images, weight, **options: ours_numpy(images, weight, True, **options)),
    "ours, NumPy": (lambda images, weight, **options: ours_numpy(images, weight, False, **options)),
    "ours, PyTorch": ours_torch,
    "ours, Keras": ours_keras,
    REFERENCE: chambolle,
    "scikit-image, split Bregman": bregman,
}


def objective(u, images, weight):
    """1/2 ||u - images||^2 + weight * TV(u) of each image, in float64."""
    u, images = u.astype(np.float64), images.astype(np.float64)
    down, across = np.diff(u, axis=1, append=u[:, -1:]), np.diff(u, axis=2, append=u[:, :, -1:])
    return np.sum((u - images) ** 2 / 2 + weight * np.hypot(down, across), axis=(1, 2, 3))


def lower_bound(images, weight):
    """Below every objective: our solution's own objective less its own gap, in float64."""
    options = {"gap": 1e-6, "max_iterations": 20000, "certificate": True}
    u, found = denoising.denoise_tv(images.astype(np.float64), weight, **options)
    return objective(u, images, weight) * (1 - found.gap)


def gap_of(u, images, weight, bound):
    """Largest relative gap in the batch."""
    reached = objective(u, images, weight)
    return float(((reached - bound) / reached).max())


def seconds(function, *arguments, **options):
    started = time.perf_counter()
    result = function(*arguments, **options)
    return time.perf_counter() - started, result


def curve(name, images, weight, bound):
    """(iterations, seconds, gap) of one way, each point a run of its own."""
    points = []
    for iterations in THEIRS.get(name, OURS):
        if name in THEIRS:
            options = {"iterations": iterations}
        else:
            options = {"gap": 0.0, "max_iterations": iterations}
        took, u = seconds(WAYS[name], images, weight, **options)
        points.append((iterations, took, gap_of(u, images, weight, bound)))
        if points[-1][2] < TARGET / 10:
            break
    return points


def time_to_target(points):
    """Seconds until the gap is TARGET, between two points along a straight line of the logarithms; None if never."""
    for (_, before, high), (_, after, low) in zip(points, points[1:], strict=False):
        if low <= TARGET < high:
            share = np.log(high / TARGET) / np.log(high / low)
            return float(before * (after / before) ** share)
    return None


def measure(images, weight, turns):
    """Curves and times to the target of every way that works here, in turns."""
    bound, ready = lower_bound(images, weight), {}
    for name in WAYS:
        try:
            first = {"iterations": 2} if name in THEIRS else {"gap": TARGET}
            WAYS[name](images[:1], weight, **first)  # compiles, and starts the device
            ready[name] = {"curve": [], "seconds_to_target": [], "seconds_to_stop": []}
        except ImportError as error:
            print(f"{name}: {error}")
    for turn in range(turns):
        for name, record in ready.items():
            points = curve(name, images, weight, bound)
            record["curve"].append(points)
            record["seconds_to_target"].append(time_to_target(points))
            if name not in THEIRS:
                took, u = seconds(WAYS[name], images, weight, gap=TARGET)
                assert gap_of(u, images, weight, bound) <= 1.001 * TARGET, f"{name} stopped too early"
                record["seconds_to_stop"].append(took)
        print(f"turn {turn + 1} of {turns}", flush=True)
    return ready


def table(ready, pictures):
    """Print milliseconds per slice, and how many times faster than scikit-image's Chambolle."""
    print(f"\n| way | ms a slice to {TARGET:g} | times {REFERENCE} | smallest seen | ms until it stops |")
    print("|---|---|---|---|---|")
    base = ready[REFERENCE]["seconds_to_target"]
    for name, record in ready.items():
        smallest = min(gap for points in record["curve"] for _, _, gap in points)
        times, stops = record["seconds_to_target"], record["seconds_to_stop"]
        cells = [
            name,
            "never",
            "",
            f"{smallest:.1e}",
            f"{1000 * statistics.median(stops) / pictures:.2f}" if stops else "",
        ]
        if None not in times:
            cells[1] = f"{1000 * statistics.median(times) / pictures:.2f}"
        if None not in times + base:
            ratios = sorted(one / two for one, two in zip(base, times, strict=True))
            cells[2] = f"{statistics.median(ratios):.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f})"
        print("| " + " | ".join(cells) + " |")


def plot(record, path):
    """Gap against milliseconds per slice, one panel for each kind of slices."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(record), figsize=(5.5 * len(record), 4.2), squeeze=False, layout="constrained")
    for panel, (kind, one) in zip(panels[0], record.items(), strict=True):
        for (name, way), marker in zip(one["ways"].items(), "osD^vP", strict=False):
            took = np.median([[point[1] for point in points] for points in way["curve"]], axis=0)
            gaps = [point[2] for point in way["curve"][0]]
            panel.loglog(1000 * took / one["slices"], gaps, marker=marker, label=name)
        panel.axhline(TARGET, color="grey", linestyle=":")
        panel.set(title=f"{kind} slices", xlabel="milliseconds a slice", ylabel="relative gap of the worst slice")
    panels[0, 0].legend(fontsize="small")
    figure.savefig(path)


def device():
    try:
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    except ImportError:
        return "no PyTorch"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=16)
    parser.add_argument("--size", type=int, default=256, help="the upper left corner of each slice, pixels a side")
    parser.add_argument("--weight", type=float, default=0.1)
    parser.add_argument("--sigma", type=float, default=0.08, help="noise that is added; white is 1")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--record", help="write the figures here (JSON)")
    parser.add_argument("--plot", help="draw gap against time here (PNG, SVG or PDF)")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*stopped after")  # the curves stop early on purpose
    record = {}
    for kind in ("real", "phantom"):
        try:
            images = noisy_slices(kind, arguments.pictures, arguments.size, arguments.sigma)
        except (FileNotFoundError, ValueError) as error:
            print(f"{kind}: left out, {error}")
            continue
        print(f"\n{kind}: {len(images)} slices of {images.shape[1]} x {images.shape[2]}")
        ways = measure(images, arguments.weight, arguments.turns)
        table(ways, len(images))
        record[kind] = {"slices": len(images), "ways": ways}
    if arguments.record:
        machine = f"{hardware.machine()}, {device()}"
        whole = {"arguments": vars(arguments), "machine": machine, "kinds": record}
        with open(arguments.record, "w", encoding="utf-8") as file:
            file.write(json.dumps(whole, indent=1) + "\n")
    if arguments.plot and record:
        plot(record, arguments.plot)


if __name__ == "__main__":
    main()
