"""The chapter that maps the field: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def _without_gaps(mask, labels):
    new = np.zeros_like(mask)
    for number, label in enumerate(labels):
        new[mask == label] = number
    return new


def _in_place(mask, labels):
    new = mask.copy()
    for number, label in enumerate(labels):
        new[new == label] = number
    return new


def _spoilt(folds, patient_of, *, shared=bool, empty=True):
    sides = [[{patient_of.get(case, case) for case in fold[side]} for side in ("train", "val")] for fold in folds]
    return [n for n, (train, val) in enumerate(sides) if shared(train & val) or (empty and not val)]


SOLUTIONS = {
    "nnunet_name": lambda case, channel, ending: f"{case}_{channel:04d}{ending}",
    "without_gaps": _without_gaps,
    "spoilt_folds": _spoilt,
}
MISTAKES = [
    ("nnunet_name", lambda case, channel, ending: f"{case}_{channel}{ending}", "four digits, with zeros"),
    ("nnunet_name", lambda case, channel, ending: f"{case}_000{channel}{ending}", "the number itself has two"),
    ("nnunet_name", lambda case, channel, ending: f"{case}_{channel:04d}.nii.gz", "ending brings its own dot"),
    ("without_gaps", lambda mask, labels: mask, "it becomes 3"),
    (
        "without_gaps",
        lambda mask, labels: np.unique(mask, return_inverse=True)[1].reshape(mask.shape),
        "not those of the mask",
    ),
    ("without_gaps", _in_place, "replaced again"),
    ("spoilt_folds", lambda folds, patient_of: _spoilt(folds, {}), "compare patients"),
    ("spoilt_folds", lambda folds, patient_of: _spoilt(folds, patient_of, empty=False), "An empty validation"),
    (
        "spoilt_folds",
        lambda folds, patient_of: [n for n in range(len(folds)) if n in _spoilt(folds, patient_of) and n != 1],
        "two cases of one patient",
    ),
]
