"""Checks for the chapter that climbs from slices to the readers' agreement."""

import numpy as np

from .check import check


def paired_gain(function):
    """Check `function(before, after)`: the mean gain over the patients of both."""
    cases = [
        (({"a": 0.5, "b": 0.7}, {"a": 0.6, "b": 0.7}), 0.05, "Average after - before over the patients."),
        (
            ({"a": 0.5, "b": 0.7}, {"b": 0.9, "a": 0.5}),
            0.1,
            "Pair by name: the two dictionaries need not have one order.",
        ),
        (
            ({"a": 0.5, "b": 0.1}, {"a": 0.6, "c": 0.9}),
            0.1,
            "Only patients that both hold can be paired: b and c say nothing about the gain.",
        ),
    ]
    check("paired_gain", function, cases)


def volume_dice(function):
    """Check `function(overlap, marked, true, patients)`: the mean Dice of volumes, from counts of slices."""
    one = np.array([8, 0]), np.array([10, 0]), np.array([10, 4]), np.array(["a", "a"])
    two = np.array([8, 0, 5]), np.array([10, 2, 5]), np.array([10, 4, 5]), np.array(["a", "a", "b"])
    mixed = np.array([8, 5, 0]), np.array([10, 5, 2]), np.array([10, 5, 4]), np.array(["a", "b", "a"])
    cases = [
        (one, 16 / 24, "Add the counts of a patient's slices first; the Dice comes after the sums."),
        (two, (16 / 26 + 1) / 2, "One Dice for each patient, then their mean: b counts as much as a."),
        (mixed, (16 / 26 + 1) / 2, "The slices of a patient need not follow each other."),
    ]
    check("volume_dice", function, cases)


def nested_threshold(function):
    """Check `function(validation, test)`: each fold with the threshold that its own validation prefers."""
    validation = np.array([[0.6, 0.8, 0.7], [0.4, 0.9, 0.5]])
    apart = np.array([[0.6, 0.8, 0.7], [0.9, 0.5, 0.4]])
    test = np.array([[0.9, 0.7, 0.1], [0.6, 0.8, 0.2]])
    cases = [
        ((validation, test), 0.75, "The threshold is chosen on validation; what counts is the test score there."),
        (
            (apart, test),
            0.65,
            "Each fold has a threshold of its own: do not average over folds before you choose.",
        ),
    ]
    check("nested_threshold", function, cases)
