"""NumPy preparation of MR images: grey values that compare between scans, an even field, even voxels.

Everything works on one case at a time, a slice (H, W) or a volume (Z, H, W), as `datasets.brats.read_case` turns it.
Explained in the chapter on preparing MR images.
"""

import numpy as np
from scipy import ndimage

from . import to_unit_range

_LEAST = 4  # pixels along each axis: N4 fails with fewer


def zscore(images, brain=None):
    """Bring one case to mean 0 and standard deviation 1 inside the brain, each modality by itself (z-score).

    MR units have no fixed scale: the same tissue has other values in every scan. z = (x - mean) / sd, both over the
    brain.

    Parameters
    ----------
    images : ndarray, (..., C)
        One case, modalities last.
    brain : ndarray of bool, (...), optional
        Default: for each modality, where its value is above 0.

    Returns
    -------
    ndarray, float32, (..., C)
        0 outside the brain, and all over a modality that is constant inside it.

    Raises
    ------
    ValueError
        If `brain` has another shape than the images.
    """
    images = np.asarray(images)

    def standardise(values):
        return (values - values.mean()) / values.std() if values.size and values.std() > 0 else 0

    return _inside(images, brain, standardise)


def rescale(images, brain=None, *, low=1, high=99):
    """Bring one case to [0, 1] inside the brain, each modality by itself, with limits that outliers do not move.

    y = (x - P_low) / (P_high - P_low), clipped to [0, 1], where P_q is the q-th percentile over the brain.

    Parameters
    ----------
    images : ndarray, (..., C)
        One case, modalities last.
    brain : ndarray of bool, (...), optional
        Default: for each modality, where its value is above 0.
    low, high : float
        Percentiles, 0 <= low < high <= 100.

    Returns
    -------
    ndarray, float32, (..., C)
        0 outside the brain, and all over a modality that is constant inside it.

    Raises
    ------
    ValueError
        If the percentiles are not in order, or `brain` has another shape than the images.
    """
    return _inside(np.asarray(images), brain, lambda values: to_unit_range(values, low, high))


def correct_bias(image, brain=None, *, spacing, levels=4, iterations=50, shrink=1):
    """Estimate the shading of the coil with N4, and divide it out.

    The model is v(x) = u(x) f(x) + n(x): seen image, true image, a smooth field, noise. N4 takes logarithms, so that
    the field is added, and looks for the B-spline log f that sharpens the histogram of log v most: smearing tissues
    over many grey values is what a field does. Each level halves the distance between the nodes of the spline.

    Parameters
    ----------
    image : ndarray, (H, W) or (Z, H, W)
        One modality, at least 0.
    brain : ndarray of bool, same shape, optional
        Where the histogram is taken. Default: where the image is above 0. Outside, the field is extrapolated.
    spacing : float or sequence of float
        Millimetres from pixel to pixel, along each axis in the order of the array.
    levels : int
        Of the spline: the first has one piece along each axis, each further one halves them.
    iterations : int
        At most so many steps on each level.
    shrink : int
        Estimate the field from every `shrink`-th pixel along each axis, but from at least 4: 2 is about eight times
        faster on a volume, and enough for a field so smooth.

    Returns
    -------
    corrected : ndarray, float32
        `image / field`.
    field : ndarray, float32
        At least 0, without unit; its geometric mean over the brain is 1, so that the brain keeps its brightness.

    Raises
    ------
    ValueError
        If shapes, spacing or numbers do not fit, the brain is empty, an axis has fewer than 4 pixels, or the image is
        negative or not finite somewhere.
    ModuleNotFoundError
        Without SimpleITK.

    References
    ----------
    Tustison et al. (2010), N4ITK: improved N3 bias correction, IEEE Trans. Med. Imaging 29, 1310-1320,
    https://doi.org/10.1109/TMI.2010.2046908. Explained in the chapter on preparing MR images.
    """
    image = np.asarray(image, np.float32)
    spacing = as_spacing(spacing, image.ndim)
    if not np.isfinite(image).all() or image.min() < 0:
        raise ValueError(
            "the image is negative, NaN or infinite somewhere: N4 takes logarithms, so set such pixels to 0 first."
        )
    if min(levels, iterations, shrink) < 1:
        raise ValueError(f"levels={levels}, iterations={iterations} and shrink={shrink} must be at least 1.")
    if min(image.shape) < _LEAST:
        raise ValueError(f"an image of shape {image.shape} is too thin for N4: hand over slices one by one, as (H, W).")
    brain = (image > 0) if brain is None else _as_brain(brain, image.shape) & (image > 0)
    if not brain.any():
        raise ValueError("the brain is empty: there is no pixel from which a field could be estimated.")
    log_field = _n4(image, brain, spacing, levels, iterations, shrink)
    field = np.exp(log_field - log_field[brain].mean()).astype(np.float32)
    return image / field, field


