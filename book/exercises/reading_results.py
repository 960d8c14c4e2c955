"""The chapter on reading a results table: solutions, and typical mistakes with the hint each must get."""

import math


def _fits(precision, recall, dice, iou, off=0.005):
    low, high = (2 * (precision + k) * (recall + k) / (precision + recall + 2 * k) for k in (-off, off))
    low, high = max(low, dice - off), min(high, dice + off)
    if low > high + 1e-9:
        return False
    return low / (2 - low) - 1e-9 <= iou + off and iou - off <= high / (2 - high) + 1e-9


def _within(tolerance):
    """The obvious answer: one tolerance for each equation, from the printed numbers."""

    def names(table):
        return [
            name
            for name, (p, r, dice, iou) in table.items()
            if abs(2 * p * r / (p + r) - dice) > tolerance or abs(dice / (2 - dice) - iou) > tolerance
        ]

    return names


SOLUTIONS = {
    "dice_from_two": lambda p, r: 2 * p * r / (p + r) if p + r else 0.0,
    "patients_needed": lambda difference, s: math.ceil((1.96 * s / difference) ** 2),
    "contradictions": lambda table: [name for name, row in table.items() if not _fits(*row)],
}
MISTAKES = [
    ("dice_from_two", lambda p, r: (p + r) / 2, "Twice the product"),
    ("dice_from_two", lambda p, r: p * r, "Where precision and recall are equal"),
    ("dice_from_two", lambda p, r: 2 * p * r / (p + r), "ZeroDivisionError"),
    ("patients_needed", lambda difference, s: math.ceil(1.96 * s / difference), "squared"),
    ("patients_needed", lambda difference, s: int((1.96 * s / difference) ** 2), "one patient more"),
    ("patients_needed", lambda difference, s: math.ceil((2 * s / difference) ** 2), "1.96 s over"),
    ("patients_needed", lambda difference, s: max(math.ceil(1.96 * s / difference), 0) ** 2, "1.96 s over"),
    ("patients_needed", lambda difference, s: int((1.96 * s / difference) ** 2) + 1, "do not add 1"),
    ("contradictions", _within(0.0), "Mind that all are rounded"),
    ("contradictions", _within(0.005), "carry the rounding"),
    ("contradictions", _within(0.02), "too kind"),
    (
        "contradictions",
        lambda table: [name for name, (_, _, dice, iou) in table.items() if abs(dice / (2 - dice) - iou) > 0.01],
        "The plain mean",
    ),
    (
        "contradictions",
        lambda table: [name for name, (p, r, dice, _) in table.items() if abs(2 * p * r / (p + r) - dice) > 0.01],
        "Does IoU agree",
    ),
    ("contradictions", lambda table: SOLUTIONS["contradictions"](table)[::-1], "in the order of the table"),
]
