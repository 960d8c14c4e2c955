"""Draw synthetic images in transmitted light, purple or bright-field: dark nuclei on a bright ground."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .shapes import Population, place
from .textures import chromatin, ghosts, grey_picture, smooth_noise

# Optical density of a dye in red, green and blue, unit length: haematoxylin and eosin after Ruifrok, Johnston
# (2001), Anal. Quant. Cytol. Histol. 23, 291-299; the other three as measured in images of the real set.
HAEMATOXYLIN = np.array([0.65, 0.70, 0.29])
EOSIN = np.array([0.07, 0.99, 0.11])
VIOLET = np.array([0.42, 0.91, 0.06])
MAGENTA = np.array([0.40, 0.89, 0.22])
BLOOD = np.array([0.07, 0.92, 0.39])


@dataclass(frozen=True)
class Stain:
    """One sort of purple image.

    Attributes
    ----------
    white : (int, int, int)
        Colour of empty glass, RGB.
    nuclear, tissue : array of float, shape (3,)
        Optical densities of the dye in the nuclei and of the one around them.
    density : float
        Amount of the nuclear dye in a typical nucleus.
    ground : float
        Amount of the tissue dye between the nuclei.
    ghosts : float
        Pale nuclei out of focus, which have no mask, per nucleus.
    sizes : tuple of ((int, int), (float, float))
        Magnifications: range of nuclei per image with their range of diameters, pixels.
    blood : float
        Amount of blood in the vessels; 0 for none.
    """

    white: tuple
    nuclear: np.ndarray
    tissue: np.ndarray
    density: float
    ground: float
    ghosts: float
    sizes: tuple
    blood: float = 0.0


TISSUE = Stain((184, 166, 206), VIOLET, VIOLET, 1.0, 0.11, 0.6, (((45, 110), (15, 19)), ((8, 18), (34, 46))))
SMEAR = Stain((212, 211, 216), MAGENTA, MAGENTA, 1.0, 0.03, 0.5, (((40, 85), (20, 25)),))
H_AND_E = Stain(
    white=(216, 217, 214),
    nuclear=0.5 * HAEMATOXYLIN + 0.35 * EOSIN,
    tissue=0.12 * HAEMATOXYLIN + EOSIN,
    density=0.8,
    ground=0.5,
    ghosts=0.3,
    sizes=(((10, 18), (30, 38)),),
    blood=1.6,
)

STAINS = (TISSUE, SMEAR, TISSUE, H_AND_E)


def purple(rng, stain):
    """Draw stained nuclei, by Beer and Lambert: colour = white * exp(-sum of amount * optical density).

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
    diameter, count = rng.uniform(*diameters), rng.integers(*counts)
    allowed = smooth_noise(rng, labels.shape, 90) > rng.uniform(-2.5, -0.3)  # the rest is a gap in the tissue
    pool = (stain.blood > 0) & (smooth_noise(rng, labels.shape, 180) > rng.uniform(0.8, 1.6))
    angles = smooth_noise(rng, labels.shape, 150)  # neighbours lie side by side
    population = Population(count, diameter, 0.25, 1.4, 0.15, 1.7, contact=0.5)
    place(rng, labels, population, allowed=allowed & ~pool, angles=angles)
    nuclear = stain.density * _stained_nuclei(rng, labels, diameter)
    nuclear += stain.density * ghosts(rng, labels.shape, round(stain.ghosts * count), diameter)
    tissue = stain.ground * _tissue(rng, allowed)
    blood = stain.blood * pool * (labels == 0) * (1 + 0.12 * smooth_noise(rng, labels.shape, 10))
    density = nuclear[..., None] * stain.nuclear + tissue[..., None] * stain.tissue + blood[..., None] * BLOOD
    density = ndimage.gaussian_filter(density, rng.uniform(0.7, 1.2), axes=(0, 1))
    colour = np.array(stain.white) * np.exp(-density) + rng.normal(0, 1.2, (*labels.shape, 1))
    return np.clip(np.rint(colour), 0, 255).astype(np.uint8), labels


