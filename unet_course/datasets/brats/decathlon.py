"""Reader of the Medical Segmentation Decathlon, Task01: one file with four modalities a patient, one with labels.

Its cases are those of BraTS 2016 and 2017 under new names, and they become the same arrays as those of BraTS 2020.
Source: Antonelli et al., Nature Communications 13, 4128 (2022), doi 10.1038/s41467-022-30695-9.
"""

from pathlib import Path

import numpy as np

from .. import DataError, natural, source_of
from . import volumes
from .files import MODALITIES, REMEDY, CaseIndex, StoredFile

NAME = "Task01_BrainTumour"
IMAGES, LABELS = "imagesTr", "labelsTr"
# By label of the Decathlon (background, oedema, non-enhancing core, enhancing tumour): what BraTS 2020 calls it.
AS_BRATS = np.array([0, 2, 1, 4], np.uint8)
_ENDINGS = (".nii.gz", ".nii")


def cases(root):
    """All cases of a Decathlon folder.

    Parameters
    ----------
    root : path
        `Task01_BrainTumour`, or the folder that holds it.

    Returns
    -------
    list of Path
        Each is the path of the case's image file without the ending, such as `imagesTr/BRATS_001`; case 2 before case
        10. Empty where there are none.
    """
    for place in ("", NAME):
        files = [path for path in (Path(root) / place / IMAGES).glob("BRATS_*") if path.name.endswith(_ENDINGS)]
        if files:
            return sorted({_stem(path) for path in files}, key=lambda case: natural(case.name))
    return []


def is_case(path):
    """True for a path as `cases` gives them."""
    return Path(path).parent.name == IMAGES and not Path(path).is_dir()


def files(case):
    """The two files of a case.

    Parameters
    ----------
    case : path
        As from `cases`.

    Returns
    -------
    images, labels : Path

    Raises
    ------
    DataError
        If one is missing, or there twice.
    """
    case = Path(case)
    return tuple(_only(case.parents[1] / part, case.name) for part in (IMAGES, LABELS))


def case_files(case):
    """As `brats.case_files`: every modality lies in the same file."""
    images, labels = files(case)
    return {**dict.fromkeys(MODALITIES, images), "seg": labels}


def find(root):
    """All cases as `files.open_set` finds those of BraTS 2020: each has two `StoredFile` files, images and labels."""
    found = cases(root)
    top = found[0].parents[1]
    return CaseIndex(
        (top / IMAGES).relative_to(root).as_posix(),
        {case.name: [_stored(path) for path in files(case)] for case in found},
        {case.name: case for case in found},
        {},
        source_of(root),
    )


def read(case):
    """Read the two files of a case; see `brats.read_case`."""
    return read_stored(*map(_stored, files(case)))


def read_stored(images, labels):
    """Read one case.

    Parameters
    ----------
    images, labels : StoredFile

    Returns
    -------
    images : ndarray, int16, (Z, H, W, 4)
        FLAIR, T1, T1 with contrast agent, T2: the files have them in this order.
    labels : ndarray, uint8, (Z, H, W)
        0, 1, 2 and 4 as in BraTS 2020.

    Raises
    ------
    DataError
        If a file is damaged, has another shape, or holds values it should not.
    """
    volume, orientation = volumes.decode(images.read(), images, axes=4)
    if volume.shape[3] != len(MODALITIES):
        raise DataError(f"{images.place} holds {volume.shape[3]} volumes, not four. {REMEDY}")
    drawn, _ = volumes.decode(labels.read(), labels)
    if drawn.shape != volume.shape[:3]:
        sizes = [" x ".join(map(str, shape)) for shape in (drawn.shape, volume.shape[:3])]
        raise DataError(f"{labels.place} has {sizes[0]} voxels, its image file {sizes[1]}. {REMEDY}")
    if not (known := np.isin(drawn, range(len(AS_BRATS)))).all():
        other = ", ".join(f"{value:g}" for value in np.unique(drawn[~known])[:5])
        raise DataError(f"{labels.place}: found {other} where only the labels 0 to 3 can be. {REMEDY}")
    upright = np.ascontiguousarray(volumes.upright(volumes.as_int16(volume, images), orientation))
    return upright, np.ascontiguousarray(AS_BRATS[volumes.upright(drawn.astype(np.uint8), orientation)])


def _stem(path):
    return path.with_name(path.name.removesuffix(".gz").removesuffix(".nii"))


def _only(folder, name):
    found = [folder / (name + ending) for ending in _ENDINGS if (folder / (name + ending)).is_file()]
    if not found:
        raise DataError(f"{folder / name}.nii.gz (or .nii) is missing. {REMEDY}")
    if len(found) > 1:
        raise DataError(f"{folder} holds {name}.nii.gz and {name}.nii: move the wrong one away.")
    return found[0]


def _stored(path):
    return StoredFile(path.name, str(path), path.read_bytes, path.stat().st_size)
