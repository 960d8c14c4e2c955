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


def stretch(images, *, low=1, high=99):
    """Give each picture the full range of grey values: its `low` percentile becomes 0, its `high` percentile 255.

    All channels of a picture share the two limits, so its colours keep their proportions.

    Parameters
    ----------
    images : array of uint8, shape (N, H, W, C)
    low, high : float
        Percentiles, 0 <= low < high <= 100; what lies outside is clipped.

    Returns
    -------
    array of uint8, shape (N, H, W, C)

    Raises
    ------
    ValueError
        If the percentiles are not in order.

    Notes
    -----
    Explained in the nuclei chapter, section "Make the pictures comparable".
    """
    if not 0 <= low < high <= 100:
        raise ValueError(f"low={low} and high={high} must be percentiles with 0 <= low < high <= 100.")
    limits = np.percentile(images, (low, high), axis=(1, 2, 3), keepdims=True)
    scaled = (images - limits[0]) / np.maximum(limits[1] - limits[0], 1)  # a picture of one grey value becomes black
    return np.rint(255 * scaled.clip(0, 1)).astype(np.uint8)
