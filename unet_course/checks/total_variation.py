"""Exercises of the chapter on how total variation is solved."""

import numpy as np

from .check import check


def transposed_differences(function):
    """Check `function(z)`: the transpose of taking differences along a line."""
    cases = [
        ((np.array([3.0]),), [-3.0, 3.0], "One difference belongs to two pixels: the first gets -z, the second z."),
        ((np.array([0.5, -0.25]),), [-0.5, 0.75, -0.25], "For z1 and z2 the three numbers are -z1, z1 - z2, z2."),
    ]
    check("transposed_differences", function, cases)


def into_the_tube(function):
    """Check `function(z, weight)`: vectors longer than the weight are shortened to it."""
    z = np.array([[[3.0, 0.3, 0.0]], [[4.0, -0.4, 0.0]]])  # lengths 5, 0.5 and 0
    cases = [
        ((z[..., 1:], 2.0), z[..., 1:], "Vectors that are short enough stay as they are, a zero vector too."),
        (
            (z, 2.0),
            np.array([[[1.2, 0.3, 0.0]], [[1.6, -0.4, 0.0]]]),
            "The length is that of the whole vector of a pixel, sqrt(z1^2 + z2^2); both parts shrink by one factor.",
        ),
    ]
    check("into_the_tube", function, cases)


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
