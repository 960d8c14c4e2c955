"""From the corners of an outline to the pixels inside."""

import json

import numpy as np
from skimage.draw import disk, polygon2mask

from ...datasets import DataError


def read_json(path):
    """What a JSON file holds.

    Raises
    ------
    DataError
        If it is none.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise DataError(f"{path} is no JSON file that can be read ({error}): export it again.") from None


def inside(points, shape, what):
    """The pixels whose centres lie in a polygon.

    Parameters
    ----------
    points : sequence of (x, y)
        In pixels from the upper left corner of the image, so that the centre of its first pixel is (0.5, 0.5).
    shape : tuple of int
        Height and width.
    what : str
        For messages: the file, and which of its outlines.

    Returns
    -------
    array of bool, `shape`

    Raises
    ------
    DataError
        If it has fewer than three corners, or lies outside the image.
    """
    corners = _corners(points, what, least=3)
    _refuse_outside(corners.max(axis=0), corners.min(axis=0), shape, what)
    return polygon2mask(shape, corners[:, ::-1] - 0.5)


def inside_rectangle(points, shape, what):
    """The pixels of a rectangle with these two opposite corners, (x, y); arguments as for `inside`."""
    (left, top), (right, bottom) = _corners(points, what, least=2)[:2]
    return inside([(left, top), (right, top), (right, bottom), (left, bottom)], shape, what)


def inside_circle(points, shape, what):
    """The pixels of a circle around the first point, (x, y), through the second; arguments as for `inside`."""
    centre, edge = _corners(points, what, least=2)[:2]
    radius = np.hypot(*(edge - centre))
    _refuse_outside(centre + radius, centre - radius, shape, what)
    mask = np.zeros(shape, bool)
    mask[disk(centre[::-1] - 0.5, radius, shape=shape)] = True
    return mask


def _corners(points, what, least):
    try:
        corners = np.asarray(points, float).reshape(-1, 2)
    except (TypeError, ValueError):
        raise DataError(f"{what} is no list of corners x and y: draw it again.") from None
    if len(corners) < least or not np.isfinite(corners).all():
        raise DataError(f"{what} has {len(corners)} corner(s), and needs {least} with finite values: draw it again.")
    return corners


def _refuse_outside(high, low, shape, what):
    height, width = shape
    if (high <= 0).any() or low[0] >= width or low[1] >= height:
        raise DataError(f"{what} lies outside its image of {width} x {height} pixels: were the images made smaller?")


def check_size(path, image, width, height):
    """Refuse an image whose size is another one than that on which the outlines were drawn."""
    if (width, height) != (None, None) and image.shape[:2] != (height, width):
        raise DataError(
            f"{path} has {image.shape[1]} x {image.shape[0]} pixels, its outlines were drawn on {width} x {height}: "
            "put that image back, upright, or draw again."
        )
