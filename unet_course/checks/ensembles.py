"""Exercises of the chapter on ensembles, test-time augmentation and calibration."""

import numpy as np

from .check import check


def brier_skill(function):
    """Check `function(truth, probabilities)`: 1 less the Brier score over that of the share everywhere."""
    truth, probabilities = np.array([[0, 1], [1, 1]]), np.array([[0.2, 0.9], [0.5, 1.0]])
    cases = [
        ((truth, truth.astype(float)), 1.0, "Probabilities of 0 and 1 that are all right score 1: 1 less 0."),
        (
            (truth, np.full((2, 2), 0.75)),
            0.0,
            "The share everywhere, here three of four, scores 0: its Brier score is divided by itself. Compare with "
            "`truth.mean()`, not with one half.",
        ),
        (
            (truth, probabilities),
            0.6,
            "Square the distance of each probability from its truth, then take the mean: (0.04 + 0.01 + 0.25 + 0) / 4 "
            "is 0.075. That of the share is 0.1875. No threshold.",
        ),
        ((truth, 1.0 - truth), -13 / 3, "Who is always wrong and sure of it scores far below 0: do not cut off there."),
    ]
    check("brier_skill", function, cases)


def mean_over_quarter_turns(function):
    """Check `function(picture, answer)`: the mean of four answers, each turned back."""
    picture = np.arange(16, dtype=float).reshape(4, 4)
    left = np.zeros((4, 4))
    left[:, 0] = 1
    frame = np.zeros((4, 4))
    frame[[0, -1]] += 0.25
    frame[:, [0, -1]] += 0.25
    cases = [
        (
            (picture, lambda turned: turned),
            picture,
            "A network that answers with the image itself must give the image. Each answer has to be turned back: "
            "`np.rot90(answer, -turns)`.",
        ),
        (
            (picture, lambda turned: left),
            frame,
            "A network that always marks the left column must mark each side of the frame with a quarter, once all "
            "four answers are turned back: did you take all of 0, 1, 2 and 3 turns?",
        ),
        ((picture[:2], lambda turned: turned), picture[:2], "An image need not be square."),
    ]
    check("mean_over_quarter_turns", function, cases)


def disagreement(function):
    """Check `function(probabilities)`: entropy of the mean less mean entropy, of members along the first axis."""
    agreed = np.full((3, 2), 0.5)
    apart = np.array([[0.001, 0.2], [0.999, 0.2]])
    inner = -(0.001 * np.log(0.001) + 0.999 * np.log(0.999))
    cases = [
        (
            (agreed,),
            np.zeros(2),
            "Members that all say one half are in doubt, but they agree: 0. Subtract the mean of their own entropies.",
        ),
        (
            (apart,),
            np.array([np.log(2) - inner, 0.0]),
            "Members that are sure of opposite things disagree by nearly log 2 = 0.693. Take the entropy of their mean "
            "probability, with natural logarithms, and subtract the mean of their own entropies.",
        ),
        (
            (np.array([[0.0, 1.0], [1.0, 1.0]]),),
            np.array([np.log(2), 0.0]),
            "0 log 0 is NaN in NumPy but counts 0: clip the probabilities to at least 1e-9 and at most 1 - 1e-9.",
        ),
    ]
    check("disagreement", function, cases)
