"""Exercises of the chapter on losses and metrics."""

import numpy as np

from .trying import check


def iou_from_dice(function):
    """Check `function(dice)`: the IoU of the same mask."""
    cases = [
        ((1.0,), 1.0, "A perfect mask has Dice 1 and IoU 1."),
        ((0.0,), 0.0, "Without overlap both are 0."),
        ((0.75,), 0.6, "Two squares of 16 pixels that share 12: Dice 24 / 32, IoU 12 / 20. Solve the formula for IoU."),
    ]
    check("iou_from_dice", function, cases)


def patient_dice(function):
    """Check `function(truth, prediction, patients)`: the mean over patients of the Dice of their pooled slices."""
    truth, prediction = np.zeros((2, 5, 2, 2), dtype=int)
    truth[0], prediction[0] = 1, 1  # patient b: all 4 pixels found
    truth[2, 0, 0], prediction[2, 0, 1] = 1, 1  # and one missed, one false alarm on another slice: Dice 8 / 10
    truth[1, 0], prediction[1, 0, 0] = 1, 1  # patient a: 1 of 2 found, no false alarm: Dice 2 / 3
    patients = np.array(["b", "a", "b", "a", "c"])  # patient c has neither a tumour nor a marked pixel
    only = patients == "b"
    cases = [
        (
            (truth[only], prediction[only], patients[only]),
            0.8,
            "One patient, two slices: add up TP, FP and FN of both slices first, then make one Dice of the sums.",
        ),
        (
            (truth[:4], prediction[:4], patients[:4]),
            (0.8 + 2 / 3) / 2,
            "Two patients, whose slices alternate: one Dice for each name in `patients`, then the mean of the two.",
        ),
        (
            (truth, prediction, patients),
            (0.8 + 2 / 3 + 1) / 3,
            "Patient c has nothing to find and nothing marked: 0/0, which counts 1 here.",
        ),
    ]
    check("patient_dice", function, cases)


def soft_dice_slope(function):
    """Check `function(p, t, s)`: the slope of the soft Dice loss by each probability."""
    p, t = np.array([[0.9, 0.4], [0.2, 0.5]]), np.array([[1, 1], [0, 0]])
    overlap, total = 2 * np.sum(p * t) + 1, np.sum(p) + np.sum(t) + 1
    cases = [
        (
            (np.array([1.0, 1.0, 1.0, 0.0]), np.zeros(4), 1.0),
            np.full(4, 1 / 16),
            "On an empty mask every pixel has the slope s / (P + s)^2: more marking, more loss. Mind its sign.",
        ),
        (
            (p, t, 1.0),
            (overlap - 2 * t * total) / total**2,
            "The slope of 1 - N / D is (N D' - N' D) / D^2, with N = 2 sum(p t) + s, D = sum(p) + sum(t) + s, "
            "D' = 1 and N' = 2 t.",
        ),
        (
            (p, t, 10.0),
            (overlap + 9 - 2 * t * (total + 9)) / (total + 9) ** 2,
            "That was right for s = 1 only: s belongs in the numerator and in the denominator.",
        ),
    ]
    check("soft_dice_slope", function, cases)
