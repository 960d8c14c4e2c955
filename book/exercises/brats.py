"""The chapter on BraTS: solutions, and typical mistakes with the hint each must get."""

import inspect
import re

import numpy as np


def labels_from_regions(whole, core, enhancing):
    return np.select([enhancing > 0, core > 0, whole > 0], [4, 1, 2], 0)


def largest_last(whole, core, enhancing):
    labels = 4 * enhancing
    labels[core > 0] = 1
    labels[whole > 0] = 2
    return labels


def dwell_starts(losses):
    losses = np.nan_to_num(losses, nan=np.inf)
    return [int(np.argmin(losses[:n])) + 1 if np.isfinite(losses[:n]).any() else 0 for n in range(1, len(losses) + 1)]


def stated_defaults(function):
    return {name: float(value) for name, value in re.findall(r"(\w+) : .*default (\S+)", function.__doc__)}


def wrong_defaults(function):
    given = inspect.signature(function).parameters
    return sum(given[name].default != value for name, value in stated_defaults(function).items())


def as_letters(function):
    given = inspect.signature(function).parameters
    stated = re.findall(r"(\w+) : .*default (\S+)", function.__doc__)
    return sum(str(given[name].default) != value for name, value in stated)


def any_wrong(function):
    return min(wrong_defaults(function), 1)


SOLUTIONS = {
    "volume_ml": lambda mask, spacing: (mask > 0).sum() * np.prod(spacing) / 1000,
    "labels_from_regions": labels_from_regions,
    "wrong_defaults": wrong_defaults,
    "dwell_starts": dwell_starts,
}
MISTAKES = [
    ("volume_ml", lambda mask, spacing: (mask > 0).sum() * np.prod(spacing), "a millilitre is 1000 mm3"),
    ("volume_ml", lambda mask, spacing: (mask > 0).sum() * spacing[0] ** 3 / 1000, "multiply all three sides"),
    ("volume_ml", lambda mask, spacing: mask.sum() * np.prod(spacing) / 1000, "do not add them up"),
    ("labels_from_regions", largest_last, "the smallest last"),
    ("wrong_defaults", as_letters, "compare values, not letters"),
    ("wrong_defaults", lambda function: 0, "The docstring says 0.05"),
    ("wrong_defaults", any_wrong, "Count every parameter"),
    ("dwell_starts", lambda losses: list(range(1, len(losses) + 1)), "starts from epoch 2 again"),
    ("dwell_starts", lambda losses: [int(np.argmin(losses[:n])) + 1 for n in range(1, len(losses) + 1)], "NaN"),
]
