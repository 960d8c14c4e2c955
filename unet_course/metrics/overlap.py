"""Overlap of masks: confusion counts, and Dice and its relatives per slice, per patient or pooled."""

import numpy as np

from ..common.inputs import check_known, check_whole

# Each score as (numerator, denominator) of the four counts; they work on arrays of any library.
FORMULAS = {
    "accuracy": lambda tp, fp, fn, tn: (tp + tn, tp + fp + fn + tn),
    "precision": lambda tp, fp, fn, tn: (tp, tp + fp),
    "recall": lambda tp, fp, fn, tn: (tp, tp + fn),
    "specificity": lambda tp, fp, fn, tn: (tn, tn + fp),
    "dice": lambda tp, fp, fn, tn: (2 * tp, 2 * tp + fp + fn),
    "iou": lambda tp, fp, fn, tn: (tp, tp + fp + fn),
}
# The same numbers: other communities named them.
FORMULAS["f1"] = FORMULAS["dice"]
FORMULAS["sensitivity"] = FORMULAS["recall"]

NAMES = tuple(FORMULAS)


def confusion(truth, prediction):
    """Count true positives, false positives, false negatives and true negatives of each image.

    Parameters
    ----------
    truth, prediction : array, shape (N, H, W) or (N, ...)
        0 or 1, or booleans. The first axis counts images, or volumes, or labelled cases.

    Returns
    -------
    array of int64, shape (N, 4)
        Columns TP, FP, FN, TN.

    Raises
    ------
    ValueError
        If the shapes differ or a value other than 0 and 1 occurs (a mask saved as 0 and 255, or labels).
    """
    truth, prediction = as_binary(truth, "truth"), as_binary(prediction, "prediction")
    check_shapes(truth, prediction)
    # NumPy counts the booleans of one image much faster than it sums along axes.
    positive, found, tp = (
        np.array([np.count_nonzero(image) for image in stack], dtype=np.int64)
        for stack in (truth, prediction, truth & prediction)
    )
    pixels = int(np.prod(truth.shape[1:]))
    return np.stack([tp, found - tp, positive - tp, pixels - positive - found + tp], axis=-1)


def confusion_matrix(truth, prediction, n_classes, *, ignore_label=None):
    """Count, for each image, how often class i was called class j.

    Parameters
    ----------
    truth, prediction : array of int, shape (N, ...)
        Labels 0 to `n_classes` - 1. For a classifier, shape (N,).
    n_classes : int
    ignore_label : int, optional
        Pixels whose truth has this label are not counted.

    Returns
    -------
    array of int64, shape (N, K, K)
        Rows are the truth, columns the prediction. The sum over the first axis is the pooled matrix.

    Raises
    ------
    ValueError
        If the shapes differ, a label is out of range or no whole number: probabilities are no labels.
    """
    truth, prediction = as_labels(truth, prediction)
    counts = np.empty((len(truth), n_classes, n_classes), np.int64)
    for matrix, true, predicted in zip(counts, truth, prediction, strict=True):
        true, predicted = true.ravel(), predicted.ravel()
        if ignore_label is not None:
            true, predicted = true[true != ignore_label], predicted[true != ignore_label]
        for labels, name in ((true, "truth"), (predicted, "prediction")):
            if labels.size and (labels.min() < 0 or labels.max() >= n_classes):
                raise ValueError(
                    f"{name} holds labels from {labels.min()} to {labels.max()}, but n_classes={n_classes} allows 0 to "
                    f"{n_classes - 1}: renumber the labels, or name one to leave out with ignore_label."
                )
        pairs = true.astype(np.intp) * n_classes + predicted.astype(np.intp)
        matrix[:] = np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)
    return counts


