"""The NumPy truth about overlap: confusion counts, Dice and its relatives, and the instance score.

Every other metric of the course is tested against this room. Masks are arrays of 0 and 1 (or booleans);
the first axis counts images.
"""

import numpy as np

# The ten IoU thresholds of the 2018 Data Science Bowl.
INSTANCE_THRESHOLDS = tuple(np.round(np.arange(0.5, 1.0, 0.05), 2))

# Each score as (numerator, denominator) of the four counts; they work on arrays of any library.
FORMULAS = {
    "accuracy": lambda tp, fp, fn, tn: (tp + tn, tp + fp + fn + tn),
    "precision": lambda tp, fp, fn, tn: (tp, tp + fp),
    "recall": lambda tp, fp, fn, tn: (tp, tp + fn),
    "dice": lambda tp, fp, fn, tn: (2 * tp, 2 * tp + fp + fn),
    "iou": lambda tp, fp, fn, tn: (tp, tp + fp + fn),
}
FORMULAS["f1"] = FORMULAS["dice"]  # the same number: two communities named it

NAMES = tuple(FORMULAS)


def confusion(truth, prediction):
    """Count true positives, false positives, false negatives and true negatives of each image.

    Parameters
    ----------
    truth, prediction : array, shape (N, H, W)
        0 or 1, or booleans.

    Returns
    -------
    array of int64, shape (N, 4)
        Columns TP, FP, FN, TN.

    Raises
    ------
    ValueError
        If the shapes differ or a value other than 0 and 1 occurs (a mask saved as 0 and 255, or labels).
    """
    truth, prediction = (_as_binary(mask, name) for mask, name in ((truth, "truth"), (prediction, "prediction")))
    if truth.shape != prediction.shape:
        raise ValueError(f"truth has shape {truth.shape} but prediction has shape {prediction.shape}.")
    pixels = tuple(range(1, truth.ndim))
    tp = (truth & prediction).sum(axis=pixels)
    fp = (~truth & prediction).sum(axis=pixels)
    fn = (truth & ~prediction).sum(axis=pixels)
    tn = np.prod(truth.shape[1:]) - tp - fp - fn
    return np.stack([tp, fp, fn, tn], axis=-1).astype(np.int64)


def score(name, counts, *, empty):
    """Turn confusion counts into one of the scores in `NAMES`.

    Parameters
    ----------
    name : {"accuracy", "precision", "recall", "dice", "f1", "iou"}
    counts : array, shape (..., 4)
        TP, FP, FN, TN, as `confusion` returns them. Summed over images they give the pooled score.
    empty : {"nan", 0, 1}
        The value of 0/0, for instance Dice of an empty prediction on an empty mask. You must choose: libraries
        disagree, and on data full of empty masks the choice can be worth more than the network.

    Returns
    -------
    array of float64, shape (...)
        In [0, 1], or `empty`.
    """
    if empty not in ("nan", 0, 1):
        raise ValueError(f'empty={empty!r} is not known: use "nan", 0 or 1.')
    if name not in FORMULAS:
        raise ValueError(f"metric {name!r} is not known: use one of {', '.join(NAMES)}.")
    counts = np.asarray(counts, dtype=np.float64)
    numerator, denominator = FORMULAS[name](*np.moveaxis(counts, -1, 0))
    fallback = np.full_like(denominator, float(empty))
    return np.divide(numerator, denominator, out=fallback, where=denominator > 0)


def dice(truth, prediction, *, empty):
    """Dice coefficient of each image, 2|A and B| / (|A| + |B|); see `score` for `empty`."""
    return score("dice", confusion(truth, prediction), empty=empty)


def iou(truth, prediction, *, empty):
    """Intersection over union of each image, |A and B| / |A or B|; see `score` for `empty`."""
    return score("iou", confusion(truth, prediction), empty=empty)


def instance_average_precision(truth, prediction, thresholds=INSTANCE_THRESHOLDS):
    """Score the nuclei found in one image as the 2018 Data Science Bowl did.

    A predicted object is a hit when its IoU with a true object exceeds the threshold. At each threshold the score
    is TP / (TP + FP + FN), counted in objects; the result is its mean over the thresholds.

    Parameters
    ----------
    truth, prediction : array of int, shape (H, W)
        Instance labels, 0 is background. Labels need not be consecutive.
    thresholds : sequence of float
        IoU thresholds, each at least 0.5, so that no object can match twice.

    Returns
    -------
    float
        In [0, 1]; NaN when neither picture holds an object.

    References
    ----------
    Caicedo et al. (2019), Nature Methods 16, 1247-1253, https://doi.org/10.1038/s41592-019-0612-7.
    Explained in the nuclei chapter, section "Counting nuclei".
    """
    if min(thresholds) < 0.5:
        raise ValueError(f"thresholds must be at least 0.5 (got {min(thresholds)}): below, one object matches several.")
    overlaps = instance_iou(truth, prediction)
    n_truth, n_prediction = overlaps.shape
    if n_truth == n_prediction == 0:
        return float("nan")
    hits = np.array([(overlaps > threshold).sum() for threshold in thresholds])
    return float(np.mean(hits / (n_truth + n_prediction - hits)))


def instance_iou(truth, prediction):
    """IoU of every true object (rows) with every predicted object (columns), background left out."""
    _, truth = np.unique(np.append(0, truth), return_inverse=True)
    _, prediction = np.unique(np.append(0, prediction), return_inverse=True)
    truth, prediction = truth[1:], prediction[1:]  # the appended pixel only made sure that label 0 exists
    shape = truth.max(initial=0) + 1, prediction.max(initial=0) + 1
    intersection = np.bincount(truth * shape[1] + prediction, minlength=shape[0] * shape[1]).reshape(shape)
    area_truth, area_prediction = intersection.sum(axis=1), intersection.sum(axis=0)
    union = area_truth[:, None] + area_prediction[None, :] - intersection
    return intersection[1:, 1:] / union[1:, 1:]


def _as_binary(mask, name):
    mask = np.asarray(mask)
    if mask.dtype == bool:
        return mask
    if mask.size and (mask.min() < 0 or mask.max() > 1 or not np.isin(mask, (0, 1)).all()):
        raise ValueError(
            f"{name} holds values from {mask.min()} to {mask.max()}, but a binary mask holds 0 and 1 only: "
            "compare with a threshold first, for instance `mask > 0`."
        )
    return mask.astype(bool)
