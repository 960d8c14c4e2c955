"""Exercises of the chapter on variants of the U-Net under one budget."""

import numpy as np

from .trying import check


def kernel_weights(function):
    """Check `function(channels, filters, dimensions)`: weights of a convolution of side 3, without biases."""
    cases = [
        ((1, 1, 2), 9, "One kernel that sees one channel of a picture has 3 x 3 weights."),
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
    """Check `function(skip, signal, to_skip, to_signal, to_weight)`: a gate's weighted skip connection."""
    rng = np.random.default_rng(0)
    shapes = [(4, 5, 6), (4, 5, 3), (6, 2), (3, 2), (2,)]
    skip, signal, to_skip, to_signal, to_weight = (rng.normal(size=shape) for shape in shapes)
    both = np.maximum(skip @ to_skip + signal @ to_signal, 0)
    weight = 1 / (1 + np.exp(-(both @ to_weight)))
    cases = [
        (
            (skip, signal, 0 * to_skip, 0 * to_signal, to_weight),
            skip / 2,
            "Where both matrices are 0 the sigmoid sees 0 and the weight is one half: half of the skip connection must "
            "come out, with all its channels.",
        ),
        (
            (skip, signal, to_skip, to_signal, to_weight),
            skip * weight[..., None],
            "Add what the two matrices give, cut off below 0, multiply by `to_weight`, take the sigmoid, and multiply "
            "each channel of the skip connection by it.",
        ),
    ]
    check("attention_gate", function, cases)
