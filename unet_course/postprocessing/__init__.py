"""From an image or a probability map to masks and separate nuclei, in NumPy and scikit-image."""

import numpy as np
import pandas as pd
from scipy import ndimage
from skimage import color, feature, filters, measure, segmentation

from .. import metrics
from ..common.inputs import as_probabilities
from ..metrics.overlap import as_binary

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))


def otsu_mask(image):
    """Segment without learning: Otsu's threshold on the grey image, the rarer side taken as foreground.

    Parameters
    ----------
    image : array, shape (H, W, 3)
        uint8 or float in [0, 1].

    Returns
    -------
    array of bool, shape (H, W)
        Nuclei are bright in fluorescence and dark in stained tissue; in both they cover less than half of the image,
        which is how the side is chosen.

    References
    ----------
    Otsu (1979), IEEE Trans. Syst. Man Cybern. 9, 62-66, https://doi.org/10.1109/TSMC.1979.4310076.
    """
    grey = color.rgb2gray(image)
    if grey.min() == grey.max():
        return np.zeros(grey.shape, dtype=bool)
    bright = grey > filters.threshold_otsu(grey)
    return ~bright if bright.mean() > 0.5 else bright


def instances(probabilities, *, threshold=0.5, min_distance=3, min_area=5):
    """Split a probability map into separate nuclei with a watershed.

    The distance to the background has one peak per roundish nucleus, even where two touch; the peaks are the seeds, and
    the water rises from them until the basins meet.

    Parameters
    ----------
    probabilities : array, shape (H, W)
        Foreground probability in [0, 1], or a mask of 0 and 1.
    threshold : float
        Pixels above it are foreground.
    min_distance : int
        Smallest distance between two seeds, pixels.
    min_area : int
        Smaller foreground specks are dropped first, pixels.

    Returns
    -------
    array of int32, shape (H, W)
        Labels 1, 2, ...; 0 is background.

    Raises
    ------
    ValueError
        If a probability is NaN or outside [0, 1].

    References
    ----------
    Vincent, Soille (1991), IEEE PAMI 13, 583-598. Explained in the nuclei chapter, section "Counting nuclei".
    """
    foreground = as_probabilities(probabilities) > threshold
    components = measure.label(foreground)
    areas = np.bincount(components.ravel())
    foreground &= areas[components] >= min_area
    # A little smoothing melts the twin peaks that pixel steps cause on one round nucleus.
    distance = filters.gaussian(ndimage.distance_transform_edt(foreground), 1, preserve_range=True)
    peaks = feature.peak_local_max(
        distance, min_distance=min_distance, labels=measure.label(foreground), exclude_border=False
    )
    seeds = np.zeros(foreground.shape, dtype=np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return segmentation.watershed(-distance, seeds, mask=foreground, connectivity=2).astype(np.int32)


def threshold_table(
    truth,
    probabilities,
    *,
    empty,
    thresholds=THRESHOLDS,
    reduction="slice",
    groups=None,
    names=("dice", "precision", "recall"),
):
    """Score validation images at several thresholds.

    Choose on validation images only: a threshold chosen on the test images makes their score too good.

    Parameters
    ----------
    truth : array, shape (N, H, W) or (N, ...)
        Masks of 0 and 1, or booleans.
    probabilities : array, same shape
        Foreground probability in [0, 1]; pixels above the threshold are foreground.
    empty, reduction, groups
        As `metrics.score` and `metrics.pool` have them.
    thresholds : sequence of float
    names : sequence of str
        Scores in `metrics.NAMES`.

    Returns
    -------
    pandas.DataFrame
        One line per threshold: `threshold`, and for each name its mean over slices or patients, NaNs left out.

    Raises
    ------
    ValueError
        If the shapes differ, the truth is not binary, a probability is outside [0, 1], or a score is not known.

    Notes
    -----
    Explained in the nuclei chapter, where the threshold is chosen.
    """
    truth, probabilities = as_binary(truth, "truth"), as_probabilities(probabilities)
    rows = []
    for threshold in thresholds:
        counts = metrics.pool(metrics.confusion(truth, probabilities > float(threshold)), reduction, groups)
        scores = [np.atleast_1d(metrics.score(name, counts, empty=empty)) for name in names]
        rows.append([threshold, *(np.nan if np.isnan(s).all() else np.nanmean(s) for s in scores)])
    return pd.DataFrame(rows, columns=["threshold", *names])


def best_threshold(table, name="dice"):
    """The threshold with the highest score; among equals the one nearest to 0.5, and of two as near the lower one.

    Networks that are sure of themselves give long rows of equal scores; their middle holds best on new images.

    Parameters
    ----------
    table : pandas.DataFrame
        From `threshold_table`.
    name : str
        One of its scores.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the score is NaN at every threshold.
    """
    if table[name].isna().all():
        raise ValueError(f"{name} is NaN at every threshold: there is nothing to find in the validation images.")
    # A hair less than the best: means of the same numbers can differ in the last digit.
    equal = table.loc[table[name] >= table[name].max() - 1e-12, "threshold"]
    # A hair of rounding must not decide either: 0.6 - 0.5 is less than 0.5 - 0.4 in binary numbers.
    return float(min(equal, key=lambda threshold: (round(abs(threshold - 0.5), 9), threshold)))


def remove_small(mask, min_size, *, connectivity=1):
    """Drop the connected components of a mask that are too small to be believed.

    Parameters
    ----------
    mask : array, shape (H, W) or (Z, H, W)
        One case, 0 and 1 or booleans. In a volume components go through slices.
    min_size : int
        Components with fewer pixels are dropped.
    connectivity : int
        Neighbours share an edge (in 3-D a face) with 1; a corner is enough with the number of axes.

    Returns
    -------
    array of bool, same shape

    Raises
    ------
    ValueError
        If the mask is not binary or does not have 2 or 3 axes, or the connectivity is out of range.

    Notes
    -----
    Explained in the chapter on masks and numbers, section "From probabilities to a clean mask".
    """
    mask, components, sizes = _components(mask, connectivity)
    return mask & (sizes >= min_size)[components]


def keep_largest(mask, count=1, *, connectivity=1):
    """Keep the largest connected components of a mask; of equals, those that come first in reading order.

    Parameters
    ----------
    mask, connectivity
        As `remove_small` has them.
    count : int
        How many to keep.

    Returns
    -------
    array of bool, same shape

    Raises
    ------
    ValueError
        As `remove_small`.

    Notes
    -----
    Explained in the chapter on masks and numbers, section "From probabilities to a clean mask".
    """
    mask, components, sizes = _components(mask, connectivity)
    kept = np.zeros(len(sizes), bool)
    kept[1 + np.argsort(-sizes[1:], kind="stable")[:count]] = True
    return kept[components]


def fill_holes(mask, max_size=None):
    """Fill background that the mask encloses.

    Background reaches around corners no more than foreground does: neighbours share an edge, in 3-D a face. A hole in a
    volume is closed on all sides; a tunnel through it is none.

    Parameters
    ----------
    mask : array, shape (H, W) or (Z, H, W)
        One case, 0 and 1 or booleans.
    max_size : int, optional
        Larger holes are left, pixels. Default: all are filled.

    Returns
    -------
    array of bool, same shape

    Raises
    ------
    ValueError
        If the mask is not binary or does not have 2 or 3 axes.

    Notes
    -----
    Explained in the chapter on masks and numbers, section "From probabilities to a clean mask".
    """
    mask, _, _ = _components(mask, 1)
    holes = ndimage.binary_fill_holes(mask) & ~mask
    if max_size is not None:
        holes &= ~remove_small(holes, max_size + 1)
    return mask | holes


def _components(mask, connectivity):
    """A mask as booleans, its components 1, 2, ... in reading order, and their sizes; component 0 is background."""
    mask = as_binary(mask, "mask")
    if mask.ndim not in (2, 3) or not 1 <= connectivity <= mask.ndim:
        raise ValueError(
            f"a mask of one case has 2 or 3 axes, not {mask.ndim}, and connectivity={connectivity} is from 1 to that."
        )
    components = measure.label(mask, connectivity=connectivity)
    return mask, components, np.bincount(components.ravel())
