"""Scores that count objects, as the 2018 Data Science Bowl did for nuclei."""

import numpy as np

from .overlap import as_labels, check_empty

# The ten IoU thresholds of the 2018 Data Science Bowl.
INSTANCE_THRESHOLDS = tuple(np.round(np.arange(0.5, 1.0, 0.05), 2))


def instance_average_precision(truth, prediction, thresholds=INSTANCE_THRESHOLDS, *, empty):
    """Score the objects found in one image as the 2018 Data Science Bowl did.

    At each threshold the score is TP / (TP + FP + FN), counted in objects by `instance_counts`; the result is its mean
    over the thresholds.

    Parameters
    ----------
    truth, prediction : array of int, shape (H, W)
        Instance labels, 0 is background. Labels need not be consecutive.
    thresholds : sequence of float
        IoU thresholds, each at least 0.5, so that no object can match twice.
    empty : {"nan", 0, 1}
        The score of an image that holds no object, true or predicted.

    Returns
    -------
    float
        In [0, 1], or `empty`.

    References
    ----------
    Caicedo et al. (2019), Nature Methods 16, 1247-1253, https://doi.org/10.1038/s41592-019-0612-7.
    Explained in the nuclei chapter, section "Counting nuclei".
    """
    check_empty(empty)
    counts = instance_counts(truth, prediction, thresholds)
    total = counts.sum(axis=1)
    return float(np.mean(counts[:, 0] / total)) if total.all() else float(empty)


def instance_counts(truth, prediction, thresholds=INSTANCE_THRESHOLDS):
    """Count hits, false alarms and missed objects of one image at each IoU threshold.

    A predicted object is a hit when its IoU with a true object exceeds the threshold. Sums over images give pooled
    scores.

    Parameters
    ----------
    truth, prediction, thresholds
        As `instance_average_precision` has them.

    Returns
    -------
    array of int64, shape (number of thresholds, 3)
        Columns TP, FP, FN.
    """
    if min(thresholds) < 0.5:
        raise ValueError(f"thresholds must be at least 0.5 (got {min(thresholds)}): below, one object matches several.")
    overlaps = instance_iou(truth, prediction)
    hits = (overlaps > np.reshape(thresholds, (-1, 1, 1))).sum(axis=(1, 2))
    n_truth, n_prediction = overlaps.shape
    return np.stack([hits, n_prediction - hits, n_truth - hits], axis=-1)


def instance_iou(truth, prediction):
    """IoU of every true object with every predicted object, background left out.

    Parameters
    ----------
    truth, prediction : array of int, shape (H, W)
        Instance labels, 0 is background.

    Returns
    -------
    array of float64, shape (true objects, predicted objects)

    Raises
    ------
    ValueError
        If the shapes differ, or a label is no whole number.
    """
    truth, prediction = as_labels(truth, prediction)
    _, truth = np.unique(np.append(0, truth), return_inverse=True)
    _, prediction = np.unique(np.append(0, prediction), return_inverse=True)
    truth, prediction = truth[1:], prediction[1:]  # the appended pixel only made sure that label 0 exists
    shape = truth.max(initial=0) + 1, prediction.max(initial=0) + 1
    intersection = np.bincount(truth * shape[1] + prediction, minlength=shape[0] * shape[1]).reshape(shape)
    area_truth, area_prediction = intersection.sum(axis=1), intersection.sum(axis=0)
    union = area_truth[:, None] + area_prediction[None, :] - intersection
    return intersection[1:, 1:] / union[1:, 1:]
