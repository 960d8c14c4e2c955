"""Splits that can be repeated: the same index and seed give the same parts on every machine."""

import numpy as np
from sklearn.model_selection import train_test_split

MINIMUM = 3


def split(index, *, test=0.2, validation=0.2, stratify=None, seed=0):
    """Divide the lines of an index into training, validation and test.

    Parameters
    ----------
    index : pandas.DataFrame
        One line per picture.
    test : float
        Share of all pictures, between 0 and 1.
    validation : float
        Share of the rest, between 0 and 1.
    stratify : str, optional
        Column whose values keep their shares in every part. Values with fewer than three pictures cannot be in
        three parts; they are treated as one value.
    seed : int

    Returns
    -------
    dict of str to ndarray of int
        Sorted positions for "train", "validation" and "test".

    Raises
    ------
    ValueError
        If a share is not between 0 and 1, the column is missing, or there are too few pictures for three parts.
    """
    for name, share in (("test", test), ("validation", validation)):
        if not 0 < share < 1:
            raise ValueError(f"{name}={share} must lie between 0 and 1: it is a share of the pictures.")
    if stratify is not None and stratify not in index:
        raise ValueError(f"The index has no column {stratify!r}; it has {', '.join(index.columns)}.")
    if len(index) < MINIMUM:
        raise ValueError(f"{len(index)} pictures cannot make three parts; at least {MINIMUM} are needed.")
    classes = _classes(index[stratify]) if stratify else None
    rest, test_part = _two(np.arange(len(index)), test, classes, seed)
    train, validation_part = _two(rest, validation, classes, seed)
    return {"train": train, "validation": validation_part, "test": test_part}


def _classes(column):
    counts = column.map(column.value_counts())
    return column.where(counts >= MINIMUM, "rare").to_numpy()


def _two(positions, share, classes, seed):
    own = None if classes is None else classes[positions]
    size = max(1, round(share * len(positions)))
    # Stratifying needs two pictures of each value and room for each value in both parts.
    if own is not None:
        values, counts = np.unique(own, return_counts=True)
        if counts.min() < 2 or min(size, len(positions) - size) < len(values):
            own = None
    first, second = train_test_split(positions, test_size=size, stratify=own, random_state=seed)
    return np.sort(first), np.sort(second)
