"""What `predict` is given, plane by plane: images, TIFF files of several pages, NIfTI files and DICOM series."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from ..datasets import DataError
from ..datasets.images import read_pixels
from . import volumes

_TIFF = (".tif", ".tiff")


@dataclass(frozen=True)
class Stack:
    """One file, or one series.

    Attributes
    ----------
    planes : sequence of array of uint8, (H, W) or (H, W, 3)
    write : callable
        `write(folder, name, masks)` writes masks (P, H, W) of bool in the same geometry.
    spacing : tuple of float, optional
        Of rows and of columns in mm, where the file says so.
    """

    planes: Any
    write: Any
    spacing: tuple | None = None


def read(path):
    """Read a file or the folder of a DICOM series.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Stack

    Raises
    ------
    DataError
        If it cannot be read rightly.
    """
    if volumes.is_volume(path):
        volume = volumes.read(path)
        return Stack(volume.pixels, _volume_writer(volume), volume.spacing[1:])
    if path.suffix.lower() in _TIFF and (pages := _pages(path)) is not None:
        return Stack(pages, _write_pages)
    return Stack([read_pixels(path, "RGB")], _write_image)


def name(path):
    """What masks of this file or folder are called."""
    return volumes.stem(path) if volumes.is_volume(path) else path.stem


def _pages(path):
    """The pages of a TIFF file as bytes, stretched together; None where there is one, or it cannot be opened."""
    try:
        with tifffile.TiffFile(path) as file:
            if len(file.pages) < 2 and file.series[0].size == file.pages[0].size:
                return None
            series = file.series
            if len(series) != 1 or series[0].axes[1:] not in ("YX", "YXS") or "C" in series[0].axes:
                axes = " and ".join(one.axes for one in series)
                raise DataError(f"{path} holds {axes}: save its pages as one stack, grey or RGB, or as single files.")
            values = series[0].asarray()
    except DataError:
        raise
    except Exception:  # on a damaged file tifffile raises whatever comes; `read_pixels` then says what is wrong
        return None
    if values.ndim == 4 and values.shape[-1] != 3 or values.dtype.kind not in "uif":
        raise DataError(f"{path} has pages of {values.shape[1:]} {values.dtype}: save them as grey or RGB.")
    return values if values.dtype == np.uint8 else _stretched(path, values)


def _stretched(path, values):
    if not np.isfinite(values).all():
        raise DataError(f"{path} holds NaN or infinite values: put numbers in their place.")
    low, high = float(values.min()), float(values.max())
    return np.stack([np.rint((page - np.float32(low)) / ((high - low) or 1) * 255).astype(np.uint8) for page in values])


def _write_image(folder, name, masks):
    _write(folder / f"{name}.png", lambda part: _as_image(masks[0]).save(part, format="PNG"))


def _write_pages(folder, name, masks):
    pages = masks.astype(np.uint8) * np.uint8(255)
    options = {"photometric": "minisblack", "compression": "zlib"}
    _write(folder / f"{name}.tif", lambda part: tifffile.imwrite(part, pages, **options))


def _volume_writer(volume):
    return lambda folder, name, masks: volumes.write_labels(folder / f"{name}.nii.gz", masks.astype(np.uint8), volume)


def _as_image(mask):
    return Image.fromarray(mask.astype(np.uint8) * np.uint8(255))


def _write(path, write):
    """In one move: a kill leaves no half of a mask."""
    part = path.with_name(f"part-{path.name}")
    write(part)
    os.replace(part, path)
