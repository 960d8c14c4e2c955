"""Volumes and their labels, NIfTI or DICOM, slice by slice."""

from pathlib import Path

import numpy as np

from ...datasets import DataError
from ...datasets.images import left_behind
from .. import volumes
from .entries import Entry

_PLACES = (("images", "masks"), ("imagesTr", "labelsTr"))
_ENDS = ("_0000", "_mask", "_seg")  # of nnU-Net's first channel, and of masks


def fits(root):
    """True for `images/` and `masks/`, or `imagesTr/` and `labelsTr/`, with volumes in the first."""
    return _place(root) is not None


def read(root):
    """All slices that are not blank, volume by volume.

    Yields
    ------
    Entry
        Named by volume and number of the slice, from 1; its group is the volume.

    Raises
    ------
    DataError
        If a volume has no labels or labels no volume, they do not lie at the same place, or labels are no whole
        numbers.
    """
    images, labels = (_volumes(root / name) for name in _place(root))
    for path in sorted((root / _place(root)[0]).iterdir()):
        if path not in images.values() and not left_behind(path.name):
            raise DataError(f"{path} is no volume, and lies among volumes: take it out.")
    for name, path in labels.items():
        if name not in images:
            raise DataError(f"{path} belongs to no volume of {root / _place(root)[0]}: name it as its volume is.")
    for name, path in images.items():
        if name not in labels:
            raise DataError(f"{path} has no labels {root / _place(root)[1] / name}.nii.gz: draw them, or take it out.")
        yield from _slices(name, path, labels[name])


def _place(root):
    return next((pair for pair in _PLACES if _volumes(root / pair[0]) and (root / pair[1]).is_dir()), None)


def _volumes(folder):
    """Files and folders of volumes by name."""
    found = {}
    for path in sorted(Path(folder).iterdir()) if folder.is_dir() else []:
        if left_behind(path.name) or not volumes.is_volume(path):
            continue
        name = volumes.stem(path)
        name = next((name.removesuffix(end) for end in _ENDS if name.endswith(end)), name)
        if name in found:
            raise DataError(f"{found[name]} and {path.name} are both called {name!r}: keep one.")
        if name.endswith("_0001"):
            raise DataError(f"{path} is a second modality, and one is read: keep the files with _0000.")
        found[name] = path
    return found


def _slices(name, path, file):
    volume, drawn = volumes.read(path), volumes.read(file)
    if not volumes.same_place(volume, drawn):
        sizes = [" x ".join(map(str, one.header.GetSize())) for one in (drawn, volume)]
        raise DataError(
            f"{file} ({sizes[0]} voxels) lies elsewhere than {path} ({sizes[1]}): size, spacing, origin and direction "
            "must agree. Draw on the volume itself, or resample the labels to it."
        )
    numbers = drawn.values
    if (numbers != np.rint(numbers)).any() or numbers.min() < 0:
        raise DataError(f"{file} holds values that are no labels, 0, 1, 2, ...: save whole numbers.")
    labels = [int(value) for value in np.unique(numbers) if value]
    for number, (plane, cut) in enumerate(zip(volume.pixels, numbers, strict=True), start=1):
        if plane.min() == plane.max():
            continue
        masks = {str(label): cut == label for label in labels}
        yield Entry(f"{name}_s{number:03d}", path, np.repeat(plane[..., None], 3, axis=-1), masks, group=name)
