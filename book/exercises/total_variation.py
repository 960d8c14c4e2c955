"""The chapter on how total variation is solved: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def transposed_differences(z):
    return -np.diff(np.r_[0, z, 0])


def into_the_tube(z, weight):
    return z / np.maximum(1, np.hypot(*z) / weight)


def gap(noisy, u, z, weight, transposed=transposed_differences):
    primal = ((u - noisy) ** 2).sum() / 2 + weight * np.abs(np.diff(u)).sum()
    return primal - (noisy**2).sum() / 2 + ((noisy - transposed(z)) ** 2).sum() / 2


SOLUTIONS = {
    "transposed_differences": transposed_differences,
    "into_the_tube": into_the_tube,
    "duality_gap": gap,
}
MISTAKES = [
    ("transposed_differences", lambda z: np.diff(np.r_[0, z, 0]), "the first gets -z"),
    ("transposed_differences", lambda z: np.r_[-z, z[-1]], "z1 - z2"),
    ("into_the_tube", lambda z, weight: z / np.maximum(np.hypot(*z), 1e-9) * weight, "stay as they are"),
    ("into_the_tube", lambda z, weight: np.clip(z, -weight, weight), "the whole vector"),
    ("duality_gap", lambda noisy, u, z, weight: gap(noisy, u, z, weight, lambda z: np.diff(np.r_[0, z, 0])), "u and z"),
    ("duality_gap", lambda noisy, u, z, weight: 0.0, "lower bound is 0"),
]
