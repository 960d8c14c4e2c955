"""The chapter on nuclei: solutions, and typical mistakes with the hint each must get."""

import numpy as np

SOLUTIONS = {
    "background_accuracy": lambda masks: np.mean(masks == 0),
    "merge_masks": lambda masks: (np.max(masks, axis=0) > 0).astype(int),
    "dice_from_counts": lambda tp, fp, fn: 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 1.0,
}
MISTAKES = [
    ("background_accuracy", lambda masks: np.mean(masks), "How many pixels are 0"),
    ("background_accuracy", lambda masks: None, "is there a `return`"),
    ("merge_masks", lambda masks: sum(masks), "0 and 1"),
    ("merge_masks", lambda masks: sum(masks) // 255, "wraps around"),
    ("dice_from_counts", lambda tp, fp, fn: tp / (tp + fp + fn), "twice the overlap"),
    ("dice_from_counts", lambda tp, fp, fn: 2 * tp / (2 * tp + fp + fn), "ZeroDivisionError"),
]