def brightfield(rng, shape):
    """Draw small dark nuclei inside pale cell bodies.

    The bodies, which have no mask, are what makes a threshold on the grey value fail here.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : (int, int)
        Height and width, pixels.

    Returns
    -------
    image : array of uint8, shape (H, W, 3)
        Grey: three equal channels.
    labels : array of int32, shape (H, W)
        0 is background, 1 ... n the nuclei.
    """
    body = _cell_bodies(rng, shape) + _cell_bodies(rng, shape)  # two layers: some cells lie on others
    inside = ndimage.binary_erosion(body > 0, iterations=12)
    labels = np.zeros(shape, dtype=np.int32)
    count = 2 + round(inside.sum() / 4000)
    whole = place(rng, labels, Population(count, 21, 0.15, 1.25, 0.1, 1.25, contact=0.75), allowed=inside)
    small = place(rng, labels, Population(count // 2, 8.5, 0.15, 1.2, 0.2, 3, contact=0.75), allowed=inside)
    amounts = np.zeros(labels.max() + 1)
    amounts[whole], amounts[small] = rng.uniform(0.4, 0.8, whole.size), rng.uniform(0.7, 1.0, small.size)
    nuclear = amounts[labels] * chromatin(rng, shape, 21, 0.15)
    specks = 0.12 * (smooth_noise(rng, shape, 4) > np.where(body > 0, 2.2, 3.2))
    grey = 225 * np.exp(-ndimage.gaussian_filter(body + nuclear + specks, 0.9))
    grain = 1.5 * smooth_noise(rng, shape, 1.5) + 1.5 * smooth_noise(rng, shape, 250)
    return grey_picture(grey + grain), labels


def _stained_nuclei(rng, labels, diameter):
    """Give each nucleus its amount of dye: dark compact ones, and pale ones with a rim and dark granules."""
    amounts = np.append(0, np.exp(rng.normal(0, 0.45, labels.max())))[labels]
    depth = ndimage.distance_transform_edt(labels == ndimage.minimum_filter(labels, 3)) * (labels > 0)
    rim = 1 + 0.35 * np.exp(-depth / (0.06 * diameter))
    granules = 0.5 * np.maximum(smooth_noise(rng, labels.shape, max(2, diameter / 7)) - 0.8, 0)
    return amounts * (rim * chromatin(rng, labels.shape, diameter, 0.15) - 0.1 + granules)


def _tissue(rng, allowed):
    """Draw threads on a cloudy ground, mean about 1 where `allowed`, less in the gaps of the tissue."""
    threads = sum(np.exp(-((smooth_noise(rng, allowed.shape, scale) / 0.2) ** 2)) for scale in (14, 30))
    patchy = np.clip(0.5 + 0.5 * smooth_noise(rng, allowed.shape, 30), 0, 1.5)
    cloud = 0.8 + 0.3 * smooth_noise(rng, allowed.shape, 40) + 0.15 * smooth_noise(rng, allowed.shape, 4)
    gaps = 0.35 + 0.65 * ndimage.gaussian_filter(allowed.astype(np.float32), 2)
    return np.maximum(cloud + 0.8 * patchy * threads, 0) * gaps


def _cell_bodies(rng, shape):
    """Draw a layer of pale cell bodies, as optical density: uneven, with folds, darker at the border."""
    bodies = np.zeros(shape, dtype=np.int32)
    count = round(shape[0] * shape[1] / 512**2 * rng.integers(3, 6))
    cells = place(rng, bodies, Population(count, 115, 0.25, 1.25, 0.35, 1.6))
    density = np.append(0, rng.uniform(0.08, 0.25, cells.size))[bodies]
    depth = ndimage.distance_transform_edt(bodies)
    folds = np.exp(-((smooth_noise(rng, shape, 90) / 0.06) ** 2))
    uneven = 1 + 0.2 * smooth_noise(rng, shape, 40) + 0.06 * smooth_noise(rng, shape, 5)
    return density * np.maximum(uneven + 0.4 * np.exp(-depth / 4) + 0.9 * folds, 0.1)
