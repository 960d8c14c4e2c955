"""One scan of one synthetic head with all that a real scan hides: the coil's shading, the noise, the brain."""

from dataclasses import dataclass

import numpy as np

from ..brats import WIDTH
from .head import Head
from .mr import Scanner
from .space import axial


@dataclass(frozen=True)
class Scan:
    """Slices from the lowest up.

    Attributes
    ----------
    image : array of float32, shape (Z, H, W)
        With skull; white matter is about 1.
    field : array of float32, shape (Z, H, W)
        Sensitivity of the coil, the true shading.
    brain : array of bool, shape (Z, H, W)
        Without skull, with a little of the fluid around it.
    white : array of bool, shape (Z, H, W)
        More than nine tenths white matter.
    air : array of bool, shape (Z, H, W)
        Outside the head.
    noise : float
        Standard deviation of the noise of each of the two parts of the signal, in units of `image`.
    spacing : tuple of float
        Millimetres along each axis; the first is the distance of the slices, NaN for a single one.
    """

    image: np.ndarray
    field: np.ndarray
    brain: np.ndarray
    white: np.ndarray
    air: np.ndarray
    noise: float
    spacing: tuple


def scan(sequence, size, heights, *, snr=30.0, shading=0.2, seed=0):
    """Scan a healthy head.

    Parameters
    ----------
    sequence : str
        A key of `mr.SEQUENCES`: "t1", "t1ce", "t2" or "flair".
    size : int
        Rows and columns of a slice of 240 x 240 mm.
    heights : sequence of float
        Evenly spaced, mm over the anterior commissure; see also `brats.heights`.
    snr, shading : float
        Of the scanner, see `mr.Scanner`; shading 0 is an even field.
    seed : int
        Draws the head, the form of the field and the noise. With another `snr` or `shading` they keep their form.

    Returns
    -------
    Scan
    """
    rng = np.random.default_rng(seed)
    head, scanner, slices = Head(rng), Scanner(rng, snr=snr, shading=shading), []
    for height in heights:
        plane = axial(height, WIDTH, size)
        fractions, maps, _ = head.tissues(plane)
        field = scanner.sensitivity(plane)
        image = scanner.acquire(rng, fractions, sequence, field * scanner.grain(plane), blur=0.55 * size / WIDTH)
        air = (fractions[0] > 0.999) & (maps[3] > 5)
        slices.append((image, field, maps[2] < 1.5, fractions[1] > 0.9, air))
    parts = [np.stack(part) for part in zip(*slices, strict=True)]
    step = heights[1] - heights[0] if len(heights) > 1 else np.nan
    return Scan(*parts, noise=1 / snr, spacing=(float(step), WIDTH / size, WIDTH / size))
