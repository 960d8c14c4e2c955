"""Volumes of slices, from a NIfTI file or the folder of a DICOM series, and labels back in the same geometry.

SimpleITK reads both, so that there is one convention: axes to the left, to the back and to the head, lengths in mm. Of
a DICOM file only pixels, positions, spacing, rescale slope and window are read; nothing else of it can get into what
is written.
"""

import gzip
import math
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from ..datasets import DataError

ENDINGS = (".nii", ".nii.gz")
_WINDOW = ("0028|1050", "0028|1051")  # centre and width, DICOM PS3.3 C.11.2
_PERCENTILES = (0.5, 99.5)
_EVEN = 0.01  # share of the gap between slices by which gaps may differ


@dataclass(frozen=True)
class Volume:
    """A volume that stands upright, with its slices along the first axis.

    Attributes
    ----------
    values : array, (S, H, W)
    spacing : tuple of float
        Between slices, rows and columns, in mm.
    window : tuple of float, optional
        Smallest and largest value to show, where the files name a window.
    axis : int
        Along which of z, y and x it is sliced: that with the largest spacing.
    header : SimpleITK.Image
        With the volume's geometry as it was stored.
    """

    values: np.ndarray
    spacing: tuple
    window: tuple | None
    axis: int
    header: object

    @property
    def pixels(self):
        """uint8, (S, H, W): the window, or percentiles 0.5 and 99.5 of the volume, as 0 to 255."""
        low, high = self.window or np.percentile(self.values, _PERCENTILES)
        share = (self.values - np.float32(low)) / np.float32((high - low) or 1)
        return np.rint(255 * share.clip(0, 1)).astype(np.uint8)


def stem(path):
    """The name of a volume's file or folder without its ending."""
    name = Path(path).name
    return next((name[: -len(ending)] for ending in ENDINGS[::-1] if name.lower().endswith(ending)), name)


def is_volume(path):
    """True for NIfTI files and for folders with DICOM files, told by their content."""
    path = Path(path)
    if path.is_dir():
        return any(_is_dicom(file) for file in path.iterdir() if file.is_file())
    return path.name.lower().endswith(ENDINGS)


def read(path):
    """Read a NIfTI file or the folder of one DICOM series.

    Parameters
    ----------
    path : path

    Returns
    -------
    Volume

    Raises
    ------
    DataError
        If it is damaged, has not three axes, holds several series or several values a voxel, or lacks slices.
    """
    path, window = Path(path), None
    if path.is_dir():
        files = _series(path)
        image, window = _read_series(path, files), _window(files)
    else:
        _refuse_damaged(path)
        image = _sitk(path, lambda sitk: sitk.ReadImage(str(path)))
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        axes = f"{image.GetDimension()} axes and {image.GetNumberOfComponentsPerPixel()} value(s) a voxel"
        raise DataError(f"{path} has {axes}, and one value along x, y and z is read: save one volume a file.")
    upright = _oriented(image, "LPS")
    spacing = upright.GetSpacing()[::-1]
    axis = int(np.argmax(np.round(spacing, 3)))
    values = _sliced(_array(upright), axis)
    if not np.isfinite(values).all():
        raise DataError(f"{path} holds NaN or infinite values: put numbers in their place.")
    return Volume(values, (spacing[axis], *np.delete(spacing, axis)), window, axis, image)


def write_labels(path, labels, volume):
    """Write labels as a NIfTI file in the geometry of a volume: same axes, spacing, origin and directions.

    Parameters
    ----------
    path : path
        Ends with .nii.gz.
    labels : array of uint8, (S, H, W)
        In the order of `volume.values`.
    volume : Volume
    """
    import SimpleITK as sitk

    upright = _oriented(volume.header, "LPS")
    stored = np.zeros(_array(upright).shape, np.uint8)
    _sliced(stored, volume.axis)[:] = labels
    image = sitk.GetImageFromArray(stored)
    image.CopyInformation(upright)
    orientation = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(volume.header.GetDirection())
    image = _oriented(image, orientation)
    image.CopyInformation(volume.header)  # without the rounding errors of two turns
    part = Path(path).with_name(f"part-{Path(path).name}")
    sitk.WriteImage(image, str(part), useCompression=True)
    os.replace(part, path)


