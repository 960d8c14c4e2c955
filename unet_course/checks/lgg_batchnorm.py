"""Exercises of the chapter on batch norm, learning rate and batch size."""

import numpy as np

from .check import check

ENDS = np.array([-1, 1])
# Student's factor of the 95 % interval of three runs, over the root of three.
STUDENT_OF_THREE = 4.302652729911275 / np.sqrt(3)


def scaled_rate(function):
    """Check `function(rate, batch_size, new_batch_size)`: the linear scaling rule."""
    cases = [
        ((0.1, 16, 16), 0.1, "The same batch keeps the same rate."),
        ((0.0001, 16, 64), 0.0004, "Four times the batch, four times the rate: multiply by new / old."),
        ((0.1, 64, 16), 0.025, "A smaller batch takes a smaller rate: multiply by new / old, whichever is larger."),
    ]
    check("scaled_rate", function, cases)


def changed_layers(function):
    """Check `function(first, second)`: kinds of layer whose count differs between two dicts, sorted by name."""
    norm, plain = {"Conv2d": 18, "BatchNorm2d": 18}, {"Conv2d": 18}
    pool = {"Conv2d": 19, "MaxPool2d": 4, "Dropout": 2}
    cases = [
        ((norm, dict(norm)), "", "Two networks with the same counts give an empty list."),
        ((norm, plain), "BatchNorm2d", "A kind that only the first network has counts 0 in the second: it differs."),
        ((plain, norm), "BatchNorm2d", "Look at the kinds of both networks, not only at those of the first."),
        ((plain, {"Conv2d": 17}), "Conv2d", "Both have the kind, but not as many of it: compare the counts."),
        ((norm, pool), "BatchNorm2d, Conv2d, Dropout, MaxPool2d", "Return the kinds sorted by name, each once."),
    ]
    check("changed_layers", _as_letters(function), [(args, _letters(names), hint) for args, names, hint in cases])


def epoch_draws(function):
    """Check `function(n, draws, epochs, seed)`: an array (epochs, draws), new in every epoch, the same for one seed."""
    asked = [
        (lambda one, again, other: one.shape, (4, 60), "Give one line for each epoch, with so many draws in it."),
        (lambda one, again, other: one.min() >= 0 and one.max() < 100, True, "Slices are numbered from 0 to n - 1."),
        (
            lambda one, again, other: len(np.unique(one, axis=0)),
            4,
            "Two of your epochs are copies of each other. A generator that is made anew with the same seed starts "
            "again: seed once, or by seed and epoch, default_rng([seed, epoch]).",
        ),
        (
            lambda one, again, other: np.array_equal(one, again),
            True,
            "The same seed must give the same draws, or nobody can repeat your run.",
        ),
        (
            lambda one, again, other: len(np.unique(np.concatenate([one, other]), axis=0)),
            8,
            "Two seeds must share no epoch. With seed + epoch, the second epoch of seed 0 is the first of seed 1.",
        ),
        (
            lambda one, again, other: max(len(np.unique(line)) for line in one) < 60,
            True,
            "Draw with replacement: a slice may come twice in an epoch.",
        ),
    ]

    def ask(which):
        calls = [(100, 60, 4, 0), (100, 60, 4, 0), (100, 60, 4, 1)]
        found = [function(*call) for call in calls]
        return None if found[0] is None else asked[which][0](*map(np.asarray, found))

    check("epoch_draws", ask, [((k,), expected, hint) for k, (_, expected, hint) in enumerate(asked)])


