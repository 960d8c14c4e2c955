"""How much of a test set training has already seen: the same patient, the next slice, the same pixels."""

import numpy as np
import pandas as pd

from ..common.inputs import check_known


def leakage_report(index, parts):
    """Say, for validation and test, which share of the lines has something of its own in training.

    Parameters
    ----------
    index : pandas.DataFrame
        With `group`; `slice` (number within the group) and `pixel_hash` are used where they are.
    parts : dict of str to ndarray of int
        From `splits.split`.

    Returns
    -------
    pandas.DataFrame
        One line per part: `lines`; shares in [0, 1] with `same_group` (a line of the same patient in training),
        `next_slice` (a neighbouring slice of the same patient in training) and `same_pixels`.

    Raises
    ------
    ValueError
        If one of these columns is empty in a line of the parts: it would be counted as the same, or as another one.
    """
    used = index.iloc[np.concatenate([parts[name] for name in ("train", "validation", "test")])]
    for column in {"group", "slice", "pixel_hash"} & set(index):
        check_known(used[column], column)
    train = index.iloc[parts["train"]]
    rows = {}
    for name in ("validation", "test"):
        part = index.iloc[parts[name]]
        row = {"lines": len(part), "same_group": part["group"].isin(train["group"]).mean()}
        if "slice" in index:
            row["next_slice"] = _beside(part, train).mean()
        if "pixel_hash" in index:
            row["same_pixels"] = part["pixel_hash"].isin(train["pixel_hash"]).mean()
        rows[name] = row
    return pd.DataFrame(rows).T


def copy_neighbour(dataset, train, test):
    """Predict each test slice by the mask of the nearest training slice of the same patient: what leakage is worth.

    Parameters
    ----------
    dataset : Dataset
        With `group` and `slice` in its index, and masks of one size.
    train, test : ndarray of int
        Positions.

    Returns
    -------
    ndarray of uint8, shape (len(test), H, W)
        Empty where training has no slice of that patient. Of two slices equally near, the earlier one is copied.

    Raises
    ------
    ValueError
        If a patient, or the number of a slice, is not known.
    """
    index = dataset.index
    for column in ("group", "slice"):
        check_known(index[column], column)
    predictions = np.zeros((len(test), *dataset.masks[0].shape), np.uint8)
    by_group = {group: train[positions] for group, positions in index.iloc[train].groupby("group").indices.items()}
    numbers = index["slice"].to_numpy()
    for row, position in enumerate(test):
        candidates = by_group.get(index["group"].iloc[position])
        if candidates is not None:
            order = np.lexsort((numbers[candidates], np.abs(numbers[candidates] - numbers[position])))
            predictions[row] = dataset.masks[int(candidates[order[0]])]
    return predictions


def _beside(part, train):
    known = set(zip(train["group"], train["slice"], strict=True))
    lines = zip(part["group"], part["slice"], strict=True)
    return np.array([(group, number - 1) in known or (group, number + 1) in known for group, number in lines])
