"""Exercises of the chapter on variants of the U-Net under one budget."""

import numpy as np

from .check import check


def kernel_weights(function):
    """Check `function(channels, filters, dimensions)`: weights of a convolution of side 3, without biases."""
    cases = [
        ((1, 1, 2), 9, "One kernel that sees one channel of an image has 3 x 3 weights."),
        ((1, 1, 3), 27, "In a volume the kernel is a cube: 3 x 3 x 3 weights. Raise 3 to the number of dimensions."),
        ((4, 16, 2), 576, "Each of the filters has a kernel for each of the channels: multiply by both."),
        ((4, 16, 3), 1728, "Each of the filters has a kernel for each of the channels: multiply by both."),
    ]
    check("kernel_weights", function, cases)


def matching_width(function):
    """Check `function(count, target)`: the width whose number of parameters is nearest to a target."""
    cases = [
        ((lambda width: 100 * width, 700), 7, "One width fits exactly here: return the width, not its parameters."),
        (
            (lambda width: 100 * width**2, 1550),
            4,
            "1,600 is nearer to 1,550 than 900 is. Do not stop below the target.",
        ),
        (
            (lambda width: 100 * width**2, 1200),
            3,
            "900 is nearer to 1,200 than 1,600 is. The first width above the target is not always the nearest.",
        ),
        ((lambda width: 100 * width**2, 40), 1, "The narrowest network has width 1, even if that is above the target."),
        ((lambda width: width, 300), 300, "Go on for as long as the network is below the target: widths may be large."),
    ]
    check("matching_width", function, cases)


def attention_gate(function):
    """Check `function(skip, signal, to_skip, to_signal, to_weight)`: a gated skip connection, and a coarse signal."""
    rng = np.random.default_rng(0)
    skip, to_skip, to_signal, to_weight = (rng.normal(size=shape) for shape in [(2, 4, 8, 3), (3, 5), (2, 5), (5,)])
    flat, half, quarter = np.ones((2, 2, 4, 2)), rng.normal(size=(2, 2, 4, 2)), rng.normal(size=(2, 1, 2, 2))
    learned, zeros = (to_skip, to_signal, to_weight), (0 * to_skip, 0 * to_signal, to_weight)

    def expected(signal, to_skip, to_signal, to_weight, times=2):
        large = np.kron(signal, np.ones((1, times, times, 1)))
        hidden = np.maximum(skip @ to_skip + large @ to_signal, 0)
        return np.concatenate([skip / (1 + np.exp(-(hidden @ to_weight)))[..., None], large], axis=-1)

    cases = [
        (
            (skip, flat, *zeros),
            expected(flat, *zeros),
            "The signal is 1 everywhere and both matrices are 0, so the sigmoid sees 0 and each weight is one half. On "
            "the last axis, half of the skip features must come first, then the signal, as large as they are.",
        ),
        (
            (skip, half, *zeros),
            expected(half, *zeros),
            "Each pixel of the signal becomes a square of 2 by 2 equal pixels, and squares of neighbours stay "
            "neighbours: repeat along both axes of the image, and leave those of the batch and the channels alone.",
        ),
        (
            (skip, quarter, *zeros),
            expected(quarter, *zeros, times=4),
            "This signal comes from two levels below. Find from the two shapes how many times smaller it is.",
        ),
        (
            (skip, half, *learned),
            expected(half, *learned),
            "Now the matrices are not 0. Enlarge, add what the two matrices give, cut the sum off below 0, multiply by "
            "`to_weight`, and take the sigmoid. It weighs the skip features only: the signal comes over as it is.",
        ),
    ]
    check("attention_gate", function, cases)
