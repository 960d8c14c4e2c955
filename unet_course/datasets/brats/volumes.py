"""From the files of one BraTS case to arrays that stand upright, every damaged or unfit file named."""

import gzip
import io
import math

import nibabel
import numpy as np
from nibabel.orientations import apply_orientation, axcodes2ornt, io_orientation, ornt_transform
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from .. import DataError
from .files import DAMAGE, LARGEST, MODALITIES, REMEDY, damaged

LABELS = (0, 1, 2, 4)
_DAMAGE = (*DAMAGE, HeaderDataError, WrapStructError, OverflowError)


def read(files):
    """Read the volumes of one case; see `brats.read_case`.

    Parameters
    ----------
    files : dict of str to StoredFile
        As `brats_files.choose` gives them.

    Returns
    -------
    images : ndarray, int16, (Z, H, W, 4)
    labels : ndarray, uint8, (Z, H, W)

    Raises
    ------
    DataError
    """
    as_stored = sorted(files, key=lambda what: files[what].position)
    contents = {what: files[what].read() for what in as_stored}
    first, orientation = decode(contents["flair"], files["flair"])
    images = np.empty((*upright(first, orientation).shape, len(MODALITIES)), np.int16)
    for channel, what in enumerate(MODALITIES):
        volume = first if what == "flair" else _decode_like(contents[what], files[what], first.shape)
        images[..., channel] = upright(as_int16(volume, files[what]), orientation)
    labels = _as_labels(_decode_like(contents["seg"], files["seg"], first.shape), files["seg"])
    return images, np.ascontiguousarray(upright(labels, orientation))


def decode(content, file, axes=3):
    """The voxels (x, y, z) of a file, and the flips and swaps that make them count to the left, back and head.

    Parameters
    ----------
    content : bytes
        A NIfTI file, as it is or packed with gzip.
    file : StoredFile
        Where it comes from.
    axes : {3, 4}
        How many it has; 4 where several volumes lie in one file.

    Raises
    ------
    DataError
    """
    try:
        # Left to nibabel, a packed file is read without its checksum, and damaged voxels pass for sound ones.
        content = _unpacked(content) if file.name.endswith(".gz") else content
        image = nibabel.Nifti1Image.from_bytes(content)
        _check_length(image.header, len(content))
        volume = np.asanyarray(image.dataobj)  # with the scale of the header
        orientation = ornt_transform(io_orientation(image.affine), axcodes2ornt("LPS"))
    except _DAMAGE as error:
        raise damaged(file.place, error) from error
    if volume.ndim != axes:
        wanted = "x, y and z" if axes == 3 else "x, y, z and modality"
        raise DataError(f"{file.place} has {volume.ndim} axes instead of {wanted}. {REMEDY}")
    if volume.dtype.kind not in "iuf":
        raise DataError(f"{file.place} holds values of type {volume.dtype}, not real numbers. {REMEDY}")
    return volume, orientation


def header(path):
    """Read the header of a file, and whether the file is as long as it says; the voxels are not looked at.

    Parameters
    ----------
    path : Path

    Returns
    -------
    tuple of int
        Voxels along x, y and z.

    Raises
    ------
    DataError
        If it is no NIfTI file, or cut short.
    """
    try:
        packed = path.name.endswith(".gz")
        with gzip.open(path) if packed else open(path, "rb") as file:
            found = nibabel.Nifti1Header.from_fileobj(file)
        shape, expected = found.get_data_shape(), _length(found)
        # A packed file ends with its length before packing.
        length = int.from_bytes(_end_of(path), "little") if packed else path.stat().st_size
    except _DAMAGE as error:
        raise damaged(path, error) from error
    if packed and length != expected:
        raise damaged(path, "it does not end with its length")
    if length < expected:
        raise damaged(path, f"{length:,} of {expected:,} bytes")
    return shape


def check_labels(labels, what, remedy):
    """ValueError, with a remedy, if there are labels that BraTS 2020 does not use."""
    known = np.isin(labels, LABELS)
    if not known.all():
        other = ", ".join(f"{value:g}" for value in np.unique(labels[~known])[:5])
        raise ValueError(f"{what}: found {other} where only the labels 0, 1, 2 and 4 can be. {remedy}")


def _length(header):
    """Bytes that a file with this header has."""
    return header.get_data_offset() + math.prod(header.get_data_shape()) * header.get_data_dtype().itemsize


def _check_length(header, length):
    """Before memory for the voxels is asked for: a damaged header may speak of terabytes."""
    if length < _length(header):
        raise ValueError(f"{length:,} of {_length(header):,} bytes")


def _unpacked(content):
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        volume = file.read(LARGEST + 1)  # a few packed bytes can stand for a thousand times as many
    if len(volume) > LARGEST:
        raise ValueError(f"it unpacks to more than {LARGEST / 1e9:.1f} GB")
    return volume


def _end_of(path):
    with open(path, "rb") as file:
        file.seek(-4, 2)
        return file.read(4)


def _decode_like(content, file, shape):
    volume, _ = decode(content, file)
    if volume.shape != shape:
        sizes = [" x ".join(map(str, size)) for size in (volume.shape, shape)]
        raise DataError(f"{file.place} has {sizes[0]} voxels, the FLAIR volume of its case {sizes[1]}. {REMEDY}")
    return volume


def upright(volume, orientation):
    """Put the axes (x, y, z) of a volume in the order (z, y, x), flipped as `decode` says; further axes stay."""
    turned = apply_orientation(volume, orientation)
    return turned.transpose(2, 1, 0, *range(3, turned.ndim))


def as_int16(volume, file):
    """The values of a file as int16; DataError where they are no whole numbers in its range."""
    with np.errstate(invalid="ignore"):  # NaN is found by the comparison
        whole = volume.astype(np.int16, copy=False)
    if not np.array_equal(whole, volume):
        raise DataError(f"{file.place} holds values that are no whole numbers from -32768 to 32767. {REMEDY}")
    return whole


def _as_labels(volume, file):
    # A header may scale labels: 10 times 0.1 in single precision is not quite 1.
    whole = np.rint(volume)
    volume = np.where(np.isclose(volume, whole, rtol=0, atol=1e-4), whole, volume)
    try:
        check_labels(volume, file.place, f"It is no segmentation of BraTS 2020. {REMEDY}")
    except ValueError as error:
        raise DataError(str(error)) from error
    return volume.astype(np.uint8)
