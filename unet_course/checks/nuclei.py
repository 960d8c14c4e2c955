"""Exercises of the chapter on nuclei."""

import numpy as np

from .check import check


def background_accuracy(function):
    """Check `function(masks)`: the accuracy of predicting "background" everywhere."""
    masks = np.zeros((2, 4, 4), dtype=int)
    masks[0, :2, :2] = 1
    cases = [
        ((masks,), 28 / 32, "How many pixels are 0, out of how many? Count over all images at once."),
        ((np.zeros((1, 2, 2), dtype=int),), 1.0, "With no nucleus at all, predicting background is always right."),
        ((np.ones((1, 2, 2), dtype=int),), 0.0, "Where every pixel is nucleus, predicting background is always wrong."),
    ]
    check("background_accuracy", function, cases)


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
    check("merge_masks", function, cases)


def half_covered(function):
    """Check `function(grey)`: a 0/1 mask from one of 0 to 255 that was shrunk by interpolation."""
    shrunk = np.array([[0.0, 0.2, 60.0], [127.0, 128.0, 255.0]])
    cases = [
        (
            (shrunk,),
            np.array([[0, 0, 0], [0, 1, 1]]),
            "Full cover is 255 here, so half of it is 127.5. As bool, or compared with 0 or 0.5, every pixel that a "
            "nucleus touches counts, and the mask swells.",
        ),
        ((np.zeros((2, 3)),), np.zeros((2, 3), dtype=int), "Where nothing is covered the mask is 0."),
        (
            (np.full((1, 2), 100.0),),
            np.zeros((1, 2), dtype=int),
            "No pixel is half covered here. Compare with half of 255, not with half of the brightest pixel.",
        ),
    ]
    check("half_covered", function, cases)


def dice_from_counts(function):
    """Check `function(tp, fp, fn)`: Dice, and 1 when both masks are empty."""
    cases = [
        ((12, 4, 4), 0.75, "Dice is twice the overlap over the sum of the two areas: 2 TP / (2 TP + FP + FN)."),
        ((5, 0, 0), 1.0, "A perfect prediction scores 1."),
        ((0, 3, 0), 0.0, "A prediction on an empty mask scores 0."),
        ((0, 0, 0), 1.0, "Both empty is 0/0: this exercise wants 1 there."),
    ]
    check("dice_from_counts", function, cases)
