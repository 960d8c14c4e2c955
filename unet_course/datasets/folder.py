"""Your own images: a folder of images and a folder of masks with the same names, or one folder with both.

Explained in the appendix "The four data sets", section "Your own images".
"""

import hashlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from . import DataError, Dataset, cache
from .images import ENDINGS, by_stem, files_in, read_mask, read_mask_values, read_pixels
from .images.decoding import decode
from .resizing import cached_at

_VERSION = 3
_LISTED = 20  # values of one mask that are kept: more are objects with numbers
_MASK = re.compile(r"(.+)_masks?(?P<number>_?\d+)?", re.IGNORECASE)


def load(root, *, images="images", masks="masks", size=None, group=None, value=None):
    """Read images and their masks.

    Parameters
    ----------
    root : path
    images, masks : str
        Names of the two folders below `root`. `images/a.jpg` belongs to `masks/a.png`, `masks/a_mask.png` or
        `masks/a_masks.png`; `a_mask_1.png`, `a_mask_2.png` and so on are put into one mask with it. Both may be the
        same folder, "." for instance: there a mask needs such a name. Which files are read, and how, is said in
        `datasets.images`.
    size : int, optional
        Resize to (size, size) pixels: images with anti-aliasing, masks by nearest neighbour. Default: own sizes.
    group : callable, optional
        From an image's name without ending to what must not be divided, for instance the patient:
        `lambda name: name.split("_")[0]`. Default: each image for itself.
    value : str, optional
        The class that is drawn, as `values` writes it: "2" for grey, "#d55e00" for a colour. Default: all of them.

    Returns
    -------
    Dataset
        Images as colour, masks 1 wherever the file does not show black. `id` is the name without ending; `values` lists
        the values that are drawn, as `images.read_mask_values` has them.

    Raises
    ------
    FileNotFoundError
        If there are no images.
    DataError
        If a mask is missing, two files could be it, its size differs, it belongs to no image, two images share a
        name, or a file cannot be read rightly.
    """
    root = Path(root)
    pairs = _pairs(root / images, root / masks)
    key = cache.key_of(root, images, masks, value, _VERSION)
    arrays, notes = cached_at(f"folder-{key}", size, lambda writer: _decode(root, pairs, value, writer))
    index = pd.DataFrame(notes["index"])
    index["group"] = index["id"].map(group) if group else index["id"]
    return Dataset("folder", "real", root, index, notes["content_hash"], **arrays)


def _pairs(images, masks):
    """Every image's name and file, and the files of its mask."""
    pictures = by_stem(files_in(images))
    if not pictures:
        raise FileNotFoundError(f"{images} holds no image ({', '.join(ENDINGS)}): name its folder with images=...")
    files, together = by_stem(files_in(masks)), images.resolve() == masks.resolve()
    if together:
        files = {name: path for name, path in files.items() if (match := _MASK.fullmatch(name)) and match[1] in files}
        pictures = {name: path for name, path in pictures.items() if name not in files}
    drawn, unknown = _owned(files, pictures)
    missing = [path for name, path in pictures.items() if name not in drawn]
    endings = f"with one of the endings {', '.join(ENDINGS)}"
    if missing:
        name, stray = missing[0].stem, f"; {unknown[0].name} belongs to no image" if unknown else ""
        names = [f"{name}_mask", f"{name}_mask_1"] if together else [name, f"{name}_mask", f"{name}_mask_1"]
        raise DataError(
            f"{missing[0]} has no mask {masks / names[0]}.png "
            f"({len(missing)} of {len(pictures)} images lack one{stray}): "
            f"draw it, call it {', '.join(names[:-1])} or {names[-1]} {endings}, or take the image out."
        )
    if unknown:
        raise DataError(
            f"{unknown[0]} belongs to no image ({len(unknown)} such): call it <image>, <image>_mask or "
            f"<image>_mask_1 {endings}, or take it out."
        )
    return [(name, path, drawn[name]) for name, path in pictures.items()]


def _owned(files, pictures):
    """The mask files of each image by its name, and those that belong to none."""
    drawn, whole, unknown = {}, {}, []
    for name, path in files.items():
        match = None if name in pictures else _MASK.fullmatch(name)
        owner = match[1] if match else name
        if owner not in pictures:
            unknown.append(path)
            continue
        if not (match and match["number"]):
            if owner in whole:
                raise DataError(f"{whole[owner]} and {path} could both be the mask of {owner!r}: remove one.")
            whole[owner] = path
        drawn.setdefault(owner, []).append(path)
    return drawn, unknown


def _decode(root, pairs, value, writer):
    digest, rows = hashlib.sha256(), []
    for name, path, drawn in tqdm(pairs, "decode"):
        image = read_pixels(path, "RGB")
        mask = np.logical_or.reduce([_read_mask(file, image.shape[:2], value) for file in drawn]).astype(np.uint8)
        writer.add(images=image, masks=mask)
        digest.update(name.encode() + image.tobytes() + mask.tobytes())
        rows.append(
            {
                "id": name,
                "path": path.relative_to(root).as_posix(),
                "height": image.shape[0],
                "width": image.shape[1],
                "values": sorted({value for file in drawn for value in read_mask_values(file)})[:_LISTED],
            }
        )
    return {"index": rows, "content_hash": digest.hexdigest()}


def _read_mask(path, shape, value):
    mask = read_mask(path) if value is None else _read_class(path, value)
    if mask.shape != shape:
        raise DataError(
            f"{path} has {mask.shape[0]} x {mask.shape[1]} pixels, "
            f"its image {shape[0]} x {shape[1]}: draw it on the image's own size."
        )
    return mask


def _read_class(path, value):
    """Where a mask shows one of its values."""
    drawn, values = read_mask(path), read_mask_values(path)
    if values == [value]:
        return drawn  # soft edges and all
    if value not in values:
        return np.zeros_like(drawn)
    shown = decode(path, "Replace it.").values
    colour = [int(value[place : place + 2], 16) for place in (1, 3, 5)] if value[0] == "#" else [float(value)]
    return drawn & ((shown if shown.ndim == 3 else shown[..., None]) == colour).all(axis=-1)
