"""The chapter on images and masks: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def _blocks(labels, factor):
    height, width = labels.shape
    return labels.reshape(height // factor, factor, width // factor, factor)


def _majority(labels, factor):
    known = np.unique(labels)
    votes = [(_blocks(labels, factor) == label).sum(axis=(1, 3)) for label in known]
    return known[np.argmax(votes, axis=0)]


def _largest_of_equals(labels, factor):
    known = np.unique(labels)[::-1]
    votes = [(_blocks(labels, factor) == label).sum(axis=(1, 3)) for label in known]
    return known[np.argmax(votes, axis=0)]


SOLUTIONS = {
    "area_mm2": lambda mask, spacing: np.count_nonzero(mask) * spacing[0] * spacing[1],
    "one_hot_labels": lambda labels: (labels[..., None] == np.array([0, 1, 2, 4])).astype(int),
    "majority_shrink": _majority,
}
MISTAKES = [
    ("area_mm2", lambda mask, spacing: mask.size, "number of pixels inside"),
    ("area_mm2", lambda mask, spacing: np.count_nonzero(mask), "height times its width"),
    ("area_mm2", lambda mask, spacing: np.count_nonzero(mask) * spacing[0] ** 2, "multiply both sides"),
    ("area_mm2", lambda mask, spacing: mask.sum() * spacing[0] * spacing[1], "do not add them up"),
    ("one_hot_labels", lambda labels: np.eye(4)[labels], "There is no label 3"),
    ("one_hot_labels", lambda labels: np.eye(5)[labels], "one for each of 0, 1, 2 and 4"),
    ("one_hot_labels", lambda labels: np.stack([labels == k for k in (0, 1, 2, 4)]), "channels last"),
    ("one_hot_labels", lambda labels: labels[..., None] == np.unique(labels), "channels must not move"),
    ("majority_shrink", lambda labels, factor: labels[::factor, ::factor], "one pixel of each block"),
    ("majority_shrink", lambda labels, factor: _blocks(labels, factor).mean(axis=(1, 3)).round(), "new label"),
    ("majority_shrink", lambda labels, factor: labels, "Count how often"),
    ("majority_shrink", _largest_of_equals, "take the smaller one"),
]
