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


def unbiased_signal(function):
    """Check `function(scans, sigma)`: the signal behind repeated scans of shape (N, H, W) with Rician noise."""
    scans = np.array([[[3.0, 1.0]], [[5.0, 0.0]]])  # mean squares 17 and 0.5
    cases = [
        ((scans, 0.0), np.sqrt([[17, 0.5]]), "Average the squares over the scans, then take the root."),
        ((scans, 0.5), np.sqrt([[16.5, 0]]), "Take 2 sigma^2 off the mean of the squares."),
        ((scans, 1.0), [[np.sqrt(15), 0]], "Less than nothing cannot be: below 0 the signal is 0."),
    ]
    check("unbiased_signal", function, cases)
