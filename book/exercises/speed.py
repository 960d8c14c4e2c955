"""The chapter on speed: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def ratio_in_turns(first, second):
    ratios = np.divide(first, second)[1:]
    return np.median(ratios), ratios.min(), ratios.max()


def best_gain(profile):
    costs = [calls * milliseconds for calls, milliseconds in profile.values()]
    return sum(costs) / (sum(costs) - max(costs))


def gain_of_the_slowest_call(profile):
    total = sum(calls * milliseconds for calls, milliseconds in profile.values())
    calls, milliseconds = max(profile.values(), key=lambda line: line[1])
    return total / (total - calls * milliseconds)


def gain_of_all_that_are_slowest(profile):
    costs = [calls * milliseconds for calls, milliseconds in profile.values()]
    left = sum(cost for cost in costs if cost < max(costs))
    return sum(costs) / left if left else np.inf


SOLUTIONS = {
    "steady_rate": lambda seconds, batch_size: batch_size / np.median(seconds[1:]),
    "ratio_in_turns": ratio_in_turns,
    "best_gain": best_gain,
}
MISTAKES = [
    ("steady_rate", lambda seconds, batch_size: np.median(seconds[1:]) / batch_size, "images over seconds"),
    ("steady_rate", lambda seconds, batch_size: batch_size / np.mean(seconds), "leave it out"),
    ("steady_rate", lambda seconds, batch_size: batch_size / np.mean(seconds[1:]), "not their mean"),
    ("steady_rate", lambda seconds, batch_size: batch_size / min(seconds), "is luck"),
    ("ratio_in_turns", lambda first, second: ratio_in_turns(second, first), "Divide the first by the second"),
    ("ratio_in_turns", lambda first, second: np.median(first) / np.median(second), "three numbers"),
    (
        "ratio_in_turns",
        lambda first, second: (
            np.median(first) / np.median(second),
            min(first) / max(second),
            max(first) / min(second),
        ),
        "turn by turn",
    ),
    (
        "ratio_in_turns",
        lambda first, second: ratio_in_turns([1.0, *first], [1.0, *second]),
        "warm-up",
    ),
    ("ratio_in_turns", lambda first, second: sorted(ratio_in_turns(first, second)), "median, lowest, highest"),
    ("best_gain", lambda profile: max(calls * one for calls, one in profile.values()), "100 / 40"),
    ("best_gain", gain_of_the_slowest_call, "calls times milliseconds"),
    ("best_gain", gain_of_all_that_are_slowest, "only one of them"),
]
