"""Exercises of the chapter on six ways to break it: the reader writes tests, which are tried on broken programs."""

import numpy as np
from skimage.transform import resize

from .trying import check

_SILENT = (
    "Your test passed a broken program. A test speaks by `assert` alone: nobody reads what it returns, and a pair "
    "(condition, text) in brackets is always true."
)
_STRICT = "Your test failed a sound program: it would cry wolf every day."


def patients_apart(function):
    """Check a test `function(patients, parts)`: does it fail when a patient is in two parts?"""
    patients = np.array(list("aabbccdd"))

    def cut(train, validation, test):
        return patients, {"train": np.array(train), "validation": np.array(validation), "test": np.array(test)}

    sound = cut([0, 1, 2, 3], [4, 5], [6, 7])
    _check_test(
        "patients_apart",
        function,
        [
            (cut([0, 1, 2, 3, 4], [6, 7], [5]), True, _SILENT + " Here training and test share a patient."),
            (sound, False, _STRICT + " A patient may have many slices, as long as all lie in one part."),
            (
                cut([0, 1, 2, 4], [3], [6, 7]),
                True,
                "Training and validation share a patient here. Compare any two parts.",
            ),
            (
                cut([0, 1], [2, 3, 4], [5, 6, 7]),
                True,
                "Validation and test share a patient here. Compare any two parts.",
            ),
            (cut([6, 7, 4, 5], [0, 1], [2, 3]), False, _STRICT + " The order of the patients does not matter."),
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
            ((_squared,), True, "This one is broken on pictures that are not square. Try one of those too."),
        ],
    )


def _squared(picture):
    """What a program does that believes every picture to be square: the longer side is cut off."""
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
