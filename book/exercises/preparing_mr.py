"""The chapter on preparing MR images: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def z_score(image, brain):
    return np.where(brain, (image - image[brain].mean()) / image[brain].std(), 0)


def noise_in_air(values):
    return np.sqrt(np.mean(np.asarray(values, float) ** 2) / 2)


def neighbours(patients, positions):
    rows = {name: row for row, name in enumerate(zip(patients, positions, strict=True))}
    return np.array([[rows.get((who, at + step), row) for step in (-1, 1)] for (who, at), row in rows.items()])


def neighbouring_rows(patients, positions, same=lambda a, b: True):
    n = len(patients)
    places = [(max(row - 1, 0), min(row + 1, n - 1)) for row in range(n)]
    return np.array([[k if same(patients[k], patients[row]) else row for k in pair] for row, pair in enumerate(places)])


def in_order_of_position(patients, positions):
    order = sorted(range(len(patients)), key=lambda row: (patients[row], positions[row]))
    pairs = neighbouring_rows([patients[row] for row in order], positions, str.__eq__)
    found = np.empty_like(pairs)
    found[order] = np.array(order)[pairs]
    return found


SOLUTIONS = {"z_score": z_score, "noise_in_air": noise_in_air, "neighbours": neighbours}
MISTAKES = [
    ("z_score", lambda image, brain: (image - image.mean()) / image.std(), "`image[brain]` only"),
    ("z_score", lambda image, brain: (image - image[brain].mean()) / image[brain].std(), "outside to 0"),
    (
        "z_score",
        lambda image, brain: np.where(brain, (image - image[brain].mean()) / 1.0198039, 0),
        "three times the gain",
    ),
    ("noise_in_air", lambda values: np.std(values), "Nothing is taken off"),
    ("noise_in_air", lambda values: np.sqrt(np.mean(np.asarray(values, float) ** 2)), "half the mean"),
    ("noise_in_air", lambda v: np.sqrt(sum(x**2 for x in v.astype(float)) / len(v) / 2), "average over all"),
    ("noise_in_air", lambda values: np.sqrt(np.mean(values**2) / 2), "convert to float"),
    ("neighbours", lambda patients, positions: neighbouring_rows(patients, positions)[:, ::-1], "Below first"),
    ("neighbours", neighbouring_rows, "somebody else"),
    ("neighbours", lambda patients, positions: neighbouring_rows(patients, positions, str.__eq__), "in any order"),
    ("neighbours", in_order_of_position, "Slice 1 is missing"),
]
