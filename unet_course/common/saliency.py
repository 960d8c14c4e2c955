"""From features and their slopes to a map of what spoke for a class; the twins' `grad_cam` bring both."""

import math

import numpy as np
from skimage.transform import resize

from . import inputs


def class_activation(features, gradient, size):
    """Weigh each feature map by its mean slope, add them up, and keep what speaks for the class.

    Parameters
    ----------
    features : array of float, shape (N, h, w, C)
        What a layer answered.
    gradient : array of float, shape (N, h, w, C)
        How the logit of the class changes with each of these values.
    size : (int, int)
        Height and width of the images in pixels. The network may have padded them at their far borders to a multiple
        of a power of two before it made `h` by `w` of them.

    Returns
    -------
    array of float32, shape (N, H, W), in [0, 1]
        Each map is divided by its largest value; it is 0 everywhere where nothing speaks for the class.

    Raises
    ------
    ValueError
        If a feature or a slope is NaN: the weights are spoilt.

    References
    ----------
    Selvaraju et al. (2017), Grad-CAM, equations 1 and 2, https://arxiv.org/abs/1610.02391.
    """
    weights = gradient.mean(axis=(1, 2), keepdims=True)
    maps = np.maximum((weights * features).sum(axis=-1), 0)
    inputs.check_answers(maps)
    padded = [
        side * 2 ** math.ceil(math.log2(pixels / side))
        for side, pixels in zip(maps.shape[1:], size, strict=True)
    ]
    large = np.stack(
        [resize(one, padded, order=1, mode="edge") for one in maps]
    )[:, : size[0], : size[1]]
    largest = large.max(axis=(1, 2), keepdims=True)
    return np.divide(
        large, largest, out=np.zeros_like(large), where=largest > 0
    ).astype(np.float32)
