"""The libraries that `empty_masks.py` asks: each function yields names, and callables that take truth and prediction.

Scores take two masks of booleans, losses are asked at predictions of 0 and 1, or at logits of -6 and 6. A function
imports its library when it is asked, so that the others can answer where one is missing.
"""

import importlib.util
import sys
import types

import numpy as np
import torch


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


def scipy_scores():
    from scipy.spatial import distance

    for function in (distance.dice, distance.jaccard):
        yield f"1 - {function.__name__}", lambda t, p, f=function: 1 - f(t.ravel(), p.ravel())


def skimage_scores():
    from skimage.metrics import hausdorff_distance

    yield "hausdorff_distance", hausdorff_distance


def simpleitk_scores():
    import SimpleITK as sitk

    def ask(filter_, name):
        def score(truth, prediction):
            filter_.Execute(*(sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in (truth, prediction)))
            return getattr(filter_, name)()

        return score

    overlap, hausdorff = sitk.LabelOverlapMeasuresImageFilter(), sitk.HausdorffDistanceImageFilter()
    for name in ("GetDiceCoefficient", "GetJaccardCoefficient"):
        yield name, ask(overlap, name)
    yield "GetHausdorffDistance", ask(hausdorff, "GetHausdorffDistance")


def metrics_reloaded_scores():
    from MetricsReloaded.metrics.pairwise_measures import BinaryPairwiseMeasures

    names = ("dsc", "intersection_over_union", "normalised_surface_distance", "measured_hausdorff_distance_perc")
    for name in (*names, "measured_masd"):
        yield name, lambda t, p, n=name: getattr(BinaryPairwiseMeasures(p, t, dict_args={"nsd": 1, "hd_perc": 95}), n)()


def smp_scores():
    functional = part_of("segmentation_models_pytorch", "metrics.functional")

    def ask(function, **options):
        def score(truth, prediction):
            masks = (torch.from_numpy(mask[None, None]).long() for mask in (prediction, truth))
            return function(*functional.get_stats(*masks, mode="binary"), **options)

        return score

    for function in (functional.f1_score, functional.iou_score):
        for reduction in ("micro", "micro-imagewise"):
            yield f"{function.__name__}({reduction!r})", ask(function, reduction=reduction)
    none = {"reduction": "micro-imagewise", "zero_division": 0}
    yield "f1_score('micro-imagewise', zero_division=0)", ask(functional.f1_score, **none)


def ignite_scores():
    from ignite.metrics import ConfusionMatrix, DiceCoefficient, IoU

    for kind in (DiceCoefficient, IoU):

        def score(truth, prediction, kind=kind):
            metric = kind(ConfusionMatrix(2))
            classes = torch.nn.functional.one_hot(torch.from_numpy(prediction).long(), 2).movedim(-1, 0)
            metric.update((classes[None], torch.from_numpy(truth[None]).long()))
            return metric.compute()[1]

        yield getattr(kind, "__name__", "metric"), score


def torcheval_scores():
    from torcheval.metrics.functional import binary_f1_score

    yield "binary_f1_score", lambda t, p: binary_f1_score(*(torch.from_numpy(mask.ravel()).int() for mask in (p, t)))


def pymia_scores():
    from pymia.evaluation import metric as pymia
    from pymia.evaluation.metric.base import ConfusionMatrix, Distances

    def ask(metric, attribute, facts):
        def score(truth, prediction):
            setattr(metric, attribute, facts(prediction.astype(np.uint8), truth.astype(np.uint8)))
            return metric.calculate()

        return score

    for metric in (pymia.DiceCoefficient(), pymia.JaccardCoefficient()):
        yield type(metric).__name__, ask(metric, "confusion_matrix", ConfusionMatrix)
    distances = pymia.HausdorffDistance(95)
    yield "HausdorffDistance(95)", ask(distances, "distances", lambda p, t: Distances(p[None], t[None], (1, 1, 1)))


def nnunet_scores():
    from nnunetv2.evaluation.evaluate_predictions import compute_metrics

    # Its reader of files; here it hands on arrays.
    reader = types.SimpleNamespace(read_seg=lambda mask: (mask.astype(np.uint8), {}))
    for name in ("Dice", "IoU"):
        yield f"compute_metrics()[{name!r}]", lambda t, p, n=name: compute_metrics(t, p, reader, [1])["metrics"][1][n]


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


def smp_losses():
    losses = part_of("segmentation_models_pytorch", "losses")

    def ask(loss):
        return lambda x, truth: loss(x.movedim(-1, 1).float(), truth[:, None].float())

    for name in ("DiceLoss", "JaccardLoss", "TverskyLoss"):
        loss = getattr(losses, name)("binary", from_logits=False)
        yield f"{name}('binary')", "probabilities", at(ask(loss), (0.0, 1.0))
    smooth = losses.DiceLoss("binary", from_logits=False, smooth=1)
    yield "DiceLoss('binary', smooth=1)", "probabilities", at(ask(smooth), (0.0, 1.0))


def nnunet_losses():
    from nnunetv2.training.loss.dice import MemoryEfficientSoftDiceLoss

    for smooth in (0.0, 1e-5, 1.0):
        loss = MemoryEfficientSoftDiceLoss(smooth=smooth, ddp=False)
        ask = at(lambda x, truth, loss=loss: loss(x.movedim(-1, 1), truth[:, None]), (0.0, 1.0))
        yield f"MemoryEfficientSoftDiceLoss(smooth={smooth:g})", "probabilities", ask


def part_of(package, module):
    """One module of a package whose front door imports much that is not needed here (torchvision, for instance)."""
    if package not in sys.modules:
        found = importlib.util.find_spec(package)
        if found is None:
            raise ModuleNotFoundError(package)
        sys.modules[package] = bare = types.ModuleType(package)
        bare.__path__ = list(found.submodule_search_locations)
    return importlib.import_module(f"{package}.{module}")


# package: scores, losses
LIBRARIES = {
    "torchmetrics": (torchmetrics_scores, None),
    "monai": (monai_scores, monai_losses),
    "nnunetv2": (nnunet_scores, nnunet_losses),
    "segmentation-models-pytorch": (smp_scores, smp_losses),
    "scikit-learn": (sklearn_scores, None),
    "scipy": (scipy_scores, None),
    "scikit-image": (skimage_scores, None),
    "SimpleITK": (simpleitk_scores, None),
    "keras": (keras_scores, keras_losses),
    "kornia": (None, kornia_losses),
    "pytorch-ignite": (ignite_scores, None),
    "torcheval": (torcheval_scores, None),
    "medpy": (medpy_scores, None),
    "surface-distance": (deepmind_scores, None),
    "MetricsReloaded": (metrics_reloaded_scores, None),
    "pymia": (pymia_scores, None),
}
