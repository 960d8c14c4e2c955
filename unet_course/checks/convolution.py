"""Exercises of the chapter on convolution."""

import numpy as np

from .check import check


def output_side(function):
    """Check `function(side, kernel, stride, padding)`: the pixels that come out of a layer."""
    cases = [
        ((128, 3, 1, 0), 126, "Without padding a kernel of k fits at n - k + 1 places: do not forget the 1."),
        ((128, 3, 1, 1), 128, "Padding is added at both borders, so it counts twice."),
        ((64, 2, 2, 0), 32, "With a stride of s only every s-th place counts: divide by s before you add 1."),
        ((7, 2, 2, 0), 3, "A step that does not fit whole is not taken: divide with //, which rounds down."),
    ]
    check("output_side", function, cases)


def strided_filter(function):
    """Check `function(picture, kernel, stride, padding)`: a filter with zeros around the image, in steps."""
    picture = np.array([[1.0, 2.0, 0.0, 1.0], [0.0, 3.0, 1.0, 0.0], [2.0, 0.0, 4.0, 1.0], [1.0, 1.0, 0.0, 5.0]])
    right = np.zeros((3, 3))
    right[1, 2] = 1  # picks the right neighbour
    middle = np.zeros((3, 3))
    middle[1, 1] = 1  # picks the pixel itself
    shifted = np.pad(picture, ((0, 0), (0, 1)))[:, 1:]
    mean = np.full((3, 3), 1 / 9)
    cases = [
        ((picture, np.ones((1, 1)), 1, 0), picture, "A kernel of one weight, 1, must give the image back."),
        (
            (picture, right, 1, 0),
            shifted[1:3, 1:3],
            "A weight on the right of the kernel picks the pixel on the right. Is your kernel turned half round?",
        ),
        ((picture, middle, 1, 1), picture, "With a padding of 1 and a kernel of 3 the image keeps its size."),
        ((picture, mean, 1, 1), _means(picture), "Beyond the border there are zeros, not copies of the border."),
        ((picture, np.ones((2, 2)), 2, 0), [[6, 2], [4, 10]], "With a stride of 2 take every second place, both ways."),
        ((picture[:3], right, 1, 1), shifted[:3], "Images need not be square: take height and width by themselves."),
    ]
    check("strided_filter", function, cases)


def field_of_view(function):
    """Check `function(layers)`: the receptive field of a list of triples: kernel, stride, dilation."""
    cases = [
        (([],), 1, "Without a layer an output pixel sees one pixel: itself."),
        (([(3, 1, 1)],), 3, "One kernel of 3 sees 3 pixels: it adds kernel - 1 to the one you had."),
        (([(3, 1, 1), (3, 1, 1), (3, 1, 1)],), 7, "Each further kernel of 3 adds 2 pixels, not 3: they overlap."),
        (
            ([(2, 2, 1), (3, 1, 1)],),
            6,
            "Behind a stride of 2 each pixel stands for two: the next kernel adds 2 (kernel - 1).",
        ),
        (([(3, 2, 1)],), 3, "A stride counts for the kernels behind it, not for its own."),
        (([(2, 2, 1), (2, 2, 1), (3, 1, 1)],), 12, "Strides multiply: behind two of 2 a pixel stands for four."),
        (([(3, 1, 2)],), 5, "Three weights that lie 2 pixels apart reach over 5: there are kernel - 1 gaps."),
        (([(3, 2, 1), (3, 1, 2)],), 11, "A dilation counts pixels of its own input, so earlier strides multiply it."),
        (
            ([(3, 1, 2), (3, 1, 1)],),
            7,
            "A dilation counts for its own kernel only: unlike a stride, it skips no place.",
        ),
    ]
    check("field_of_view", function, cases)


def _means(picture):
    padded = np.pad(picture, 1)
    return np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).mean(axis=(2, 3))
