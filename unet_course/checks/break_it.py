"""Exercises of the chapter on six ways to break it: the reader writes tests, which are tried on broken programs."""

import numpy as np
from skimage.transform import resize

from .check import check

_SILENT = (
    "Your test passed a broken program. A test speaks by `assert` alone: nobody reads what it returns, and a pair "
    "(condition, text) in brackets is always true."
)
_STRICT = "Your test failed a sound program: it would cry wolf every day."


def patients_apart(function):
    """Check a test `function(patients, folds)`: does it fail when a patient is on both sides of a fold?"""
    patients = np.array(list("aabbccdd"))

    def cut(*folds):
        return patients, [(np.array(training), np.array(test)) for training, test in folds]

    first, second = ([0, 1, 2, 3], [4, 5, 6, 7]), ([4, 5, 6, 7], [0, 1, 2, 3])
    torn = ([2, 4, 5, 6, 7], [0, 1, 3])
    _check_test(
        "patients_apart",
        function,
        [
            (cut(([0, 1, 2, 3, 4], [5, 6, 7])), True, _SILENT + " Here both sides of the only fold share a patient."),
            (cut(first), False, _STRICT + " A patient may have many slices, as long as all lie on one side."),
            (
                cut(first, second),
                False,
                _STRICT + " A patient may train in one fold and test in another. Look at one fold at a time.",
            ),
            (cut(first, torn), True, "Here the last fold is broken. Look at every fold."),
            (cut(torn, first), True, "Here the first fold is broken. Look at every fold."),
        ],
    )


def labels_survive(function):
    """Check a test `function(shrink)`: does it fail when shrinking makes new labels?"""

    def nearest(labels, size):
        return resize(labels, (size, size), order=0, anti_aliasing=False, preserve_range=True).astype(labels.dtype)

    def mixed(labels, size):
        return resize(labels.astype(float), (size, size), order=1, anti_aliasing=True)

    def rounded(labels, size):
        return mixed(labels, size).round().astype(int)

    def cut_off(labels, size):
        """Bilinear, but numbers above the largest label cannot come out of it anyway."""
        return np.clip(mixed(labels, size).astype(int), labels.min(), labels.max())

    _check_test(
        "labels_survive",
        function,
        [
            ((mixed,), True, _SILENT + " Here neighbours were mixed, and values such as 0.37 came out."),
            ((nearest,), False, _STRICT + " Nearest neighbour makes no new label, but a small one may vanish."),
            (
                (rounded,),
                True,
                "Here neighbours were mixed and rounded. Between 0 and 1 lies no whole number, so try labels that are "
                "far apart, such as 0 and 4, without those in between.",
            ),
            (
                (cut_off,),
                True,
                "Here labels between the smallest and the largest appear. Look at each label, not at the range.",
            ),
        ],
    )


def marker_stays(function):
    """Check a test `function(path)`: does it fail when a program turns or mirrors what it is given?"""

    def sound(picture):
        return (picture > 0.5).astype(int)

    _check_test(
        "marker_stays",
        function,
        [
            (
                (lambda picture: sound(picture).T,),
                True,
                _SILENT + " Here the mask is turned. A mark on the diagonal hides that.",
            ),
            ((sound,), False, _STRICT + " Compare with what the network marks: brighter than 0.5."),
            (
                (lambda picture: sound(picture)[::-1],),
                True,
                "Here up and down change places. A mark in the middle row hides that.",
            ),
            (
                (lambda picture: sound(picture)[:, ::-1],),
                True,
                "Here left and right change places. A mark in the middle hides that.",
            ),
            ((_squared,), True, "This one is broken on images that are not square. Try one of those too."),
        ],
    )


def _squared(picture):
    """What a program does that believes every image to be square: the longer side is cut off."""
    side = min(picture.shape)
    return (picture[:side, :side] > 0.5).astype(int)


def _check_test(name, function, cases):
    """Say whether a test fails exactly where it must; `cases` are arguments, whether to fail, and the hint."""

    def fails(*arguments):
        try:
            function(*arguments)
        except AssertionError:
            return 1
        return 0

    check(name, fails, [(arguments, int(must_fail), hint) for arguments, must_fail, hint in cases])
