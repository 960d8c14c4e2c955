"""Exercises of the chapter on reading a results table."""

from .check import check

INVENTED = {
    "A": (0.90, 0.60, 0.72, 0.56),
    "B": (0.85, 0.75, 0.80, 0.69),
    "C": (0.88, 0.70, 0.78, 0.65),
    "D": (0.95, 0.91, 0.93, 0.87),
    "E": (0.80, 0.70, 0.85, 0.74),
}


def dice_from_two(function):
    """Check `function(precision, recall)`: their harmonic mean, 0 when both are 0."""
    cases = [
        ((0.7, 0.7), 0.7, "Where precision and recall are equal, Dice is the same number."),
        (
            (1.0, 0.5),
            2 / 3,
            "Twice the product over the sum. The plain mean is larger: Dice leans to the worse of the two.",
        ),
        ((0.0, 0.9), 0.0, "If either is 0, Dice is 0."),
        ((0.0, 0.0), 0.0, "Both 0 is 0/0: nothing was found right, so return 0."),
    ]
    check("dice_from_two", function, cases)


def patients_needed(function):
    """Check `function(difference, s)`: the smallest number of patients that can show a difference."""
    cases = [
        ((0.1, 0.2), 16, "The fraction 1.96 s / difference is squared, and a part of a patient is one patient more."),
        (
            (0.005, 0.08),
            984,
            "The fraction is 1.96 s over the difference, not the other way round; square it, round up.",
        ),
        ((-0.1, 0.2), 16, "A method that is worse by 0.1 needs as many patients as one that is better by 0.1."),
        ((1.96, 1.0), 1, "One patient is the least, and an exact fit needs no extra one: round up, do not add 1."),
    ]
    check("patients_needed", function, cases)


def contradictions(function):
    """Check `function(table)`: names of the rows whose two-digit scores cannot all be right."""
    good = {"one": (0.80, 0.80, 0.80, 0.67), "two": (0.90, 0.60, 0.72, 0.56)}
    wrong_dice = {"mean": (0.90, 0.50, 0.70, 0.54), **good}
    wrong_iou = {**good, "same": (0.80, 0.80, 0.80, 0.80)}
    asked = [
        (good, [], "All numbers of this table fit, so the answer is an empty list. Mind that all are rounded."),
        (
            wrong_dice,
            ["mean"],
            "Does Dice agree with 2 P R / (P + R)? The plain mean of precision and recall is not it.",
        ),
        (wrong_iou, ["same"], "Does IoU agree with Dice / (2 - Dice)?"),
        (
            {"rounded": INVENTED["C"]},
            [],
            "Each number may be off by 0.005. Precision 0.8845 and recall 0.7045 make Dice 0.7843 and IoU 0.6451, and "
            "that fits here: carry the rounding of all four through the equations, not that of the last one only.",
        ),
        (
            {"close": (0.50, 0.50, 0.50, 0.35)},
            ["close"],
            "Off by 0.005 allows IoU 0.34 beside Dice 0.50, but not 0.35: a tolerance of 0.02 for all is too kind.",
        ),
        (INVENTED, ["B", "E"], "Return the names of all rows at fault, in the order of the table."),
    ]

    def places(table):
        found = function(table)
        return None if found is None else [list(table).index(name) for name in found]

    cases = [((table,), [list(table).index(name) for name in names], hint) for table, names, hint in asked]
    check("contradictions", places, cases)
