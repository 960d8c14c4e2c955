"""The chapter on the U-Net: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def decoder_parameters(filters, deeper, joined=2):
    return 4 * deeper * filters + filters + 9 * joined * filters**2 + filters + 9 * filters**2 + filters


def crop_and_join(skip, x):
    top, left = ((a - b) // 2 for a, b in zip(skip.shape, x.shape[:2], strict=False))
    return np.concatenate([skip[top : top + x.shape[0], left : left + x.shape[1]], x], axis=-1)


def from_the_corner(skip, x):
    return np.concatenate([skip[: x.shape[0], : x.shape[1]], x], axis=-1)


def rounded_up(skip, x):
    top, left = (-((b - a) // 2) for a, b in zip(skip.shape, x.shape[:2], strict=False))
    return np.concatenate([skip[top : top + x.shape[0], left : left + x.shape[1]], x], axis=-1)


SOLUTIONS = {
    "level_shapes": lambda side, filters, depth: [(side // 2**level, filters * 2**level) for level in range(depth)],
    "decoder_parameters": decoder_parameters,
    "crop_and_join": crop_and_join,
}
MISTAKES = [
    ("level_shapes", lambda side, filters, depth: [(side // 2, filters * 2)], "nothing is pooled yet"),
    ("level_shapes", lambda side, filters, depth: [(side, filters)] * depth, "the side is halved"),
    (
        "level_shapes",
        lambda side, filters, depth: [(side // 2**i, filters * 2**i) for i in range(min(depth, 4))],
        "the deepest included",
    ),
    ("decoder_parameters", lambda filters, deeper: decoder_parameters(filters, deeper) - 3 * filters, "has biases"),
    ("decoder_parameters", lambda filters, deeper: 35 * filters**2 + 3 * filters, "need not be 2 x filters"),
    (
        "decoder_parameters",
        lambda filters, deeper: decoder_parameters(filters, deeper, joined=1) + 9 * filters,
        "2 x filters channels come into",
    ),
    ("crop_and_join", lambda skip, x: np.concatenate([x, skip], axis=-1), "the skip first"),
    ("crop_and_join", from_the_corner, "not its corner"),
    ("crop_and_join", rounded_up, "rounded down"),
]
