"""Exercises of the chapter on brain tumour images."""

import numpy as np

from .check import check


def convolution_parameters(function):
    """Check `function(size, channels, filters)`: weights and biases of a convolution."""
    cases = [
        ((3, 3, 32), 896, "Each filter has size x size x channels weights and one bias."),
        ((1, 5, 2), 12, "A filter of one pixel still looks at every channel, and has one bias."),
        ((3, 256, 256), 590_080, "One bias for each filter, not one for each weight."),
    ]
    check("convolution_parameters", function, cases)


def ran_in_order(function):
    """Check `function(numbers)`: were a notebook's cells run once each, from top to bottom, in a fresh session?"""
    cases = [
        (([1, 2, 3, 4],), True, "1, 2, 3, 4 from top to bottom is what restart and run all leaves behind."),
        (([4, 11, 5, 6, 1, 9, 5],), False, "These numbers jump, and 5 occurs twice: cells were run in another order."),
        (([2, 3, 4],), False, "A fresh session numbers its first cell 1: here something ran before that is not shown."),
        (([1, 2, 4],), False, "A number is missing: a cell was run again, or deleted after it ran."),
        (([1, None, 2],), False, "A cell with `None` never ran, so its code has made none of the outputs."),
    ]
    check("ran_in_order", function, cases)


def constant_guess(function):
    """Check `function(counts)`: accuracy and cross-entropy of the best answer that never looks at the image."""
    counts = np.array([1, 3])
    entropy = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    cases = [
        (
            (counts,),
            (0.75, entropy),
            "Name the largest class: its share is the accuracy. Give every class its share as probability: the loss is "
            "then minus the sum of share times natural logarithm of share.",
        ),
        ((np.array([5, 5, 5, 5]),), (0.25, np.log(4)), "With four classes alike the loss is ln 4, not 2 bits."),
        ((np.array([4, 0]),), (1.0, 0.0), "A class without images costs nothing: 0 log 0 counts as 0."),
    ]
    check("constant_guess", function, cases)


def accuracy_by_part(function):
    """Check `function(truth, prediction, seen)`: accuracy on the images seen before, and on the others."""
    truth, prediction = np.array([0, 1, 2, 3, 0, 1]), np.array([0, 1, 2, 0, 0, 0])
    seen = np.array([True, True, True, False, False, False])
    cases = [
        ((truth, prediction, seen), (1.0, 1 / 3), "Take the mean of `truth == prediction` over each part by itself."),
        (
            (truth, prediction, np.array([1, 0, 1, 0, 1, 0])),
            (1.0, 1 / 3),
            "`seen` may come as 0 and 1: turn it into truth values, else it picks images 0 and 1.",
        ),
        (
            (truth, prediction, np.zeros(6, bool)),
            (np.nan, 4 / 6),
            "Without an image in a part its accuracy is not 0 but unknown: nan.",
        ),
    ]
    check("accuracy_by_part", function, cases)
