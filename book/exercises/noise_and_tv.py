"""The chapter on noise and total variation: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def anisotropic_tv(picture):
    picture = np.asarray(picture, float)
    return sum(np.abs(np.diff(picture, axis=axis)).sum() for axis in (0, 1))


def two_levels(a, n1, b, n2, weight):
    sign = 1 if a < b else -1
    v1, v2 = a + sign * weight / n1, b - sign * weight / n2
    return (v1, v2) if sign * (v2 - v1) > 0 else ((n1 * a + n2 * b) / (n1 + n2),) * 2


def unbiased_signal(scans, sigma):
    return np.sqrt(np.maximum(np.mean(np.asarray(scans, float) ** 2, axis=0) - 2 * sigma**2, 0))


SOLUTIONS = {"anisotropic_tv": anisotropic_tv, "two_levels": two_levels, "unbiased_signal": unbiased_signal}
MISTAKES = [
    ("anisotropic_tv", lambda picture: np.diff(picture, axis=1).sum(), "absolute values"),
    ("anisotropic_tv", lambda picture: np.abs(np.diff(picture, axis=1)).sum(), "in a column"),
    ("anisotropic_tv", lambda p: sum(np.abs(np.diff(p, axis=axis)).sum() for axis in (0, 1)), "wraps around"),
    ("two_levels", lambda a, n1, b, n2, weight: (a + weight / n1, b - weight / n2), "must not cross"),
    ("two_levels", lambda a, n1, b, n2, weight: (a + weight / n2, b - weight / n1), "its own pixels"),
    ("unbiased_signal", lambda scans, sigma: scans.mean(axis=0), "Average the squares"),
    ("unbiased_signal", lambda scans, sigma: unbiased_signal(scans, sigma / np.sqrt(2)), "2 sigma^2"),
    (
        "unbiased_signal",
        lambda scans, sigma: np.sqrt(np.abs(np.mean(scans**2, axis=0) - 2 * sigma**2)),
        "Less than nothing",
    ),
]
