"""The NumPy truth about scores: every other metric of the course is tested against this room.

`overlap` counts pixels (Dice and its relatives), `surface` measures millimetres between outlines, `regions` scores a
volume of labels region by region, `instances` counts objects, and `calibration` asks whether probabilities can be
believed.

Nearly every score is 0/0 when nothing is there and nothing was found. What that counts as is a choice, and the keyword
`empty`, which has no default, makes you choose: "nan" (leave it out of means), 1 (perfect) or 0 (a failure).
"""

from .calibration import brier, cross_entropy, expected_calibration_error, fit_temperature, reliability, temper
from .instances import INSTANCE_THRESHOLDS, instance_average_precision, instance_counts, instance_iou
from .overlap import (
    FORMULAS,
    NAMES,
    confusion,
    confusion_matrix,
    dice,
    iou,
    one_against_rest,
    pool,
    score,
    summary,
    undefined,
)
from .regions import region_scores
from .surface import (
    average_surface_distance,
    diagonal,
    hausdorff,
    surface_dice,
    surface_distances,
    surface_scores,
)

__all__ = [
    "FORMULAS",
    "INSTANCE_THRESHOLDS",
    "NAMES",
    "average_surface_distance",
    "brier",
    "confusion",
    "confusion_matrix",
    "cross_entropy",
    "diagonal",
    "dice",
    "expected_calibration_error",
    "fit_temperature",
    "hausdorff",
    "instance_average_precision",
    "instance_counts",
    "instance_iou",
    "iou",
    "one_against_rest",
    "pool",
    "region_scores",
    "reliability",
    "score",
    "summary",
    "surface_dice",
    "surface_distances",
    "surface_scores",
    "temper",
    "undefined",
]
