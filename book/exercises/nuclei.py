"""The chapter on nuclei: solutions, and typical mistakes with the hint each must get."""

import numpy as np

SOLUTIONS = {
    "background_accuracy": lambda masks: np.mean(masks == 0),
    "merge_masks": lambda masks: (np.max(masks, axis=0) > 0).astype(int),
    "half_covered": lambda grey: (grey > 127.5).astype(int),
    "dice_from_counts": lambda tp, fp, fn: 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 1.0,
}
MISTAKES = [
    ("background_accuracy", lambda masks: np.mean(masks), "How many pixels are 0"),
    ("background_accuracy", lambda masks: None, "is there a `return`"),
    ("merge_masks", lambda masks: sum(masks), "0 and 1"),
    ("merge_masks", lambda masks: sum(masks) // 255, "wraps around"),
    ("half_covered", lambda grey: grey.astype(bool).astype(int), "the mask swells"),
    ("half_covered", lambda grey: (grey > 0.5).astype(int), "half of it is 127.5"),
    ("half_covered", lambda grey: (grey > grey.max() / 2).astype(int), "half of the brightest pixel"),
    ("dice_from_counts", lambda tp, fp, fn: tp / (tp + fp + fn), "twice the overlap"),
    ("dice_from_counts", lambda tp, fp, fn: 2 * tp / (2 * tp + fp + fn), "ZeroDivisionError"),
]
