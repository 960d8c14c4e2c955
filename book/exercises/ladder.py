"""The chapter of the ladder: solutions, and typical mistakes with the hint each must get."""

import numpy as np
import pandas as pd


def paired_gain(before, after):
    both = before.keys() & after.keys()
    return np.mean([after[name] - before[name] for name in both])


def volume_dice(overlap, marked, true, patients):
    sums = pd.DataFrame({"overlap": overlap, "marked": marked, "true": true}).groupby(list(patients)).sum()
    return (2 * sums.overlap / (sums.marked + sums.true)).mean()


def dice_of_slices(overlap, marked, true, patients):
    return (2 * overlap / (marked + true)).mean()


def dice_of_all(overlap, marked, true, patients):
    return 2 * overlap.sum() / (marked.sum() + true.sum())


def runs_of_slices(overlap, marked, true, patients):
    starts = np.flatnonzero(np.r_[True, patients[1:] != patients[:-1]])
    overlap, marked, true = (np.add.reduceat(counts, starts) for counts in (overlap, marked, true))
    return (2 * overlap / (marked + true)).mean()


def nested_threshold(validation, test):
    best = np.argmax(validation, axis=1)
    return np.asarray(test)[np.arange(len(test)), best].mean()


SOLUTIONS = {"paired_gain": paired_gain, "volume_dice": volume_dice, "nested_threshold": nested_threshold}
MISTAKES = [
    ("paired_gain", lambda before, after: sum(after.values()) - sum(before.values()), "Average"),
    (
        "paired_gain",
        lambda before, after: np.mean(np.abs(np.subtract(list(after.values()), list(before.values())))),
        "Pair by name",
    ),
    ("paired_gain", lambda before, after: np.mean([after.get(n, 0) - before[n] for n in before]), "can be paired"),
    ("volume_dice", dice_of_slices, "Add the counts"),
    ("volume_dice", dice_of_all, "One Dice for each patient"),
    ("volume_dice", runs_of_slices, "need not follow"),
    ("nested_threshold", lambda validation, test: test.max(axis=1).mean(), "chosen on validation"),
    (
        "nested_threshold",
        lambda validation, test: test[:, np.argmax(validation.mean(axis=0))].mean(),
        "a threshold of its own",
    ),
]
