"""Your own pictures: a folder of images and a folder of masks with the same names.

Explained in the appendix "The four data sets", section "Your own pictures".
"""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from . import DataError, Dataset, cache
from .pictures import read_picture
from .resizing import cached_at

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
_VERSION = 1


def load(root, *, images="images", masks="masks", size=None, group=None):
    """Read pictures and their masks.

    Parameters
    ----------
    root : path
    images, masks : str
        Names of the two folders below `root`. `images/a.jpg` belongs to `masks/a.png` or `masks/a_mask.png`.
    size : int, optional
        Resize to (size, size) pixels: pictures with anti-aliasing, masks by nearest neighbour. Default: own sizes.
    group : callable, optional
        From a picture's name without ending to what must not be divided, for instance the patient:
        `lambda name: name.split("_")[0]`. Default: each picture for itself.

    Returns
    -------
    Dataset
        Pictures as colour, masks 1 wherever the file is not 0.

    Raises
    ------
    FileNotFoundError
        If there are no pictures.
    DataError
        If a mask is missing, two files could be it, its size differs, or a file is damaged.
    """
    root = Path(root)
    pairs = _pairs(root / images, root / masks)
    key = cache.key_of(root, images, masks, _VERSION)
    arrays, notes = cached_at(f"folder-{key}", size, lambda writer: _decode(root, pairs, writer))
    index = pd.DataFrame(notes["index"])
    index["group"] = index["id"].map(group) if group else index["id"]
    return Dataset("folder", "real", root, index, notes["content_hash"], **arrays)


def _pairs(images, masks):
    pictures = sorted(path for path in images.glob("*") if path.suffix.lower() in ENDINGS)
    if not pictures:
        raise FileNotFoundError(f"{images} holds no picture ({', '.join(ENDINGS)}): name its folder with images=...")
    drawn = {}
    for path in sorted(masks.glob("*")):
        if path.suffix.lower() in ENDINGS:
            name = path.stem.removesuffix("_mask")
            if name in drawn:
                raise DataError(f"{drawn[name]} and {path} could both be the mask of {name!r}: remove one.")
            drawn[name] = path
    missing = [path for path in pictures if path.stem not in drawn]
    if missing:
        raise DataError(
            f"{missing[0]} has no mask {masks / missing[0].stem}.png "
            f"({len(missing)} of {len(pictures)} pictures lack one): draw it, or take the picture out."
        )
    return [(path, drawn[path.stem]) for path in pictures]


def _decode(root, pairs, writer):
    digest, rows = hashlib.sha256(), []
    for path, drawn in tqdm(pairs, "decode"):
        image, mask = read_picture(path, "RGB"), (read_picture(drawn, "L") > 0).astype(np.uint8)
        if mask.shape != image.shape[:2]:
            raise DataError(
                f"{drawn} has {mask.shape[0]} x {mask.shape[1]} pixels, "
                f"its picture {image.shape[0]} x {image.shape[1]}: draw it on the picture's own size."
            )
        writer.add(images=image, masks=mask)
        digest.update(path.stem.encode() + image.tobytes() + mask.tobytes())
        rows.append(
            {
                "id": path.stem,
                "path": path.relative_to(root).as_posix(),
                "height": image.shape[0],
                "width": image.shape[1],
            }
        )
    return {"index": rows, "content_hash": digest.hexdigest()}
