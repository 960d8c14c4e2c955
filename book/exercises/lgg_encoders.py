"""The chapter on encoders: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def _triangle(step, lowest, highest, half_cycle):
    return lowest + (highest - lowest) * (1 - abs(1 - step / half_cycle % 2))


def _dice(axis, of_sums=lambda shared, total, smooth: (2 * shared + smooth) / (total + smooth)):
    """A Dice whose sums run over `axis`."""

    def mean(truth, guess, smooth=1):
        total = truth.sum(axis=axis) + guess.sum(axis=axis)
        return np.mean(of_sums((truth * guess).sum(axis=axis), total, smooth))

    return mean


SOLUTIONS = {
    "dice_of_images": _dice((1, 2, 3)),
    "nothing_dice": lambda areas, empty: empty * np.mean(np.asarray(areas) == 0),
    "held_out_patients": lambda patients, n: np.isin(patients, np.unique(patients)[:n]),
    "triangular_rate": _triangle,
}
MISTAKES = [
    ("dice_of_images", _dice(-1), "the last axis has length 1"),
    ("dice_of_images", _dice((2, 3)), "Add up over the pixels"),
    ("dice_of_images", _dice((0, 1, 2, 3)), "Add up over the pixels"),
    ("dice_of_images", _dice((1, 2, 3), lambda shared, total, s: (2 * shared + 1) / (total + 1)), "as it is given"),
    ("nothing_dice", lambda areas, empty: np.mean(np.asarray(areas) == 0), "scores 0 everywhere"),
    ("nothing_dice", lambda areas, empty: empty * np.mean(areas), "Healthy slices count"),
    ("held_out_patients", lambda patients, n: np.arange(len(patients)) < n, "All slices of a patient"),
    ("held_out_patients", lambda patients, n: np.isin(patients, list(dict.fromkeys(patients))[:n]), "ordered by name"),
    ("held_out_patients", lambda patients, n: patients == np.unique(patients)[0], "`n` counts patients"),
    ("triangular_rate", lambda k, low, high, half: low + (high - low) * min(k / half, 1), "falls"),
    ("triangular_rate", lambda k, low, high, half: low + (high - low) * (1 - abs(1 - k / half)), "begins again"),
]
