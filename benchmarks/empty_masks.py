"""What well-known libraries return where masks are empty: `python benchmarks/empty_masks.py`.

Masks of 8 x 8 pixels, spacing 1: both empty; truth empty, prediction not; truth not empty, prediction empty; two
squares of 16 pixels that share 12 (Dice 0.75, IoU 0.6). Losses show their value and, behind the slash, the sum of the
absolute slopes: by the probability, at predictions of 0 and 1, or by the logit, at -6 and 6. Libraries that are not
installed are named below the table.
"""

import importlib.metadata
import json
import math
import os
import warnings
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"  # so that PyTorch differentiates the losses of every library

import numpy as np
import torch

import unet_course
from unet_course import metrics
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


def torchmetrics_scores():
    from torchmetrics import classification, segmentation

    def ask(metric, **kind):
        def score(truth, prediction):
            metric.reset()
            metric.update(*(torch.from_numpy(mask).int().reshape(kind["shape"]) for mask in (prediction, truth)))
            return metric.compute()

        return score

    one_hot = {"num_classes": 1, "input_format": "one-hot", "include_background": True}
    for name in ("DiceScore", "MeanIoU", "GeneralizedDiceScore"):
        yield name, ask(getattr(segmentation, name)(**one_hot), shape=(1, 1, 8, 8))
    hausdorff = segmentation.HausdorffDistance(num_classes=1, input_format="one-hot", include_background=True)
    yield "HausdorffDistance", ask(hausdorff, shape=(1, 1, 8, 8))
    for empty in (0, 1):
        f1 = classification.BinaryF1Score(zero_division=empty)
        yield f"BinaryF1Score(zero_division={empty})", ask(f1, shape=(64,))
    yield "BinaryJaccardIndex", ask(classification.BinaryJaccardIndex(), shape=(64,))


def monai_scores():
    from monai import metrics as monai

    def ask(function, **options):
        def score(truth, prediction):
            arrays = (torch.from_numpy(mask[None, None]).float() for mask in (prediction, truth))
            return function(*arrays, include_background=True, **options)

        return score

    for name in ("compute_dice", "compute_iou"):
        for ignore in (True, False):
            yield f"{name}(ignore_empty={ignore})", ask(getattr(monai, name), ignore_empty=ignore)
    yield "compute_generalized_dice", ask(monai.compute_generalized_dice)
    yield "compute_hausdorff_distance", ask(monai.compute_hausdorff_distance)
    yield "compute_hausdorff_distance(percentile=95)", ask(monai.compute_hausdorff_distance, percentile=95)
    yield "compute_average_surface_distance(symmetric)", ask(monai.compute_average_surface_distance, symmetric=True)
    yield "compute_surface_dice(class_thresholds=[1])", ask(monai.compute_surface_dice, class_thresholds=[1])


def sklearn_scores():
    from sklearn.metrics import f1_score, jaccard_score

    for function in (f1_score, jaccard_score):
        for rule in ({}, {"zero_division": 1.0}):
            name = f"{function.__name__}({', '.join(f'{key}={value}' for key, value in rule.items())})"
            yield name, lambda t, p, f=function, r=rule: f(t.ravel(), p.ravel(), **r)


def keras_scores():
    import keras

    for metric in (keras.metrics.BinaryIoU([1]), keras.metrics.MeanIoU(2)):

        def score(truth, prediction, metric=metric):
            metric.reset_state()
            metric.update_state(truth.astype(np.float32), prediction.astype(np.float32))
            return metric.result()

        yield {"binary_io_u": "BinaryIoU([1])", "mean_io_u": "MeanIoU(2)"}[metric.name.rstrip("_0123456789")], score


def medpy_scores():
    from medpy.metric import binary

    for function in (binary.dc, binary.jc, binary.hd95, binary.assd):
        yield function.__name__, lambda t, p, f=function: f(p, t)


