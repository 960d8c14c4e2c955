"""Distances between the surfaces of two masks, in millimetres: Hausdorff, average distance, surface Dice.

One case at a time, 2-D or 3-D. The surface of a mask is the set of its pixels that touch a pixel outside the mask with
an edge (in 3-D, a face); what lies beyond the border of the array is outside. A distance goes from the centre of such
a pixel to the nearest centre on the other surface. Google DeepMind's `surface-distance` puts surfaces between pixels
instead and differs by up to about one pixel; MONAI and MedPy find the same surface as here.
"""

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from ..preprocessing import foreground_box
from ..preprocessing.mr import as_spacing
from .overlap import as_binary, check_empty, check_shapes


def surface_distances(truth, prediction, *, spacing):
    """How far each point of one surface is from the other surface.

    Parameters
    ----------
    truth, prediction : array, shape (H, W) or (Z, H, W)
        0 or 1, or booleans.
    spacing : float or sequence of float
        Millimetres between the centres of neighbouring pixels, along each axis in the order of the array. 1 measures
        in pixels.

    Returns
    -------
    from_truth, from_prediction : 1-D arrays of float64
        Millimetres, one number for each point of the surface of the truth, and of the prediction. Infinite where the
        other mask is empty; without elements where the mask itself is.

    Raises
    ------
    ValueError
        If shapes differ, a mask is not binary, or `spacing` does not fit.
    """
    truth, prediction = as_binary(truth, "truth"), as_binary(prediction, "prediction")
    check_shapes(truth, prediction)
    spacing = as_spacing(spacing, truth.ndim)
    marked = truth | prediction
    box = foreground_box(marked) if marked.any() else ()
    truth, prediction = _surface(truth[box]), _surface(prediction[box])
    points = [np.argwhere(mask) * spacing for mask in (truth, prediction)]
    if not all(map(len, points)):
        return tuple(np.full(len(own), np.inf) for own in points)
    # A tree of points costs by the point, a distance map by the pixel: about eight pixels take as long as a point.
    if truth.size > 8 * sum(map(len, points)):
        return cKDTree(points[1]).query(points[0])[0], cKDTree(points[0]).query(points[1])[0]
    return (
        ndimage.distance_transform_edt(~prediction, spacing)[truth],
        ndimage.distance_transform_edt(~truth, spacing)[prediction],
    )


def hausdorff(truth, prediction, *, spacing, empty, one_empty, percentile=95):
    """Hausdorff distance: how far the surfaces part where they part most, the worst 5 % left out.

    Of each of the two sets of `surface_distances` the percentile is taken; the result is the larger one. MONAI does the
    same; MedPy takes one percentile of both sets together, which is usually smaller.

    Parameters
    ----------
    truth, prediction, spacing
        As `surface_distances` has them.
    empty : {"nan", 0, 1}
        When both masks are empty: "nan", 1 for perfect, which is a distance of 0 mm, or 0 for a failure, which is
        `one_empty`.
    one_empty : float or "nan"
        Millimetres when exactly one mask is empty, where the distance is infinite: `numpy.inf` says so, and the
        `diagonal` of the volume keeps means finite.
        "nan" leaves the case out of the mean, and hides it there.
    percentile : float
        From 0 to 100; 100 is the Hausdorff distance proper, which one stray pixel decides.

    Returns
    -------
    float
        Millimetres, at least 0. Symmetric in the two masks.

    References
    ----------
    Menze et al. (2015), IEEE TMI 34, 1993-2024, https://doi.org/10.1109/TMI.2014.2377694.
    """
    return _hausdorff(surface_distances(truth, prediction, spacing=spacing), empty, one_empty, percentile)


