"""How good a segmentation is: three ways to average Dice, intervals by group, and an answer that learns nothing."""

import numpy as np
import pandas as pd

from .. import metrics, postprocessing

DRAWS = 2000
EMPTY = 1  # nothing found where nothing is counts as perfect; the report says so
# What each convention takes the mean of; `metrics.pool` has the same three.
CONVENTIONS = {
    "mean of the images": "every image counts the same",
    "mean of the groups": "every group counts the same, its pixels taken together",
    "all pixels together": "every pixel counts the same, so large objects count most",
}
# Answers that learn nothing, each from an image to a mask.
NOTHING_LEARNED = {
    "nothing": lambda image: np.zeros(image.shape[:2], bool),
    "everything": lambda image: np.ones(image.shape[:2], bool),
    "Otsu's threshold": lambda image: postprocessing.otsu_mask(np.asarray(image)),
}


def counts(masks, predictions):
    """TP, FP, FN and TN of every image, for images of any sizes.

    Parameters
    ----------
    masks : sequence of array, (H, W)
        0 or 1.
    predictions : iterable of array of bool, (H, W)

    Returns
    -------
    array of int64, shape (N, 4)
    """
    pairs = zip(masks, predictions, strict=True)
    return np.concatenate([metrics.confusion(np.asarray(mask)[None], found[None]) for mask, found in pairs])


def best_threshold(masks, probabilities):
    """The threshold with the best mean Dice of the images; to be chosen on validation images only.

    Parameters
    ----------
    masks, probabilities : sequence of array, (H, W)

    Returns
    -------
    float
    """
    dice = [
        metrics.score("dice", counts(masks, (one > threshold for one in probabilities)), empty=EMPTY).mean()
        for threshold in postprocessing.THRESHOLDS
    ]
    return float(postprocessing.best_threshold(pd.DataFrame({"threshold": postprocessing.THRESHOLDS, "dice": dice})))


def best_baseline(data):
    """The name in `NOTHING_LEARNED` with the best mean Dice of these images: validation images, again."""
    means = {
        name: metrics.score("dice", counts(data.masks, map(answer, data.images)), empty=EMPTY).mean()
        for name, answer in NOTHING_LEARNED.items()
    }
    return max(means, key=means.get)


def table(found, baseline, groups, *, seed=0):
    """Dice in all three conventions, of the network and of the baseline, with intervals.

    Parameters
    ----------
    found, baseline : array of int, shape (N, 4)
        From `counts`.
    groups : sequence of length N
    seed : int
        Of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        One line per convention: `dice`, `low` and `high` of the network, `baseline`, and `gain`, `gain_low` and
        `gain_high` of the difference. Intervals hold 95 % of the values that `DRAWS` test sets give, drawn group by
        group out of this one, with replacement; NaN where there is one group only.

    References
    ----------
    Efron (1979), Bootstrap methods: another look at the jackknife, Annals of Statistics 7, 1-26. Explained in the
    chapter "Honest splits".
    """
    names, member = np.unique(groups, return_inverse=True)
    n = len(names)
    drawn = np.random.default_rng(seed).multinomial(n, [1 / n] * n, size=DRAWS)
    weights = np.concatenate([np.ones((1, n), int), drawn])  # the first line is the test set itself
    sides = [_by_convention(np.asarray(one), member, n, weights) for one in (found, baseline)]
    rows = {}
    for name in CONVENTIONS:
        network, nothing = (side[name] for side in sides)
        gain = network - nothing
        low, high, gain_low, gain_high = (
            float(np.percentile(values[1:], percent)) if n > 1 else np.nan
            for values in (network, gain)
            for percent in (2.5, 97.5)
        )
        rows[name] = {
            "dice": network[0], "low": low, "high": high, "baseline": nothing[0],
            "gain": gain[0], "gain_low": gain_low, "gain_high": gain_high,
        }  # fmt: skip
    return pd.DataFrame(rows).T


def _by_convention(counted, member, n, weights):
    """Each convention's Dice for every line of weights, which say how often each group is there."""
    images = metrics.score("dice", counted, empty=EMPTY)
    sums = np.zeros((n, 4), np.int64)
    np.add.at(sums, member, counted)
    of_groups = metrics.score("dice", sums, empty=EMPTY)
    values = (
        weights @ np.bincount(member, images) / (weights @ np.bincount(member)),
        weights @ of_groups / weights.sum(axis=1),
        metrics.score("dice", weights @ sums, empty=EMPTY),
    )
    return dict(zip(CONVENTIONS, values, strict=True))
