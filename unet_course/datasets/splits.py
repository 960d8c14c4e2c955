"""Splits that can be repeated: the same index and seed give the same parts on every machine."""

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from ..common.inputs import check_known

MINIMUM = 3


def split(index, *, test=0.2, validation=0.2, group="group", stratify=None, seed=0):
    """Divide the lines of an index into training, validation and test.

    Lines of one group stay together.

    Parameters
    ----------
    index : pandas.DataFrame
        One line per image.
    test : float
        Share of all groups, between 0 and 1.
    validation : float
        Share of the remaining groups, between 0 and 1.
    group : str or None
        Column of what must not part, such as the patient. None divides line by line,
        which lets slices of one patient fall on both sides: do it only to see what that
        does to a score.
    stratify : str, optional
        Column whose values keep their shares in every part (of a group, its most
        frequent value counts). Values with fewer than three groups cannot be in three
        parts; they are treated as one value, or, where that has fewer than three groups
        itself, as the most frequent one. A part smaller than the number of values is
        drawn by chance.
    seed : int

    Returns
    -------
    dict of str to ndarray of int
        Sorted positions for "train", "validation" and "test".

    Raises
    ------
    ValueError
        If a share is not between 0 and 1, a column is missing or its value in any line
        (None, NaN, NaT, empty text), or there are too few groups for three parts.
    """
    _check(index, (test, validation), (group, stratify))
    members = _members(index, group)
    if len(members) < MINIMUM:
        what = "images" if group is None else f"values of {group!r}"
        raise ValueError(
            f"{len(members)} {what} cannot make three parts; at least {MINIMUM} are needed."
        )
    classes = None if stratify is None else _classes(index[stratify], members)
    rest, test_groups = _two(np.arange(len(members)), test, classes, seed)
    train, validation_groups = _two(rest, validation, classes, seed)
    chosen = {"train": train, "validation": validation_groups, "test": test_groups}
    return {
        name: np.sort(np.concatenate([members[g] for g in groups]))
        for name, groups in chosen.items()
    }


def hold_out(index, column, values, *, validation=0.2, group="group", seed=0):
    """Test on all lines with some values of a column, such as the images of one hospital, and train on the others.

    Parameters
    ----------
    index : pandas.DataFrame
    column : str
        Such as "site".
    values : sequence
        What the test consists of, such as `["DU"]`.
    validation : float
        Share of the remaining groups, between 0 and 1.
    group, seed
        As for `split`.

    Returns
    -------
    dict of str to ndarray of int
        Sorted positions for "train", "validation" and "test".

    Raises
    ------
    ValueError
        If a column or a value is missing, also its value in any line, as in `split`; if a group has lines on both
        sides, or too few groups remain.
    """
    _check(index, (validation,), (group, column))
    unknown = sorted(set(values) - set(index[column]))
    if unknown:
        known = sorted(set(index[column]))
        raise ValueError(f"The column {column!r} has no value {unknown[0]!r}; it has {', '.join(map(str, known))}.")
    held = index[column].isin(values).to_numpy()
    if group is not None and set(index[group][held]) & set(index[group][~held]):
        shared = sorted(set(index[group][held]) & set(index[group][~held]))[0]
        raise ValueError(f"{shared!r} has lines with {column} in {list(values)} and others: it would be on both sides.")
    outside = np.flatnonzero(~held)
    members = [outside[positions] for positions in _members(index.iloc[outside], group)]
    if len(members) < 2:
        raise ValueError(f"Without {list(values)} {len(members)} groups remain; training and validation need one each.")
    train, validation_groups = _two(np.arange(len(members)), validation, None, seed)
    return {
        "train": np.sort(np.concatenate([members[g] for g in train])),
        "validation": np.sort(np.concatenate([members[g] for g in validation_groups])),
        "test": np.flatnonzero(held),
    }


def _check(index, shares, columns):
    for share in shares:
        if not 0 < share < 1:
            raise ValueError(f"A share of {share} does not lie between 0 and 1: it is a share of the images.")
    for column in columns:
        if column is not None and column not in index:
            raise ValueError(f"The index has no column {column!r}; it has {', '.join(map(str, index.columns))}.")
        if column is not None:
            check_known(index[column], column)


def _members(index, group):
    """Positions of each group's lines, groups in the order in which they appear."""
    if group is None:
        return list(np.arange(len(index))[:, None])
    return list(index.groupby(group, sort=False).indices.values())


def _classes(column, members):
    usual = pd.Series([column.iloc[positions].mode().iloc[0] for positions in members])
    counts = usual.map(usual.value_counts())
    rare = counts < MINIMUM
    return usual.where(~rare, "rare" if rare.sum() >= MINIMUM else usual.mode().iloc[0]).astype(str).to_numpy()


def _two(positions, share, classes, seed):
    own = None if classes is None else classes[positions]
    size = max(1, round(share * len(positions)))
    # Stratifying needs two groups of each value and room for each value in both parts.
    if own is not None:
        values, counts = np.unique(own, return_counts=True)
        if counts.min() < 2 or min(size, len(positions) - size) < len(values):
            own = None
    first, second = train_test_split(positions, test_size=size, stratify=own, random_state=seed)
    return np.sort(first), np.sort(second)
