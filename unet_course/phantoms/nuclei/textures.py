"""Smooth random fields and what is made of them: chromatin, and nuclei out of focus."""

import numpy as np
from scipy import ndimage

from ..anatomy.space import cubic_spline
from .shapes import Population, place


def smooth_noise(rng, shape, scale):
    """Draw a smooth random field: white noise on a coarse lattice, cubic B-splines in between.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : (int, int)
    scale : float
        Lattice spacing, pixels; about the size of the bumps.

    Returns
    -------
    array of float32, shape `shape`
        Mean 0, standard deviation 1.
    """
    lattice = rng.standard_normal([int((side - 1) / scale) + 4 for side in shape]).astype(np.float32)
    field = _refine(_refine(lattice, shape[0], scale).T, shape[1], scale).T
    return (field - field.mean()) / field.std()


def chromatin(rng, shape, diameter, contrast):
    """Draw the mottle of chromatin, coarse and fine.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : (int, int)
    diameter : float
        Of the nuclei, pixels; the mottle scales with it.
    contrast : float
        Standard deviation of the result.

    Returns
    -------
    array of float32, shape `shape`
        Mean about 1, at least 0.2.
    """
    coarse = smooth_noise(rng, shape, diameter / 3)
    fine = smooth_noise(rng, shape, max(1.5, diameter / 10))
    return np.maximum(1 + contrast * (0.8 * coarse + 0.6 * fine), 0.2)


def ghosts(rng, shape, count, diameter):
    """Draw nuclei out of focus, which annotators leave out.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : (int, int)
    count : int
    diameter : float
        Median, pixels.

    Returns
    -------
    array of float32, shape `shape`
        0 where there is none, up to about 0.8.
    """
    layer = np.zeros(shape, dtype=np.int32)
    drawn = place(rng, layer, Population(count, diameter))
    strengths = np.append(0, rng.uniform(0.2, 0.8, drawn.size)).astype(np.float32)
    return ndimage.gaussian_filter(strengths[layer], diameter / 8)


def grey_picture(grey):
    """Round to 8 bits and repeat the channel: even the grey images of the real set have three colours.

    Parameters
    ----------
    grey : array of float, shape (H, W)
        0 to 255; values outside are clipped.

    Returns
    -------
    array of uint8, shape (H, W, 3)
    """
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None].repeat(3, axis=-1)


def _refine(lattice, size, scale):
    """Evaluate the uniform cubic B-spline along the first axis: `size` pixels, `scale` to a lattice step."""
    position = np.arange(size) / scale
    step = position.astype(int)
    t = (position - step).astype(np.float32)[:, None]
    return sum(weight * lattice[step + offset] for offset, weight in enumerate(cubic_spline(t)))
