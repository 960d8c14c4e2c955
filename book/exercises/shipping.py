"""The chapter on shipping a model: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def fold_channel(weight, gamma, beta, mean, variance, epsilon):
    factor = gamma / np.sqrt(variance + epsilon)
    return weight * factor, beta - mean * factor


def without_epsilon(weight, gamma, beta, mean, variance, epsilon):
    factor = gamma / np.sqrt(variance) if variance else 1e6
    return weight * factor, beta - mean * factor


def quantise(values, bits):
    largest = np.abs(values).max()
    if largest == 0:
        return values
    scale = largest / (2 ** (bits - 1) - 1)
    return np.rint(values / scale) * scale


def without_the_zeros(values, bits):
    scale = np.abs(values).max() / (2 ** (bits - 1) - 1)
    with np.errstate(invalid="ignore"):
        return np.rint(values / scale) * scale


SOLUTIONS = {
    "weights_kilobytes": lambda parameters, bits: parameters * bits / 8 / 1000,
    "fold_channel": fold_channel,
    "quantise": quantise,
}
MISTAKES = [
    ("weights_kilobytes", lambda parameters, bits: parameters * bits / 1000, "4 bytes each"),
    ("weights_kilobytes", lambda parameters, bits: parameters * 4 / 1000, "does your answer use `bits`"),
    ("weights_kilobytes", lambda parameters, bits: parameters * (bits // 8) / 1000, "which does not round"),
    ("fold_channel", lambda w, g, b, m, v, e: (w * g / (v + e), b - m), "the square root of the variance"),
    ("fold_channel", lambda w, g, b, m, v, e: (w * g / np.sqrt(v + e), b - m), "before the multiplication"),
    ("fold_channel", without_epsilon, "epsilon is added to the variance"),
    ("quantise", lambda values, bits: np.rint(values), "nearest multiple"),
    ("quantise", lambda values, bits: np.rint(values * 127 / np.abs(values).max()), "nearest multiple"),
    (
        "quantise",
        lambda values, bits: np.rint(values * 127 / np.abs(values).max()) * np.abs(values).max() / 127,
        "takes the place of 127",
    ),
    ("quantise", without_the_zeros, "return the zeros"),
]
