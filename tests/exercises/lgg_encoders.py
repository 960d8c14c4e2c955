"""The chapter on encoders: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def _triangle(step, lowest, highest, half_cycle):
    return lowest + (highest - lowest) * (1 - abs(1 - step / half_cycle % 2))


SOLUTIONS = {
    "nothing_dice": lambda areas, empty: empty * np.mean(np.asarray(areas) == 0),
    "held_out_patients": lambda patients, n: np.isin(patients, np.unique(patients)[:n]),
    "triangular_rate": _triangle,
}
MISTAKES = [
    ("nothing_dice", lambda areas, empty: np.mean(np.asarray(areas) == 0), "scores 0 everywhere"),
    ("nothing_dice", lambda areas, empty: empty * np.mean(areas), "Healthy slices count"),
    ("held_out_patients", lambda patients, n: np.arange(len(patients)) < n, "All slices of a patient"),
    ("held_out_patients", lambda patients, n: np.isin(patients, list(dict.fromkeys(patients))[:n]), "ordered by name"),
    ("held_out_patients", lambda patients, n: patients == np.unique(patients)[0], "`n` counts patients"),
    ("triangular_rate", lambda k, low, high, half: low + (high - low) * min(k / half, 1), "falls"),
    ("triangular_rate", lambda k, low, high, half: low + (high - low) * (1 - abs(1 - k / half)), "begins again"),
]
