"""Scores of one case of labels, region by region: whole tumour, tumour core and enhancing tumour in BraTS."""

import numpy as np

from .overlap import as_labels, confusion, score
from .surface import surface_scores


def region_scores(truth, prediction, regions, *, spacing, tolerance, empty, one_empty):
    """Score each region of one case: overlap and surfaces.

    Parameters
    ----------
    truth, prediction : array of int, shape (H, W) or (Z, H, W)
        Labels of one case.
    regions : dict
        Labels that make up each region, for instance `unet_course.datasets.brats.REGIONS`:
        {"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)}. Regions may overlap.
    spacing : float or sequence of float
        Millimetres from pixel to pixel, along each axis in the order of the array.
    tolerance : float
        Of `surface_dice`, millimetres.
    empty, one_empty
        The rules for empty masks, as `hausdorff` has them. BraTS counts nothing found where nothing is as perfect
        (`empty=1`: Dice 1, distance 0), and gives `one_empty` = 373.13 mm, the `diagonal` of its volumes, when only one
        mask is empty.

    Returns
    -------
    dict of dict of float
        For each region `dice`, `sensitivity`, `specificity`, `hausdorff_95`, `average_surface_distance` and
        `surface_dice`; then `voxels_truth` and `voxels_prediction`, so that empty masks are seen.

    Raises
    ------
    ValueError
        If the shapes differ, or if a label is neither 0 nor in a region, or no whole number.
    """
    truth, prediction = as_labels(truth, prediction)
    known = [0, *(label for labels in regions.values() for label in labels)]
    for labels, name in ((truth, "truth"), (prediction, "prediction")):
        strange = labels[~np.isin(labels, known)]
        if strange.size:
            raise ValueError(
                f"{name} holds label {strange[0]}, which is in no region: renumber the labels as `regions` has them, "
                "or set them to 0."
            )
    table = {}
    for name, labels in regions.items():
        masks = np.isin(truth, labels), np.isin(prediction, labels)
        counts = confusion(*(mask[None] for mask in masks))[0]
        overlap = {key: float(score(key, counts, empty=empty)) for key in ("dice", "sensitivity", "specificity")}
        surfaces = surface_scores(*masks, spacing=spacing, tolerance=tolerance, empty=empty, one_empty=one_empty)
        tp, fp, fn, _ = counts.tolist()
        table[name] = overlap | surfaces | {"voxels_truth": tp + fn, "voxels_prediction": tp + fp}
    return table
