"""Decode single picture files, with errors that say which file and what to do."""

import numpy as np
from PIL import Image

from . import DataError
from .sources import fetch_again


def read_picture(path, mode, key=None):
    """Read one picture file.

    Parameters
    ----------
    path : path
    mode : {"RGB", "L"}
        Colour as uint8 (H, W, 3), an alpha channel left out, or grey as uint8 (H, W).
    key : str, optional
        The public data set it belongs to, for the remedy.

    Returns
    -------
    ndarray of uint8

    Raises
    ------
    DataError
        If the file is missing, truncated or not a picture.
    """
    remedy = fetch_again(key) if key else "Replace it, or take it out."
    try:
        with Image.open(path) as file:
            return np.asarray(file.convert(mode))
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing. {remedy}") from error
    except (OSError, SyntaxError) as error:  # Pillow's signs of damage
        raise DataError(f"{path} is truncated or not a picture ({error}). {remedy}") from error
