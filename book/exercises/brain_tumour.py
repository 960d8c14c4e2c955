"""The chapter on brain tumour images: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def constant_guess(counts):
    share = counts / counts.sum()
    there = share[share > 0]
    return share.max(), -np.sum(there * np.log(there))


def ran_in_order(numbers):
    return list(numbers) == list(range(1, len(numbers) + 1))


def only_rising(numbers):
    return numbers == sorted(numbers)


def rising_from_one(numbers):
    return numbers[0] == 1 and numbers == sorted(numbers)


def those_that_ran(numbers):
    return ran_in_order([number for number in numbers if number])


def accuracy_by_part(truth, prediction, seen):
    right, seen = np.asarray(truth == prediction), np.asarray(seen, dtype=bool)
    return tuple(right[part].mean() if part.any() else np.nan for part in (seen, ~seen))


def accuracy_of_all(truth, prediction, seen):
    return np.mean(truth == prediction), np.mean(truth == prediction)


def picked_by_number(truth, prediction, seen):
    right = truth == prediction
    return right[seen].mean(), right[~seen].mean()


def zero_for_none(truth, prediction, seen):
    return tuple(np.nan_to_num(value) for value in accuracy_by_part(truth, prediction, seen))


SOLUTIONS = {
    "convolution_parameters": lambda size, channels, filters: (size**2 * channels + 1) * filters,
    "ran_in_order": ran_in_order,
    "constant_guess": constant_guess,
    "accuracy_by_part": accuracy_by_part,
}
MISTAKES = [
    ("convolution_parameters", lambda size, channels, filters: size**2 * channels * filters, "one bias"),
    ("convolution_parameters", lambda size, channels, filters: (size**2 + 1) * filters, "x channels"),
    ("ran_in_order", lambda numbers: None not in numbers, "jump"),
    ("ran_in_order", only_rising, "numbers its first cell 1"),
    ("ran_in_order", rising_from_one, "A number is missing"),
    ("ran_in_order", those_that_ran, "never ran"),
    ("constant_guess", lambda counts: (counts.max() / counts.sum(), 0.0), "logarithm"),
    ("constant_guess", lambda counts: (counts.max() / counts.sum(), np.log(len(counts))), "minus the sum"),
    ("accuracy_by_part", accuracy_of_all, "each part by itself"),
    ("accuracy_by_part", picked_by_number, "truth values"),
    ("accuracy_by_part", zero_for_none, "unknown"),
]
