"""What every layout comes down to: an image, and what is drawn on it class by class."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ...datasets import DataError, Dataset, cache
from ...datasets.images import by_stem, files_in, read_pixels

_VERSION = 1


@dataclass(frozen=True)
class Entry:
    """One image.

    Attributes
    ----------
    name : str
    path : Path
    image : array of uint8, (H, W, 3)
    drawn : dict of str to array of bool, (H, W)
        By class; a class of which nothing is drawn may be left out.
    group : str, optional
        What it must not be parted from, where the layout knows.
    """

    name: str
    path: Path
    image: np.ndarray
    drawn: dict
    group: str | None = None


def load(root, reader, wanted):
    """A data set from the entries of a reader, decoded once.

    Parameters
    ----------
    root : Path
    reader : module
        `reader.read(root)` gives the entries.
    wanted : str or None

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        If there is no entry, or two have one name.
    """
    kind = reader.__name__.rpartition(".")[2]
    key = cache.key_of(root, kind, wanted, _VERSION)
    arrays, notes = cache.cached(f"own-{key}", lambda writer: _decode(root, reader.read(root), wanted, writer))
    index = pd.DataFrame(notes["index"])
    return Dataset("folder", "real", root, index, notes["content_hash"], **arrays)


def _decode(root, found, wanted, writer):
    digest, rows = hashlib.sha256(), {}
    for entry in tqdm(found, "decode"):
        if entry.name in rows:
            raise DataError(f"{entry.path} and {root / rows[entry.name]['path']} share the name {entry.name!r}.")
        drawn = [mask for label, mask in entry.drawn.items() if wanted in (None, label)]
        mask = np.logical_or.reduce([np.zeros(entry.image.shape[:2], bool), *drawn]).astype(np.uint8)
        writer.add(images=entry.image, masks=mask)
        digest.update(entry.name.encode() + entry.image.tobytes() + mask.tobytes())
        rows[entry.name] = {
            "id": entry.name,
            "path": entry.path.relative_to(root).as_posix(),
            "height": entry.image.shape[0],
            "width": entry.image.shape[1],
            "values": sorted(label for label, one in entry.drawn.items() if one.any()),
            "group": entry.group or entry.name,
        }
    if not rows:
        raise DataError(f"{root} holds no image with anything drawn on it.")
    return {"index": list(rows.values()), "content_hash": digest.hexdigest()}


def images_in(folder):
    """The images of a folder by name.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    images = by_stem(files_in(folder))
    if not images:
        raise FileNotFoundError(f"{folder} holds no images.")
    return images


def read_image(path):
    """An image as colour, (H, W, 3), uint8."""
    return read_pixels(path, "RGB")
