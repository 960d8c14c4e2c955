"""Draw synthetic fluorescence images: glowing nuclei on a dark ground, in six sorts of the real set."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .shapes import Population, place
from .textures import chromatin, ghosts, grey_picture, smooth_noise


@dataclass(frozen=True)
class Assay:
    """One sort of fluorescence image; pairs are the ends of the range from which each image draws.

    Attributes
    ----------
    shape : (int, int)
        Height and width, pixels.
    count, diameter, cluster, aspect
        As in `nuclei_shapes.Population`.
    level : (float, float)
        Grey value of a typical nucleus above the background, 0 to 255.
    background : (float, float)
        Grey value between the nuclei.
    variation : float
        Standard deviation of log(brightness) from nucleus to nucleus.
    spots : float
        Contrast of the bright chromatin spots, relative to the nucleus.
    fragments : float
        Bright fragments of dying nuclei, per nucleus.
    ghosts : float
        Nuclei out of focus, which have no mask, per nucleus.
    blur : float
        Standard deviation of the point spread function, pixels.
    """

    shape: tuple
    count: tuple
    diameter: tuple
    level: tuple
    background: tuple
    cluster: float = 1.3
    aspect: float = 1.4
    variation: float = 0.3
    spots: float = 0.0
    fragments: float = 0.0
    ghosts: float = 0.0
    blur: float = 0.9


SPARSE = Assay((256, 256), (6, 26), (13, 17), (25, 70), (3, 8), aspect=1.5)
DYING = Assay((256, 256), (18, 85), (10.5, 14), (35, 65), (9, 16), 1.7, 1.3, fragments=0.35, blur=0.7)
SPOTTED = Assay((256, 256), (22, 50), (19, 24), (30, 55), (3, 7), 1.6, 1.15, 0.4, 1.3, ghosts=0.5, blur=1.4)
LARGE = Assay((360, 360), (16, 28), (46, 56), (18, 50), (3, 7), 1.2, 1.45, 0.25, ghosts=0.05, blur=2.0)
FIELD = Assay((520, 696), (90, 150), (28, 31), (35, 120), (4, 12), 1.4, 1.45, 0.35, blur=1.0)
CLOSE = Assay((520, 696), (5, 34), (46, 52), (60, 120), (5, 12), 1.2, 1.5, blur=1.2)

ASSAYS = (SPARSE, LARGE, DYING, FIELD, SPOTTED, SPARSE, DYING, LARGE, SPOTTED, CLOSE, SPARSE, DYING)


def fluorescence(rng, assay):
    """Draw one image and the nuclei in it.

    Each nucleus has its own brightness and a mottled chromatin; a narrow Gaussian stands for the point spread
    function, a wide one for scattered light; photons are Poisson-distributed, the camera adds Gaussian noise.

    Parameters
    ----------
    rng : numpy.random.Generator
    assay : Assay

    Returns
    -------
    image : array of uint8, shape (H, W, 3)
        Grey: three equal channels.
    labels : array of int32, shape (H, W)
        0 is background, 1 ... n the nuclei.
    """
    labels = np.zeros(assay.shape, dtype=np.int32)
    diameter = rng.uniform(*assay.diameter)
    count = round(np.exp(rng.uniform(*np.log(assay.count))))
    whole = place(rng, labels, Population(count, diameter, 0.17, assay.aspect, 0.1, assay.cluster))
    fragments = Population(round(assay.fragments * count), 0.6 * diameter, 0.25, 1.2, 0.25, 2.5)
    dying = place(rng, labels, fragments)
    gains = np.zeros(labels.max() + 1, dtype=np.float32)
    gains[whole] = np.exp(rng.normal(0, assay.variation, whole.size))
    gains[dying] = rng.uniform(2, 5, dying.size)
    signal = gains[labels] * (chromatin(rng, labels.shape, diameter, 0.14) + _spots(rng, assay, diameter))
    signal += ghosts(rng, labels.shape, round(assay.ghosts * count), diameter)
    grey = rng.uniform(*assay.background) * (1 + 0.12 * smooth_noise(rng, labels.shape, 150))
    grey += rng.uniform(*assay.level) * _optics(signal, assay.blur * rng.uniform(0.8, 1.3), diameter)
    return grey_picture(_camera(rng, grey)), labels


def _spots(rng, assay, diameter):
    """Draw the bright spots of condensed chromatin, typical of mouse nuclei."""
    if assay.spots == 0:
        return 0
    return assay.spots * np.maximum(smooth_noise(rng, assay.shape, diameter / 4) - 0.6, 0)


def _optics(signal, blur, diameter):
    """Blur a little, and spread a tenth of the light far around the nuclei."""
    return 0.9 * ndimage.gaussian_filter(signal, blur) + 0.1 * ndimage.gaussian_filter(signal, diameter / 2)


def _camera(rng, grey):
    """Count photons and add read-out noise."""
    photons_per_grey_value = rng.uniform(8, 40)
    photons = rng.poisson(photons_per_grey_value * np.maximum(grey, 0))
    return photons / photons_per_grey_value + rng.normal(0, 0.4, grey.shape)