def mean_batch_loss(function):
    """Check `function(prediction, truth, batch_size)`: mean over batches of 1 - Dice, sums over the batch."""
    truth = np.zeros((5, 2, 2))
    truth[0, 0], truth[3] = 1, 1
    guess = np.zeros((5, 2, 2))
    guess[0, 0, 0] = guess[3, 0] = 1
    first, fourth = 1 - 3 / 4, 1 - 5 / 7  # alone, with smoothing 1
    together = 1 - 7 / 10
    cases = [
        ((truth, truth, 2), 0, "A perfect answer costs 0: 1 - (2 sum(p t) + 1) / (sum(p) + sum(t) + 1)."),
        ((guess, truth, 5), together, "The sums run over all images of a batch, and over rows and columns."),
        (
            (guess, truth, 1),
            (first + fourth) / 5,
            "With one image a batch, an empty image that is left empty costs 0 and counts in the mean.",
        ),
        (
            (guess, truth, 4),
            together / 2,
            "The short last batch counts as much as a full one, and an empty one costs 0: take a plain mean over "
            "batches, do not drop it.",
        ),
        ((guess, truth, 2), (first + fourth) / 3, "Cut the batches in order: 0 and 1, 2 and 3, then 4 alone."),
    ]
    check("mean_batch_loss", function, cases)


def batch_norm(function):
    """Check `function(x, epsilon)`: normalise every channel of (N, H, W, C) over all other axes."""
    x = np.arange(24, dtype=float).reshape(2, 2, 2, 3) ** 1.5
    x[..., 1] *= 10
    right = (x - x.mean(axis=(0, 1, 2))) / np.sqrt(x.var(axis=(0, 1, 2)) + 1e-5)
    flat = np.full((2, 2, 2, 1), 7.0)
    cases = [
        (
            (x, 1e-5),
            right,
            "Each channel has one mean and one variance, taken over images, rows and columns: axis=(0, 1, 2). "
            "Divide by the root of the variance plus epsilon.",
        ),
        ((flat, 1e-5), np.zeros_like(flat), "A channel without any spread becomes 0: that is what epsilon is for."),
        ((x, 1.0), (x - x.mean((0, 1, 2))) / np.sqrt(x.var((0, 1, 2)) + 1.0), "Epsilon stands under the root."),
    ]
    check("batch_norm", function, cases)


def ensemble_mask(function):
    """Check `function(probabilities)`: 0/1 masks from the mean probability of several models, (M, N, H, W)."""
    sure, unsure = np.full((1, 2, 2), 0.9), np.full((1, 2, 2), 0.4)
    three = np.stack([sure, unsure, unsure])
    cases = [
        ((np.stack([sure, sure]),), np.ones((1, 2, 2), int), "Models that agree keep their answer, as 0 and 1."),
        (
            (three,),
            np.ones((1, 2, 2), int),
            "Average the probabilities first and compare with 0.5 afterwards: 0.9, 0.4 and 0.4 have a mean of 0.57. "
            "A vote of the three masks would say 0.",
        ),
        ((np.stack([unsure, unsure]),), np.zeros((1, 2, 2), int), "A mean of 0.4 lies below the threshold 0.5."),
    ]
    check("ensemble_mask", function, cases)


def paired_interval(function):
    """Check `function(first, second)`: low and high end of the 95 % interval of second - first, run by run."""
    first = np.array([0.30, 0.40, 0.50])
    close, wide = np.array([0.10, 0.11, 0.12]), np.array([0.02, 0.12, 0.22])
    cases = [
        (
            (first, first + close),
            0.11 + STUDENT_OF_THREE * 0.01 * ENDS,
            "Take second minus first, run by run, before you average. The half width is Student's factor "
            "stats.t.ppf(0.975, n - 1), which is 4.30 for three runs and not 2, times the standard deviation (ddof=1) "
            "of the differences over the root of n.",
        ),
        ((first, first - close), -0.11 + STUDENT_OF_THREE * 0.01 * ENDS, "Second minus first, and the low end first."),
        (
            (first, first + wide),
            0.12 + STUDENT_OF_THREE * 0.10 * ENDS,
            "Here the interval must include 0: three runs do not decide. Is the standard deviation taken with ddof=1?",
        ),
        (
            (np.zeros(2), np.array([0.1, 0.3])),
            0.2 + 12.706204736 * 0.1 * ENDS,
            "Student's factor depends on the number of runs: two runs leave one degree of freedom.",
        ),
    ]
    check("paired_interval", function, cases)


def _letters(names):
    """A text as numbers, which `check` compares."""
    return [ord(letter) for letter in names]


def _as_letters(function):
    def ask(*arguments):
        found = function(*arguments)
        return None if found is None else _letters(", ".join(map(str, found)))

    return ask
