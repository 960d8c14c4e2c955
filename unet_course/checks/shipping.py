"""Checks for the chapter on shipping a model."""

import numpy as np

from .check import check


def weights_kilobytes(function):
    """Check `function(parameters, bits)`: kilobytes of the weights."""
    cases = [
        ((1000, 32), 4.0, "1000 weights of 32 bits are 4 bytes each: 4000 bytes, 4 kilobytes."),
        ((1000, 16), 2.0, "Half the bits, half the space: does your answer use `bits`?"),
        ((46_000, 8), 46.0, "A byte has 8 bits, and a kilobyte here has 1000 bytes, not 1024."),
        ((10, 4), 0.005, "Four bits are half a byte: divide with `/`, which does not round, not with `//`."),
    ]
    check("weights_kilobytes", function, cases)


def fold_channel(function):
    """Check `function(weight, gamma, beta, mean, variance, epsilon)`: new weight and bias."""
    cases = [
        ((3.0, 1.0, 0.0, 0.0, 1.0, 0.0), (3.0, 0.0), "A batch norm that changes nothing must change nothing here."),
        ((3.0, 2.0, 0.0, 0.0, 1.0, 0.0), (6.0, 0.0), "The weight is multiplied by gamma."),
        (
            (3.0, 1.0, 0.0, 0.0, 4.0, 0.0),
            (1.5, 0.0),
            "Divide by the standard deviation, the square root of the variance: for 4 that is 2.",
        ),
        ((3.0, 1.0, 0.5, 0.0, 1.0, 0.0), (3.0, 0.5), "beta is added at the end, so it goes into the bias as it is."),
        (
            (3.0, 4.0, 0.5, 5.0, 4.0, 0.0),
            (6.0, -9.5),
            "The mean is taken away before the multiplication: the bias is beta less mean times the same factor, "
            "gamma / sqrt(variance). Here 0.5 - 5 * 2.",
        ),
        (
            (3.0, 1.0, 0.0, 0.0, 0.0, 0.25),
            (6.0, 0.0),
            "epsilon is added to the variance, below the square root: it is there for a variance of 0.",
        ),
    ]
    check("fold_channel", function, cases)


def quantise(function):
    """Check `function(values, bits)`: rounded to a scale that whole numbers of so many bits can say."""
    values = np.array([-2.0, -0.3, 0.0, 0.9, 1.6])
    cases = [
        (
            (np.array([-127.0, 0.0, 50.0, 127.0]), 8),
            [-127.0, 0.0, 50.0, 127.0],
            "Whole numbers up to 127 fit 8 bits as they are: the largest becomes 127, so the scale is 1 here.",
        ),
        (
            (np.array([-1.27, 0.004, 0.006]), 8),
            [-1.27, 0.0, 0.01],
            "The scale is the largest absolute value over 127, here 0.01; every value becomes the nearest multiple of "
            "it. `int` cuts, `np.rint` rounds.",
        ),
        (
            (values, 3),
            [-2.0, 0.0, 0.0, 2 / 3, 4 / 3],
            "With 3 bits the whole numbers go from -3 to 3: 2 ** (bits - 1) - 1 takes the place of 127. "
            "Scale back at the end.",
        ),
        ((np.zeros(3), 8), [0.0, 0.0, 0.0], "If all values are 0, the scale would be 0: return the zeros as they are."),
    ]
    check("quantise", function, cases)
