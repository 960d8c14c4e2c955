"""Checks for the exercises: each tries a student's function, says what it found, and hints when it is not right yet."""

import numpy as np


def _check(name, function, cases):
    """Print what `_first_problem` finds. Returns nothing: a cell that ends with a check shows these words only."""
    print(f"{name}: {_first_problem(function, cases) or 'right.'}")


def _first_problem(function, cases):
    for arguments, expected, hint in cases:
        try:
            result = function(*arguments)
        except NotImplementedError:
            return "nothing here yet. Replace `raise NotImplementedError` by your own lines."
        except Exception as error:  # whatever a student's code does, the answer is a hint, not a traceback
            return f"not yet. Your function stopped with {type(error).__name__}: {error}. {hint}"
        if result is None:
            return "not yet. Your function returns None: is there a `return`?"
        if np.shape(result) != np.shape(expected) or not np.allclose(result, expected, atol=1e-6, equal_nan=True):
            return f"not yet. {hint}"
    return None


def background_accuracy(function):
    """Check `function(masks)`: the accuracy of predicting "background" everywhere."""
    masks = np.zeros((2, 4, 4), dtype=int)
    masks[0, :2, :2] = 1
    cases = [
        ((masks,), 28 / 32, "How many pixels are 0, out of how many? Count over all images at once."),
        ((np.zeros((1, 2, 2), dtype=int),), 1.0, "With no nucleus at all, predicting background is always right."),
        ((np.ones((1, 2, 2), dtype=int),), 0.0, "Where every pixel is nucleus, predicting background is always wrong."),
    ]
    _check("background_accuracy", function, cases)


def merge_masks(function):
    """Check `function(masks)`: one 0/1 mask from a list of 0/255 masks that may overlap."""
    left, right = np.zeros((3, 4), dtype=np.uint8), np.zeros((3, 4), dtype=np.uint8)
    left[:, :2], right[:, 1:3] = 255, 255
    union = np.zeros((3, 4), dtype=int)
    union[:, :3] = 1
    cases = [
        (([left],), (left > 0).astype(int), "One mask alone must come back as 0 and 1: did you compare with 0?"),
        (
            ([left, right],),
            union,
            "Where two masks overlap the answer is still 1. Adding them gives 2 there, and in uint8 255 + 255 "
            "wraps around to 254: use the maximum, or the logical or.",
        ),
    ]
    _check("merge_masks", function, cases)


def dice_from_counts(function):
    """Check `function(tp, fp, fn)`: Dice, and 1 when both masks are empty."""
    cases = [
        ((12, 4, 4), 0.75, "Dice is twice the overlap over the sum of the two areas: 2 TP / (2 TP + FP + FN)."),
        ((5, 0, 0), 1.0, "A perfect prediction scores 1."),
        ((0, 3, 0), 0.0, "A prediction on an empty mask scores 0."),
        ((0, 0, 0), 1.0, "Both empty is 0/0: this exercise wants 1 there."),
    ]
    _check("dice_from_counts", function, cases)