def average_surface_distance(truth, prediction, *, spacing, empty, one_empty):
    """Average symmetric surface distance: the mean of all `surface_distances`, of both surfaces together.

    Parameters
    ----------
    truth, prediction, spacing
        As `surface_distances` has them.
    empty, one_empty
        As `hausdorff` has them.

    Returns
    -------
    float
        Millimetres, at least 0. Symmetric in the two masks.

    References
    ----------
    Heimann et al. (2009), IEEE TMI 28, 1251-1265, https://doi.org/10.1109/TMI.2009.2013851.
    """
    return _average(surface_distances(truth, prediction, spacing=spacing), empty, one_empty)


def surface_dice(truth, prediction, *, spacing, tolerance, empty):
    """Normalised surface Dice: the share of both surfaces that lies within a tolerance of the other.

    Parameters
    ----------
    truth, prediction, spacing
        As `surface_distances` has them.
    tolerance : float
        Millimetres that do not matter, at least 0; for instance how far two experts' outlines part.
    empty : {"nan", 0, 1}
        The value of 0/0, when both masks are empty. When one is, the score is 0.

    Returns
    -------
    float
        In [0, 1], or `empty`.

    References
    ----------
    Nikolov et al. (2021), J. Med. Internet Res. 23, e26151, https://doi.org/10.2196/26151, with the pixels of the
    surface counted instead of its area.
    """
    return _surface_dice(surface_distances(truth, prediction, spacing=spacing), tolerance, empty)


def surface_scores(truth, prediction, *, spacing, tolerance, empty, one_empty):
    """All three scores of one case, for the work of one.

    Parameters
    ----------
    truth, prediction, spacing
        As `surface_distances` has them.
    tolerance
        As `surface_dice` has it.
    empty, one_empty
        As `hausdorff` has them.

    Returns
    -------
    dict of str to float
        `hausdorff_95`, `average_surface_distance` and `surface_dice`.
    """
    distances = surface_distances(truth, prediction, spacing=spacing)
    return {
        "hausdorff_95": _hausdorff(distances, empty, one_empty, 95),
        "average_surface_distance": _average(distances, empty, one_empty),
        "surface_dice": _surface_dice(distances, tolerance, empty),
    }


def diagonal(shape, spacing):
    """Diagonal of an array, corner to corner, which no distance between two pixels exceeds: 373.13 mm in BraTS.

    Parameters
    ----------
    shape : sequence of int
        Of the array.
    spacing : float or sequence of float
        As `surface_distances` has it.

    Returns
    -------
    float
        Millimetres.
    """
    return float(np.linalg.norm(np.array(shape) * as_spacing(spacing, len(shape))))


def _hausdorff(distances, empty, one_empty, percentile):
    rule = _by_rule(distances, empty, one_empty)
    return float(max(np.percentile(part, percentile) for part in distances)) if rule is None else rule


def _average(distances, empty, one_empty):
    rule = _by_rule(distances, empty, one_empty)
    return float(np.concatenate(distances).mean()) if rule is None else rule


def _surface_dice(distances, tolerance, empty):
    check_empty(empty)
    if tolerance < 0:
        raise ValueError(f"tolerance={tolerance} mm is not possible: it must be at least 0.")
    distances = np.concatenate(distances)
    # A hair more, because three steps of 0.1 mm are 0.30000000000000004 mm.
    return float((distances <= tolerance * (1 + 1e-9)).mean()) if distances.size else float(empty)


def _by_rule(distances, empty, one_empty):
    """The distance that the two rules give; None when both masks hold something."""
    check_empty(empty)
    one_empty = float(one_empty)
    n_empty = sum(not part.size for part in distances)
    return (None, one_empty, {"nan": float("nan"), 1: 0.0, 0: one_empty}[empty])[n_empty]


def _surface(mask):
    padded = np.pad(mask, 1)
    core = (slice(1, -1),) * mask.ndim
    inside = mask.copy()
    for axis in range(mask.ndim):
        for neighbour in (slice(None, -2), slice(2, None)):
            inside &= padded[(*core[:axis], neighbour, *core[axis + 1 :])]
    return mask & ~inside
