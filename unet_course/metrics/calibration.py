"""Whether probabilities can be believed: of the pixels called 80 % tumour, are 80 % tumour?"""

import numpy as np
from scipy.optimize import minimize_scalar

from ..common.inputs import as_probabilities, check_whole

# Where `fit_temperature` looks.
TEMPERATURES = 0.05, 20
# Probabilities of exactly 0 or 1, as float32 rounds them, have no finite logit.
_SMALLEST = 1e-7


def reliability_curve(truth, probabilities, *, bins=10):
    """Sort predictions by their probability and look how often each group is right.

    Parameters
    ----------
    truth : array of int, any shape
        0 or 1; labels when there is one probability per class.
    probabilities : array of float
        In [0, 1]. Of the shape of `truth`: probability of the foreground. With one more axis, of length K: probability
        of each class; the confidence is then the largest one, and right means that its class is the true one.
    bins : int
        Number of equal steps from 0 to 1. A value on a limit belongs to the upper bin.

    Returns
    -------
    dict of arrays of length `bins`
        `low` and `high`, the limits of each bin; `count`, how many pixels fall into it; `confidence`, their mean
        probability; `frequency`, the share that is foreground (or right), NaN in empty bins. `confidence` and
        `frequency` agree where probabilities can be believed. Ready for `pandas.DataFrame`.

    Raises
    ------
    ValueError
        If shapes do not fit, nothing is given, a probability is outside [0, 1], or the truth is no label.

    References
    ----------
    Guo et al. (2017), On calibration of modern neural networks, https://arxiv.org/abs/1706.04599.
    """
    truth, probabilities = _check(truth, probabilities)
    if probabilities.ndim > truth.ndim:
        right, confidence = probabilities.argmax(axis=-1) == truth, probabilities.max(axis=-1)
    else:
        right, confidence = truth, probabilities
    right, confidence = right.ravel(), confidence.ravel()
    place = np.minimum((confidence * bins).astype(np.intp), bins - 1)
    count = np.bincount(place, minlength=bins)
    limits = np.linspace(0, 1, bins + 1)
    with np.errstate(invalid="ignore"):  # 0/0 in an empty bin
        sums = (np.bincount(place, weights=values, minlength=bins) / count for values in (confidence, right))
        confidence, frequency = sums
    return {"low": limits[:-1], "high": limits[1:], "count": count, "confidence": confidence, "frequency": frequency}


def expected_calibration_error(truth, probabilities, *, bins=10):
    """Mean gap between confidence and frequency over the bins of `reliability_curve`, weighted by their counts.

    Where nearly all pixels are easy background, their bin decides the result: restrict both arrays to the brain, or to
    a band around the outlines, and say so.

    Parameters
    ----------
    truth, probabilities, bins
        As `reliability_curve` has them.

    Returns
    -------
    float
        From 0 (perfect) to 1.
    """
    table = reliability_curve(truth, probabilities, bins=bins)
    gaps = np.abs(table["confidence"] - table["frequency"])
    return float(np.nansum(table["count"] * gaps) / table["count"].sum())


def brier_score(truth, probabilities):
    """Mean squared distance of probabilities from the truth.

    Parameters
    ----------
    truth, probabilities
        As `reliability_curve` has them.

    Returns
    -------
    float
        The mean of (p - y)^2, from 0 to 1; with one probability per class, the mean of its sum over the classes, from
        0 to 2, which for two classes is twice the former.

    References
    ----------
    Brier (1950), Monthly Weather Review 78, 1-3.
    """
    truth, probabilities = _check(truth, probabilities)
    if probabilities.ndim == truth.ndim:
        return float(np.mean((probabilities - truth) ** 2))
    hits = np.take_along_axis(probabilities, truth[..., None], axis=-1)[..., 0]
    # The true class costs (p - 1)^2 = p^2 - 2p + 1.
    return float(np.mean((probabilities**2).sum(axis=-1) - 2 * hits + 1))


def cross_entropy(truth, probabilities):
    """Mean of -log of the probability that the truth was given; parameters as `reliability_curve` has them.

    Returns
    -------
    float
        0 for certainty that is right; log 2 = 0.693 for a foreground probability of one half everywhere.
    """
    truth, probabilities = _check(truth, probabilities)
    if probabilities.ndim == truth.ndim:
        given = np.where(truth == 1, probabilities, 1 - probabilities)
    else:
        given = np.take_along_axis(probabilities, truth[..., None], axis=-1)
    return float(-np.log(given.clip(min=_SMALLEST)).mean())


def apply_temperature(probabilities, temperature, *, classes=False):
    """Divide the logits behind probabilities by one number.

    Parameters
    ----------
    probabilities : array of float
        In [0, 1]: of the foreground; with `classes`, one for each class along the last axis.
    temperature : float
        Above 0. Above 1 it moves everything towards doubt, below 1 towards certainty. What was most probable stays so:
        no mask at a threshold of one half changes.
    classes : bool

    Returns
    -------
    array of float64, shaped as `probabilities`

    Raises
    ------
    ValueError
        If the temperature is not above 0, or a probability is outside [0, 1]: logits are none.
    """
    if not temperature > 0:
        raise ValueError(f"temperature={temperature} must be above 0: logits are divided by it.")
    p = as_probabilities(probabilities).astype(np.float64).clip(_SMALLEST, 1 - _SMALLEST)
    # A logit divided by T is log(p / (1 - p)) / T: both odds are raised to the power 1 / T.
    odds = p ** (1 / temperature)
    return odds / (odds.sum(axis=-1, keepdims=True) if classes else odds + (1 - p) ** (1 / temperature))


def fit_temperature(truth, probabilities):
    """Find the temperature whose tempered probabilities have the smallest cross-entropy.

    Parameters
    ----------
    truth, probabilities
        As `reliability_curve` has them, of validation images: the test must not help to choose.

    Returns
    -------
    float
        From 0.05 to 20; above 1 if the model was too sure of itself. For `apply_temperature`.

    Raises
    ------
    ValueError
        As `reliability_curve`.

    References
    ----------
    Guo et al. (2017), section 4.2, https://arxiv.org/abs/1706.04599.
    """
    truth, probabilities = _check(truth, probabilities)
    classes = probabilities.ndim > truth.ndim

    def cost(logarithm):
        return cross_entropy(truth, apply_temperature(probabilities, np.exp(logarithm), classes=classes))

    return float(np.exp(minimize_scalar(cost, bounds=np.log(TEMPERATURES), method="bounded").x))


def _check(truth, probabilities):
    truth, probabilities = np.asarray(truth), np.asarray(probabilities, dtype=np.float64)
    if truth.shape not in (probabilities.shape, probabilities.shape[:-1]):
        raise ValueError(
            f"truth has shape {truth.shape} but probabilities have shape {probabilities.shape}: they need the same, "
            "or one more axis with a probability for each class."
        )
    if not truth.size:
        raise ValueError("there is nothing to score: truth is empty.")
    as_probabilities(probabilities)
    check_whole(truth, "truth")
    top = probabilities.shape[-1] - 1 if probabilities.ndim > truth.ndim else 1
    if truth.min() < 0 or truth.max() > top:
        raise ValueError(f"truth holds labels from {truth.min()} to {truth.max()}, but only 0 to {top} can be.")
    return truth.astype(np.intp), probabilities
