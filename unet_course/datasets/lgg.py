"""Reader of the LGG MRI segmentation set: one folder per patient, one TIFF per slice and one for its mask.

A slice's three channels are three MR sequences: pre-contrast, FLAIR, post-contrast. Where a patient lacks one, the
publishers put FLAIR in its place: see `missing_sequences`. Read are the published set, parts of it, and the phantoms.
"""

import hashlib
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from . import DataError, Dataset, cache, locate, source_of
from .images import by_stem, files_in, read_pixels
from .published.sources import fetch_again
from .resizing import cached_at

KEY = "lgg"
CHANNELS = ("pre-contrast", "FLAIR", "post-contrast")
# Columns of data.csv besides Patient; all are number codes.
CLINICAL = (
    "RNASeqCluster",
    "MethylationCluster",
    "miRNACluster",
    "CNCluster",
    "RPPACluster",
    "OncosignCluster",
    "COCCluster",
    "histological_type",
    "neoplasm_histologic_grade",
    "tumor_tissue_site",
    "laterality",
    "tumor_location",
    "gender",
    "age_at_initial_pathologic",
    "race",
    "ethnicity",
    "death01",
)
# Change it when the decoding below changes, so that old caches are not used.
_VERSION = 2
_TOP = "kaggle_3m"
_PATIENT = re.compile(r"TCGA_[A-Za-z0-9]+_[A-Za-z0-9]+_\d{8}")
_REMEDY = fetch_again(KEY)


def load(root=None, *, size=None, source=None):
    """Read all slices and masks; the first time they are decoded into a cache, later they are memory-mapped.

    Parameters
    ----------
    root : path, optional
        Folder with `kaggle_3m/`, or `kaggle_3m` itself. The archive's second copy of everything, in
        `lgg-mri-segmentation/`, is not read. Default: where `locate` finds the data.
    size : int, optional
        Resize to (size, size) pixels: slices with anti-aliasing, masks by nearest neighbour. Default: own sizes.
    source : {"real", "phantom"}, optional
        Which data to take when `root` is not given. Default: real where present.

    Returns
    -------
    Dataset
        `images` uint8 (N, H, W, 3), 0 to 255, channels as in `CHANNELS`; `masks` uint8 (N, H, W), 1 in the tumour,
        else 0; patients by name, their slices by number. `index` has, besides what every data set has, `site`
        (hospital code), `slice` (number), `has_tumour`, `tumour_area` (pixels, at the slice's own size) and the
        columns `CLINICAL` of data.csv, NaN where it says nothing about a patient.

    Raises
    ------
    FileNotFoundError
        If there are no data.
    DataError
        If a slice or mask is missing or damaged, the two do not fit, or data.csv cannot be read.

    Notes
    -----
    Buda, Saha and Mazurowski, Computers in Biology and Medicine 2019, doi:10.1016/j.compbiomed.2019.05.002.
    """
    root = Path(root) if root else locate(KEY, source)
    root = root.parent if root.name == _TOP else root
    top = root / _TOP if (root / _TOP).is_dir() else root
    key = cache.key_of(top, _VERSION, top == root)
    arrays, notes = cached_at(f"{KEY}-{key}", size, lambda writer: _decode(root, top, writer))
    index = pd.DataFrame(notes["index"]).join(read_clinical(top / "data.csv"), on="group")
    return Dataset(
        key=KEY, source=source_of(root), root=root, index=index, content_hash=notes["content_hash"], **arrays
    )  # fmt: skip


def missing_sequences(dataset):
    """Find the patients whose pre- or post-contrast channel is nothing but a copy of FLAIR.

    Parameters
    ----------
    dataset : Dataset
        From `load`.

    Returns
    -------
    pandas.DataFrame
        One line per patient, by `group`: `pre_contrast` and `post_contrast`, True when that sequence is missing, that
        is, equal to FLAIR in all slices.
    """
    copies = pd.DataFrame({"group": dataset.index["group"]})
    equal = [[np.array_equal(image[..., k], image[..., 1]) for k in (0, 2)] for image in dataset.images]
    copies[["pre_contrast", "post_contrast"]] = equal
    return copies.groupby("group").all()


