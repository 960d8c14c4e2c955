"""Checks for the chapter on a recipe: where to start, what to change first."""

from .check import check


def log_uniform(function):
    """Check `function(u, low, high)`: from `low` to `high`, evenly over the powers of ten."""
    cases = [
        ((0.0, 1e-4, 1e-2), 1e-4, "u = 0 gives `low`."),
        (
            (0.5, 1.0, 100.0),
            10.0,
            "Halfway between 1 and 100 on the scale of powers is 10, not 50.5: interpolate the exponents.",
        ),
        ((1.0, 2.0, 32.0), 32.0, "u = 1 gives `high`, also where the ends are no powers of ten."),
        ((0.25, 2.0, 32.0), 4.0, "From 2 to 32 is a factor of 16; a quarter of the way is its fourth root, 2."),
    ]
    check("log_uniform", function, cases)


def tries_needed(function):
    """Check `function(share, chance)`: the fewest random draws that hit the best share at least once."""
    cases = [
        (
            (0.5, 0.75),
            2,
            "Two draws miss the better half with 0.5 times 0.5, so they hit it with 0.75. The misses multiply.",
        ),
        ((0.05, 0.95), 59, "0.95 to the power of n must not exceed 0.05; a part of a draw is one draw more."),
        ((0.1, 0.9), 22, "The chance of at least one hit is 1 - (1 - share) ** n; it is not n times the share."),
        ((0.9, 0.5), 1, "One draw is the least."),
    ]
    check("tries_needed", function, cases)


def halving(function):
    """Check `function(scores)`: the run that survives successive halving, and the rounds of training it cost."""
    early = [[0.1, 0.9, 0.9], [0.5, 0.4, 0.3], [0.4, 0.6, 0.5], [0.2, 0.8, 0.8]]
    cases = [
        (([[0.1], [0.7], [0.3]],), (1, 3), "One round of three runs costs 3, and the highest score wins."),
        (
            ([[0.2, 0.9], [0.6, 0.5]],),
            (1, 2),
            "Of two runs one is kept after the first round; it is alone, so the search ends there.",
        ),
        (
            (early,),
            (2, 6),
            "Four runs train one round, the better two another: 4 + 2. A run that was dropped cannot come back, "
            "however good it would have become.",
        ),
        (
            ([[0.9, 0.1, 0.3], [0.8, 0.2, 0.2], [0.7, 0.3, 0.1]],),
            (1, 5),
            "Half of three, rounded up, is two: 3 + 2 rounds. Each round is decided by its own scores.",
        ),
    ]
    check("halving", function, cases)
