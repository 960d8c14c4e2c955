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


def nearest_neighbour(signal, times):
    return signal.repeat(times, axis=1).repeat(times, axis=2)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gate(skip, signal, to_skip, to_signal, to_weight, *, enlarge=nearest_neighbour, bend=lambda x: np.maximum(x, 0)):
    large = enlarge(signal, skip.shape[1] // signal.shape[1])
    weight = sigmoid(bend(skip @ to_skip + large @ to_signal) @ to_weight)
    return np.concatenate([skip * weight[..., None], large], axis=-1)


def tiled(signal, times):
    return np.tile(signal, (1, times, times, 1))


def always_twice(signal, times):
    return nearest_neighbour(signal, 2)


def without_sigmoid(skip, signal, to_skip, to_signal, to_weight):
    large = nearest_neighbour(signal, skip.shape[1] // signal.shape[1])
    weight = np.maximum(skip @ to_skip + large @ to_signal, 0) @ to_weight
    return np.concatenate([skip * weight[..., None], large], axis=-1)


def bent_before_the_sum(skip, signal, to_skip, to_signal, to_weight):
    large = nearest_neighbour(signal, skip.shape[1] // signal.shape[1])
    both = np.maximum(skip @ to_skip, 0) + np.maximum(large @ to_signal, 0)
    return np.concatenate([skip * sigmoid(both @ to_weight)[..., None], large], axis=-1)


def skip_alone(skip, signal, *weights):
    return gate(skip, signal, *weights)[..., : skip.shape[-1]]


def signal_first(skip, signal, *weights):
    return np.roll(gate(skip, signal, *weights), signal.shape[-1], axis=-1)


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
    ("attention_gate", without_sigmoid, "one half"),
    ("attention_gate", skip_alone, "then the signal"),
    ("attention_gate", signal_first, "must come first"),
    ("attention_gate", lambda *given: gate(*given, enlarge=lambda signal, times: signal), "as large as they are"),
    ("attention_gate", lambda *given: gate(*given, enlarge=tiled), "squares of neighbours"),
    ("attention_gate", lambda *given: gate(*given, enlarge=always_twice), "how many times smaller"),
    ("attention_gate", lambda *given: gate(*given, bend=lambda x: x), "cut the sum off below 0"),
    ("attention_gate", bent_before_the_sum, "cut the sum off below 0"),
]
