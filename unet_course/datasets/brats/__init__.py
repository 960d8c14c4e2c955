"""Reader of the BraTS 2020 training set: one folder per patient with four MR volumes and one of labels.

Reads `.nii` (as Kaggle has it) and `.nii.gz` (as the organisers give it), in folders or in a zip or tar archive that
stays packed, and the phantoms. Where the cases of the Medical Segmentation Decathlon lie instead, which everybody may
have, it reads those into the same arrays; `origin` says which set it is.
Source: Menze et al., IEEE Transactions on Medical Imaging 34, 1993-2024 (2015), doi 10.1109/TMI.2014.2377694.
"""

import contextlib
import hashlib
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ...preprocessing.mr import zscore
from .. import Dataset, cache, locate, source_of
from ..resizing import resize_image, resize_labels
from . import decathlon, files, volumes
from .files import KEY, MODALITIES, pick_case_files, stored_in
from .patients import read_patients

__all__ = [
    "KEY", "LABELS", "MODALITIES", "REGIONS", "Z_RANGE", "case_files", "case_folders", "load", "load_slices",
    "zscore", "origin", "read_case", "regions", "to_grey",
]  # fmt: skip
LABELS = volumes.LABELS
REGIONS = {"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)}
# Standard deviations from the mean of the brain that grey levels 1 and 255 of `load_slices` stand for.
Z_RANGE = (-4.0, 6.0)
# Change it when the decoding below changes, so that old caches are not used.
_VERSION = 1


def load(root=None, *, source=None):
    """Read all cases as volumes; the first time they go one by one into a cache, later they are memory-mapped.

    The cache of the whole set has 30 GB. `load_slices` needs a sixth of it at 128 pixels.

    Parameters
    ----------
    root : path, optional
        `MICCAI_BraTS2020_TrainingData`, the `BraTS2020_TrainingData` around it, `Task01_BrainTumour` of the Decathlon,
        or the folder that holds one of them. Or a zip or tar archive of the first two: its files are read one case at a
        time and never unpacked to disk. Nothing is written there. Default: where `locate` finds the data.
    source : {"real", "phantom"}, optional
        Which data to take when `root` is not given. Default: real where present.

    Returns
    -------
    Dataset
        One entry per case, in natural order: `images` int16 (N, Z, H, W, 4) and `masks` uint8 (N, Z, H, W) as
        `read_case` gives them, `Ragged` when cases differ in size; `instances` is None. The index has `grade` ("HGG",
        "LGG"; NaN without `name_mapping.csv`), `age` in years and `survival_days` (NaN where `survival_info.csv` has
        no number), `alive` (True only where that file says so), `depth`, `height` and `width` in voxels,
        `has_tumour`, `has_enhancing`, and `voxels_1`, `voxels_2` and `voxels_4`, the number of voxels with each label.

    Raises
    ------
    FileNotFoundError
        If there is no case.
    DataError
        If a file is missing, damaged, or does not fit the others.
    """
    return _load(root, source, f"{KEY}-", _add_volumes, _volumes)


def load_slices(root=None, *, size=None, source=None):
    """Read all axial slices as grey levels; the first time case by case into a cache, later they are memory-mapped.

    Of the whole set the cache has about 4 GB at 128 pixels, 14 GB at its own 240. While it is made, memory
    holds one case.

    Parameters
    ----------
    root, source
        As for `load`.
    size : int, optional
        Resize to (size, size) pixels: slices with anti-aliasing, labels by nearest neighbour. Default: own sizes.

    Returns
    -------
    Dataset
        One entry per slice that shows any brain, in natural order, from the lowest up: `images` uint8 (N, H, W, 4) as
        `to_grey` makes them of the whole case, and `masks` uint8 (N, H, W) with the labels 0, 1, 2 and 4. `group` is
        the case. The index has, besides the patient's columns of `load`, `slice` (0 is the lowest of the volume),
        `depth`, `height`, `width`, `has_tumour`, `has_enhancing`, and `pixels_1`, `pixels_2` and `pixels_4`, the number
        of pixels with each label at the slice's own size.

    Raises
    ------
    FileNotFoundError, DataError
        As `load`.
    """

    def slices(images, labels):
        return _slices(images, labels, size)

    return _load(root, source, f"{KEY}-slices-{size or 'own'}-", _add_slices, slices)


def case_folders(root):
    """What `read_case` takes: one path per case, case 2 before case 10.

    Parameters
    ----------
    root : path
        As `load` accepts it, but no archive.

    Returns
    -------
    list of Path
        Folders `BraTS20_Training_<number>`. Of the Decathlon, which has no folder for each case, the image files
        without their ending: `imagesTr/BRATS_001`.

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    try:
        return files.case_folders(root)
    except FileNotFoundError:
        if found := decathlon.cases(root):
            return found
        raise


def origin(root):
    """Name the set that lies in a folder.

    Parameters
    ----------
    root : path
        As for `case_folders`.

    Returns
    -------
    str
        "BraTS 2020", or a phrase that begins with "Decathlon" and says how its labels are read.

    Raises
    ------
    FileNotFoundError
        If there is no case.
    """
    if decathlon.is_case(case_folders(root)[0]):
        return "Decathlon, labels 1, 2, 3 of its files read as 2, 1, 4"
    return "BraTS 2020"


def read_case(folder):
    """Read one case, standing upright as radiologists look at it.

    The files of BraTS count x towards the patient's left, y towards the back and z towards the head. Their axes are
    put in the order (z, y, x) and nothing is flipped: slice 0 is the lowest, row 0 is the front of the head, column 0
    is the patient's right. Where the header of the FLAIR file says that it counts otherwise, axes are flipped or
    swapped until it does, and the other four files with it, because all five share one grid of voxels.

    Parameters
    ----------
    folder : path
        Holds `<id>_flair`, `_t1`, `_t1ce`, `_t2` and `_seg`, each `.nii` or `.nii.gz`; `<id>` is the folder's name.
        Without `_seg`, the only other NIfTI file has the labels: `W39_1998.09.19_Segm.nii` in case 355.
        Of the Decathlon a path as `case_folders` gives it. Its labels 1, 2 and 3 become 2, 1 and 4.

    Returns
    -------
    images : ndarray, int16, (Z, H, W, 4)
        FLAIR, T1, T1 with contrast agent, T2, in the arbitrary units of the scanner; 0 outside the brain.
    labels : ndarray, uint8, (Z, H, W)
        0 is background, 1 necrotic and non-enhancing tumour core, 2 oedema, 4 enhancing tumour.

    Raises
    ------
    DataError
        If a file is missing, there twice, damaged, of another shape, or holds values it should not.
    """
    folder = Path(folder)
    if decathlon.is_case(folder):
        return decathlon.read(folder)
    return volumes.read(pick_case_files(stored_in(folder), folder.name, folder))


def case_files(folder):
    """Paths of the five files of a case.

    Parameters
    ----------
    folder : path
        Of one case, as from `case_folders`.

    Returns
    -------
    dict of str to Path
        "flair", "t1", "t1ce", "t2" and "seg"; in the Decathlon the first four are one file.

    Raises
    ------
    DataError
        As `read_case`.
    """
    folder = Path(folder)
    if decathlon.is_case(folder):
        return decathlon.case_files(folder)
    return pick_case_files(sorted(folder.iterdir()), folder.name, folder)


def regions(labels):
    """The three regions that BraTS scores (Menze et al. 2015).

    Parameters
    ----------
    labels : ndarray of int, any shape
        0, 1, 2 and 4 as `read_case` gives them.

    Returns
    -------
    ndarray, bool, (..., 3)
        Whole tumour (labels 1, 2, 4), tumour core (1, 4) and enhancing tumour (4): each lies inside the one before.

    Raises
    ------
    ValueError
        If there is another label.
    """
    labels = np.asarray(labels)
    volumes.check_labels(labels, "labels", "Give them as `read_case` does; label 3 is not used since 2017.")
    return np.stack([np.isin(labels, values) for values in REGIONS.values()], axis=-1)


def to_grey(images):
    """Bring one case to 255 grey levels inside the brain, each modality by itself, and 0 outside.

    Parameters
    ----------
    images : ndarray, (..., C)
        As for `zscore`.

    Returns
    -------
    ndarray, uint8, (..., C)
        Level 1 is the value 4 standard deviations below the mean of the brain or lower, 255 the value 6 above or
        higher, see `Z_RANGE`: a step is 0.04 standard deviations.
    """
    images = np.asarray(images)
    low, high = Z_RANGE
    levels = 1 + 254 * (np.clip(zscore(images), low, high) - low) / (high - low)
    return np.where(images > 0, levels.round().astype(np.uint8), 0).astype(np.uint8)


def _load(root, source, name, add, prepare):
    root = Path(root) if root else locate(KEY, source)
    arrays, notes = cache.cached(name + _key(root), lambda writer: _decode(root, add, prepare, writer))
    return Dataset(
        key=KEY, source=notes["source"] if root.is_file() else source_of(root), root=root,
        index=pd.DataFrame(notes["index"]), content_hash=notes["content_hash"], **arrays,
    )  # fmt: skip


def _key(root):
    if root.is_file():
        state = root.stat()
        return cache.key_of(root, _VERSION, root.name, state.st_size, state.st_mtime_ns)
    first = case_folders(root)[0]
    top = first.parents[1] if decathlon.is_case(first) else first.parent
    # The paths of the index begin at root, the hash of the files at the set: other data beside them do not matter.
    return cache.key_of(top, _VERSION, top.relative_to(root).as_posix())


def _decode(root, add, prepare, writer):
    """Read the cases as they lie, prepare each, and add it to the cache in natural order."""
    digest, rows = hashlib.sha256(), []
    early = writer.folder / "early"
    early.mkdir()
    with _open(root) as found:
        patients = read_patients(found)

        def prepared():
            for case in tqdm(found.as_stored(), "decode"):
                yield case, prepare(*_read(found, case))

        for case, arrays in cache.in_order(prepared(), found.cases, early):
            row = {"path": (PurePosixPath(found.top) / case).as_posix(), "group": case, **patients[case]}
            rows += add(writer, digest, case, row, arrays)
    early.rmdir()
    return {"index": rows, "content_hash": digest.hexdigest(), "source": found.source}


def _open(root):
    if root.is_file() or not decathlon.is_case(case_folders(root)[0]):
        return files.open_set(root)
    return contextlib.nullcontext(decathlon.find(root))


def _read(found, case):
    if decathlon.is_case(found.places[case]):
        return decathlon.read_stored(*found.cases[case])
    return volumes.read(pick_case_files(found.cases[case], case, found.places[case]))


def _volumes(images, labels):
    return {"images": images, "masks": labels}


def _add_volumes(writer, digest, case, row, arrays):
    images, labels = arrays["images"], arrays["masks"]
    writer.add(images=images, masks=labels)
    digest.update(case.encode())
    digest.update(images)
    digest.update(labels)
    row = {"id": case, **row, **dict(zip(("depth", "height", "width"), labels.shape, strict=True))}
    return [row | _labelled("voxels", np.bincount(labels.ravel(), minlength=max(LABELS) + 1).tolist())]


def _slices(images, labels, size):
    grey = to_grey(images)
    content = hashlib.sha256(grey)
    content.update(labels)
    shown = np.flatnonzero((grey > 0).any(axis=(1, 2, 3)) | (labels > 0).any(axis=(1, 2)))
    return {
        "images": grey[shown] if size is None else np.array([resize_image(grey[z], size) for z in shown]),
        "masks": labels[shown] if size is None else np.array([resize_labels(labels[z], size) for z in shown]),
        "slices": shown,
        "counts": np.array([np.bincount(labels[z].ravel(), minlength=max(LABELS) + 1) for z in shown]),
        "shape": np.array(labels.shape),
        "content": np.frombuffer(content.digest(), np.uint8),
    }


def _add_slices(writer, digest, case, row, arrays):
    digest.update(case.encode() + arrays["content"].tobytes())
    row = row | dict(zip(("depth", "height", "width"), arrays["shape"].tolist(), strict=True))
    rows = []
    for k, z in enumerate(arrays["slices"].tolist()):
        writer.add(images=arrays["images"][k], masks=arrays["masks"][k])
        rows.append({"id": f"{case}_{z}", "slice": z, **row, **_labelled("pixels", arrays["counts"][k].tolist())})
    return rows


def _labelled(unit, counts):
    named = {f"{unit}_{label}": counts[label] for label in LABELS[1:]}
    return {"has_tumour": any(named.values()), "has_enhancing": counts[4] > 0, **named}
