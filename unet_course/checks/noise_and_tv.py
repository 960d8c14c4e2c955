"""Exercises of the chapter on noise and total variation."""

import numpy as np

from .check import check


def anisotropic_tv(function):
    """Check `function(picture)`: the sum of the absolute differences of neighbours, in rows and in columns."""
    corner = np.zeros((3, 4))
    corner[:2, :2] = 1
    cases = [
        ((np.full((3, 4), 0.5),), 0.0, "A constant image has no differences: its total variation is 0."),
        ((np.array([[0.0, 1.0, 0.0]]),), 2.0, "Up by 1 and down by 1 are 2: take absolute values before you add."),
        ((np.array([[0.0], [2.0]]),), 2.0, "Neighbours in a column count, too."),
        ((corner,), 4.0, "The outline of this square has four pieces inside the image; the border counts nothing."),
        ((255 * corner.astype(np.uint8),), 1020.0, "uint8 wraps around below 0: convert to float first."),
    ]
    check("anisotropic_tv", function, cases)


def two_levels(function):
    """Check `function(a, n1, b, n2, weight)`: the two levels of a step after total-variation denoising."""
    cases = [
        ((0.2, 6, 0.8, 3, 0.0), (0.2, 0.8), "Without weight nothing changes."),
        ((0.2, 6, 0.8, 3, 0.3), (0.25, 0.7), "Each level moves by weight / number of its own pixels, to the other."),
        ((0.2, 6, 0.8, 3, 2.0), (0.4, 0.4), "They must not cross: with much weight both are the mean of all pixels."),
        ((0.8, 3, 0.2, 6, 0.3), (0.7, 0.25), "Here the first level is the higher one: it goes down."),
    ]
    check("two_levels", function, cases)


def duality_gap(function):
    """Check `function(noisy, u, z, weight)`: the duality gap of a line."""
    noisy = np.array([0.0, 2.0])
    cases = [
        ((noisy, np.array([0.5, 1.5]), np.array([0.5]), 0.5), 0.0, "This u and z are the solution: their gap is 0."),
        (
            (noisy, noisy, np.array([0.0]), 0.5),
            1.0,
            "With z = 0 the lower bound is 0, and u = noisy pays weight * TV(noisy).",
        ),
        (
            (np.array([1.0, 3.0, 2.0]), np.full(3, 2.0), np.array([0.5, -0.25]), 0.5),
            0.1875,
            "With three pixels D^T z is -z1, z1 - z2, z2. The lower bound is half of ||f||^2 - ||f - D^T z||^2.",
        ),
    ]
    check("duality_gap", function, cases)