def one_vs_rest(matrix):
    """The four counts of each class, all other classes taken together as background.

    Parameters
    ----------
    matrix : array, shape (..., K, K)
        As `confusion_matrix` returns it, or its sum over images.

    Returns
    -------
    array, shape (..., K, 4)
        TP, FP, FN, TN, ready for `score`.
    """
    matrix = np.asarray(matrix)
    tp = np.diagonal(matrix, axis1=-2, axis2=-1)
    fp, fn = matrix.sum(axis=-2) - tp, matrix.sum(axis=-1) - tp
    tn = matrix.sum(axis=(-2, -1))[..., None] - tp - fp - fn
    return np.stack([tp, fp, fn, tn], axis=-1)


def pool(counts, reduction, groups=None):
    """Add counts up before they become a score.

    Parameters
    ----------
    counts : array, shape (N, ...)
        From `confusion` or `confusion_matrix`.
    reduction : {"slice", "patient", "pooled"}
        "slice" leaves every image by itself; "patient" adds up the slices of each group, so that a patient's volume
        gets one score; "pooled" adds up everything. The three give different numbers: say which you print.
    groups : sequence of length N, optional
        Who each image belongs to; needed for "patient".

    Returns
    -------
    array
        Shape (N, ...), (number of groups, ...) in the order of `np.unique(groups)`, or (...).

    Raises
    ------
    ValueError
        If a reduction is not known, or the group of an image is missing: None, NaN or empty text.
    """
    counts = np.asarray(counts)
    if reduction == "slice":
        return counts
    if reduction == "pooled":
        return counts.sum(axis=0)
    if reduction != "patient":
        raise ValueError(f'reduction={reduction!r} is not known: use "slice", "patient" or "pooled".')
    if groups is None or len(groups) != len(counts):
        raise ValueError(f'reduction="patient" needs `groups`, one entry for each of the {len(counts)} images.')
    check_known(groups, "groups")
    names, member = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names), *counts.shape[1:]), counts.dtype)
    np.add.at(sums, member, counts)
    return sums


def score(name, counts, *, empty):
    """Turn confusion counts into one of the scores in `NAMES`.

    Parameters
    ----------
    name : {"accuracy", "precision", "recall", "sensitivity", "specificity", "dice", "f1", "iou"}
        "sensitivity" is "recall" and "f1" is "dice": each pair is one formula under two names.
    counts : array, shape (..., 4)
        TP, FP, FN, TN, as `confusion`, `one_vs_rest` or `pool` return them.
    empty : {"nan", 0, 1}
        The value of 0/0, for instance Dice of an empty prediction on an empty mask. You must choose: libraries
        disagree, and on data full of empty masks the choice can be worth more than the network.

    Returns
    -------
    array of float64, shape (...)
        In [0, 1], or `empty`. `undefined` says where.
    """
    check_empty(empty)
    numerator, denominator = _fraction(name, counts)
    fallback = np.full_like(denominator, float(empty))
    return np.divide(numerator, denominator, out=fallback, where=denominator > 0)


def undefined(name, counts):
    """Where a score is 0/0, so that `score` gives `empty`.

    Parameters
    ----------
    name, counts
        As `score` has them.

    Returns
    -------
    array of bool, shape (...)
    """
    return _fraction(name, counts)[1] == 0


def dice(truth, prediction, *, empty, reduction="slice", groups=None):
    """Dice coefficient 2|A and B| / (|A| + |B|) of masks.

    Parameters
    ----------
    truth, prediction : array, shape (N, H, W) or (N, ...)
        0 or 1, or booleans.
    empty : {"nan", 0, 1}
        What an empty prediction on an empty mask counts as; see `score`.
    reduction : {"slice", "patient", "pooled"}
    groups : sequence of length N, optional
        As `pool` has them.

    Returns
    -------
    array of float64 or float
        In [0, 1], or `empty`: one number for each slice, for each patient, or for everything.
    """
    return score("dice", pool(confusion(truth, prediction), reduction, groups), empty=empty)


