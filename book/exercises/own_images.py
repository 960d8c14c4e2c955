"""The chapter on your own images: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def _windowed(values, slope, intercept, centre, width):
    return np.clip((np.multiply(values, slope) + intercept - centre) / width + 0.5, 0, 1)


def _may_leave(fields, allowed):
    return {tag: value for tag, value in fields.items() if tag in allowed and tag[0] % 2 == 0}


SOLUTIONS = {
    "patient_of": lambda name: name.split("_")[0],
    "windowed": _windowed,
    "may_leave": _may_leave,
}
MISTAKES = [
    ("patient_of", lambda name: name.rpartition("_")[0], "cut at the first underscore"),
    ("patient_of", lambda name: name[:3] if "_" in name else "", "is the patient itself"),
    (
        "windowed",
        lambda values, slope, intercept, centre, width: (values * slope + intercept - centre) / width + 0.5,
        "what lies outside is cut",
    ),
    (
        "windowed",
        lambda values, slope, intercept, centre, width: np.clip((values - centre) / width + 0.5, 0, 1),
        "Slope and intercept come first",
    ),
    (
        "may_leave",
        lambda fields, allowed: {tag: fields[tag] for tag in fields if tag[0] % 2 == 0},
        "is not on the list",
    ),
    ("may_leave", lambda fields, allowed: {tag: fields[tag] for tag in fields if tag in allowed}, "An odd group"),
]
