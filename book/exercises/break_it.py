"""The chapter on six ways to break it: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def patients_apart(patients, folds):
    for training, test in folds:
        assert not set(patients[training]) & set(patients[test])


def looks_at_positions(patients, folds):
    for training, test in folds:
        assert not set(training) & set(test)


def returns_instead(patients, folds):
    return all(not set(patients[training]) & set(patients[test]) for training, test in folds)


def returns_too_early(patients, folds):
    for training, test in folds:
        assert not set(patients[training]) & set(patients[test])
        return True


def pools_the_folds(patients, folds):
    training, test = (np.concatenate(side) for side in zip(*folds, strict=True))
    assert not set(patients[training]) & set(patients[test])


def wants_one_slice_each(patients, folds):
    assert len(set(patients)) == len(patients)


def labels_survive(shrink, high=4):
    labels = np.zeros((16, 16), int)
    labels[3:12, 5:14] = high
    assert set(np.unique(shrink(labels, 7))) <= {0, high}


def looks_at_the_range(shrink):
    labels = np.zeros((16, 16), int)
    labels[3:12, 5:14] = 4
    found = shrink(labels, 7)
    assert found.max() <= 4 and np.array_equal(found, found.astype(int))


def wants_every_label_back(shrink):
    labels = np.zeros((16, 16), int)
    labels[5, 5] = 4
    assert set(np.unique(shrink(labels, 3))) == {0, 4}


def marker_stays(path, shapes=((6, 6), (6, 9)), place=(1, 4)):
    for shape in shapes:
        picture = np.zeros(shape)
        picture[place] = 1
        assert np.array_equal(path(picture), picture)


def looks_at_the_shape(path):
    assert path(np.zeros((6, 6))).shape == (6, 6)


def compares_with_grey(path):
    picture = np.zeros((6, 9))
    picture[1, 4] = 0.9
    assert np.array_equal(path(picture), picture)


SOLUTIONS = {"patients_apart": patients_apart, "labels_survive": labels_survive, "marker_stays": marker_stays}
MISTAKES = [
    ("patients_apart", returns_instead, "nobody reads what it returns"),
    ("patients_apart", looks_at_positions, "passed a broken program"),
    ("patients_apart", wants_one_slice_each, "many slices"),
    ("patients_apart", pools_the_folds, "one fold at a time"),
    ("patients_apart", returns_too_early, "the last fold is broken"),
    ("patients_apart", lambda patients, folds: patients_apart(patients, folds[-1:]), "the first fold is broken"),
    ("labels_survive", lambda shrink: None, "passed a broken program"),
    ("labels_survive", lambda shrink: labels_survive(shrink, high=1), "far apart, such as 0 and 4"),
    ("labels_survive", looks_at_the_range, "such as 0 and 4"),
    ("labels_survive", wants_every_label_back, "cry wolf"),
    ("marker_stays", lambda path: marker_stays(path, shapes=((6, 6),), place=(2, 2)), "on the diagonal hides that"),
    ("marker_stays", looks_at_the_shape, "on the diagonal hides that"),
    ("marker_stays", compares_with_grey, "brighter than 0.5"),
    ("marker_stays", lambda path: marker_stays(path, shapes=((5, 7),), place=(2, 4)), "up and down"),
    ("marker_stays", lambda path: marker_stays(path, shapes=((7, 7),), place=(1, 3)), "left and right"),
    ("marker_stays", lambda path: marker_stays(path, shapes=((6, 6),)), "not square"),
]
