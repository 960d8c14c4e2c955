"""Bring images and their labels to one size, once."""

import numpy as np
from skimage.transform import resize
from tqdm.auto import tqdm

from . import cache


def resize_image(image, size):
    """Resize one image with anti-aliasing.

    Parameters
    ----------
    image : ndarray, uint8, (H, W, C)
    size : int or (int, int)
        Both sides, or height and width.

    Returns
    -------
    ndarray, uint8, (size, size, C)
        0 to 255.
    """
    small = resize(image, _sides(size), order=1, anti_aliasing=True, preserve_range=True)
    return small.round().astype(np.uint8)


def resize_labels(labels, size):
    """Resize one label image or mask by nearest neighbour: no value appears that was not there.

    Parameters
    ----------
    labels : ndarray of integers, (H, W)
    size : int or (int, int)

    Returns
    -------
    ndarray, (size, size)
        Of the same dtype.
    """
    return resize(labels, _sides(size), order=0, anti_aliasing=False, preserve_range=True).astype(labels.dtype)


def cached_at(name, size, decode):
    """Decode a data set once, and bring it to one size once if asked to; arrays come from the cache.

    Parameters
    ----------
    name : str
        As for `cache.cached`.
    size : int or None
        None keeps the images' own sizes.
    decode : callable
        As `build` of `cache.cached`; adds `images` and, where there are any, `masks` and `instances`.

    Returns
    -------
    arrays, notes
        As from `cache.cached`; the notes are those of `decode`.
    """
    arrays, notes = cache.cached(name, decode)
    if size is not None:
        native = arrays
        arrays, _ = cache.cached(f"{name}-{size}", lambda writer: _resize_all(native, size, writer))
    return arrays, notes


def _sides(size):
    return (size, size) if np.isscalar(size) else tuple(size)


def _resize_all(native, size, writer):
    ways = {name: resize_image if name == "images" else resize_labels for name in native}
    for i in tqdm(range(len(native["images"])), f"resize to {size}"):
        writer.add(**{name: way(native[name][i], size) for name, way in ways.items()})
    return {}
