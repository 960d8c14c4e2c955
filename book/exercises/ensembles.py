"""The chapter on ensembles: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def entropy(p):
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return -p * np.log(p) - (1 - p) * np.log(1 - p)


def bare_entropy(p):
    with np.errstate(divide="ignore", invalid="ignore"):
        return -p * np.log(p) - (1 - p) * np.log(1 - p)


def turned(picture, answer):
    return np.mean([np.rot90(answer(np.rot90(picture, k)), -k) for k in range(4)], axis=0)


def brier(truth, probabilities):
    return np.mean((probabilities - truth) ** 2)


def brier_skill(truth, probabilities):
    return 1 - brier(truth, probabilities) / brier(truth, truth.mean())


SOLUTIONS = {
    "brier_skill": brier_skill,
    "mean_over_quarter_turns": turned,
    "disagreement": lambda p: entropy(p.mean(axis=0)) - entropy(p).mean(axis=0),
}
MISTAKES = [
    ("brier_skill", brier, "score 1"),
    ("brier_skill", lambda truth, probabilities: 1 - brier(truth, probabilities) / 0.25, "not with one half"),
    ("brier_skill", lambda truth, p: 1 - np.abs(p - truth).mean() / np.abs(truth.mean() - truth).mean(), "Square the"),
    ("brier_skill", lambda truth, probabilities: max(0, brier_skill(truth, probabilities)), "do not cut off"),
    (
        "mean_over_quarter_turns",
        lambda picture, answer: np.mean([answer(np.rot90(picture, k)) for k in range(4)], axis=0),
        "turned back",
    ),
    ("mean_over_quarter_turns", lambda picture, answer: answer(picture), "all of 0, 1, 2 and 3"),
    ("disagreement", lambda p: entropy(p.mean(axis=0)), "they agree"),
    ("disagreement", lambda p: p.std(axis=0), "natural logarithms"),
    ("disagreement", lambda p: bare_entropy(p.mean(axis=0)) - bare_entropy(p).mean(axis=0), "clip the"),
]