def deepmind_scores():
    import surface_distance as sd

    def ask(function, *options):
        return lambda t, p: function(sd.compute_surface_distances(t, p, (1, 1)), *options)

    yield "compute_dice_coefficient", sd.compute_dice_coefficient
    yield "compute_robust_hausdorff(95)", ask(sd.compute_robust_hausdorff, 95)
    yield "compute_surface_dice_at_tolerance(1)", ask(sd.compute_surface_dice_at_tolerance, 1)


def our_losses():
    for name in ("dice_loss", "tversky_loss"):
        yield name, "probabilities", by_probability(getattr(uc, name))
    for name in ("bce_loss", "dice_loss", "bce_dice_loss", "tversky_loss", "focal_loss"):
        yield name, "logits", by_logit(getattr(uc, name))


def monai_losses():
    from monai import losses

    def ask(loss):
        return lambda x, truth: loss(x[:, None, ..., 0], truth[:, None].float())

    for name in ("DiceLoss", "GeneralizedDiceLoss", "TverskyLoss"):
        yield name, "probabilities", at(ask(getattr(losses, name)()), (0.0, 1.0))
    yield "DiceLoss(smooth_nr=0)", "probabilities", at(ask(losses.DiceLoss(smooth_nr=0)), (0.0, 1.0))
    for name in ("DiceLoss", "DiceCELoss"):
        yield f"{name}(sigmoid=True)", "logits", by_logit(ask(getattr(losses, name)(sigmoid=True)))
    yield "FocalLoss()", "logits", by_logit(ask(losses.FocalLoss()))


def keras_losses():
    import keras

    for loss in (keras.losses.Dice(), keras.losses.Dice(axis=(1, 2, 3)), keras.losses.Tversky()):
        axis = "" if getattr(loss, "axis", None) is None else f"axis={loss.axis}"
        ask = at(lambda x, truth, loss=loss: loss(truth[..., None].float(), x), (0.0, 1.0))
        yield f"{type(loss).__name__}({axis})", "probabilities", ask


def kornia_losses():
    from kornia.losses import dice_loss

    def two_classes(logits, truth):
        classes = torch.cat([torch.zeros_like(logits), logits], dim=-1).movedim(-1, 1)
        return dice_loss(classes, truth, average="macro")

    yield "dice_loss", "logits", by_logit(two_classes)


def at(loss, levels):
    """Value of a loss, and the sum of its absolute slopes, where the prediction is one of two levels."""

    def ask(truth, prediction):
        x = torch.from_numpy(np.where(prediction, levels[1], levels[0])[None, ..., None]).requires_grad_()
        value = loss(x, torch.from_numpy(truth)[None].long())
        value.sum().backward()
        return value, x.grad.abs().sum()

    return ask


def by_logit(loss):
    return at(loss, (-6.0, 6.0))


def by_probability(loss):
    """The same for our losses, which take logits: nearly sure ones, and the slope by what the sigmoid makes of them."""
    return at(lambda p, truth: loss(torch.logit(p), truth), (1e-9, 1 - 1e-9))


# package: scores, losses
LIBRARIES = {
    "unet-course": (ours, our_losses),
    "torchmetrics": (torchmetrics_scores, None),
    "monai": (monai_scores, monai_losses),
    "scikit-learn": (sklearn_scores, None),
    "keras": (keras_scores, keras_losses),
    "kornia": (None, kornia_losses),
    "medpy": (medpy_scores, None),
    "surface-distance": (deepmind_scores, None),
}


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


def cell(answer):
    return " / ".join(value if isinstance(value, str) else f"{value:.4g}" for value in answer)


def plain(answer):
    """As JSON can hold it, which knows neither NaN nor infinity."""
    return [value if isinstance(value, str) or math.isfinite(value) else str(value) for value in answer]


def main():
    rows, versions, absent = [], {}, []
    for package, (scores, losses) in LIBRARIES.items():
        try:
            rows += rows_of(package, scores, losses)
            versions[package] = unet_course.__version__ if scores is ours else importlib.metadata.version(package)
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
    Path(__file__).with_suffix(".json").write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
