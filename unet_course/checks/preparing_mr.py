"""Exercises of the chapter on preparing MR images."""

import numpy as np

from .check import check


def z_score(function):
    """Check `function(image, brain)`: mean 0 and standard deviation 1 inside the brain, 0 outside."""
    image = np.array([[9.0, 1, 2], [7, 3, 2], [5, 8, 4]])
    brain = np.array([[0, 1, 1], [0, 1, 1], [0, 0, 1]], bool)
    inside = image[brain]
    expected = np.where(brain, (image - inside.mean()) / inside.std(), 0)
    cases = [
        (
            (image, brain),
            expected,
            "Take mean and standard deviation of `image[brain]` only, and set what is outside to 0 afterwards.",
        ),
        ((3 * image, brain), expected, "A scanner with three times the gain must give the same values."),
    ]
    check("z_score", function, cases)


def noise_in_air(function):
    """Check `function(values)`: sigma of Rician noise from grey values of air."""
    air = np.array([3, 4, 0, 5, 12, 2])
    expected = np.sqrt(np.mean(air**2) / 2)
    cases = [
        ((air,), expected, "Take the root of half the mean of the squares. Nothing is taken off: air has no signal."),
        ((air.reshape(2, 3),), expected, "The values may come as an image: average over all of them."),
        (
            ((20 * air).astype(np.uint8),),
            20 * expected,
            "uint8 has no number above 255, and 16 times 16 becomes 0: convert to float first.",
        ),
    ]
    check("noise_in_air", function, cases)


def neighbours(function):
    """Check `function(patients, positions)`: rows of the slices below and above, the slice itself where none is."""
    cases = [
        (
            (["a", "a", "a"], [0, 1, 2]),
            [[0, 1], [0, 2], [1, 2]],
            "Below first, then above; at the ends the slice itself.",
        ),
        (
            (["a", "a", "b", "b"], [0, 1, 0, 1]),
            [[0, 1], [0, 1], [2, 3], [2, 3]],
            "The slice after a patient's last one belongs to somebody else.",
        ),
        (
            (["a", "b", "a", "b"], [1, 0, 0, 1]),
            [[2, 0], [1, 3], [2, 0], [1, 3]],
            "The rows come in any order: look a neighbour up by its patient and its position.",
        ),
        ((["a", "a"], [0, 2]), [[0, 0], [1, 1]], "Slice 1 is missing, so slice 0 has no neighbour above it."),
    ]
    check("neighbours", function, cases)
