"""From a picture or a probability map to masks and separate nuclei, in NumPy and scikit-image."""

import numpy as np
from scipy import ndimage
from skimage import color, feature, filters, measure, segmentation


def otsu_mask(image):
    """Segment without learning: Otsu's threshold on the grey image, the rarer side taken as foreground.

    Parameters
    ----------
    image : array, shape (H, W, 3)
        uint8 or float in [0, 1].

    Returns
    -------
    array of bool, shape (H, W)
        Nuclei are bright in fluorescence and dark in stained tissue; in both they cover less than half of the picture,
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

    References
    ----------
    Vincent, Soille (1991), IEEE PAMI 13, 583-598. Explained in the nuclei chapter, section "Counting nuclei".
    """
    foreground = np.asarray(probabilities) > threshold
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
    return segmentation.watershed(-distance, seeds, mask=foreground).astype(np.int32)