def read_clinical(path):
    """Read data.csv, separated by commas or, as in the archive's second copy, by semicolons.

    Parameters
    ----------
    path : path

    Returns
    -------
    pandas.DataFrame
        One line per patient, such as "TCGA_CS_4941", with the columns `CLINICAL` as floats, NaN where there is no
        number; no line at all when there is no such file.

    Raises
    ------
    DataError
        If the file is not a table, has no column Patient, or names a patient twice.
    """
    if not path.exists():
        return pd.DataFrame(columns=CLINICAL, dtype=float)
    try:
        text = path.read_text(encoding="utf-8-sig")
        table = pd.read_csv(io.StringIO(text), sep=";" if ";" in text.partition("\n")[0] else ",")
    except ValueError as error:  # of decoding and of parsing
        reason = " ".join(str(error).split())  # the parser's ends with a new line
        raise DataError(f"{path} is not a table ({reason}). {_REMEDY}") from error
    if "Patient" not in table or table["Patient"].duplicated().any():
        raise DataError(f"{path} has no column Patient, or a patient twice. {_REMEDY}")
    table = table.set_index("Patient").reindex(columns=CLINICAL)
    return table.apply(pd.to_numeric, errors="coerce").astype(float)


def patient_folders(top):
    """Folders of single patients, sorted by name.

    Parameters
    ----------
    top : path
        `kaggle_3m`.

    Returns
    -------
    list of Path

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    folders = sorted(path for path in Path(top).glob("TCGA_*") if path.is_dir() and _PATIENT.fullmatch(path.name))
    if not folders:
        raise FileNotFoundError(
            f"{top} holds no TCGA_<site>_<patient>_<date>/. Point to the folder that contains {_TOP}, "
            f"or run `unet-course data {KEY}`."
        )
    return folders


def slice_files(folder):
    """Slices and masks of one patient by slice number, in its order: 1, 2, ..., 10, not 1, 10, 2.

    Parameters
    ----------
    folder : path

    Returns
    -------
    dict of int to tuple of Path
        The slice and its mask.

    Raises
    ------
    DataError
        If there is no slice, a file has a strange name, a number occurs twice, or a slice or a mask lacks the other.
    """
    files = by_stem(path for path in files_in(folder) if path.name.startswith("TCGA_"))
    numbers = {stem: stem.removeprefix(f"{folder.name}_").removesuffix("_mask") for stem in files}
    strange = [path for stem, path in files.items() if not numbers[stem].isdecimal()]
    if strange:
        raise DataError(f"{strange[0]} is not named {folder.name}_<number>.tif or ..._mask.tif. {_REMEDY}")
    pairs = {}
    for stem, path in files.items():
        number = int(numbers[stem])
        if stem.endswith("_mask"):
            if stem.removesuffix("_mask") not in files:
                raise DataError(f"{path} is the mask of a slice that is missing. {_REMEDY}")
            continue
        if f"{stem}_mask" not in files:
            raise DataError(f"{path} has no mask {stem}_mask.tif beside it. {_REMEDY}")
        if number in pairs:
            raise DataError(f"{path} and {pairs[number][0].name} are both slice {number}. {_REMEDY}")
        pairs[number] = path, files[f"{stem}_mask"]
    if not pairs:
        raise DataError(f"{folder} holds no slice (*.tif). {_REMEDY}")
    return dict(sorted(pairs.items()))


def read_mask(path, shape):
    """Read one mask as uint8 (H, W), 1 in the tumour and else 0.

    Parameters
    ----------
    path : path
    shape : tuple of int
        Height and width of the slice.

    Returns
    -------
    ndarray, uint8, (H, W)

    Raises
    ------
    DataError
        If the file is missing, damaged, of another size, or holds anything but 0 and 255.
    """
    mask = read_pixels(path, "L", KEY)
    if mask.shape != tuple(shape):
        raise DataError(
            f"{path} has {mask.shape[0]} x {mask.shape[1]} pixels, its slice {shape[0]} x {shape[1]}: "
            f"the mask belongs to another slice. {_REMEDY}"
        )
    tumour = mask == 255
    if mask[~tumour].any():
        raise DataError(f"{path} holds the value {mask[~tumour].max()}, a mask only 0 and 255. {_REMEDY}")
    return tumour.astype(np.uint8)


def _decode(root, top, writer):
    slices = [item for folder in patient_folders(top) for item in slice_files(folder).items()]
    digest, rows = hashlib.sha256(), []
    # In one thread: uncompressed TIFF leaves nothing to do for others.
    for number, (path, drawn) in tqdm(slices, "decode"):
        image = read_pixels(path, "RGB", KEY)
        mask = read_mask(drawn, image.shape[:2])
        writer.add(images=image, masks=mask)
        digest.update(path.stem.encode() + image.tobytes() + mask.tobytes())
        rows.append(_row(root, path, number, mask))
    return {"index": rows, "content_hash": digest.hexdigest()}


def _row(root, path, number, mask):
    patient = path.parent.name.rpartition("_")[0]
    area = int(mask.sum(dtype=int))
    return {
        "id": path.stem,
        "path": path.relative_to(root).as_posix(),
        "group": patient,
        "site": patient.split("_")[1],
        "slice": number,
        "has_tumour": area > 0,
        "tumour_area": area,
        "height": mask.shape[0],
        "width": mask.shape[1],
    }
