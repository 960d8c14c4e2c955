"""Checks for the chapter on speed."""

from .check import check


def steady_rate(function):
    """Check `function(seconds, batch_size)`: images per second without the warm-up, by the median."""
    cases = [
        (([2.0, 2.0, 2.0], 16), 8.0, "16 images in 2 seconds are 8 images a second: images over seconds."),
        (([9.0, 2.0, 2.0], 16), 8.0, "The first step is the warm-up: leave it out."),
        (
            ([9.0, 2.0, 2.0, 4.0], 16),
            8.0,
            "One slow step must not count: take the median of the seconds, not their mean, and not the fastest.",
        ),
        (([9.0, 1.0, 4.0, 4.0], 8), 2.0, "The fastest step is luck: take the median of the seconds."),
    ]
    check("steady_rate", function, cases)


def ratio_in_turns(function):
    """Check `function(first, second)`: median, lowest and highest ratio, turn by turn, without the warm-up."""
    cases = [
        (
            ([6.0, 6.0, 6.0], [3.0, 3.0, 3.0]),
            (2.0, 2.0, 2.0),
            "6 seconds against 3: the second way is twice as fast. Divide the first by the second, and return three "
            "numbers.",
        ),
        (
            ([6.0, 6.0, 12.0, 6.0], [3.0, 3.0, 6.0, 2.0]),
            (2.0, 2.0, 3.0),
            "Divide turn by turn first, then take median, lowest and highest of the ratios. The machine was busy in "
            "the third turn, and that must cancel.",
        ),
        (([9.0, 6.0, 6.0], [1.0, 3.0, 3.0]), (2.0, 2.0, 2.0), "The first turn is the warm-up: leave it out."),
        (([5.0, 4.0, 9.0, 2.0], [5.0, 4.0, 3.0, 4.0]), (1.0, 0.5, 3.0), "The order is: median, lowest, highest."),
    ]
    check("ratio_in_turns", function, cases)


def best_gain(function):
    """Check `function(profile)`: gain of a step whose bottleneck costs nothing."""
    cases = [
        (
            ({"forward": (1, 30.0), "backward": (1, 60.0), "update": (1, 10.0)},),
            2.5,
            "The step takes 100 ms, the bottleneck 60: without it 40 are left, and 100 / 40 is 2.5.",
        ),
        (
            ({"convolution": (40, 2.0), "read a file": (1, 15.0), "relu": (40, 0.125)},),
            5.0,
            "What counts is calls times milliseconds: 40 convolutions of 2 ms cost 80 ms, more than one file of 15.",
        ),
        (
            ({"forward": (2, 1.0), "backward": (2, 1.0)},),
            2.0,
            "Where two operations cost the same, only one of them becomes free.",
        ),
    ]
    check("best_gain", function, cases)
