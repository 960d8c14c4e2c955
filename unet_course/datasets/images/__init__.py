"""The one door through which images and masks come in: every reader of image files goes through it.

A file is read rightly or refused: the error names the file, what is in it, and what to do. What counts is the content
of a file, not its ending. NIfTI volumes have a door of their own, `brats.volumes`.

.. list-table::
   :header-rows: 1
   :widths: 26 37 37

   * - What there is
     - As an image
     - As a mask
   * - PNG, JPEG, TIFF, BMP, GIF, WebP; endings in capitals or not
     - read
     - read
   * - 8 bits and fewer
     - as they are
     - as they are
   * - 12, 16, 32 and 64 bits, signed numbers, floats
     - stretched: the smallest value of the image becomes 0, the largest 255; an image of one value becomes black
     - as they are
   * - boolean, grey, RGB, YCbCr, palette
     - the colours it shows
     - foreground is whatever it does not show in black
   * - transparency (RGBA, LA, a transparent colour)
     - left out where nothing is transparent, else refused
     - what it shows on black; black on transparent is refused
   * - turned by EXIF or by the TIFF tag
     - turned upright
     - turned upright
   * - 0 and one other value
     - as they are
     - the other value is foreground
   * - class numbers or object numbers, in grey or in one channel
     - as they are
     - foreground is whatever is not 0
   * - soft edges, of JPEG or anti-aliasing
     - as they are
     - cut at half of the largest value; refused where values in between are more than an edge, as often in lossy WebP
   * - no 0 beside several values; values below 0; fractions that are no edge; a dark JPEG
     - as they are
     - refused, with the values
   * - NaN, infinity; complex numbers
     - refused
     - refused
   * - several pages or frames
     - refused
     - refused
   * - CMYK, Lab, more than 4 channels, 16-bit grey with transparency in PNG, more than 89 million pixels
     - refused
     - refused
   * - empty, cut short, damaged, another kind of file
     - refused; only PNG carries check sums: elsewhere a changed byte may pass
     - refused
   * - other endings (``.dcm``, ``.heic``), and folders of images, beside those that are read
     - refused; notes and tables are passed over
     - refused; notes and tables are passed over
   * - two files of one name: ``a.png`` and ``a.jpg``, or an accent written in two ways
     - refused, but among the brain tumours, whose names keep their endings
     - refused; ``a_mask.png``, ``a_mask_1.png``, ``a_mask_2.png`` of `folder` are put together
   * - names such as ``._a.png``, ``__MACOSX``, ``Thumbs.db``, ``desktop.ini``
     - passed over
     - passed over
"""

import numpy as np
from PIL import Image

from .. import DataError
from ..published.sources import fetch_again
from .decoding import decode
from .masks import drawn_values, foreground
from .names import ENDINGS, by_stem, files_in, left_behind, stem

__all__ = ["ENDINGS", "by_stem", "files_in", "left_behind", "read_mask", "read_mask_values", "read_pixels", "stem"]


def read_pixels(path, mode, key=None):
    """Read one image file.

    Parameters
    ----------
    path : path
    mode : {"RGB", "L"}
        Colour, (H, W, 3), or grey, (H, W).
    key : str, optional
        The public data set it belongs to, for the remedy.

    Returns
    -------
    ndarray, uint8
        0 to 255. Values of other types are stretched: the image's smallest becomes 0, its largest 255.

    Raises
    ------
    DataError
        If the file is missing, damaged, or cannot be read rightly; the table above says when.
    """
    found = decode(path, _remedy(key))
    if found.alpha is not None and found.alpha.min() < 255:
        raise DataError(f"{path} is transparent in places: save it without transparency.")
    values = found.values if found.values.dtype == np.uint8 else _stretched(path, found.values)
    if mode == "L":
        return values if values.ndim == 2 else np.asarray(Image.fromarray(values).convert("L"))
    return values if values.ndim == 3 else np.stack([values] * 3, axis=-1)


def read_mask(path, key=None):
    """Read one mask of one class: what is drawn, and what is not.

    Parameters
    ----------
    path : path
    key : str, optional
        The public data set it belongs to, for the remedy.

    Returns
    -------
    ndarray of bool, (H, W)
        True inside: wherever the file does not show black. Soft edges, as JPEG leaves them, are cut at half of the
        largest value.

    Raises
    ------
    DataError
        If the file is missing, damaged, or its values leave open what is drawn; the table above says when.
    """
    return foreground(path, decode(path, _remedy(key)))


def read_mask_values(path):
    """The values that are drawn in a mask which `read_mask` reads: several are classes, or objects with numbers.

    Parameters
    ----------
    path : path

    Returns
    -------
    list of str
        "255" for grey, "#d55e00" for a colour; empty where nothing is drawn or JPEG has changed the values.

    Raises
    ------
    DataError
        As `read_mask`.
    """
    return drawn_values(path, decode(path, _remedy(None)))


def _remedy(key):
    return fetch_again(key) if key else "Replace it, or take it out."


def _stretched(path, values):
    """The range of an image as 0 to 255."""
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise DataError(f"{path} holds NaN or infinite values: put numbers in their place.")
    values /= np.abs(values).max() or 1  # the range of the largest floats is no float
    low, high = values.min(), values.max()
    return np.rint((values - low) / ((high - low) or 1) * 255).astype(np.uint8)
