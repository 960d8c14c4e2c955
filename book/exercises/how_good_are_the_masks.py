"""The chapter on how good masks are: solutions, and typical mistakes with the hint each must get."""

import itertools

import numpy as np


def _agreement(masks, *, pairs=itertools.combinations, empty=1.0, size=2):
    scores = []
    for first, second in pairs(np.asarray(masks, bool), 2):
        total = first.sum() + second.sum()
        scores.append(size * (first & second).sum() / total if total else empty)
    return np.mean(scores)


def _everyone(masks, _):
    return itertools.product(masks, masks)


def _probability(votes, p, q, prior, *, join=np.prod):
    votes, p, q = np.asarray(votes, bool), np.asarray(p), np.asarray(q)
    is_object = prior * join(np.where(votes, p, 1 - p))
    return is_object / (is_object + (1 - prior) * join(np.where(votes, 1 - q, q)))


SOLUTIONS = {
    "majority": lambda masks: (np.mean(masks, axis=0) > 0.5).astype(int),
    "rater_agreement": _agreement,
    "probability_of_object": _probability,
}
MISTAKES = [
    ("majority", lambda masks: np.max(masks, axis=0), "at least two must mark"),
    ("majority", lambda masks: (np.mean(masks, axis=0) >= 0.5).astype(int), "tie is no majority"),
    ("rater_agreement", lambda masks: _agreement(masks, size=1), "2 * 2 / (4 + 2)"),
    ("rater_agreement", lambda masks: _agreement(masks[:2]), "Three readers are three pairs"),
    ("rater_agreement", lambda masks: _agreement(masks, pairs=_everyone), "Dice is 2 * 2"),
    ("rater_agreement", lambda masks: _agreement(masks, empty=0.0), "count 1"),
    ("probability_of_object", lambda votes, p, q, prior: _probability(votes, p, p, prior), "1 - q if not"),
    ("probability_of_object", lambda votes, p, q, prior: _probability(votes, p, q, 0.5), "prior weighs"),
    ("probability_of_object", lambda votes, p, q, prior: _probability(votes, p, q, prior, join=np.mean), "multiplied"),
]
