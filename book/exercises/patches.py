"""The chapter on images larger than memory: solutions, and typical mistakes with the hint each must get."""

import math

import numpy as np


def _count(length, tile, overlap):
    return 1 + max(0, math.ceil((length - tile) / (tile - overlap)))


def _least(tile, field, depth, *, step=lambda tile, overlap: tile - overlap, part=4, aligned=True):
    for overlap in range(tile):
        if overlap // part >= field // 2 and not (aligned and step(tile, overlap) % 2 ** (depth - 1)):
            return overlap
    return 0


def _blend(pieces, starts, weights, length, *, divide=True):
    total, share = np.zeros(length), np.zeros(length)
    for piece, start in zip(pieces, starts, strict=True):
        total[start : start + len(piece)] += np.multiply(weights, piece)
        share[start : start + len(piece)] += weights
    return total / share if divide else total


def _last_wins(pieces, starts, weights, length):
    result = np.zeros(length)
    for piece, start in zip(pieces, starts, strict=True):
        result[start : start + len(piece)] = piece
    return result


SOLUTIONS = {"tile_count": _count, "least_overlap": _least, "blend": _blend}
MISTAKES = [
    ("tile_count", lambda length, tile, overlap: math.ceil(length / (tile - overlap)), "no second one"),
    ("tile_count", lambda length, tile, overlap: 1 + (length - tile) // (tile - overlap), "not none"),
    ("tile_count", lambda length, tile, overlap: 1 + max(0, (length - tile) // (tile - overlap)), "round up"),
    ("least_overlap", lambda tile, field, depth: _least(tile, field, depth, part=2), "A quarter of 88"),
    ("least_overlap", lambda tile, field, depth: _least(tile, field, depth, aligned=False), "no multiple of 16"),
    ("least_overlap", lambda tile, field, depth: 4 * (field // 2), "no multiple of 16"),
    (
        "least_overlap",
        lambda tile, field, depth: _least(tile, field, depth, step=lambda _, overlap: overlap),
        "the step that counts",
    ),
    ("blend", _last_wins, "their mean"),
    ("blend", lambda *given: _blend(*given, divide=False), "divide by the weight"),
    (
        "blend",
        lambda pieces, starts, weights, length: _blend(pieces, starts, np.ones(len(weights)), length),
        "the mean is weighted",
    ),
]
