"""The chapter on losses and metrics: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def dice(truth, prediction, empty=1.0):
    total = truth.sum() + prediction.sum()
    return 2 * (truth * prediction).sum() / total if total else empty


def by_patient(truth, prediction, patients, empty=1.0):
    chosen = [np.asarray(patients) == name for name in np.unique(patients)]
    return np.mean([dice(truth[own], prediction[own], empty) for own in chosen])


def slope(p, t, s):
    overlap, total = 2 * np.sum(p * t) + s, np.sum(p) + np.sum(t) + s
    return (overlap - 2 * t * total) / total**2


SOLUTIONS = {
    "iou_from_dice": lambda dice: dice / (2 - dice),
    "patient_dice": by_patient,
    "soft_dice_slope": slope,
}
MISTAKES = [
    ("iou_from_dice", lambda dice: 2 * dice / (1 + dice), "Solve the formula for IoU"),
    ("iou_from_dice", lambda dice: dice / 2, "A perfect mask"),
    ("patient_dice", lambda t, p, who: np.mean([dice(*pair) for pair in zip(t, p, strict=True)]), "add up TP"),
    ("patient_dice", lambda t, p, who: dice(t, p), "one Dice for each name"),
    ("patient_dice", lambda t, p, who: by_patient(t, p, who, empty=0.0), "counts 1 here"),
    ("soft_dice_slope", lambda p, t, s: -slope(p, t, s), "Mind its sign"),
    ("soft_dice_slope", lambda p, t, s: slope(p, t, s) * p * (1 - p), "On an empty mask"),
    ("soft_dice_slope", lambda p, t, s: np.full(p.shape, slope(p, 0 * t, s)), "N' = 2 t"),
    ("soft_dice_slope", lambda p, t, s: slope(p, t, 1.0), "right for s = 1 only"),
]
