"""From an image at its own size to what the network sees, and from its answer back to the image's own pixels."""

import math

import numpy as np
from scipy import ndimage
from skimage.transform import resize

from .. import shipping
from ..common import inference
from ..datasets.resizing import resize_image, resize_labels

_ROWS = 256  # of an image that are looked at together
SPECK = 5  # pixels: connected areas below are not counted, as in the page


def object_areas(mask):
    """Pixels of every connected area of a mask, corners included, that is no speck; (K,)."""
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    bands = (labels[start : start + _ROWS] for start in range(0, len(labels), _ROWS))
    areas = sum(np.bincount(band.ravel(), minlength=count + 1) for band in bands)[1:]
    return areas[areas >= SPECK]


def width(mask, areas):
    """How wide the objects of a mask are, in pixels: a disc's diameter, twice the width of a line; NaN without any.

    Four times the area over the length of the border. So a vessel that branches through the whole image counts as thin.
    """
    if not len(areas):
        return math.nan
    mask = np.asarray(mask, bool)
    return float(4 * mask.sum() / max(1, (mask & ~ndimage.binary_erosion(mask)).sum()))


def seen(image, *, scale, channels):
    """An image as the network sees it: made smaller, in grey or colour, with its full range.

    Parameters
    ----------
    image : array of uint8, shape (H, W, 3)
    scale : float
        Network pixels for each of the image's, 0 to 1.
    channels : int
        1 or 3.

    Returns
    -------
    array of float32 in [0, 1], shape (h, w, channels)
    """
    sides = _sides(image.shape[:2], scale)
    small = image if sides == image.shape[:2] else resize_image(image, sides)
    return shipping.prepare(small[None], colour=channels == 3)[0]


def tiles(data, *, size, scale, channels):
    """Cut a data set into squares for training; an image smaller than one goes on as its mirror image.

    Parameters
    ----------
    data : Dataset
    size : int
        Side of a square, in pixels of the network.
    scale, channels
        As `seen` has them.

    Returns
    -------
    images : array of uint8, shape (M, size, size, channels)
    masks : array of uint8, shape (M, size, size)
    """
    images, masks = [], []
    for image, mask in zip(data.images, data.masks, strict=True):
        small = seen(image, scale=scale, channels=channels)
        images += _cut(np.rint(255 * small).astype(np.uint8), size)
        masks += _cut(resize_labels(np.asarray(mask), small.shape[:2]), size)
    return np.stack(images), np.stack(masks)


def places(side, size):
    """Where squares begin along one side, evenly spread; a border of up to an eighth of a square may be left out.

    Parameters
    ----------
    side, size : int
        Of the image, at least `size`, and of a square.

    Returns
    -------
    list of int
    """
    count = max(1, math.ceil(side / size - 0.25))
    gap = (side - size) / (count - 1) if count > 1 else 0
    return [round(gap * place) if count > 1 else (side - size) // 2 for place in range(count)]


def probabilities(image, predict, *, size, scale, channels):
    """Probability of foreground in every pixel of an image of any size, tile by tile with soft seams.

    The image goes through the network in bands, one row of tiles high. So it takes the memory of one band, and a few
    bytes for every pixel of the image.

    Parameters
    ----------
    image : array of uint8, shape (H, W, 3)
    predict : callable
        `predict(images, tile=...)`, from prepared images (1, h, w, channels) to probabilities (1, h, w).
    size, scale, channels
        As `tiles` has them.

    Returns
    -------
    array of float32 in [0, 1], shape (H, W)
    """
    sides = _sides(image.shape[:2], scale)
    if sides == image.shape[:2]:
        return _in_bands(image, predict, size, channels)
    small = np.concatenate([resize_image(image[..., one : one + 1], sides) for one in range(3)], axis=-1)
    found = _in_bands(small, predict, size, channels)
    return resize(found, image.shape[:2], order=1, anti_aliasing=False).clip(0, 1).astype(np.float32)


def _in_bands(image, predict, size, channels):
    """What `common.inference.sliding_window` gives for the whole image: seams are as soft down as they are across."""
    height, overlap, shades = len(image), size // 4, _shades(image, channels)
    total, share = np.zeros(image.shape[:2], np.float32), np.zeros((height, 1), np.float32)
    for start in inference.starts(height, size, overlap):
        rows = slice(start, start + size)
        weight = inference.window(height, start, min(size, height), overlap)[:, None]
        total[rows] += weight * predict(shades[_levels(image[rows], channels)][None], tile=size)[0]
        share[rows] += weight
    total /= share
    return total


def _levels(image, channels):
    """The bytes that `shipping.prepare` brings to the full range, (H, W, channels)."""
    if channels == 3:
        return image
    return ((image.astype(np.int64) @ np.array(shipping.LUMINANCE) + 500) // 1000).astype(np.uint8)[..., None]


def _shades(image, channels):
    """What `shipping.prepare` makes of each of the 256 bytes in this image; (256,), float32."""
    bands = (image[start : start + _ROWS] for start in range(0, len(image), _ROWS))
    counts = sum(np.bincount(_levels(band, channels).ravel(), minlength=256) for band in bands)
    bottom, top = (_percentile(counts, percent) for percent in (1, 99))
    return ((np.arange(256) - bottom) / max(top - bottom, 1)).clip(0, 1).astype(np.float32)


def _percentile(counts, percent):
    """`np.percentile` of bytes that occur so often."""
    place, upto = (counts.sum() - 1) * percent / 100, counts.cumsum()
    low, high = (int(np.searchsorted(upto, rank, side="right")) for rank in (math.floor(place), math.ceil(place)))
    return low + (high - low) * (place - math.floor(place))


def brightened(image):
    """An image of uint8, (H, W, 3), with its full range, for people: many images from a microscope look black."""
    return np.rint(255 * _shades(image, 3)).astype(np.uint8)[image]


def square(image, size, scale):
    """A square out of the middle, `size` pixels wide, as large as the network sees things: a sample for the page."""
    side = min(*image.shape[:2], max(1, round(size / scale)))
    top, left = ((length - side) // 2 for length in image.shape[:2])
    return resize_image(np.asarray(image[top : top + side, left : left + side]), size)


def _sides(shape, scale):
    return tuple(max(1, round(side * scale)) for side in shape)


def _cut(array, size):
    missing = [(0, max(0, size - side)) for side in array.shape[:2]]
    array = np.pad(array, [*missing, *[(0, 0)] * (array.ndim - 2)], mode="symmetric")
    rows, columns = (places(side, size) for side in array.shape[:2])
    return [array[y : y + size, x : x + size] for y in rows for x in columns]
