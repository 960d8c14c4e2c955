"""Reader of the nuclei of the 2018 Data Science Bowl: one folder per image, one mask file per nucleus.

Reads the published release, the mended one (mask names of any form, a few masks that overlap), and the phantoms.
Explained in the chapter "Nuclei under the microscope".
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from . import DataError, Dataset, cache, locate, source_of
from .images import by_stem, files_in, left_behind, read_mask, read_pixels
from .published.sources import fetch_again
from .resizing import cached_at

KEY = "nuclei"
# Change it when the decoding below changes, so that old caches are not used.
_VERSION = 2


def load(root=None, *, size=None, source=None):
    """Read all images and masks; the first time they are decoded into a cache, later they are memory-mapped.

    Parameters
    ----------
    root : path, optional
        Folder with `stage1_train/` (or its content). Default: where `locate` finds the data.
    size : int, optional
        Resize to (size, size) pixels: images with anti-aliasing, labels by nearest neighbour. Default: own sizes.
    source : {"real", "phantom"}, optional
        Which data to take when `root` is not given. Default: real where present.

    Returns
    -------
    Dataset

    Raises
    ------
    FileNotFoundError
        If there are no data.
    DataError
        If an image or mask is missing, damaged or of the wrong size.
    """
    root = Path(root) if root else locate(KEY, source)
    key = cache.key_of(root, _VERSION)
    arrays, notes = cached_at(f"{KEY}-{key}", size, lambda writer: _decode(root, writer))
    return Dataset(
        key=KEY, source=source_of(root), root=root, index=pd.DataFrame(notes["index"]),
        content_hash=notes["content_hash"], **arrays,
    )  # fmt: skip


def read_image(path):
    """Read one image as uint8 (H, W, 3), 0 to 255; an alpha channel, opaque in this set, is left out."""
    return read_pixels(path, "RGB", KEY)


def read_instances(folder, shape):
    """Read a folder of masks, one per nucleus, as one int32 label image.

    Parameters
    ----------
    folder : path
        Holds one mask per nucleus, 0 outside.
    shape : tuple of int
        Height and width of the image.

    Returns
    -------
    ndarray, int32, (H, W)
        0 is background; nuclei are 1 to n in the order of file names. Where masks overlap, the first keeps the pixel.

    Raises
    ------
    DataError
        If there is no mask, or one is damaged or of another size.
    """
    return merge_masks(read_masks(folder, shape).values(), shape)


def merge_masks(masks, shape):
    """Labels 1 to n from boolean masks; earlier masks keep shared pixels, masks with no pixel left get no label."""
    labels = np.zeros(shape, np.int32)
    count = 0
    for mask in masks:
        free = mask & (labels == 0)
        if free.any():
            count += 1
            labels[free] = count
    return labels


def read_masks(folder, shape):
    """All masks of a folder as boolean (H, W) arrays by file name; same errors as `read_instances`."""
    folder = Path(folder)
    files = files_in(folder)
    if not files:
        raise DataError(f"{folder} holds no mask. {fetch_again(KEY)}")
    masks = {}
    for file in by_stem(files).values():
        mask = read_mask(file, KEY)
        if mask.shape != tuple(shape):
            raise DataError(
                f"{file} has {mask.shape[0]} x {mask.shape[1]} pixels, its image {shape[0]} x {shape[1]}. "
                "The mask belongs to another image: fetch this one again with `unet-course data nuclei`."
            )
        masks[file.name] = mask
    return masks


def image_type(image):
    """Say how an image was taken, from its colours alone.

    Parameters
    ----------
    image : ndarray, uint8, (H, W, 3)

    Returns
    -------
    {"fluorescence", "purple", "brightfield"}
        Coloured: stained tissue, "purple". Grey and mostly dark: "fluorescence". Grey and mostly bright: "brightfield".
    """
    image = np.asarray(image)
    if np.ptp(image.astype(int), axis=-1).mean() > 2:
        return "purple"
    return "fluorescence" if np.median(image) < 128 else "brightfield"


def sample_folders(root):
    """Folders of single images, sorted by name.

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    root = Path(root)
    top = root / "stage1_train" if (root / "stage1_train").is_dir() else root
    folders = sorted(path.parent for path in top.glob("*/images") if not left_behind(path.parent.name))
    if not folders:
        raise FileNotFoundError(
            f"{top} holds no <id>/images/<id>.png. Point to the folder that contains stage1_train, "
            "or run `unet-course data nuclei`."
        )
    return folders


def image_file(folder):
    """The one image of a sample folder.

    Raises
    ------
    DataError
        If there is none or more than one.
    """
    files = files_in(folder / "images")
    if len(files) != 1:
        raise DataError(f"{folder / 'images'} holds {len(files)} images instead of one. {fetch_again(KEY)}")
    return files[0]


def _sample(folder):
    image = read_image(image_file(folder))
    masks = read_masks(folder / "masks", image.shape[:2])
    labels = merge_masks(masks.values(), image.shape[:2])
    overlap = sum(int(mask.sum()) for mask in masks.values()) - int(np.count_nonzero(labels))
    return image, labels, len(masks), overlap


def _decode(root, writer):
    folders = sample_folders(root)
    digest, rows = hashlib.sha256(), []
    with ThreadPoolExecutor() as pool:  # decoding PNG runs outside Python's lock
        samples = pool.map(_sample, folders)
        samples = tqdm(samples, "decode", len(folders))
        for folder, (image, labels, n_masks, overlap) in zip(folders, samples, strict=True):
            writer.add(images=image, masks=(labels > 0).astype(np.uint8), instances=labels)
            digest.update(folder.name.encode() + image.tobytes() + labels.tobytes())
            rows.append(
                {
                    "id": folder.name,
                    "path": folder.relative_to(root).as_posix(),
                    "group": folder.name,
                    "image_type": image_type(image),
                    "height": image.shape[0],
                    "width": image.shape[1],
                    "n_masks": n_masks,
                    "n_instances": int(labels.max()),
                    "overlap": overlap,
                }
            )
    return {"index": rows, "content_hash": digest.hexdigest()}
