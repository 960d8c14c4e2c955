"""Exercises of the chapter on images and masks."""

import numpy as np

from .check import check

BRATS_LABELS = np.array([0, 1, 2, 4])


def area_mm2(function):
    """Check `function(mask, spacing)`: the area of a mask in square millimetres."""
    mask = np.zeros((5, 8), dtype=np.uint8)
    mask[1:3, 2:5] = 1
    cases = [
        ((mask, (1.0, 1.0)), 6.0, "With pixels of 1 mm by 1 mm the area is the number of pixels inside."),
        ((mask, (2.0, 0.5)), 6.0, "A pixel of 2 mm by 0.5 mm has 1 square millimetre: multiply both sides."),
        ((mask, (3.0, 1.0)), 18.0, "A pixel's area is its height times its width, and they may differ."),
        ((mask * np.uint8(255), (1.0, 1.0)), 6.0, "255 is a way to write 1: count the pixels, do not add them up."),
        ((np.zeros((4, 4), np.uint8), (1.0, 1.0)), 0.0, "An empty mask has no area."),
    ]
    check("area_mm2", function, cases)


def one_hot_labels(function):
    """Check `function(labels)`: BraTS labels as four channels of 0 and 1, in the order 0, 1, 2, 4."""
    labels = np.array([[0, 1, 2], [4, 4, 0]])
    right = (labels[..., None] == BRATS_LABELS).astype(int)
    without = np.array([[0, 2], [2, 0]])
    cases = [
        (
            (labels,),
            right,
            "The answer has the shape (H, W, 4): channels last, and one for each of 0, 1, 2 and 4. There is no "
            "label 3, so label 4 belongs to the last channel, which has number 3.",
        ),
        (
            (without,),
            (without[..., None] == BRATS_LABELS).astype(int),
            "A patient may lack a label. The channels must not move: name the four labels yourself, do not read them "
            "from this mask.",
        ),
    ]
    check("one_hot_labels", function, cases)


def majority_shrink(function):
    """Check `function(labels, factor)`: each block becomes its most frequent label, the smallest one of equals."""
    rim = np.array([[2, 2, 0, 0], [2, 4, 0, 0], [1, 4, 4, 4], [4, 4, 0, 4]])
    tie = np.array([[4, 4, 0, 2], [1, 1, 2, 0]])
    wide = np.zeros((3, 9), dtype=np.uint8)
    wide[:, 3:6], wide[0, 3], wide[1, 7] = 4, 1, 2
    cases = [
        ((rim, 1), rim, "With factor 1 nothing changes."),
        (
            (rim, 2),
            np.array([[2, 0], [4, 4]]),
            "Count how often each label occurs in a block. A mean would make a new label, and [::factor, ::factor] "
            "looks at one pixel of each block only.",
        ),
        ((tie, 2), np.array([[1, 0]]), "Two labels as frequent: take the smaller one."),
        (
            (wide, 3),
            np.array([[0, 4, 0]]),
            "Height and width need not be equal: a block is `factor` by `factor` pixels.",
        ),
    ]
    check("majority_shrink", function, cases)
