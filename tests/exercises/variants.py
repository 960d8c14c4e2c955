"""The chapter on variants: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def nearest(count, target):
    width = 1
    while count(width + 1) <= target:
        width += 1
    return min(width, width + 1, key=lambda near: abs(count(near) - target))


def last_below(count, target):
    width = 1
    while count(width + 1) <= target:
        width += 1
    return width


def first_above(count, target):
    width = 1
    while count(width) < target:
        width += 1
    return width


def gate(skip, signal, to_skip, to_signal, to_weight):
    both = np.maximum(skip @ to_skip + signal @ to_signal, 0)
    return skip / (1 + np.exp(-(both @ to_weight)))[..., None]


def without_relu(skip, signal, to_skip, to_signal, to_weight):
    both = skip @ to_skip + signal @ to_signal
    return skip / (1 + np.exp(-(both @ to_weight)))[..., None]


def without_sigmoid(skip, signal, to_skip, to_signal, to_weight):
    return skip * (np.maximum(skip @ to_skip + signal @ to_signal, 0) @ to_weight)[..., None]


def weight_alone(skip, signal, to_skip, to_signal, to_weight):
    both = np.maximum(skip @ to_skip + signal @ to_signal, 0)
    return 1 / (1 + np.exp(-(both @ to_weight)))


SOLUTIONS = {
    "kernel_weights": lambda channels, filters, dimensions: 3**dimensions * channels * filters,
    "matching_width": nearest,
    "attention_gate": gate,
}
MISTAKES = [
    ("kernel_weights", lambda channels, filters, dimensions: 9 * channels * filters, "a cube"),
    ("kernel_weights", lambda channels, filters, dimensions: 3**dimensions * filters, "multiply by both"),
    ("matching_width", last_below, "Do not stop below"),
    ("matching_width", first_above, "not always the nearest"),
    ("matching_width", lambda count, target: count(nearest(count, target)), "not its parameters"),
    ("matching_width", lambda count, target: min(range(1, 65), key=lambda w: abs(count(w) - target)), "may be large"),
    ("attention_gate", without_relu, "cut off below 0"),
    ("attention_gate", without_sigmoid, "one half"),
    ("attention_gate", weight_alone, "with all its channels"),
]
