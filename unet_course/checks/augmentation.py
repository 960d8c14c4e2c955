"""Exercises of the chapter on augmentation."""

import numpy as np

from .check import check


def swap_sides(function):
    """Check `function(stack)`: left and right swapped, in images (N, H, W, C) and in masks (N, H, W)."""
    masks = np.arange(12).reshape(2, 2, 3)
    images = np.arange(24).reshape(1, 2, 4, 3)
    cases = [
        (
            (masks,),
            masks[:, :, ::-1],
            "The axes are image, row, column: left and right lie along the columns, axis 2.",
        ),
        (
            (images,),
            images[:, :, ::-1],
            "With channels the columns are still axis 2. The last axis is the colour: swapping it turns red to blue.",
        ),
    ]
    check("swap_sides", function, cases)


def brighten(function):
    """Check `function(images, factors)`: uint8 images, each multiplied by its own factor, rounded and clipped."""
    images = np.array([12, 100, 200, 255], np.uint8).reshape(1, 2, 2, 1)
    two = np.concatenate([images, images])
    cases = [
        ((images, [1.0]), images, "A factor of 1 changes nothing."),
        (
            (images, [0.25]),
            np.reshape([3, 25, 50, 64], images.shape),
            "255 * 0.25 is 63.75: round to 64, do not cut off.",
        ),
        (
            (images, [1.5]),
            np.reshape([18, 150, 255, 255], images.shape),
            "200 * 1.5 is 300, which uint8 cannot hold: it wraps around to 44. Clip to 255 before you convert.",
        ),
        (
            (two, [1.0, 0.0]),
            np.concatenate([images, 0 * images]),
            "Each image has its own factor: give `factors` the shape (N, 1, 1, 1).",
        ),
    ]

    def as_uint8(images, factors):
        result = function(images, factors)
        if result is not None and np.asarray(result).dtype != np.uint8:
            raise TypeError(f"the result is {np.asarray(result).dtype}, not uint8")
        return result

    check("brighten", as_uint8, cases)


def rotate_mask(function):
    """Check `function(mask, degrees)`: labels turned counter-clockwise, looked up at the nearest pixel."""
    mask = np.zeros((7, 7), dtype=int)
    mask[1, 1:6], mask[2:5, 1] = 3, 1
    full = np.full((15, 15), 3)
    wide = np.arange(15).reshape(3, 5)

    def middle(mask, degrees, part):
        result = function(mask, degrees)
        return None if result is None else np.asarray(result)[part]

    everything, centre, corner = np.s_[:, :], np.s_[3:12, 3:12], np.s_[:1, :1]
    cases = [
        ((mask, 0, everything), mask, "Turning by 0 degrees changes nothing. Is the centre at (H - 1) / 2?"),
        ((mask, 90, everything), np.rot90(mask), "90 degrees must be `np.rot90`: you may be turning the other way."),
        ((wide, 180, everything), wide[::-1, ::-1], "Height and width may differ: each has its own centre."),
        (
            (full, 45, centre),
            full[centre],
            "There are holes: do not send old pixels to new places, ask of each new pixel where it comes from.",
        ),
        ((full, 45, corner), np.zeros((1, 1)), "A corner comes from outside the mask at 45 degrees: it is 0 there."),
    ]
    check("rotate_mask", middle, cases)
