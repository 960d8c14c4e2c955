"""Exercises of the chapter on batch norm, learning rate and batch size."""

import numpy as np

from .trying import check

ENDS = np.array([-1, 1])
# Student's factor of the 95 % interval of three runs, over the root of three.
STUDENT_OF_THREE = 4.302652729911275 / np.sqrt(3)


def scaled_rate(function):
    """Check `function(rate, batch_size, new_batch_size)`: the linear scaling rule."""
    cases = [
        ((0.1, 16, 16), 0.1, "The same batch keeps the same rate."),
        ((0.0001, 16, 64), 0.0004, "Four times the batch, four times the rate: multiply by new / old."),
        ((0.1, 64, 16), 0.025, "A smaller batch takes a smaller rate: multiply by new / old, whichever is larger."),
    ]
    check("scaled_rate", function, cases)


def batch_norm(function):
    """Check `function(x, epsilon)`: normalise every channel of (N, H, W, C) over all other axes."""
    x = np.arange(24, dtype=float).reshape(2, 2, 2, 3) ** 1.5
    x[..., 1] *= 10
    right = (x - x.mean(axis=(0, 1, 2))) / np.sqrt(x.var(axis=(0, 1, 2)) + 1e-5)
    flat = np.full((2, 2, 2, 1), 7.0)
    cases = [
        (
            (x, 1e-5),
            right,
            "Each channel has one mean and one variance, taken over images, rows and columns: axis=(0, 1, 2). "
            "Divide by the root of the variance plus epsilon.",
        ),
        ((flat, 1e-5), np.zeros_like(flat), "A channel without any spread becomes 0: that is what epsilon is for."),
        ((x, 1.0), (x - x.mean((0, 1, 2))) / np.sqrt(x.var((0, 1, 2)) + 1.0), "Epsilon stands under the root."),
    ]
    check("batch_norm", function, cases)


def ensemble_mask(function):
    """Check `function(probabilities)`: 0/1 masks from the mean probability of several models, (M, N, H, W)."""
    sure, unsure = np.full((1, 2, 2), 0.9), np.full((1, 2, 2), 0.4)
    three = np.stack([sure, unsure, unsure])
    cases = [
        ((np.stack([sure, sure]),), np.ones((1, 2, 2), int), "Models that agree keep their answer, as 0 and 1."),
        (
            (three,),
            np.ones((1, 2, 2), int),
            "Average the probabilities first and compare with 0.5 afterwards: 0.9, 0.4 and 0.4 have a mean of 0.57. "
            "A vote of the three masks would say 0.",
        ),
        ((np.stack([unsure, unsure]),), np.zeros((1, 2, 2), int), "A mean of 0.4 lies below the threshold 0.5."),
    ]
    check("ensemble_mask", function, cases)


def paired_interval(function):
    """Check `function(first, second)`: low and high end of the 95 % interval of second - first, run by run."""
    first = np.array([0.30, 0.40, 0.50])
    close, wide = np.array([0.10, 0.11, 0.12]), np.array([0.02, 0.12, 0.22])
    cases = [
        (
            (first, first + close),
            0.11 + STUDENT_OF_THREE * 0.01 * ENDS,
            "Take second minus first, run by run, before you average. The half width is Student's factor "
            "stats.t.ppf(0.975, n - 1), which is 4.30 for three runs and not 2, times the standard deviation (ddof=1) "
            "of the differences over the root of n.",
        ),
        ((first, first - close), -0.11 + STUDENT_OF_THREE * 0.01 * ENDS, "Second minus first, and the low end first."),
        (
            (first, first + wide),
            0.12 + STUDENT_OF_THREE * 0.10 * ENDS,
            "Here the interval must include 0: three runs do not decide. Is the standard deviation taken with ddof=1?",
        ),
        (
            (np.zeros(2), np.array([0.1, 0.3])),
            0.2 + 12.706204736 * 0.1 * ENDS,
            "Student's factor depends on the number of runs: two runs leave one degree of freedom.",
        ),
    ]
    check("paired_interval", function, cases)
