"""Write synthetic nuclei in the on-disk layout of the Data Science Bowl 2018 training set."""

import hashlib

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.segmentation import relabel_sequential
from tqdm.auto import tqdm

from ..writing import write_set
from .fluorescence import ASSAYS, fluorescence
from .light import STAINS, brightfield, purple

VERSION = 4  # raise when the same seed gives other pixels


def write(dest, *, n_images=40, seed=0):
    """Write a synthetic nuclei set that can be read like the real one; do nothing when it is already there.

    The layout is `dest/stage1_train/<id>/images/<id>.png` (RGBA, alpha 255) with one `masks/<hash>.png` per
    nucleus (grey, 0 and 255, never overlapping, at least 21 pixels). The three kinds come in the proportions
    of the real set, 546 fluorescence : 108 purple : 16 bright-field, but with at least two of each;
    bright-field images are a quarter of the real field, 512 x 512, which saves three quarters of the time.
    In two images the masks are wrong, as in 116 of the 670 published ones: three nuclei left out, a stray line.
    `dest/PHANTOM.json` says that the set is synthetic and how it was made.

    Parameters
    ----------
    dest : path-like
    n_images : int
        At least 6.
    seed : int
        The same seed gives the same pixels.

    Returns
    -------
    Path
        `dest`.

    Raises
    ------
    ValueError
        When `n_images` is too small, or when `dest` holds files but no PHANTOM.json: it may be real data.
    """
    plan = _plan(n_images)

    def fill(folder):
        for index, (draw, style) in enumerate(tqdm(plan, desc="phantom nuclei", unit="image")):
            image, labels = draw(np.random.default_rng([seed, index]), style)
            if draw is fluorescence and index in DAMAGE:
                labels = DAMAGE[index](labels)
            _save(folder / "stage1_train", f"{seed}/{index}", image, labels)

    return write_set(dest, {"key": "nuclei", "seed": seed, "n_images": n_images, "version": VERSION}, fill)


def _leave_out_three(labels):
    """Forget the three largest nuclei, as a tired annotator might."""
    largest = np.argsort(np.bincount(labels.ravel())[1:])[-3:] + 1
    return relabel_sequential(np.where(np.isin(labels, largest), 0, labels))[0].astype(np.int32)


def _add_line(labels):
    """Add a stroke two pixels wide at the right border, along its longest free stretch."""
    free = (labels[:, -3:] == 0).all(axis=1)
    stretches, _ = ndimage.label(free)
    rows = stretches == np.argmax(np.bincount(stretches)[1:]) + 1
    labels = labels.copy()
    labels[rows, -2:] = labels.max() + 1
    return labels


# By index of the image; both look right at a glance, which is why the chapter has a report on quality.
DAMAGE = {7: _leave_out_three, 9: _add_line}


def _plan(n_images):
    """List which image to draw for each index: pairs of a drawing function and its argument."""
    if n_images < 6:
        raise ValueError(f"n_images is {n_images}; a set needs at least 6, two of each kind")
    n_purple = max(2, round(n_images * 108 / 670))
    n_brightfield = max(2, round(n_images * 16 / 670))
    n_fluorescence = n_images - n_purple - n_brightfield
    return (
        [(fluorescence, style) for style in _cycle(ASSAYS, n_fluorescence)]
        + [(purple, style) for style in _cycle(STAINS, n_purple)]
        + [(brightfield, (512, 512))] * n_brightfield
    )


def _cycle(styles, count):
    """Repeat the styles until there are `count`."""
    return [styles[index % len(styles)] for index in range(count)]


def _save(folder, counter, image, labels):
    """Write one image and its masks, named by hashes of the counters as the real files are by hashes."""
    name = _hash(counter)
    for part in ("images", "masks"):
        (folder / name / part).mkdir(parents=True)
    opaque = np.full((*labels.shape, 1), 255, np.uint8)
    _save_png(folder / name / "images" / f"{name}.png", np.concatenate([image, opaque], axis=-1))
    for label in range(1, labels.max() + 1):
        mask = (labels == label) * np.uint8(255)
        _save_png(folder / name / "masks" / f"{_hash(f'{counter}/{label}')}.png", mask)


def _hash(text):
    """Return 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def _save_png(path, pixels):
    """Save with the lightest compression: masks shrink to nothing anyway, and it is the quickest."""
    Image.fromarray(pixels).save(path, compress_level=1)
