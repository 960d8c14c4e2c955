"""The chapter on honest splits: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def _mean_of_draw(scores, patients, drawn):
    return np.concatenate([scores[patients == name] for name in drawn]).mean()


def _by_number(patients, n_folds):
    return np.unique(patients, return_inverse=True)[1] % n_folds


def _by_slices(patients, n_folds):
    """Balances slices: one large patient has a fold alone."""
    names, sizes = np.unique(patients, return_counts=True)
    load, fold = np.zeros(n_folds), {}
    for size, name in sorted(zip(sizes, names, strict=True), reverse=True):
        fold[name] = int(load.argmin())
        load[fold[name]] += size
    return np.array([fold[name] for name in patients])


SOLUTIONS = {
    "shared_patients": lambda train, test: sorted(set(train) & set(test)),
    "mean_of_draw": _mean_of_draw,
    "grouped_folds": _by_number,
}
MISTAKES = [
    ("shared_patients", lambda train, test: [name for name in test if name in train], "Each patient counts once"),
    ("shared_patients", lambda train, test: sorted(set(train) | set(test)), "no patient is on both sides"),
    ("shared_patients", lambda train, test: sorted(set(train) & set(test), reverse=True), "sorted by name"),
    ("mean_of_draw", lambda scores, patients, drawn: scores.mean(), "Only slices of drawn"),
    ("mean_of_draw", lambda scores, patients, drawn: scores[np.isin(patients, drawn)].mean(), "drawn twice"),
    (
        "mean_of_draw",
        lambda scores, patients, drawn: np.mean([scores[patients == name].mean() for name in drawn]),
        "mean of all slices",
    ),
    ("grouped_folds", lambda patients, n_folds: np.arange(len(patients)) % n_folds, "must share a fold"),
    ("grouped_folds", lambda patients, n_folds: np.arange(len(patients)) * n_folds // len(patients), "share a fold"),
    ("grouped_folds", lambda patients, n_folds: 1 + _by_number(patients, n_folds), "numbered from 0"),
    ("grouped_folds", lambda patients, n_folds: np.arange(n_folds), "one number for each slice"),
    ("grouped_folds", _by_slices, "Count patients, not slices"),
]
