"""What the microscope makes of synthetic nuclei: fluorescence, purple-stained and bright-field pictures."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from unet_course.phantoms.nuclei_shapes import Population, place, smooth_noise

# Optical density of a dye in red, green and blue, unit length: haematoxylin and eosin after Ruifrok, Johnston
# (2001), Anal. Quant. Cytol. Histol. 23, 291-299; the other three as measured in pictures of the real set.
HAEMATOXYLIN = np.array([0.65, 0.70, 0.29])
EOSIN = np.array([0.07, 0.99, 0.11])
VIOLET = np.array([0.42, 0.91, 0.06])
MAGENTA = np.array([0.40, 0.89, 0.22])
BLOOD = np.array([0.07, 0.92, 0.39])


@dataclass(frozen=True)
class Assay:
    """One sort of fluorescence picture; pairs are the ends of the range from which each picture draws.

    Attributes
    ----------
    shape : (int, int)
        Height and width, pixels.
    count, diameter, cluster, aspect
        As in `nuclei_shapes.Population`.
    level : (float, float)
        Grey value of a typical nucleus, 0 to 255.
    background : (float, float)
        Grey value between the nuclei.
    variation : float
        Standard deviation of log(brightness) from nucleus to nucleus.
    spots : float
        Contrast of the bright chromatin spots, relative to the nucleus.
    fragments : float
        Bright fragments of dying nuclei, per nucleus.
    ghosts : float
        Nuclei out of focus, which nobody annotated, per nucleus.
    """

    shape: tuple
    count: tuple
    diameter: tuple
    level: tuple
    background: tuple
    cluster: float = 1.3
    aspect: float = 1.3
    variation: float = 0.3
    spots: float = 0.0
    fragments: float = 0.0
    ghosts: float = 0.0


SPARSE = Assay((256, 256), (6, 26), (12, 16), (35, 85), (3, 8))
DYING = Assay((256, 256), (15, 85), (10, 14), (45, 75), (9, 16), cluster=1.8, fragments=0.35)
SPOTTED = Assay((256, 256), (25, 55), (17, 22), (40, 65), (3, 7), aspect=1.1, spots=1.2, ghosts=0.25)
LARGE = Assay((360, 360), (14, 26), (44, 54), (22, 55), (3, 7), aspect=1.4, variation=0.15)
FIELD = Assay((520, 696), (80, 150), (27, 30), (40, 120), (4, 12), cluster=1.5, aspect=1.4, variation=0.35)
CLOSE = Assay((520, 696), (5, 34), (46, 52), (60, 120), (5, 12), aspect=1.4)

ASSAYS = (SPARSE, LARGE, DYING, FIELD, SPOTTED, SPARSE, DYING, LARGE, SPOTTED, CLOSE, SPARSE, DYING)


@dataclass(frozen=True)
class Stain:
    """One sort of purple picture.

    Attributes
    ----------
    white : (int, int, int)
        Colour of empty glass, RGB.
    nuclear, tissue : array of float, shape (3,)
        Optical densities of the dye in the nuclei and of the one around them.
    density : float
        Amount of the nuclear dye in a typical nucleus.
    ground : float
        Amount of the tissue dye between the nuclei; 0 is a smear on bare glass.
    sizes : tuple of ((int, int), (float, float))
        Magnifications: range of nuclei per picture with their range of diameters, pixels.
    """

    white: tuple
    nuclear: np.ndarray
    tissue: np.ndarray
    density: float
    ground: float
    sizes: tuple


TISSUE = Stain((184, 166, 206), VIOLET, VIOLET, 1.15, 0.06, (((50, 110), (15, 20)), ((8, 20), (34, 44))))
SMEAR = Stain((212, 211, 216), MAGENTA, MAGENTA, 1.1, 0.02, (((45, 90), (20, 25)),))
H_AND_E = Stain((228, 222, 226), HAEMATOXYLIN, EOSIN, 0.75, 0.45, (((10, 18), (30, 36)),))

STAINS = (TISSUE, SMEAR, TISSUE, H_AND_E)


def fluorescence(rng, assay):
    """Draw glowing nuclei on a dark ground.

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
    count = _log_uniform_integer(rng, assay.count)
    whole = place(rng, labels, Population(count, diameter, 0.15, assay.aspect, 0.1, assay.cluster))
    fragments = Population(round(assay.fragments * count), 0.6 * diameter, 0.25, 1.2, 0.25, 2.5)
    dying = place(rng, labels, fragments)
    gains = np.zeros(labels.max() + 1, dtype=np.float32)
    gains[whole] = np.exp(rng.normal(0, assay.variation, whole.size))
    gains[dying] = rng.uniform(2, 5, dying.size)
    signal = gains[labels] * _chromatin(rng, labels, diameter, assay.spots)
    signal += _ghosts(rng, labels.shape, round(assay.ghosts * count), diameter)
    blur = diameter * rng.uniform(0.03, 0.06)
    halo = ndimage.gaussian_filter(signal, diameter / 2)
    signal = 0.92 * ndimage.gaussian_filter(signal, blur) + 0.08 * halo
    ground = rng.uniform(*assay.background) * (1 + 0.12 * smooth_noise(rng, labels.shape, 150))
    grey = ground + rng.uniform(*assay.level) * signal
    gain = rng.uniform(2, 8)  # photons per grey value
    grey = rng.poisson(gain * np.maximum(grey, 0)) / gain + rng.normal(0, 0.5, labels.shape)
    return _grey_picture(grey), labels


