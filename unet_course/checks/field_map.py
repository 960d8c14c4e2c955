"""Checks for the chapter that maps the field: names, labels and folds as nnU-Net wants them."""

import numpy as np

from .check import check


def nnunet_name(function):
    """Check `function(case, channel, ending)`: the name of one channel's file."""

    def letters(*arguments):
        found = function(*arguments)
        return None if found is None else [ord(letter) for letter in str(found)]

    asked = [
        (("BRATS_001", 2, ".nii.gz"), "BRATS_001_0002.nii.gz", "The channel has four digits, with zeros in front."),
        (("a", 0, ".png"), "a_0000.png", "Case, underscore, four digits, ending. The ending brings its own dot."),
        (("a", 12, ".png"), "a_0012.png", "Four digits in all, also where the number itself has two."),
    ]
    cases = [(arguments, [ord(letter) for letter in name], hint) for arguments, name, hint in asked]
    check("nnunet_name", letters, cases)


def without_gaps(function):
    """Check `function(mask, labels)`: labels become their place in the list."""
    brats = (0, 1, 2, 4)
    cases = [
        ((np.array([[0, 1], [2, 4]]), brats), [[0, 1], [2, 3]], "4 is the fourth label, so it becomes 3."),
        (
            (np.array([[0, 4], [4, 0]]), brats),
            [[0, 3], [3, 0]],
            "A mask without 1 and 2 must still turn 4 into 3: number the given labels, not those of the mask.",
        ),
        (
            (np.array([[3, 1]]), (0, 3, 1)),
            [[1, 2]],
            "The order of `labels` decides. Write into a new array, or what was replaced may be replaced again.",
        ),
    ]
    check("without_gaps", function, cases)


def spoilt_folds(function):
    """Check `function(folds, patient_of)`: the folds in which a patient is on both sides, or validation is empty."""
    patient_of = {"a1": "a", "a2": "a", "b1": "b", "c1": "c"}

    def fold(train, val):
        return {"train": train.split(), "val": val.split()}

    cases = [
        (
            ([fold("a1 a2", "b1"), fold("a1 b1", "a2")], patient_of),
            [1],
            "a1 and a2 are two cases of one patient: compare patients, not the names of cases.",
        ),
        (([fold("a1 a2 b1", "c1")], patient_of), [], "No fold is spoilt here: return an empty list."),
        (
            ([fold("a1 a2 b1", "")], patient_of),
            [0],
            "An empty validation measures nothing: that is spoilt, too.",
        ),
        (
            ([fold("a1", "b1"), fold("a1", "b1 a2"), fold("b1", "c1")], patient_of),
            [1],
            "One shared patient among several is enough, and folds are counted from 0.",
        ),
    ]
    check("spoilt_folds", function, cases)
