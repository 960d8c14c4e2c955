"""Checks for the chapter on your own images: the patient in a name, a window, and what may leave the hospital."""

import numpy as np

from .check import check


def patient_of(function):
    """Check `function(name)`: what stands before the first underscore."""

    def letters(name):
        found = function(name)
        return None if found is None else [ord(letter) for letter in str(found)]

    asked = [
        (
            "p07_left_003",
            "p07",
            "Left and right of one person must not part: cut at the first underscore, not the last.",
        ),
        ("p12_right_114", "p12", "The patient comes first, whatever follows."),
        ("p7", "p7", "A name without underscore is the patient itself."),
    ]
    check(
        "patient_of", letters, [((name,), [ord(letter) for letter in patient], hint) for name, patient, hint in asked]
    )


def windowed(function):
    """Check `function(values, slope, intercept, centre, width)`: grey levels from 0 to 1."""
    values = np.array([[0.0, 50.0], [100.0, 400.0]])
    cases = [
        (
            (values, 1, 0, 50, 100),
            [[0, 0.5], [1, 1]],
            "The window reaches from centre - width / 2 to centre + width / 2; what lies outside is cut to 0 and 1.",
        ),
        (
            (values, 2, -100, 0, 200),
            [[0, 0.5], [1, 1]],
            "Slope and intercept come first: the window is given in the scanner's units, not in stored numbers.",
        ),
        ((values - 1000, 1, 0, 50, 100), [[0, 0], [0, 0]], "Far below the window everything is 0."),
    ]
    check("windowed", function, cases)


def may_leave(function):
    """Check `function(fields, allowed)`: allowed, and not private."""
    fields = {
        (0x0010, 0x0010): "Doe^Jane",
        (0x0028, 0x0010): 512,
        (0x0029, 0x1010): "who knows",
        (0x0018, 0x0050): 5.0,
    }

    def tags(*arguments):
        found = function(*arguments)
        return None if found is None else [list(tag) for tag in sorted(found)]

    rows, thick, private = (0x0028, 0x0010), (0x0018, 0x0050), (0x0029, 0x1010)
    cases = [
        (
            (fields, {rows, thick}),
            [list(thick), list(rows)],
            "What is not on the list goes: also what you have never heard of.",
        ),
        (
            (fields, {rows, private}),
            [list(rows)],
            "An odd group is private: only its maker knows what it holds, so it goes even when it is listed.",
        ),
        ((fields, {(0x0008, 0x0060)}), [], "An allowed field that is not there cannot be returned."),
    ]
    check("may_leave", tags, cases)
