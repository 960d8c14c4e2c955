"""Checks for the chapter on how good masks are: votes, agreement, and what a reader's word is worth."""

import numpy as np

from .check import check


def majority(function):
    """Check `function(masks)`: what more than half of the readers marked."""
    three = np.array([[[1, 1, 0]], [[1, 0, 0]], [[1, 0, 1]]])
    two = np.array([[[1, 1]], [[1, 0]]])
    cases = [
        (
            (three,),
            [[1, 0, 0]],
            "Of three readers at least two must mark a pixel: the first has 3 votes, the last 1.",
        ),
        ((two,), [[1, 0]], "A tie is no majority: one of two is not more than half."),
        ((three[:, :, :1] * 0,), [[0]], "Where nobody marked, nothing is marked."),
    ]
    check("majority", function, cases)


def rater_agreement(function):
    """Check `function(masks)`: mean Dice over all pairs of readers."""
    whole, half, none = np.ones((2, 2), int), np.array([[1, 1], [0, 0]]), np.zeros((2, 2), int)
    cases = [
        ((np.array([whole, half]),), 2 / 3, "The overlap is 2 pixels, the sizes 4 and 2: Dice is 2 * 2 / (4 + 2)."),
        (
            (np.array([whole, whole, half]),),
            (1 + 2 / 3 + 2 / 3) / 3,
            "Three readers are three pairs. Leave out each reader with themselves, and average the pairs.",
        ),
        ((np.array([none, none]),), 1.0, "Two empty masks are 0/0; they agree, so count 1."),
        ((np.array([whole, none]),), 0.0, "One empty mask and one that is not have no overlap: 0."),
    ]
    check("rater_agreement", function, cases)


def probability_of_object(function):
    """Check `function(votes, p, q, prior)`: Bayes' rule for the votes on one pixel."""
    cases = [
        (([1], [0.9], [0.8], 0.5), 0.9 / (0.9 + 0.2), "One yes: p if it is object, 1 - q if not."),
        (([0], [0.9], [0.8], 0.5), 0.1 / (0.1 + 0.8), "One no: 1 - p if it is object, q if not."),
        (
            ([1], [0.9], [0.8], 0.1),
            0.09 / (0.09 + 0.18),
            "The prior weighs the object, 1 - prior the rest: where objects are rare, one yes convinces less.",
        ),
        (
            ([1, 1, 0], [0.7, 0.7, 0.95], [0.7, 0.7, 0.95], 0.5),
            0.49 * 0.05 / (0.49 * 0.05 + 0.09 * 0.95),
            "The readers' chances are multiplied, not added or averaged.",
        ),
    ]
    check("probability_of_object", function, cases)
