"""The chapter on losses and metrics: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def dice(truth, prediction, empty=1.0):
    total = truth.sum() + prediction.sum()
    return 2 * (truth * prediction).sum() / total if total else empty


def by_patient(truth, prediction, patients, empty=1.0):
    chosen = [np.asarray(patients) == name for name in np.unique(patients)]
    return np.mean([dice(truth[own], prediction[own], empty) for own in chosen])


def tversky(p, t, alpha, beta, s, *, by_misses=-1):
    top = 2 * np.sum(p * t) + s
    bottom = top + 2 * alpha * np.sum(p * (1 - t)) + 2 * beta * np.sum((1 - p) * t)
    return (top * (2 * t + 2 * alpha * (1 - t) + by_misses * 2 * beta * t) - 2 * t * bottom) / bottom**2


def soft_dice(p, t, alpha, beta, s):
    return tversky(p, t, 0.5, 0.5, s)


SOLUTIONS = {
    "iou_from_dice": lambda dice: dice / (2 - dice),
    "patient_dice": by_patient,
    "tversky_slope": tversky,
}
MISTAKES = [
    ("iou_from_dice", lambda dice: 2 * dice / (1 + dice), "Solve the formula for IoU"),
    ("iou_from_dice", lambda dice: dice / 2, "A perfect mask"),
    ("patient_dice", lambda t, p, who: np.mean([dice(*pair) for pair in zip(t, p, strict=True)]), "add up TP"),
    ("patient_dice", lambda t, p, who: dice(t, p), "one Dice for each name"),
    ("patient_dice", lambda t, p, who: by_patient(t, p, who, empty=0.0), "counts 1 here"),
    ("tversky_slope", lambda *given: -tversky(*given), "above 0"),
    ("tversky_slope", lambda p, *others: tversky(p, *others) * p * (1 - p), "not by the logit"),
    ("tversky_slope", lambda *given: tversky(*given).sum(), "Every pixel has"),
    ("tversky_slope", lambda *given: tversky(*given, by_misses=0), "by the misses"),
    ("tversky_slope", lambda p, t, alpha, beta, s: tversky(p, t, beta, alpha, s), "misses, pixels"),
    ("tversky_slope", soft_dice, "misses, pixels"),
    ("tversky_slope", lambda p, t, a, b, s: tversky(p, t, a, b, 1.0), "right for s = 1 only"),
]
