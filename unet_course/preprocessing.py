"""NumPy preparation of images before a network sees them."""

import numpy as np


def pad_to_multiple(images, multiple):
    """Repeat the lower and right border until height and width are multiples of `multiple`.

    Parameters
    ----------
    images : array, shape (N, H, W, C)
    multiple : int
        `2 ** (depth - 1)` for a U-Net.

    Returns
    -------
    array, shape (N, H', W', C)
        The original is its upper left corner: `padded[:, :H, :W]`.
    """
    _, height, width, _ = images.shape
    missing = (-height % multiple, -width % multiple)
    if missing == (0, 0):
        return images
    return np.pad(images, ((0, 0), (0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
