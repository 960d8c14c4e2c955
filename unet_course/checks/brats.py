"""Exercises of the chapter on BraTS."""

import numpy as np

from .check import check


def volume_ml(function):
    """Check `function(mask, spacing)`: millilitres from a mask and the sides of a voxel in millimetres."""
    mask = np.zeros((4, 5, 6), dtype=int)
    mask[1:3, 1:4, 1:5] = 1  # 24 voxels
    labels = 4 * mask
    cases = [
        ((mask, (1, 1, 1)), 0.024, "24 voxels of 1 mm3 are 24 mm3, and a millilitre is 1000 mm3."),
        ((mask, (5, 2, 2)), 0.48, "A voxel of 5 x 2 x 2 mm has 20 mm3: multiply all three sides."),
        ((labels, (1, 1, 1)), 0.024, "Labels may be 4: count the voxels that are not 0, do not add them up."),
        ((np.zeros_like(mask), (1, 1, 1)), 0.0, "An empty mask has a volume of 0."),
    ]
    check("volume_ml", function, cases)


def labels_from_regions(function):
    """Check `function(whole, core, enhancing)`: labels 0, 1, 2, 4 from three nested masks."""
    whole = np.array([[0, 1, 1, 1, 1]])
    core = np.array([[0, 0, 1, 1, 1]])
    enhancing = np.array([[0, 0, 0, 0, 1]])
    cases = [
        (
            (whole, core, enhancing),
            np.array([[0, 2, 1, 1, 4]]),
            "Oedema (2) is whole tumour outside the core, 1 is core that does not enhance, 4 enhances. Write the "
            "largest region first and the smallest last, or the larger one covers it.",
        ),
        (
            (whole, core, np.zeros_like(whole)),
            np.array([[0, 2, 1, 1, 1]]),
            "Without enhancing tumour the whole core is label 1.",
        ),
    ]
    check("labels_from_regions", function, cases)


def wrong_defaults(function):
    """Check `function(callback)`: how many parameters have another default than the docstring says."""

    def agree(factor=0.5, dwell=1):
        """factor : float, default 0.50
        dwell : int, default 1"""

    def one(factor=0.5, patience=2):
        """factor : float, default 0.05
        patience : int, default 2"""

    def both(factor=0.5, patience=2, seed=0):
        """factor : float, default 0.05
        patience : int, default 20
        seed : int"""

    cases = [
        ((agree,), 0, "0.5 and 0.50 are one number: compare values, not letters."),
        ((one,), 1, "The docstring says 0.05, the signature 0.5. `inspect.signature` knows the second."),
        ((both,), 2, "Count every parameter that disagrees; one whose docstring names no default cannot."),
    ]
    check("wrong_defaults", function, cases)


def dwell_starts(function):
    """Check `function(losses)`: after each epoch, the epoch whose weights the next one starts from."""
    cases = [
        (([0.9, 0.7, 0.5],), [1, 2, 3], "While every epoch improves, the next one simply goes on."),
        (([0.9, 0.7, 0.8, 0.6],), [1, 2, 2, 4], "Epoch 3 is worse than the best: epoch 4 starts from epoch 2 again."),
        (([0.5, 0.5],), [1, 1], "A loss that only equals the best is no improvement."),
        (
            ([float("nan"), 0.8, float("nan")],),
            [0, 2, 2],
            "NaN improves on nothing, and no comparison with it is true. Before the first improvement go back to 0, "
            "the weights before training.",
        ),
    ]
    check("dwell_starts", function, cases)
