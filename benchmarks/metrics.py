"""Time of Dice and surface distances beside MONAI and the usual loops: `python benchmarks/metrics.py`.

All ways score the same synthetic tumours, one way after the other in each round, so that a slow moment of the machine
meets them all. Ratios are taken within a round: how many times longer the other way takes. The loops do what MedPy does
and what most notebooks copy: one case at a time, erosion for the surface, a distance map of the whole array.
"""

import statistics
import time
import warnings

import numpy as np
import torch
from scipy import ndimage

from unet_course import metrics, results

ROUNDS = 5
SPACING = {2: (1.0, 1.0), 3: (1.0, 1.0, 1.0)}
RULES = {"empty": "nan", "one_empty": np.inf}


def ball(shape, centre, radius):
    """A round tumour whose outline is rough, as those of networks are."""
    distance = np.sqrt(sum((axis - c) ** 2 for axis, c in zip(np.ogrid[tuple(map(slice, shape))], centre, strict=True)))
    rough = ndimage.gaussian_filter(np.random.default_rng(int(radius)).normal(size=shape), 2)
    return distance + 2 * rough / rough.std() < radius


def slices():
    """160 slices of 256 x 256 pixels; a third holds no tumour, as in LGG more do."""
    rng = np.random.default_rng(0)
    pairs = []
    for number in range(160):
        centre, radius = rng.uniform(80, 176, 2), rng.uniform(8, 40) * (number % 3 > 0)
        pairs.append((ball((256, 256), centre, radius), ball((256, 256), centre + rng.normal(0, 3, 2), 0.9 * radius)))
    return pairs


def volumes(stray):
    """Two BraTS-sized volumes; with `stray`, the prediction also marks a speck in two far corners."""
    shape, pairs = (155, 240, 240), []
    for radius in (22, 35):
        truth, prediction = ball(shape, (80, 120, 100), radius), ball(shape, (82, 118, 101), 0.95 * radius)
        if stray:
            prediction[10:12, 20:22, 20:22] = prediction[140:142, 210:212, 210:212] = True
        pairs.append((truth, prediction))
    return pairs


def our_dice(pairs):
    return metrics.dice(*map(np.stack, zip(*pairs, strict=True)), empty="nan")


def monai_dice(pairs):
    from monai.metrics import compute_dice

    truth, prediction = (torch.from_numpy(np.stack(masks)[:, None]) for masks in zip(*pairs, strict=True))
    return compute_dice(prediction, truth, include_background=True, ignore_empty=False)


def loop_dice(pairs):
    return [2 * np.sum(t & p) / total if (total := np.sum(t) + np.sum(p)) else np.nan for t, p in pairs]


def our_surfaces(pairs):
    return [metrics.surface_scores(t, p, spacing=SPACING[t.ndim], tolerance=1, **RULES) for t, p in pairs]


def monai_surfaces(pairs):
    from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance, compute_surface_dice

    found = []
    for truth, prediction in pairs:
        arrays = [torch.from_numpy(mask[None, None]).float() for mask in (prediction, truth)]
        options = {"include_background": True, "spacing": SPACING[truth.ndim]}
        hausdorff = compute_hausdorff_distance(*arrays, percentile=95, **options)
        average = compute_average_surface_distance(*arrays, symmetric=True, **options)
        found.append((hausdorff, average, compute_surface_dice(*arrays, class_thresholds=[1], **options)))
    return found


def loop_surfaces(pairs):
    def surface(mask):
        return mask ^ ndimage.binary_erosion(mask)

    def directed(mask, other):
        return ndimage.distance_transform_edt(~surface(other), sampling=SPACING[mask.ndim])[surface(mask)]

    found = []
    for truth, prediction in pairs:
        if truth.any() and prediction.any():
            # Each score asks anew, as MedPy's functions do.
            hausdorff, average, share = (
                np.concatenate([directed(truth, prediction), directed(prediction, truth)]) for _ in range(3)
            )
            found.append((np.percentile(hausdorff, 95), average.mean(), (share <= 1).mean()))
    return found


TASKS = {
    "Dice, 160 slices": (slices, {"ours": our_dice, "MONAI": monai_dice, "loop": loop_dice}),
    "surfaces, 160 slices": (slices, {"ours": our_surfaces, "MONAI": monai_surfaces, "loop": loop_surfaces}),
    "Dice, 2 volumes": (lambda: volumes(False), {"ours": our_dice, "MONAI": monai_dice, "loop": loop_dice}),
    "surfaces, 2 volumes": (
        lambda: volumes(False),
        {"ours": our_surfaces, "MONAI": monai_surfaces, "loop": loop_surfaces},
    ),
    "surfaces, 2 volumes, stray specks": (
        lambda: volumes(True),
        {"ours": our_surfaces, "MONAI": monai_surfaces, "loop": loop_surfaces},
    ),
}


def measure(pairs, ways):
    """Seconds of each way, one list for all rounds; the first, which loads and warms, is not kept."""
    times = {name: [] for name in ways}
    for number in range(ROUNDS + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            way(pairs)
            if number:
                times[name].append(time.perf_counter() - started)
    return times


def main():
    warnings.simplefilter("ignore")  # MONAI warns of each empty mask
    record = {"rounds": ROUNDS, "torch_threads": torch.get_num_threads(), "tasks": {}}
    print("| task | way | milliseconds | times ours (min - max) |\n|---|---|---|---|")
    for task, (make, ways) in TASKS.items():
        times = measure(make(), ways)
        for name, values in times.items():
            ratios = [value / own for own, value in zip(times["ours"], values, strict=True)]
            middle, spread = statistics.median(ratios), f"{min(ratios):.1f} - {max(ratios):.1f}"
            print(f"| {task} | {name} | {1000 * statistics.median(values):.1f} | {middle:.1f} ({spread}) |")
        record["tasks"][task] = times
    results.write_benchmark("metrics", record)


if __name__ == "__main__":
    main()
