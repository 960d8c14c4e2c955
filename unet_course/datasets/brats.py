"""Reader of the BraTS 2020 training set: one folder per patient with four MR volumes and one of labels.

Reads `.nii` (as Kaggle has it) and `.nii.gz` (as the organisers give it) without unpacking, and the phantoms.
Source: Menze et al., IEEE Transactions on Medical Imaging 34, 1993-2024 (2015), doi 10.1109/TMI.2014.2377694.
"""

import gzip
import hashlib
import re
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
from nibabel.orientations import apply_orientation, axcodes2ornt, io_orientation, ornt_transform
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError
from tqdm.auto import tqdm

from . import DataError, Dataset, cache, locate, source_of

KEY = "brats"
MODALITIES = ("flair", "t1", "t1ce", "t2")
LABELS = (0, 1, 2, 4)
REGIONS = {"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)}
_REMEDY = f"Fetch this case again: `unet-course data {KEY}`."
# Change it when the decoding below changes, so that old caches are not used.
_VERSION = 1
_PLACES = (
    "",
    "MICCAI_BraTS2020_TrainingData",
    "BraTS2020_TrainingData",
    "BraTS2020_TrainingData/MICCAI_BraTS2020_TrainingData",
)
# What nibabel, gzip and zlib raise on a file that is cut short or is something else.
_DAMAGE = (OSError, EOFError, ValueError, zlib.error, HeaderDataError, WrapStructError)


def load(root=None, *, source=None):
    """Read all cases; the first time they go one by one into a cache, later they are memory-mapped.

    Parameters
    ----------
    root : path, optional
        `MICCAI_BraTS2020_TrainingData`, the `BraTS2020_TrainingData` around it, or the folder that holds one of them.
        Nothing is written there. Default: where `locate` finds the data.
    source : {"real", "phantom"}, optional
        Which data to take when `root` is not given. Default: real where present.

    Returns
    -------
    Dataset
        One entry per case, in natural order: `images` int16 (N, Z, H, W, 4) and `masks` uint8 (N, Z, H, W) as
        `read_case` gives them, `Ragged` when cases differ in size; `instances` is None. The index has `grade` ("HGG",
        "LGG"; NaN without `name_mapping.csv`), `age` in years and `survival_days` (NaN where `survival_info.csv` has
        no number), `alive` (True only where that file says so), `depth`, `height` and `width` in voxels,
        `has_enhancing`, and `voxels_1`, `voxels_2` and `voxels_4`, the number of voxels with each label.

    Raises
    ------
    FileNotFoundError
        If there is no case.
    DataError
        If a file is missing, damaged, or does not fit the others.
    """
    root = Path(root) if root else locate(KEY, source)
    folders = case_folders(root)
    top = folders[0].parent
    # The paths of the index begin at root, the hash of the files at the cases: other data beside them do not matter.
    key = cache.key_of(top, _VERSION, top.relative_to(root).as_posix())
    arrays, notes = cache.cached(f"{KEY}-{key}", lambda writer: _decode(root, folders, writer))
    return Dataset(
        key=KEY, source=source_of(root), root=root, index=pd.DataFrame(notes["index"]),
        content_hash=notes["content_hash"], **arrays,
    )  # fmt: skip


def case_folders(root):
    """Folders `BraTS20_Training_<number>` of a root as `load` accepts it, case 2 before case 10.

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    for place in _PLACES:
        folders = [path for path in (Path(root) / place).glob("BraTS20_Training_*") if path.is_dir()]
        if folders:
            return sorted(folders, key=lambda folder: [int(n) for n in re.findall(r"\d+", folder.name)])
    raise FileNotFoundError(
        f"{root} holds no BraTS20_Training_<number> folder. Point to the folder that contains "
        f"MICCAI_BraTS2020_TrainingData, or run `unet-course data {KEY}`."
    )


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
    files = case_files(folder)
    first, orientation = _read(files["flair"])
    images = np.empty((*_upright(first, orientation).shape, len(MODALITIES)), np.int16)
    for channel, modality in enumerate(MODALITIES):
        volume = first if modality == "flair" else _read_like(files[modality], first.shape)
        images[..., channel] = _upright(_as_int16(volume, files[modality]), orientation)
    labels = _as_labels(_read_like(files["seg"], first.shape), files["seg"])
    return images, np.ascontiguousarray(_upright(labels, orientation))


def case_files(folder):
    """The five files of a case by what they hold: "flair", "t1", "t1ce", "t2" and "seg"; errors as `read_case`."""
    folder = Path(folder)
    found = {}
    for path in sorted(folder.iterdir()):
        # Names with a leading dot are left by macOS beside the real file.
        if path.name.endswith((".nii", ".nii.gz")) and not path.name.startswith("."):
            found.setdefault(path.name.removesuffix(".gz").removesuffix(".nii"), []).append(path)
    files = {}
    for modality in MODALITIES:
        name = f"{folder.name}_{modality}"
        files[modality] = _only(found.pop(name, []), folder / name)
    name = f"{folder.name}_seg"
    files["seg"] = _only(found.get(name) or sum(found.values(), []), folder / name)
    return files


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
    _check_labels(labels, "labels", "Give them as `read_case` does; label 3 is not used since 2017.")
    return np.stack([np.isin(labels, values) for values in REGIONS.values()], axis=-1)


def normalise(images):
    """Bring one case to mean 0 and standard deviation 1 inside the brain, each modality by itself.

    MR units have no fixed scale: the same tissue has other values in every scan.

    Parameters
    ----------
    images : ndarray, (..., C)
        One case, modalities last. The brain is where a value is above 0.

    Returns
    -------
    ndarray, float32, (..., C)
        0 outside the brain, and all over a modality that is constant inside it.
    """
    images = np.asarray(images)
    result = np.zeros(images.shape, np.float32)
    for channel in range(images.shape[-1]):
        brain = images[..., channel] > 0
        values = images[..., channel][brain].astype(np.float64)
        if values.size and values.std() > 0:
            result[..., channel][brain] = (values - values.mean()) / values.std()
    return result


def _only(paths, expected):
    if not paths:
        raise DataError(f"{expected}.nii (or .nii.gz) is missing. {_REMEDY}")
    if len(paths) > 1:
        names = " and ".join(path.name for path in paths)
        raise DataError(f"{expected.parent} holds {names}, of which only one can be read. Move the wrong one away.")
    return paths[0]


def _read(path):
    """The voxels (x, y, z) of a file, and the flips and swaps that make them count to the left, back and head."""
    try:
        content = path.read_bytes()
        # Left to nibabel, a packed file is read without its checksum, and damaged voxels pass for sound ones.
        image = nibabel.Nifti1Image.from_bytes(gzip.decompress(content) if path.suffix == ".gz" else content)
        volume = np.asanyarray(image.dataobj)
        orientation = ornt_transform(io_orientation(image.affine), axcodes2ornt("LPS"))
    except _DAMAGE as error:
        reason = " ".join(str(error).split())  # some span several lines
        raise DataError(f"{path} is truncated or not a NIfTI file ({reason}). {_REMEDY}") from error
    if volume.ndim != 3:
        raise DataError(f"{path} has {volume.ndim} axes instead of x, y and z. {_REMEDY}")
    return volume, orientation


def _read_like(path, shape):
    volume, _ = _read(path)
    if volume.shape != shape:
        sizes = [" x ".join(map(str, size)) for size in (volume.shape, shape)]
        raise DataError(f"{path} has {sizes[0]} voxels, the FLAIR volume of its case {sizes[1]}. {_REMEDY}")
    return volume


def _upright(volume, orientation):
    return apply_orientation(volume, orientation).transpose(2, 1, 0)


def _as_int16(volume, path):
    with np.errstate(invalid="ignore"):  # NaN is found by the comparison
        whole = volume.astype(np.int16, copy=False)
    if not np.array_equal(whole, volume):
        raise DataError(f"{path} holds values that are no whole numbers from -32768 to 32767. {_REMEDY}")
    return whole


def _as_labels(volume, path):
    try:
        _check_labels(volume, path, f"It is no segmentation of BraTS 2020. {_REMEDY}")
    except ValueError as error:
        raise DataError(str(error)) from error
    return volume.astype(np.uint8)


def _check_labels(labels, what, remedy):
    known = np.isin(labels, LABELS)
    if not known.all():
        other = ", ".join(f"{value:g}" for value in np.unique(labels[~known])[:5])
        raise ValueError(f"{what}: found {other} where only the labels 0, 1, 2 and 4 can be. {remedy}")


def _table(path, name, columns):
    """A CSV by case; empty when the file is not there."""
    if not path.exists():
        return {}
    table = pd.read_csv(path)
    missing = [column for column in (name, *columns) if column not in table]
    if missing:
        raise DataError(f"{path} has no column {missing[0]}. Fetch it again: `unet-course data {KEY}`.")
    return {row[name]: row for row in table.to_dict("records")}


def _patient(grades, survival, case):
    row = survival.get(case, {})
    age, days = (row.get(column, np.nan) for column in ("Age", "Survival_days"))
    return {
        "grade": grades.get(case, {}).get("Grade", np.nan),
        "age": float(pd.to_numeric(age, errors="coerce")),
        "survival_days": float(pd.to_numeric(days, errors="coerce")),
        "alive": "ALIVE" in str(days).upper(),
    }


def _decode(root, folders, writer):
    top = folders[0].parent
    grades = _table(top / "name_mapping.csv", "BraTS_2020_subject_ID", ["Grade"])
    survival = _table(top / "survival_info.csv", "Brats20ID", ["Age", "Survival_days"])
    digest, rows = hashlib.sha256(), []
    for folder in tqdm(folders, "decode"):
        images, labels = read_case(folder)
        writer.add(images=images, masks=labels)
        digest.update(folder.name.encode())
        digest.update(images)
        digest.update(labels)
        row = {"id": folder.name, "path": folder.relative_to(root).as_posix(), "group": folder.name}
        row |= _patient(grades, survival, folder.name)
        row |= dict(zip(("depth", "height", "width"), labels.shape, strict=True))
        counts = np.bincount(labels.ravel(), minlength=max(LABELS) + 1).tolist()
        row |= {"has_enhancing": counts[4] > 0, **{f"voxels_{label}": counts[label] for label in LABELS[1:]}}
        rows.append(row)
    return {"index": rows, "content_hash": digest.hexdigest()}
