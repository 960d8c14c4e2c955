"""Exercises of the chapter on losses and metrics."""

import numpy as np

from .check import check


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


def tversky_slope(function):
    """Check `function(p, t, alpha, beta, s)`: the slope of the soft Tversky loss by each probability."""
    p, t = np.array([[0.9, 0.4, 0.7], [0.2, 0.5, 0.1]]), np.array([[1, 1, 0], [0, 0, 1]])
    tries = [
        (
            (p, 0 * t, 0.5, 0.5, 1.0),
            "On an empty mask only false alarms are possible. Every pixel has the same slope, and it is above 0: more "
            "marking, more loss. It is by the probability, not by the logit.",
        ),
        (
            (p, t, 0.5, 0.5, 1.0),
            "With one half for both weights this is the soft Dice loss, whose slope the text gives. An object pixel "
            "changes the numerator and, by the overlap and by the misses, the denominator too.",
        ),
        (
            (p, t, 0.3, 0.7, 1.0),
            "That was right for equal weights. `alpha` belongs to the false alarms, pixels with t = 0, `beta` to the "
            "misses, pixels with t = 1, and both count in the sums of every pixel's slope.",
        ),
        ((p, t, 0.3, 0.7, 10.0), "That was right for s = 1 only: s belongs in the numerator and in the denominator."),
    ]
    check("tversky_slope", function, [(given, _measured_slope(*given), hint) for given, hint in tries])


def _tversky_loss(p, t, alpha, beta, s):
    top = 2 * np.sum(p * t) + s
    return 1 - top / (top + 2 * alpha * np.sum(p * (1 - t)) + 2 * beta * np.sum((1 - p) * t))


def _measured_slope(p, *others, step=1e-4):
    """How much the loss changes when each probability alone goes a step up and a step down."""
    slope = np.zeros_like(p)
    for pixel in np.ndindex(p.shape):
        up, down = p.copy(), p.copy()
        up[pixel] += step
        down[pixel] -= step
        slope[pixel] = (_tversky_loss(up, *others) - _tversky_loss(down, *others)) / (2 * step)
    return slope
