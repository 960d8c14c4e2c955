"""What well-known libraries return where masks are empty: `python benchmarks/empty_masks.py`.

Masks of 8 x 8 pixels, spacing 1: both empty; truth empty, prediction not; truth not empty, prediction empty; two
squares of 16 pixels that share 12 (Dice 0.75, IoU 0.6). Losses show their value and, behind the slash, the sum of the
absolute slopes: by the probability, at predictions of 0 and 1, or by the logit, at -6 and 6. Libraries that are not
installed are named below the table.

The project needs torchmetrics, MONAI, scikit-learn, SciPy, scikit-image, SimpleITK and Keras anyway. The others are
asked where they are installed, and are in no list of requirements: nnunetv2, segmentation-models-pytorch, kornia,
pytorch-ignite, torcheval, MedPy, surface-distance, pymia, and MetricsReloaded, which lives in its repository only
(github.com/Project-MONAI/MetricsReloaded). `mask_peers.py` holds the questions.
"""

import importlib.metadata
import math
import os
import warnings

os.environ["KERAS_BACKEND"] = "torch"  # so that PyTorch differentiates the losses of every library

import numpy as np
import torch
from mask_peers import LIBRARIES, at, by_logit

import unet_course
from unet_course import metrics, results
from unet_course import torch as uc

SQUARE = np.zeros((8, 8), bool)
SQUARE[:4, :4] = True
NOTHING = np.zeros_like(SQUARE)
CASES = {
    "both empty": (NOTHING, NOTHING),
    "truth empty, prediction not": (NOTHING, SQUARE),
    "truth not empty, prediction empty": (SQUARE, NOTHING),
    "12 of 16 and 16 shared": (SQUARE, np.roll(SQUARE, 1, axis=1)),
}
RULES = {"spacing": 1, "empty": "nan", "one_empty": np.inf}


def ours():
    for empty in ("nan", 0, 1):
        yield f"dice(empty={empty!r})", lambda t, p, e=empty: metrics.dice(t[None], p[None], empty=e)[0]
        yield f"iou(empty={empty!r})", lambda t, p, e=empty: metrics.iou(t[None], p[None], empty=e)[0]
    yield 'hausdorff(empty="nan", one_empty=inf)', lambda t, p: metrics.hausdorff(t, p, **RULES)
    yield "average_surface_distance(same)", lambda t, p: metrics.average_surface_distance(t, p, **RULES)
    tolerant = {"spacing": 1, "tolerance": 1, "empty": "nan"}
    yield 'surface_dice(empty="nan", tolerance=1)', lambda t, p: metrics.surface_dice(t, p, **tolerant)


def our_losses():
    for name in ("dice_loss", "tversky_loss"):
        yield name, "probabilities", by_probability(getattr(uc, name))
    for name in ("bce_loss", "dice_loss", "bce_dice_loss", "tversky_loss", "focal_loss"):
        yield name, "logits", by_logit(getattr(uc, name))


def by_probability(loss):
    """As `at` asks, for losses that take logits: nearly sure ones, and the slope by what the sigmoid makes of them."""
    return at(lambda p, truth: loss(torch.logit(p), truth), (1e-9, 1 - 1e-9))


# package: scores, losses
ASKED = {"unet-course": (ours, our_losses), **LIBRARIES}


def attempt(function, *arguments):
    """What a library returns for one case, as floats; its error, where it has no answer."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = function(*arguments)
        except Exception as error:
            return [type(error).__name__]
    found = found if isinstance(found, tuple) else (found,)
    return [float(value.detach() if torch.is_tensor(value) else np.squeeze(value)) for value in found]


def rows_of(package, scores, losses):
    table = [(name, "masks", ask) for name, ask in scores()] if scores else []
    table += list(losses()) if losses else []
    for name, takes, ask in table:
        answers = [attempt(ask, *pair) for pair in CASES.values()]
        yield {"library": package, "function": name, "takes": takes, "answers": answers}


def version_of(package):
    if package == "unet-course":
        return unet_course.__version__
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "from its repository"


def cell(answer):
    return " / ".join(value if isinstance(value, str) else f"{value:.4g}" for value in answer)


def plain(answer):
    """As JSON can hold it, which knows neither NaN nor infinity."""
    return [value if isinstance(value, str) or math.isfinite(value) else str(value) for value in answer]


def main():
    rows, versions, absent = [], {}, []
    for package, (scores, losses) in ASKED.items():
        try:
            rows += rows_of(package, scores, losses)
            versions[package] = version_of(package)
        except ModuleNotFoundError:
            absent.append(package)
    header = ["library", "function", "takes", *CASES]
    print(f"| {' | '.join(header)} |\n|{'---|' * len(header)}")
    for row in rows:
        print(
            "| " + " | ".join([row["library"], f"`{row['function']}`", row["takes"], *map(cell, row["answers"])]) + " |"
        )
        row["answers"] = [plain(answer) for answer in row["answers"]]
    print(f"\nVersions: {', '.join(f'{name} {version}' for name, version in versions.items())}.")
    print(f"Not installed, so not asked: {', '.join(absent) or 'none'}.")
    record = {"cases": list(CASES), "versions": versions, "not_installed": absent, "rows": rows}
    results.write_benchmark("empty_masks", record)


if __name__ == "__main__":
    main()
