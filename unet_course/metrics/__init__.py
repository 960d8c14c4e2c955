"""Scores of masks and probabilities in NumPy: the reference with which the twins' running scores are compared.

`overlap` counts pixels (Dice and its relatives), `surface` measures millimetres between outlines, `regions` scores a
volume of labels region by region, `instances` counts objects, and `calibration` asks whether probabilities can be
believed.

Nearly every score is 0/0 when nothing is there and nothing was found. What that counts as is a choice, and the keyword
`empty`, which has no default, makes you choose: "nan" (leave it out of means), 1 (perfect) or 0 (a failure).
"""

from .calibration import (
    apply_temperature,
    brier_score,
    cross_entropy,
    expected_calibration_error,
    fit_temperature,
    reliability_curve,
)
from .instances import INSTANCE_THRESHOLDS, instance_average_precision, instance_counts, instance_iou
from .overlap import (
    FORMULAS,
    NAMES,
    confusion,
    confusion_matrix,
    dice,
    iou,
    one_vs_rest,
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
    "apply_temperature",
    "average_surface_distance",
    "brier_score",
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
    "one_vs_rest",
    "pool",
    "region_scores",
    "reliability_curve",
    "score",
    "summary",
    "surface_dice",
    "surface_distances",
    "surface_scores",
    "undefined",
]
