"""How much noise is in an image, from that image alone: in NumPy."""

import numpy as np
from scipy import ndimage

# Second difference down times second difference across: 0 on any plane and along straight edges of the grid.
_MASK = np.outer((1, -2, 1), (1, -2, 1))
_NORMAL = 0.6745  # median of |x| where x is normal with standard deviation 1


def estimate_noise(images, *, air=None):
    """Standard deviation of the noise of each channel of each slice.

    Parameters
    ----------
    images : array of float, shape (N, H, W, C)
        Any unit. Pixels that are exactly 0, as skull stripping leaves them, do not count, nor do their neighbours.
    air : array of bool, shape (N, H, W), optional
        Where nothing is but air, for images of an MR scanner.

    Returns
    -------
    array of float64, shape (N, C)
        In the unit of the images; NaN where no pixel counts.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Notes
    -----
    Without `air`, an image is filtered by a 3 x 3 mask that smooth grey and straight edges leave empty [1]_; the
    standard deviation is the median of what is left, |r| / (0.6745 * 6), 6 being the length of the mask. The median
    instead of Immerkaer's mean keeps crossing edges out. It reads low where noise is correlated, as in images that
    were resampled or compressed.

    The magnitude of an MR signal has Rician noise. It is nearly Gaussian in tissue, but in air it follows Rayleigh's
    distribution, whose standard deviation is only 0.655 of the noise's: there the noise is sqrt(mean(x^2) / 2) [2]_.
    Explained in the chapter on preparing MR images, section "How much noise?".

    References
    ----------
    .. [1] Immerkaer (1996), Fast noise variance estimation, Computer Vision and Image Understanding 64(2).
    .. [2] Gudbjartsson, Patz (1995), The Rician distribution of noisy MRI data, Magn Reson Med 34.

    Examples
    --------
    >>> noisy = np.random.default_rng(0).normal(0.5, 0.1, (1, 128, 128, 1))
    >>> bool(abs(estimate_noise(noisy) - 0.1) < 0.005)
    True
    """
    images = np.asarray(images)
    if images.ndim != 4:
        raise ValueError(f"images of shape {images.shape} are no slices (N, H, W, C).")
    if air is not None and np.shape(air) != images.shape[:3]:
        raise ValueError(f"air has shape {np.shape(air)}, the slices are {images.shape[:3]}: give one value per pixel.")
    channels = np.moveaxis(images.astype(np.float64), -1, 1)
    if air is None:
        return np.array([[_in_tissue(x) for x in one] for one in channels])
    return np.array([[_in_air(x[where]) for x in one] for one, where in zip(channels, np.asarray(air), strict=True)])


def _in_tissue(image):
    counts = ndimage.binary_erosion(image != 0, np.ones((3, 3)))  # the border has no neighbours and does not count
    left = ndimage.convolve(image, _MASK)[counts]
    return np.median(np.abs(left)) / (_NORMAL * np.linalg.norm(_MASK)) if left.size else np.nan


def _in_air(values):
    return np.sqrt(np.mean(values**2) / 2) if values.size else np.nan
