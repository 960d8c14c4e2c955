"""A small conditional random field: neighbours that look alike should be called alike. Reference for an exercise."""

import itertools

import numpy as np
from scipy.special import expit, logit

from ..common.inputs import as_probabilities

_CERTAIN = 1e-6  # probabilities this near to 0 or 1 still can be changed


def refine(probabilities, image, *, weight=8.0, contrast=0.1, reach=1.5, radius=2, iterations=5):
    """Refine probabilities with a conditional random field: pixels that are near and alike get the same label.

    The energy of labels x_i in {0, 1} is E(x) = -sum_i log p_i(x_i) + sum_{i<j} w_ij [x_i != x_j], over pairs at most
    `radius` pixels apart along each axis, with

        w_ij = weight exp(-d_ij^2 / (2 reach^2)) exp(-|I_i - I_j|^2 / (2 contrast^2)) / Z,

    d_ij being the distance in pixels, and Z such that the weights of a pixel amid an even area add up to `weight`.
    Mean field looks for independent probabilities q_i near to exp(-E): each step sets, for all pixels at once,

        logit q_i = logit p_i + sum_j w_ij (2 q_j - 1),  logit q = log(q / (1 - q)).

    Krähenbühl and Koltun connect all pairs of pixels and need a fast filter for it; here a few neighbours do.

    Parameters
    ----------
    probabilities : array, shape (H, W) or (Z, H, W)
        Foreground probability p in [0, 1].
    image : array, the same shape, or with channels last
    weight : float
        By how many logits neighbours of the same grey value that all agree and are certain move a pixel: 8 outvotes a
        probability of 0.999, for logit 0.999 = 6.9. Pixels at the border have fewer neighbours and move less. 0 changes
        nothing.
    contrast : float
        Difference in grey value that counts as an edge, in units of the image. Smaller keeps finer outlines.
    reach : float
        Standard deviation of the distance, pixels.
    radius : int
        At least 1.
    iterations : int

    Returns
    -------
    array of float32, shape of the probabilities
        q in [0, 1].

    Raises
    ------
    ValueError
        If shapes do not fit, probabilities leave [0, 1], the image holds NaN or infinity, or a number is not positive
        (`weight`: negative).

    References
    ----------
    Krähenbühl, Koltun (2011), Efficient inference in fully connected CRFs with Gaussian edge potentials, NeurIPS 24,
    https://arxiv.org/abs/1210.5644. Explained in the chapter on masks and numbers, section
    "Let neighbours vote".
    """
    probabilities, image = np.asarray(probabilities, np.float64), np.asarray(image, np.float64)
    if image.shape == probabilities.shape:
        image = image[..., None]
    _check(probabilities, image, weight, contrast, reach, radius)
    own = logit(probabilities.clip(_CERTAIN, 1 - _CERTAIN))
    pairs = list(_pairs(image, weight, contrast, reach, radius))
    refined = probabilities
    for _ in range(iterations):
        votes, summed = 2 * refined - 1, own.copy()
        for here, there, strength in pairs:
            summed[here] += strength * votes[there]
            summed[there] += strength * votes[here]
        refined = expit(summed)
    return refined.astype(np.float32)


def _pairs(image, weight, contrast, reach, radius):
    """For each offset: where the first pixels of the pairs lie, where the second, and the weights of the pairs."""
    offsets = list(itertools.product(range(-radius, radius + 1), repeat=image.ndim - 1))
    offsets = offsets[len(offsets) // 2 + 1 :]  # each pair once, and no pixel with itself
    nearness = np.exp(-np.sum(np.square(offsets), axis=1) / (2 * reach**2))
    nearness *= weight / (2 * nearness.sum())
    for offset, near in zip(offsets, nearness, strict=True):
        here = tuple(slice(max(-step, 0), -step if step > 0 else None) for step in offset)
        there = tuple(slice(max(step, 0), step if step < 0 else None) for step in offset)
        difference = np.square(image[here] - image[there]).sum(axis=-1)
        yield here, there, near * np.exp(-difference / (2 * contrast**2))


def _check(probabilities, image, weight, contrast, reach, radius):
    if probabilities.ndim not in (2, 3) or image.shape[:-1] != probabilities.shape:
        raise ValueError(
            f"probabilities of shape {probabilities.shape} and an image of shape {image.shape} do not fit: refine one "
            "slice (H, W) or one volume (Z, H, W), channels of the image last."
        )
    as_probabilities(probabilities)
    if not np.isfinite(image).all():
        raise ValueError("the image holds NaN or infinity: repair such pixels first, they would spread.")
    if weight < 0 or contrast <= 0 or reach <= 0 or radius < 1:
        raise ValueError(
            f"weight={weight} must be at least 0, contrast={contrast} and reach={reach} positive, radius={radius} at "
            "least 1."
        )