def purple(rng, stain):
    """Draw stained nuclei in transmitted light, by Beer and Lambert: colour = white * exp(-amount * density).

    Parameters
    ----------
    rng : numpy.random.Generator
    stain : Stain

    Returns
    -------
    image : array of uint8, shape (256, 320, 3)
    labels : array of int32, shape (256, 320)
        0 is background, 1 ... n the nuclei.
    """
    labels = np.zeros((256, 320), dtype=np.int32)
    counts, diameters = stain.sizes[rng.integers(len(stain.sizes))]
    diameter = rng.uniform(*diameters)
    allowed = smooth_noise(rng, labels.shape, 90) > rng.uniform(-1.5, -0.3)  # the rest is a gap in the tissue
    angles = smooth_noise(rng, labels.shape, 150)  # neighbours lie side by side
    population = Population(_log_uniform_integer(rng, counts), diameter, 0.25, 1.35, 0.15, 2.5)
    whole = place(rng, labels, population, allowed=allowed, angles=angles)
    amounts = np.zeros(labels.max() + 1, dtype=np.float32)
    amounts[whole] = stain.density * np.exp(rng.normal(0, 0.3, whole.size))
    nuclear = amounts[labels] * _chromatin(rng, labels, diameter, 0.2)
    nuclear += 0.4 * stain.density * _ghosts(rng, labels.shape, whole.size // 6, diameter)
    tissue = stain.ground * _fibres(rng, allowed)
    blood = 1.6 * _vessel(rng, labels) if stain.tissue is EOSIN else np.zeros(labels.shape)
    blur = rng.uniform(0.7, 1.2)
    density = sum(
        ndimage.gaussian_filter(amount, blur)[..., None] * dye
        for amount, dye in ((nuclear, stain.nuclear), (tissue, stain.tissue), (blood, BLOOD))
    )
    colour = np.array(stain.white) * np.exp(-density) + rng.normal(0, 1.5, (*labels.shape, 1))
    return np.clip(np.rint(colour), 0, 255).astype(np.uint8), labels


def brightfield(rng, shape=(512, 512)):
    """Draw small dark nuclei inside pale cell bodies on a bright ground.

    The bodies, which no mask contains, are what makes a threshold on the grey value fail here.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : (int, int)
        Height and width, pixels. The real pictures have 1024 x 1024; a quarter of that field is written in a
        quarter of the time.

    Returns
    -------
    image : array of uint8, shape (H, W, 3)
        Grey: three equal channels.
    labels : array of int32, shape (H, W)
        0 is background, 1 ... n the nuclei.
    """
    bodies, labels = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
    area = shape[0] * shape[1] / 512**2
    cells = place(rng, bodies, Population(round(area * rng.integers(4, 7)), 95, 0.25, 1.2, 0.2, 2.5))
    whole = place(rng, labels, Population(2 * cells.size, 20, 0.2, 1.2, 0.1, 1.1), allowed=bodies > 0)
    small = place(rng, labels, Population(cells.size, 8, 0.15, 1.2, 0.2, 3), allowed=bodies > 0)
    body = np.append(0, rng.uniform(0.1, 0.3, cells.size))[bodies]
    body *= 1 + 0.25 * smooth_noise(rng, shape, 25) + 0.15 * smooth_noise(rng, shape, 4)
    body = ndimage.gaussian_filter(body, 1.2)
    amounts = np.zeros(labels.max() + 1)
    amounts[whole], amounts[small] = rng.uniform(0.4, 0.8, whole.size), rng.uniform(0.7, 1.0, small.size)
    nuclear = ndimage.gaussian_filter(amounts[labels] * _chromatin(rng, labels, 20, 0.1), 1)
    grey = 229 * np.exp(-body - nuclear) + 2 * smooth_noise(rng, shape, 200)
    return _grey_picture(grey + rng.normal(0, 1.5, shape)), labels


def _log_uniform_integer(rng, ends):
    """Draw an integer whose logarithm is uniform between the two ends."""
    return round(np.exp(rng.uniform(*np.log(ends))))


def _chromatin(rng, labels, diameter, spots):
    """Mottle the nuclei: fine and coarse noise around 1, and bright spots of contrast `spots`."""
    mottle = 1 + 0.12 * smooth_noise(rng, labels.shape, diameter / 3)
    mottle += 0.06 * smooth_noise(rng, labels.shape, max(1.5, diameter / 10))
    peaks = np.maximum(smooth_noise(rng, labels.shape, max(2, diameter / 5)) - 0.8, 0)
    return np.maximum(mottle + spots * peaks, 0.2).astype(np.float32)


def _ghosts(rng, shape, count, diameter):
    """Draw blurred nuclei of about half brightness, which the annotators left out."""
    layer = np.zeros(shape, dtype=np.int32)
    drawn = place(rng, layer, Population(count, diameter))
    gains = np.append(0, rng.uniform(0.2, 0.7, drawn.size)).astype(np.float32)
    return ndimage.gaussian_filter(gains[layer], diameter / 6)


def _fibres(rng, allowed):
    """Draw threads on a cloudy ground, mean about 1 where `allowed`, less in the gaps of the tissue."""
    threads = np.exp(-((smooth_noise(rng, allowed.shape, 18) / 0.25) ** 2))
    cloud = 1 + 0.3 * smooth_noise(rng, allowed.shape, 40) + 0.8 * threads
    return np.maximum(cloud, 0) * (0.35 + 0.65 * ndimage.gaussian_filter(allowed.astype(np.float32), 2))


def _vessel(rng, labels):
    """Draw a band of blood that spares the nuclei."""
    band = np.abs(smooth_noise(rng, labels.shape, 200)) < 0.25
    return band * (labels == 0) * (1 + 0.1 * smooth_noise(rng, labels.shape, 8))


def _grey_picture(grey):
    """Round to 8 bits and repeat the channel, as the real set does."""
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None].repeat(3, axis=-1)