def iou(truth, prediction, *, empty, reduction="slice", groups=None):
    """Intersection over union |A and B| / |A or B| of masks.

    Parameters
    ----------
    truth, prediction : array, shape (N, H, W) or (N, ...)
        0 or 1, or booleans.
    empty : {"nan", 0, 1}
        What an empty prediction on an empty mask counts as; see `score`.
    reduction : {"slice", "patient", "pooled"}
    groups : sequence of length N, optional
        As `pool` has them.

    Returns
    -------
    array of float64 or float
        In [0, 1], or `empty`: one number for each slice, for each patient, or for everything.
    """
    return score("iou", pool(confusion(truth, prediction), reduction, groups), empty=empty)


def summary(truth, prediction, *, empty, reduction="slice", groups=None, names=("dice", "iou", "precision", "recall")):
    """Mean scores of many masks, beside the numbers of empty masks without which the means cannot be read.

    Parameters
    ----------
    truth, prediction : array, shape (N, H, W) or (N, ...)
        0 or 1, or booleans.
    empty, reduction, groups
        As `score` and `pool` have them. A unit, below, is a slice, a patient, or everything.
    names : sequence of str
        Scores in `NAMES`.

    Returns
    -------
    dict
        `n` units; `n_empty` of them have an empty truth, and in `n_both_empty` the prediction is empty too.
        `detection_sensitivity`: of the units with something to find, the share with a non-empty prediction;
        `detection_specificity`: of the empty ones, the share left empty. For each name: its mean over all units
        (NaNs left out), `<name>_undefined`, in how many units it is 0/0, and `<name>_where_present`, its mean over
        the units whose truth is not empty; there `empty` plays no part in Dice, IoU and recall. A mean of nothing is
        NaN.
    """
    counts = np.atleast_2d(pool(confusion(truth, prediction), reduction, groups))
    tp, fp, fn, _ = counts.T
    present, found = tp + fn > 0, tp + fp > 0
    table = {
        "n": len(counts),
        "n_empty": int((~present).sum()),
        "n_both_empty": int((~present & ~found).sum()),
        "detection_sensitivity": _mean(found[present]),
        "detection_specificity": _mean(~found[~present]),
    }
    for name in names:
        values = score(name, counts, empty=empty)
        table[name] = _mean(values)
        table[f"{name}_undefined"] = int(undefined(name, counts).sum())
        table[f"{name}_where_present"] = _mean(values[present])
    return table


def as_binary(mask, name):
    """A mask of 0 and 1 as booleans, without a copy where possible; `name` is for the message of the ValueError."""
    mask = np.asarray(mask)
    if mask.dtype == bool:
        return mask
    whole = np.issubdtype(mask.dtype, np.integer) or ((mask == 0) | (mask == 1)).all()
    if mask.size and (not whole or mask.min() < 0 or mask.max() > 1):
        raise ValueError(
            f"{name} holds values from {mask.min()} to {mask.max()}, but a binary mask holds 0 and 1 only: "
            "compare with a threshold first, for instance `mask > 0`."
        )
    return mask.view(bool) if mask.dtype.itemsize == 1 else mask.astype(bool)


def as_labels(truth, prediction):
    """Two arrays of labels of one shape; refuses those that hold anything but whole numbers."""
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    check_shapes(truth, prediction)
    check_whole(truth, "truth")
    check_whole(prediction, "prediction")
    return truth, prediction


def check_shapes(truth, prediction):
    """Refuse two arrays that are not of one shape."""
    if truth.shape != prediction.shape:
        raise ValueError(f"truth has shape {truth.shape} but prediction has shape {prediction.shape}.")


def check_empty(empty):
    """Refuse a rule for empty masks that is none of the three."""
    if isinstance(empty, bool) or empty not in ("nan", 0, 1):
        raise ValueError(f'empty={empty!r} is not known: use "nan", 0 or 1.')


def _fraction(name, counts):
    if name not in FORMULAS:
        raise ValueError(f"metric {name!r} is not known: use one of {', '.join(NAMES)}.")
    return FORMULAS[name](*np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0))


def _mean(values):
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else float("nan")
