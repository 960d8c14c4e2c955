"""The chapter on noise and total variation: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def anisotropic_tv(picture):
    picture = np.asarray(picture, float)
    return sum(np.abs(np.diff(picture, axis=axis)).sum() for axis in (0, 1))


def two_levels(a, n1, b, n2, weight):
    sign = 1 if a < b else -1
    v1, v2 = a + sign * weight / n1, b - sign * weight / n2
    return (v1, v2) if sign * (v2 - v1) > 0 else ((n1 * a + n2 * b) / (n1 + n2),) * 2


def gap(noisy, u, z, weight, transposed=lambda z: -np.diff(np.r_[0, z, 0])):
    primal = ((u - noisy) ** 2).sum() / 2 + weight * np.abs(np.diff(u)).sum()
    return primal - (noisy**2).sum() / 2 + ((noisy - transposed(z)) ** 2).sum() / 2


SOLUTIONS = {"anisotropic_tv": anisotropic_tv, "two_levels": two_levels, "duality_gap": gap}
MISTAKES = [
    ("anisotropic_tv", lambda picture: np.diff(picture, axis=1).sum(), "absolute values"),
    ("anisotropic_tv", lambda picture: np.abs(np.diff(picture, axis=1)).sum(), "in a column"),
    ("anisotropic_tv", lambda p: sum(np.abs(np.diff(p, axis=axis)).sum() for axis in (0, 1)), "wraps around"),
    ("two_levels", lambda a, n1, b, n2, weight: (a + weight / n1, b - weight / n2), "must not cross"),
    ("two_levels", lambda a, n1, b, n2, weight: (a + weight / n2, b - weight / n1), "its own pixels"),
    ("duality_gap", lambda noisy, u, z, weight: gap(noisy, u, z, weight, lambda z: np.diff(np.r_[0, z, 0])), "u and z"),
    ("duality_gap", lambda noisy, u, z, weight: 0.0, "lower bound is 0"),
]
