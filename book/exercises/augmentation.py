"""The chapter on augmentation: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def brighten(images, factors):
    return np.rint(np.clip(images * np.reshape(factors, (-1, 1, 1, 1)), 0, 255)).astype(np.uint8)


def rotate(mask, degrees, *, centre=None, outside=0):
    height, width = mask.shape
    centre = np.reshape(((height - 1) / 2, (width - 1) / 2) if centre is None else centre, (2, 1, 1))
    row, column = np.mgrid[:height, :width] - centre
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    row, column = np.rint(np.stack([cosine * row + sine * column, cosine * column - sine * row]) + centre).astype(int)
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    found = mask[row.clip(0, height - 1), column.clip(0, width - 1)]
    return found if outside == "edge" else np.where(inside, found, outside)


def send_forward(mask, degrees):
    """Each old pixel is written to its new place: some new pixels get none."""
    height, width = mask.shape
    centre = np.reshape(((height - 1) / 2, (width - 1) / 2), (2, 1, 1))
    row, column = np.mgrid[:height, :width] - centre
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    row, column = np.rint(np.stack([cosine * row - sine * column, cosine * column + sine * row]) + centre).astype(int)
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    turned = np.zeros_like(mask)
    turned[row[inside], column[inside]] = mask[inside]
    return turned


SOLUTIONS = {
    "swap_sides": lambda stack: stack[:, :, ::-1],
    "brighten": brighten,
    "rotate_mask": rotate,
}
MISTAKES = [
    ("swap_sides", lambda stack: stack[:, ::-1], "along the columns, axis 2"),
    ("swap_sides", lambda stack: stack[..., ::-1], "red to blue"),
    ("brighten", lambda images, factors: images * np.reshape(factors, (-1, 1, 1, 1)), "not uint8"),
    (
        "brighten",
        lambda images, factors: (images * np.float64(factors[0])).clip(0, 255).astype(np.uint8),
        "round to 64",
    ),
    (
        "brighten",
        lambda images, factors: np.rint(images * np.reshape(factors, (-1, 1, 1, 1))).astype(int).astype(np.uint8),
        "wraps around to 44",
    ),
    ("brighten", lambda images, factors: brighten(images, [factors[0]] * len(images)), "Each image has its own"),
    ("rotate_mask", lambda mask, degrees: rotate(mask, -degrees), "turning the other way"),
    ("rotate_mask", lambda mask, degrees: rotate(mask, degrees, centre=(3, 3)), "each has its own centre"),
    ("rotate_mask", send_forward, "There are holes"),
    ("rotate_mask", lambda mask, degrees: rotate(mask, degrees, outside="edge"), "comes from outside"),
]
