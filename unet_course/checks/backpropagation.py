"""Exercises of the chapter on backpropagation."""

import numpy as np

from .check import check


def tanh_slope(function):
    """Check `function(h)`: the slope of tanh, from its value."""
    cases = [
        ((0.0,), 1.0, "In the middle tanh climbs as fast as z itself."),
        ((np.tanh(1.0),), 1 - np.tanh(1.0) ** 2, "`h` is the value of tanh already: do not take tanh once more."),
        (
            (np.array([-0.6, 0.6]),),
            np.array([0.64, 0.64]),
            "The slope is the same on both sides of 0, and never negative.",
        ),
    ]
    check("tanh_slope", function, cases)


def weight_slopes(function):
    """Check `function(W, b, x, d_h)`: the slopes of a layer's weights, from those of what it puts out."""
    weights, x = np.array([[1.0, 2.0, 0.0], [-1.0, 0.5, 1.0]]), np.array([1.0, 0.5, -2.0])
    none, slopes = np.zeros(2), np.array([0.5, -2.0])
    on = np.array([[0.5, 0.25, -1.0], [0.0, 0.0, 0.0]])
    lifted = np.array([[0.5, 0.25, -1.0], [-2.0, -1.0, 4.0]])
    cases = [
        (
            (weights, none, x, np.array([0.5, 0.0])),
            on,
            "Weight (i, j) multiplies x_j: its slope is that of z_i times x_j.",
        ),
        ((weights, none, x, slopes), on, "The second unit is off, z is below 0: no slope passes ReLU there."),
        ((weights, np.array([0.0, 5.0]), x, slopes), lifted, "The bias counts too when you ask which units are on."),
    ]
    check("weight_slopes", function, cases)


def softmax_slope(function):
    """Check `function(logits, label)`: the slopes of cross-entropy with respect to the logits of several classes."""
    cases = [
        (
            (np.zeros(4), 2),
            np.array([0.25, 0.25, -0.75, 0.25]),
            "Equal logits share the probability; the label's own p is less 1.",
        ),
        (
            (np.log([1.0, 2.0, 5.0]), 0),
            np.array([-0.875, 0.25, 0.625]),
            "It is p - t, with p the softmax and t one-hot.",
        ),
        (
            (np.array([1000.0, 0.0]), 1),
            np.array([1.0, -1.0]),
            "exp(1000) is infinite. Take the largest logit off all of them first.",
        ),
    ]
    check("softmax_slope", function, cases)
