"""Touching nuclei, apart: the edge of a nucleus as a class of its own, and a watershed from inside to edge.

Explained in the chapter "Images larger than memory", section "What it brings: nuclei at their own size".
"""

import numpy as np
from skimage import measure, segmentation

from ..common.inputs import as_probabilities

BACKGROUND, INSIDE, EDGE = range(3)


def classes(instances):
    """What a network learns that should tell touching objects apart: background, inside, edge.

    Parameters
    ----------
    instances : array of int, shape (H, W)
        Labels of the objects; 0 is background.

    Returns
    -------
    array of uint8, shape (H, W)
        0 background, 1 inside, 2 edge: the outermost pixels of each object, one pixel wide. Inside and edge together
        are the mask. An object that is two pixels wide or less is all edge.

    References
    ----------
    Caicedo et al. (2019), Evaluation of deep learning strategies for nucleus segmentation in fluorescence images,
    Cytometry A 95, 952-965, https://doi.org/10.1002/cyto.a.23863.
    """
    instances = np.asarray(instances)
    edge = segmentation.find_boundaries(instances, mode="inner", connectivity=1)
    return np.where(instances == 0, BACKGROUND, np.where(edge, EDGE, INSIDE)).astype(np.uint8)


def instances(probabilities, *, threshold=0.5, seeds_above=0.5, min_area=15):
    """Separate objects from the probabilities of the three classes.

    Pieces that are surely inside are the seeds; the water rises from inside to edge until the basins meet. A piece of
    the mask without any seed, a small object that is all edge, is one object.

    Parameters
    ----------
    probabilities : array, shape (H, W, 3)
        Background, inside and edge, as `predict` gives them for a network that learned `classes`.
    threshold : float
        Pixels whose probability of inside and edge together is above it are foreground.
    seeds_above : float
        Pixels whose probability of inside is above it are seeds.
    min_area : int
        Smaller objects are dropped, pixels.

    Returns
    -------
    array of int32, shape (H, W)
        Labels 1, 2, ...; 0 is background.

    Raises
    ------
    ValueError
        If there are not three classes, or a probability is NaN or outside [0, 1].
    """
    probabilities = as_probabilities(probabilities)
    if probabilities.shape[-1] != 3:
        raise ValueError(
            f"The last axis must hold background, inside and edge; this array has shape {probabilities.shape}."
        )
    foreground = 1 - probabilities[..., BACKGROUND] > threshold
    inside = probabilities[..., INSIDE]
    seeds = measure.label(foreground & (inside > seeds_above))
    pieces = measure.label(foreground)
    without = foreground & ~np.isin(pieces, np.unique(pieces[seeds > 0]))
    seeds[without] = seeds.max() + pieces[without]
    labels = segmentation.watershed(-inside, seeds, mask=foreground)
    large = np.bincount(labels.ravel()) >= min_area
    return segmentation.relabel_sequential(labels * large[labels])[0].astype(np.int32)
