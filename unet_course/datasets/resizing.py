"""Bring pictures and their labels to one size, each in the way that suits it."""

import numpy as np
from skimage.transform import resize


def resize_image(image, size):
    """Resize one picture with anti-aliasing.

    Parameters
    ----------
    image : ndarray, uint8, (H, W, C)
    size : int

    Returns
    -------
    ndarray, uint8, (size, size, C)
        0 to 255.
    """
    small = resize(image, (size, size), order=1, anti_aliasing=True, preserve_range=True)
    return small.round().astype(np.uint8)


def resize_labels(labels, size):
    """Resize one label image or mask by nearest neighbour: no value appears that was not there.

    Parameters
    ----------
    labels : ndarray of integers, (H, W)
    size : int

    Returns
    -------
    ndarray, (size, size)
        Of the same dtype.
    """
    return resize(labels, (size, size), order=0, anti_aliasing=False, preserve_range=True).astype(labels.dtype)