def same_place(first, second):
    """True where two volumes have the same voxels, in size and in mm."""
    return first.values.shape == second.values.shape and all(
        np.allclose(getattr(first.header, get)(), getattr(second.header, get)(), atol=1e-2)
        for get in ("GetSpacing", "GetOrigin", "GetDirection")
    )


def _refuse_damaged(path):
    """Read a NIfTI file once for its check sum and its length: SimpleITK takes what is left of a shorter one."""
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else open(path, "rb") as file:
            header = nibabel.Nifti1Header.from_fileobj(file)
            voxels = math.prod(header.get_data_shape()) * header.get_data_dtype().itemsize
            wanted = int(header.get_data_offset()) + voxels
            file.seek(0)
            length = sum(len(piece) for piece in iter(lambda: file.read(1 << 20), b""))
        if length < wanted:
            raise EOFError(f"{length:,} of {wanted:,} bytes")
    except (OSError, EOFError, ValueError, zlib.error, HeaderDataError, WrapStructError) as error:
        raise DataError(f"{path} is truncated or no NIfTI file ({error}): replace it, or take it out.") from None


def _is_dicom(path):
    with open(path, "rb") as file:
        return file.read(132)[128:] == b"DICM"


def _sitk(path, use):
    """What SimpleITK says of a file, in one sentence."""
    import SimpleITK as sitk  # slow to import, and for few files

    try:
        return use(sitk)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1].strip()[:200]
        raise DataError(f"{path} cannot be read as a volume ({reason}): replace it, or take it out.") from None


def _oriented(image, code):
    return _sitk("the volume", lambda sitk: sitk.DICOMOrient(image, code))


def _array(image):
    return _sitk("the volume", lambda sitk: sitk.GetArrayFromImage(image))


def _sliced(array, axis):
    """A view with the slices first; where they hold z as rows, the head is up."""
    view = np.moveaxis(array, axis, 0)
    return view if axis == 0 else view[:, ::-1]


def _series(folder):
    """The files of the one series in a folder, by their place in space."""
    ids = _sitk(folder, lambda sitk: sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(folder)))
    if len(ids) != 1:
        raise DataError(f"{folder} holds {len(ids)} DICOM series: give each one a folder of its own.")
    files = _sitk(folder, lambda sitk: sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), ids[0]))
    all_files = sum(file.is_file() and _is_dicom(file) for file in folder.iterdir())
    if len(files) < all_files:
        raise DataError(f"{folder}: {all_files - len(files)} of {all_files} files are damaged: copy the series again.")
    return files


def _read_series(folder, files):
    origins = np.array([_info(file).GetOrigin() for file in files])
    gaps = np.linalg.norm(np.diff(origins, axis=0), axis=1)
    if len(gaps) and gaps.min() == 0:
        raise DataError(f"{folder} holds two slices at one place: keep one echo, or one point in time.")
    if len(gaps) and np.ptp(gaps) > _EVEN * np.median(gaps):
        where = int(np.abs(gaps - np.median(gaps)).argmax())
        raise DataError(
            f"{folder}: from slice {where + 1} to {where + 2} of {len(files)} it is {gaps[where]:.2f} mm, elsewhere "
            f"{np.median(gaps):.2f}: is a file missing? Copy the whole series."
        )

    def use(sitk):
        reader = sitk.ImageSeriesReader()  # private fields are not even loaded: LoadPrivateTagsOff is its default
        reader.SetFileNames(files)
        return reader.Execute()  # with the rescale slope and intercept of each file

    return _sitk(folder, use)


def _info(file):
    def use(sitk):
        reader = sitk.ImageFileReader()
        reader.SetFileName(file)
        reader.ReadImageInformation()
        return reader

    return _sitk(file, use)


def _window(files):
    """The window of the slice in the middle; None where it names none."""
    info = _info(files[len(files) // 2])
    if not all(info.HasMetaDataKey(key) for key in _WINDOW):
        return None
    try:
        centre, width = (float(info.GetMetaData(key).split("\\")[0]) for key in _WINDOW)
    except ValueError:
        return None
    return (centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2) if width > 1 else None
