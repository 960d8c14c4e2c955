"""Exercises of the chapter on masks and what is measured in them."""

import numpy as np

from ..features.intensity import glcm, texture
from .check import check


def least_voxels(function):
    """Check `function(millilitres, spacing)`: how many voxels a piece of that size has at least."""
    cases = [
        ((1, (1, 1, 1)), 1000, "One millilitre is 1,000 mm³, and a voxel of 1 mm sides is 1 mm³."),
        ((0.5, (2.0, 0.5, 0.5)), 1000, "A voxel is as large as the product of its three sides."),
        ((0.1, (3, 3, 3)), 4, "Three voxels of 27 mm³ are too few for 100 mm³: round up."),
    ]
    check("least_voxels", function, cases)


def glcm_contrast(function):
    """Check `function(levels)`: contrast of a square of grey levels, neighbours to the right and left."""
    picture = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 2], [2, 2, 3, 3]])  # Haralick's own example
    cases = [
        ((np.full((3, 3), 2),), 0.0, "Where all neighbours are equal the contrast is 0."),
        ((np.array([[0, 2], [1, 1]]),), 2.0, "Average the *squared* difference over all pairs of neighbours in a row."),
        ((picture,), _contrast(picture), "Compare each pixel with the next one of its row, never across the border."),
        (
            ((16 * picture).astype(np.uint8),),
            256 * _contrast(picture),
            "uint8 has no number above 255, and 16 times 16 becomes 0: convert to int first.",
        ),
    ]
    check("glcm_contrast", function, cases)


def mean_field_step(function):
    """Check `function(p, image, weight, contrast)`: one step of mean field with the four nearest neighbours."""
    rng = np.random.default_rng(0)
    p, image = rng.uniform(0.1, 0.9, (4, 5)), rng.random((4, 5))
    flat = np.full((3, 3), 0.5)
    doubtful = np.where(np.eye(3) * [0, 1, 0] > 0, 0.4, 0.9)
    cases = [
        ((p, image, 0.0, 0.2), p, "With weight 0 nobody is heard: logit and sigmoid must undo each other."),
        (
            (doubtful, flat, 4.0, 0.1),
            _step(doubtful, flat, 4.0, 0.1),
            "On an even image each of the four neighbours votes with weight / 4 times 2 p - 1. A pixel at the border "
            "has fewer neighbours: np.roll would bring in the other side.",
        ),
        (
            (p, image, 3.0, 0.2),
            _step(p, image, 3.0, 0.2),
            "Neighbours of another grey value count less: multiply by exp(-(difference)^2 / (2 contrast^2)).",
        ),
    ]
    check("mean_field_step", function, cases)


def _contrast(levels):
    return texture(glcm(levels, np.ones(levels.shape, bool), levels=4, angles=(0,)))["contrast"]


def _step(p, image, weight, contrast):
    """Pixel by pixel, as the equation reads."""
    heard = np.log(p / (1 - p))
    for y, x in np.ndindex(p.shape):
        for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= v < p.shape[0] and 0 <= u < p.shape[1]:
                alike = np.exp(-((image[y, x] - image[v, u]) ** 2) / (2 * contrast**2))
                heard[y, x] += weight / 4 * alike * (2 * p[v, u] - 1)
    return 1 / (1 + np.exp(-heard))
