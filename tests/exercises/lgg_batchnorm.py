"""The chapter on batch norm, learning rate and batch size: solutions, and typical mistakes with their hints."""

import numpy as np
from scipy import stats


def batch_norm(x, epsilon):
    return (x - x.mean(axis=(0, 1, 2))) / np.sqrt(x.var(axis=(0, 1, 2)) + epsilon)


def paired_interval(first, second, factor=None):
    differences = second - first
    n = len(differences)
    factor = factor or stats.t.ppf(0.975, n - 1)
    half = factor * differences.std(ddof=1) / np.sqrt(n)
    return differences.mean() - half, differences.mean() + half


def interval_of_unpaired_runs(first, second):
    half = stats.t.ppf(0.975, 2) * np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / len(first))
    return second.mean() - first.mean() - half, second.mean() - first.mean() + half


SOLUTIONS = {
    "scaled_rate": lambda rate, batch_size, new_batch_size: rate * new_batch_size / batch_size,
    "batch_norm": batch_norm,
    "ensemble_mask": lambda probabilities: (probabilities.mean(axis=0) > 0.5).astype(int),
    "paired_interval": paired_interval,
}
MISTAKES = [
    ("scaled_rate", lambda rate, batch_size, new_batch_size: rate, "four times the rate"),
    ("scaled_rate", lambda rate, old, new: rate * max(new / old, 1), "whichever is larger"),
    ("batch_norm", lambda x, epsilon: (x - x.mean()) / np.sqrt(x.var() + epsilon), "Each channel has one mean"),
    ("batch_norm", lambda x, epsilon: batch_norm(x, 1e-5), "Epsilon stands under the root"),
    ("ensemble_mask", lambda p: (np.median(p, axis=0) > 0.5).astype(int), "A vote of the three masks"),
    ("ensemble_mask", lambda p: p.mean(axis=0), "as 0 and 1"),
    ("paired_interval", lambda first, second: paired_interval(first, second, factor=2), "4.30 for three runs"),
    ("paired_interval", interval_of_unpaired_runs, "run by run"),
    ("paired_interval", lambda first, second: paired_interval(second, first), "second minus first, run by run"),
]
