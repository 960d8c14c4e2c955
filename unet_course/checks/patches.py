"""Checks for the chapter on images larger than memory: how many patches, how much overlap, how they are joined."""

from .check import check


def tile_count(function):
    """Check `function(length, tile, overlap)`: patches that cover a line."""
    cases = [
        ((100, 100, 20), 1, "One patch covers all: no second one is needed."),
        ((60, 100, 20), 1, "A line shorter than a patch needs one, not none."),
        ((180, 100, 20), 2, "The second patch adds tile - overlap = 80 pixels: 100 + 80 is exactly 180."),
        ((181, 100, 20), 3, "One pixel more, and a third patch is needed: round up."),
        ((384, 96, 0), 4, "Without overlap, four patches of 96 make 384."),
    ]
    check("tile_count", function, cases)


def least_overlap(function):
    """Check `function(tile, field, depth)`: the smallest overlap that is exact and aligned."""
    cases = [
        ((128, 44, 3), 88, "A quarter of 88 is 22, half the field, and 128 - 88 is a multiple of 4."),
        (
            (256, 18, 5),
            48,
            "A quarter of 36 would be 9, but 256 - 36 is no multiple of 16; the next overlap that fits is 48.",
        ),
        ((64, 44, 3), 0, "The overlap must be smaller than the patch: with a patch of 64 there is none, so return 0."),
        ((130, 44, 3), 90, "130 - 88 is 42, which is no multiple of 4: it is the step that counts, not the overlap."),
    ]
    check("least_overlap", function, cases)


def blend(function):
    """Check `function(pieces, starts, weights, length)`: the weighted mean of overlapping pieces."""
    cases = [
        (([[1, 2, 3], [4, 5, 6]], [0, 3], [1, 1, 1], 6), [1, 2, 3, 4, 5, 6], "Without overlap the pieces follow."),
        (
            ([[0, 0, 0], [6, 6, 6]], [0, 2], [1, 2, 1], 5),
            [0, 0, 3, 6, 6],
            "At pixel 2 both have weight 1, so the result is their mean. Elsewhere divide by the weight that is there.",
        ),
        (
            ([[0, 0, 0], [6, 6, 6]], [0, 1], [1, 2, 1], 4),
            [0, 2, 4, 6],
            "At pixel 1 the weights are 2 and 1: the mean is weighted, 6 * 1 / 3.",
        ),
    ]
    check("blend", function, cases)
