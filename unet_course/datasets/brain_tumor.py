"""Reader of the brain tumour classification set: images in one folder per class, no masks.

Names such as "image(3).jpg" repeat across classes, so an image goes by its path below the root. Many images occur
more than once, also in both official parts: see `duplicates`.
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
from tqdm.auto import tqdm

from . import DataError, Dataset, cache, locate, natural, source_of
from .duplicates import pixel_hash
from .images import files_in, left_behind, read_pixels
from .published.sources import fetch_again
from .resizing import cached_at

KEY = "brain_tumor"
PARTS = ("Training", "Testing")
# Name of the class by name of its folder.
CLASSES = {
    "glioma_tumor": "glioma",
    "meningioma_tumor": "meningioma",
    "no_tumor": "no_tumor",
    "pituitary_tumor": "pituitary",
}
# Change it when the decoding below changes, so that old caches are not used.
_VERSION = 2
_REMEDY = fetch_again(KEY)
_AT_ONCE = 64


def load(root=None, *, size=None, source=None):
    """Read all images; the first time they are decoded into a cache, later they are memory-mapped.

    Parameters
    ----------
    root : path, optional
        Folder with `Training/` and `Testing/`. Default: where `locate` finds the data.
    size : int, optional
        Resize to (size, size) pixels with anti-aliasing; width and height do not keep their ratio. Default: own sizes.
    source : {"real", "phantom"}, optional
        Which data to take when `root` is not given. Default: real where present.

    Returns
    -------
    Dataset
        `images` uint8 (N, H, W, 3), 0 to 255, the three channels alike; no masks and no instances. Training comes
        before Testing, in each the classes in the order of `CLASSES`, in these the files by number. `index` has,
        besides what every data set has, `part` ("Training" or "Testing", the official split), `class` (a value of
        `CLASSES`), `has_tumour` (bool) and `pixel_hash` (of the image at its own size). `id` and `path` are the same,
        such as "Training/glioma_tumor/gg (12).jpg"; `group` is the `id` of the first image with the same pixels.

    Raises
    ------
    FileNotFoundError
        If there are no data.
    DataError
        If an image is damaged, or a class folder is unknown, missing or empty.

    Notes
    -----
    S. Bhuvaji et al., Brain Tumor Classification (MRI), Kaggle 2020, doi:10.34740/kaggle/dsv/1183165.
    """
    root = Path(root) if root else locate(KEY, source)
    key = cache.key_of(root, _VERSION)
    arrays, notes = cached_at(f"{KEY}-{key}", size, lambda writer: _decode(root, writer))
    index = pd.DataFrame(notes["index"])
    index["group"] = index.groupby("pixel_hash")["id"].transform("first")
    return Dataset(
        key=KEY, source=source_of(root), root=root, index=index, content_hash=notes["content_hash"], **arrays
    )  # fmt: skip


def picture_files(root):
    """All image files: Training, then Testing, class by class, in each by number: 1, 2, ..., 10, not 1, 10, 2.

    Parameters
    ----------
    root : path

    Returns
    -------
    list of Path

    Raises
    ------
    FileNotFoundError
        If there is neither Training nor Testing.
    DataError
        If a class folder is unknown, missing or empty.
    """
    root = Path(root)
    if not any((root / part).is_dir() for part in PARTS):
        raise FileNotFoundError(
            f"{root} holds no {' and no '.join(PARTS)}. Point to the folder that contains them, "
            f"or run `unet-course data {KEY}`."
        )
    for part in PARTS:
        _check_folders(root / part)
    return [file for part in PARTS for name in CLASSES for file in _class_files(root / part / name)]


def _check_folders(folder):
    """Refuse folders that are no class; what macOS or Jupyter leaves does not count."""
    folders = {path.name for path in folder.glob("*") if path.is_dir() and not left_behind(path.name)}
    unknown = sorted(folders - set(CLASSES))
    if unknown:
        raise DataError(
            f"{folder / unknown[0]} is not a class of this set, which are {', '.join(CLASSES)}. "
            "Rename the folder or move it out."
        )


def _class_files(folder):
    files = sorted(files_in(folder), key=lambda file: natural(file.name))
    if not files:
        raise DataError(f"{folder} holds no image. {_REMEDY}")
    return files


def _decode(root, writer):
    files = picture_files(root)
    digest, rows = hashlib.sha256(), []
    with ThreadPoolExecutor() as pool, tqdm(desc="decode", total=len(files)) as progress:
        for start in range(0, len(files), _AT_ONCE):  # the whole set decoded at once would fill 2 GB of memory
            some = files[start : start + _AT_ONCE]
            for file, image in zip(some, pool.map(_read, some), strict=True):
                writer.add(images=image)
                rows.append(_row(file.relative_to(root), image))
                digest.update(f"{rows[-1]['id']} {rows[-1]['pixel_hash']}\n".encode())
                progress.update()
    return {"index": rows, "content_hash": digest.hexdigest()}


def _read(path):
    return read_pixels(path, "RGB", KEY)


def _row(path, image):
    part, folder, _ = path.parts
    return {
        "id": path.as_posix(),
        "path": path.as_posix(),
        "part": part,
        "class": CLASSES[folder],
        "has_tumour": CLASSES[folder] != "no_tumor",
        "height": image.shape[0],
        "width": image.shape[1],
        "pixel_hash": pixel_hash(image),
    }
