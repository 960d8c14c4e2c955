"""Images that occur more than once: the same pixels in two files, or almost the same ones.

Bytes do not tell: a JPEG saved again without loss has other bytes and the same pixels.
"""

import hashlib

import numpy as np
import pandas as pd
from PIL import Image
from scipy.fft import dctn
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..common.inputs import check_known

_THUMBNAIL, _KEPT = 32, 8
_BLANK = 1e-6  # sums over a thumbnail of grey levels from 0 to 255
BITS = _KEPT * _KEPT


def pixel_hash(image):
    """SHA-256 of an image's shape, type and pixels: equal for equal images only, however their files differ.

    Parameters
    ----------
    image : ndarray

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    image = np.asarray(image)
    # Without the shape, one row of six pixels and two rows of three would be the same.
    return hashlib.sha256(f"{image.shape} {image.dtype.str}".encode() + image.tobytes()).hexdigest()


def perceptual_hash(image):
    """64 bits that stay nearly the same when an image is resized, compressed again, or made a little brighter.

    Parameters
    ----------
    image : ndarray, uint8, (H, W) or (H, W, 3)
        0 to 255.

    Returns
    -------
    numpy.uint64
        One bit for each of the 64 slowest waves of a 32 x 32 thumbnail: is there more of it than of half of them? A
        image without any of them, blank or a plain gradient, gets 64 bits drawn from its thumbnail: it is equal to
        copies of itself and far from all others.

    Notes
    -----
    C. Zauner, Implementation and benchmarking of perceptual image hash functions, thesis, Hagenberg 2010, section 3.2.1
    (https://www.phash.org/docs/pubs/thesis_zauner.pdf), without its mean filter: reducing the image smooths enough.
    """
    grey = Image.fromarray(np.asarray(image)).convert("L")
    thumbnail = grey.resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.LANCZOS)
    waves = dctn(np.asarray(thumbnail, dtype=float))
    slow = waves[1 : _KEPT + 1, 1 : _KEPT + 1]  # row and column 0 hold the mean brightness and its plain gradients
    if np.abs(slow).max() < _BLANK:  # what is left are rounding errors, the same for black and white
        return np.frombuffer(hashlib.sha256(thumbnail.tobytes()).digest()[:8], ">u8")[0].astype(np.uint64)
    bits = slow > np.median(slow)
    return np.packbits(bits).view(">u8")[0]


def near_duplicates(hashes, *, distance):
    """Pairs of images whose hashes differ in few bits.

    Parameters
    ----------
    hashes : array_like of uint64, (N,)
        From `perceptual_hash`. Takes 4 N^2 bytes of memory: 43 MB for 3,264 images.
    distance : int
        Most bits that may differ (Hamming distance), 0 to 64.

    Returns
    -------
    list of tuple of int
        Positions (i, j) with i < j, sorted.

    Raises
    ------
    ValueError
        If `distance` lies outside 0 to 64.
    """
    if not 0 <= distance <= BITS:
        raise ValueError(f"A distance of {distance} is not possible: hashes have {BITS} bits; 0 means equal.")
    octets = np.asarray(hashes, dtype=">u8").reshape(-1, 1).view(np.uint8)
    signs = np.unpackbits(octets, axis=1).astype(np.float32) * 2 - 1
    # The product of signs is BITS minus twice the number of bits that differ; float32 holds such numbers exactly.
    close = signs @ signs.T >= BITS - 2 * distance
    return [(int(i), int(j)) for i, j in np.argwhere(np.triu(close, 1))]


def seen_in_training(index):
    """Which images of the official test part have their very pixels in the training part as well.

    Parameters
    ----------
    index : pandas.DataFrame
        With `part` ("Training" or "Testing") and `pixel_hash`, as `brain_tumor.load` gives it.

    Returns
    -------
    pandas.Series of bool
        One value per line of "Testing", under the labels these lines have in `index`.
    """
    check_known(index["pixel_hash"], "pixel_hash")
    testing = index["part"] == "Testing"
    return index.loc[testing, "pixel_hash"].isin(index.loc[~testing, "pixel_hash"])


def duplicate_groups(dataset, *, distance):
    """Join images with the same or nearly the same pixels, so that a split cannot part them.

    Parameters
    ----------
    dataset : Dataset
        With colour or grey images of uint8 and `id` in its index. Its `group`, where copies and anything else that
        belongs together share a value, is kept together.
    distance : int
        Most bits in which the perceptual hashes of near duplicates differ. Groups are chains of near duplicates, so a
        large distance joins what merely looks alike. On the brain tumour set the largest group has 10 images up to a
        distance of 4, then 140 at 8 and 1,007 at 10.

    Returns
    -------
    pandas.Series of str
        For each line the `id` of the first image of its group: `index.assign(group=...)` for `splits.split`.

    Raises
    ------
    ValueError
        If a group is not known.
    """
    index = dataset.index
    check_known(index["group"], "group")
    hashes = [perceptual_hash(image) for image in dataset.images]
    same = index.groupby("group")["id"].transform("first")
    position = pd.Series(np.arange(len(index)), index=index["id"])
    pairs = near_duplicates(hashes, distance=distance)
    pairs += list(enumerate(position[same]))
    first, second = np.array(pairs).T
    links = coo_array((np.ones(len(pairs), bool), (first, second)), shape=(len(index), len(index)))
    _, labels = connected_components(links, directed=False)
    return index["id"].groupby(labels).transform("first").rename("group")
