"""Exercises of the chapter on the U-Net."""

import numpy as np

from .check import check


def level_shapes(function):
    """Check `function(side, base_filters, depth)`: side and channels after the encoder of each level."""
    cases = [
        (
            (64, 8, 1),
            [(64, 8)],
            "The first level keeps the side and has `base_filters` channels; nothing is pooled yet.",
        ),
        (
            (64, 8, 3),
            [(64, 8), (32, 16), (16, 32)],
            "From level to level the side is halved and the channels are doubled.",
        ),
        (
            (256, 64, 5),
            [(256, 64), (128, 128), (64, 256), (32, 512), (16, 1024)],
            "`depth` counts all levels, the deepest included: the image is pooled once less.",
        ),
    ]
    check("level_shapes", function, cases)


def decoder_parameters(function):
    """Check `function(filters, deeper)`: what the network of 2015 learns on the way up to one level."""
    cases = [
        (
            (1, 2),
            38,
            "Three layers: 2 x 2 x deeper x filters, then 3 x 3 on the joined channels, then 3 x 3; each has biases.",
        ),
        ((64, 128), 143_552, "Joined with the skip, 2 x filters channels come into the first convolution of 3 x 3."),
        (
            (8, 32),
            2_776,
            "Only the transposed convolution sees the `deeper` channels, and they need not be 2 x filters.",
        ),
    ]
    check("decoder_parameters", function, cases)


def crop_and_join(function):
    """Check `function(skip, x)`: the middle of the skip, and the channels of both."""
    skip = np.arange(6 * 8 * 2, dtype=float).reshape(6, 8, 2)
    small, same, odd = -np.ones((4, 4, 3)), -np.ones((6, 8, 3)), -np.ones((5, 5, 1))
    cases = [
        (
            (skip, same),
            _joined(skip, same),
            "Where nothing is to be cut: the channels of the skip first, then those of x.",
        ),
        (
            (skip, small),
            _joined(skip[1:5, 2:6], small),
            "Cut as much on both sides: the middle of the skip, not its corner.",
        ),
        (
            (skip, odd),
            _joined(skip[0:5, 1:6], odd),
            "Differences of 1 and 3: cut 0 and 1 at the upper and left border, half of each rounded down.",
        ),
    ]
    check("crop_and_join", function, cases)


def _joined(skip, x):
    return np.concatenate([skip, x], axis=-1)
