"""Exercises of the chapter on encoders."""

import numpy as np

from .check import check


def nothing_dice(function):
    """Check `function(areas, empty)`: mean per-slice Dice of predicting nothing."""
    areas = [0, 0, 120, 0, 7]
    cases = [
        ((areas, 1), 3 / 5, "Healthy slices count `empty`, all others 0; then take the mean over all slices."),
        ((areas, 0), 0.0, "When an empty slice counts 0, predicting nothing scores 0 everywhere."),
        (([5, 9], 1), 0.0, "Where every slice has a tumour, all of them are missed."),
        (([0, 0], 1), 1.0, "Where no slice has a tumour, predicting nothing is perfect under this rule."),
    ]
    check("nothing_dice", function, cases)


def held_out_patients(function):
    """Check `function(patients, n)`: True for every slice of the first n patients by name."""
    patients = np.array(["CS_2", "CS_1", "CS_2", "DU_3", "CS_1"])
    cases = [
        (
            (patients, 1),
            np.array([False, True, False, False, True]),
            "All slices of a patient go to one side, and the patients are ordered by name: CS_1 comes first.",
        ),
        ((patients, 2), np.array([True, True, True, False, True]), "`n` counts patients, not slices."),
        ((patients, 0), np.zeros(5, dtype=bool), "With n = 0 nobody is held out."),
    ]
    check("held_out_patients", function, cases)


def dice_of_images(function):
    """Check `function(truth, guess, smooth)`: one Dice for each image of (N, H, W, 1), and the mean of these."""
    truth = np.zeros((2, 10, 10, 1))
    truth[0, 4:6, 5] = 1  # 2 of 100 pixels; the second image has none
    everything, nothing = np.ones_like(truth), np.zeros_like(truth)
    half = truth.copy()
    half[0, 5, 5] = 0
    cases = [
        (
            (truth, everything, 1),
            (5 / 103 + 1 / 101) / 2,
            "Everything is marked, so the Dice of each image is small. One half comes out where each pixel has a Dice "
            "of its own: the last axis has length 1. Add up over the pixels of an image.",
        ),
        ((truth, truth, 1), 1.0, "A perfect answer scores 1, on an empty image too."),
        (
            (truth, half, 1),
            (3 / 4 + 1) / 2,
            "One Dice for each image, then the mean: one for the whole batch gives the empty image no vote.",
        ),
        ((truth, nothing, 0.5), (0.5 / 2.5 + 1) / 2, "`smooth` is added above and below the fraction, as it is given."),
    ]
    check("dice_of_images", function, cases)


def triangular_rate(function):
    """Check `function(step, lowest, highest, half_cycle)`: the cyclical learning rate."""
    cases = [
        ((0, 0.1, 0.5, 4), 0.1, "The first update has the lowest rate."),
        ((4, 0.1, 0.5, 4), 0.5, "After half a cycle the rate is at its highest."),
        ((3, 0.1, 0.5, 4), 0.4, "On the way up the rate grows by the same amount with each update."),
        ((5, 0.1, 0.5, 4), 0.4, "After half a cycle the rate falls, as fast as it climbed."),
        ((17, 0.1, 0.5, 4), 0.2, "After a whole cycle, 2 * half_cycle updates, all begins again: take the remainder."),
    ]
    check("triangular_rate", function, cases)