def resample(image, spacing, target, *, labels=False):
    """Bring a case to other voxels: images linearly, labels by the nearest voxel.

    The outer corner of the first voxel stays where it is, so the centre of new voxel i lies at (i + 1/2) r - 1/2 in old
    voxels, r = target / spacing. An image whose voxels grow is smoothed before (Gaussian, sd (r - 1) / 2 old voxels),
    or fine detail would come back as false patterns.

    Parameters
    ----------
    image : ndarray, (H, W), (Z, H, W), or with channels last
        Axes beyond the length of `spacing` are channels.
    spacing, target : sequence of float
        Millimetres between voxels along each axis, before and after.
    labels : bool
        The image holds labels: no new value arises, and the dtype is kept.

    Returns
    -------
    ndarray
        float32, or the dtype of the labels; n voxels along an axis become round(n / r), at least 1. `resampled_affine`
        says where they lie.

    Raises
    ------
    ValueError
        If the spacings do not fit each other or the image.
    """
    image = np.asarray(image)
    spacing, ratio = _ratio(spacing, target)
    if image.ndim - len(spacing) not in (0, 1):
        raise ValueError(f"spacing={spacing.tolist()} does not fit an image of shape {image.shape}.")
    if image.ndim > len(spacing):
        channels = [resample(image[..., c], spacing, target, labels=labels) for c in range(image.shape[-1])]
        return np.stack(channels, axis=-1)
    if not labels:
        image = ndimage.gaussian_filter(image.astype(np.float32), np.maximum(ratio - 1, 0) / 2, mode="nearest")
    shape = [max(1, round(n / r)) for n, r in zip(image.shape, ratio, strict=True)]
    return ndimage.affine_transform(
        image, ratio, offset=(ratio - 1) / 2, output_shape=tuple(shape), order=0 if labels else 1, mode="nearest"
    )


def resampled_affine(affine, spacing, target):
    """The affine of an image after `resample`: the same places in the head, in millimetres.

    Parameters
    ----------
    affine : ndarray, (4, 4)
        From voxel numbers, in the order of the array, to millimetres.
    spacing, target : sequence of 3 floats
        As `resample` has them.

    Returns
    -------
    ndarray, (4, 4)
    """
    _, ratio = _ratio(spacing, target)
    step = np.diag([*ratio, 1.0])
    step[:3, 3] = (ratio - 1) / 2
    return np.asarray(affine, float) @ step


def as_spacing(spacing, axes):
    """Millimetres along each of 2 or 3 axes as an array; ValueError when they do not fit."""
    if axes not in (2, 3):
        raise ValueError(f"one case has 2 or 3 axes, not {axes}: go through the cases and modalities one by one.")
    spacing = np.asarray(spacing, float)
    if spacing.shape not in ((), (axes,)) or not (spacing > 0).all():
        raise ValueError(f"spacing={spacing.tolist()} does not fit: give one positive number, or one for each axis.")
    return np.broadcast_to(spacing, axes)


def _inside(images, brain, change):
    """Apply `change` to the values of each modality inside the brain; 0 elsewhere."""
    brain = None if brain is None else _as_brain(brain, images.shape[:-1])
    result = np.zeros(images.shape, np.float32)
    for channel in range(images.shape[-1]):
        inside = images[..., channel] > 0 if brain is None else brain
        result[..., channel][inside] = change(images[..., channel][inside].astype(np.float64))
    return result


def _as_brain(brain, shape):
    brain = np.asarray(brain)
    if brain.shape != shape:
        raise ValueError(f"brain has shape {brain.shape}, but the image has {shape}.")
    return brain.astype(bool)


def _n4(image, brain, spacing, levels, iterations, shrink):
    """Logarithm of N4's field at every pixel."""
    try:
        import SimpleITK as sitk
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "N4 is part of SimpleITK, which is not installed: run `pip install SimpleITK`.", name="SimpleITK"
        ) from error

    def as_itk(array):
        converted = sitk.GetImageFromArray(array)
        converted.SetSpacing(spacing[::-1].tolist())
        return converted

    full, mask = as_itk(image), as_itk(brain.astype(np.uint8))
    factors = [min(shrink, size // _LEAST) for size in image.shape[::-1]]
    filter_ = sitk.N4BiasFieldCorrectionImageFilter()
    filter_.SetMaximumNumberOfIterations([iterations] * levels)
    filter_.Execute(sitk.Shrink(full, factors), sitk.Shrink(mask, factors))
    return sitk.GetArrayFromImage(filter_.GetLogBiasFieldAsImage(full))


def _ratio(spacing, target):
    spacing = as_spacing(spacing, np.size(spacing))
    return spacing, as_spacing(target, len(spacing)) / spacing
