"""Exercises of the chapter on honest splits."""

import numpy as np

from .check import check


def shared_patients(function):
    """Check `function(train, test)`: the patients that occur in both lists, each once, sorted."""
    train, test = ["P3", "P1", "P1", "P2", "P3"], ["P3", "P4", "P3", "P1"]
    cases = [
        ((["P1", "P2"], ["P3"]), 0, "Where no patient is on both sides the answer is empty: [] or set()."),
        ((train, test), 2, "Each patient counts once, however many slices there are, and must be in both lists."),
        ((test, train), 2, "The answer does not depend on which list comes first."),
    ]
    names = [((train, test), [1, 3], "Return the patients themselves, sorted by name.")]
    check(
        "shared_patients",
        _in_turn((function, len), (function, lambda found: [int(str(name)[1:]) for name in found])),
        [((0, *case), expected, hint) for case, expected, hint in cases]
        + [((1, *case), expected, hint) for case, expected, hint in names],
    )


def mean_of_draw(function):
    """Check `function(scores, patients, drawn)`: mean over the slices of the drawn patients, repeats counted."""
    scores = np.array([0.9, 0.7, 0.1, 0.5, 0.3])
    patients = np.array(["A", "A", "B", "C", "C"])
    cases = [
        ((scores, patients, ["A", "B", "C"]), 0.5, "With every patient drawn once it is the mean of all slices."),
        ((scores, patients, ["B"]), 0.1, "Only slices of drawn patients count."),
        (
            (scores, patients, ["A", "B", "B"]),
            0.45,
            "B was drawn twice, so B's slices count twice. `np.isin` forgets that: go through `drawn` name by name.",
        ),
        (
            (scores, patients, ["C", "A", "B", "A"]),
            (0.5 + 0.3 + 2 * (0.9 + 0.7) + 0.1) / 7,
            "All slices weigh the same: take one mean over all of them, not a mean of the patients' means.",
        ),
    ]
    check("mean_of_draw", function, cases)


def grouped_folds(function):
    """Check `function(patients, n_folds)`: the fold of each slice; patients whole, folds of equal size in patients."""
    patients = np.repeat(["P2", "P7", "P1", "P5", "P3", "P4", "P6"], [1, 6, 2, 1, 9, 1, 3])
    mixed = np.random.default_rng(0).permutation(patients)
    asked = [
        (_shape, (len(mixed),), "Give one number for each slice, in the order of `patients`."),
        (_numbers, True, "Folds are numbered from 0 to n_folds - 1, and none is empty."),
        (_split_patients, 0, "A patient's slices need not lie side by side. All of them must share a fold."),
        (
            _imbalance,
            True,
            "Count patients, not slices: with seven patients in three folds no fold has fewer than two or more than "
            "three.",
        ),
    ]
    cases = [((k, mixed, 3), expected, hint) for k, (_, expected, hint) in enumerate(asked)]
    check("grouped_folds", _asked(function, [question for question, *_ in asked]), cases)


def _in_turn(*ways):
    def ask(which, *arguments):
        function, read = ways[which]
        result = function(*arguments)
        return None if result is None else read(result)

    return ask


def _asked(function, questions):
    def ask(which, patients, n_folds):
        folds = function(patients, n_folds)
        return None if folds is None else questions[which](np.asarray(folds), patients, n_folds)

    return ask


def _shape(folds, patients, n_folds):
    return folds.shape


def _numbers(folds, patients, n_folds):
    return set(folds.tolist()) == set(range(n_folds))


def _split_patients(folds, patients, n_folds):
    return sum(len(set(folds[patients == name].tolist())) > 1 for name in np.unique(patients))


def _imbalance(folds, patients, n_folds):
    sizes = [len(set(patients[folds == fold])) for fold in range(n_folds)]
    return max(sizes) - min(sizes) <= 1
