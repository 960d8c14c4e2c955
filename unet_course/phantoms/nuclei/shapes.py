"""Where the synthetic nuclei lie and what outline each has: label images, no grey values."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage import draw

SMALLEST = 21  # pixels; the smallest nucleus of the real set


@dataclass(frozen=True)
class Population:
    """Nuclei of one sort: how many, how large, how round, how sociable.

    Attributes
    ----------
    count : int
        Nuclei asked for; a crowded field may end with fewer.
    diameter : float
        Median equivalent diameter, pixels.
    spread : float
        Standard deviation of log(diameter).
    aspect : float
        Median ratio of the long to the short axis, >= 1.
    roughness : float
        Amplitude of the outline's harmonics, relative to the radius; .1 is an oval, .3 a lobed fragment.
    cluster : float
        Mean number of nuclei in a clump, >= 1; a clump is about that many diameters wide.
    contact : float
        Share of the nuclei, 0 to 1, that may touch the ones drawn before them; the others keep a gap.
    """

    count: int
    diameter: float
    spread: float = 0.15
    aspect: float = 1.25
    roughness: float = 0.1
    cluster: float = 1.3
    contact: float = 0.3


def outline(rng, diameter, aspect, angle, roughness):
    """Draw a star-convex outline around the origin: r(t) = R (1 + sum_k a_k cos(k t + phase_k)), k = 2 ... 5.

    Higher harmonics get smaller amplitudes, a_k ~ N(0, roughness / k), which keeps the outline smooth.

    Parameters
    ----------
    rng : numpy.random.Generator
    diameter, aspect, angle : float
        Equivalent diameter in pixels, long axis over short axis, direction of the long axis in radians.
    roughness : float
        See `Population`.

    Returns
    -------
    array of float, shape (2, 48)
        Rows and columns of the vertices, pixels.
    """
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    order = np.arange(2, 6)
    amplitude = rng.normal(0, roughness / order)
    phase = rng.uniform(0, 2 * np.pi, order.size)
    radius = diameter / 2 * (1 + amplitude @ np.cos(order[:, None] * turn + phase[:, None]))
    along, across = radius * np.cos(turn) * aspect**0.5, radius * np.sin(turn) / aspect**0.5
    return np.stack([along * np.sin(angle) + across * np.cos(angle), along * np.cos(angle) - across * np.sin(angle)])


def place(rng, labels, population, *, allowed=None, angles=None):
    """Add a population of nuclei to a label image, in clumps; earlier nuclei keep their pixels.

    Clumps follow a Neyman-Scott process (Neyman, Scott 1958, J. R. Stat. Soc. B 20, 1-43): parents fall
    anywhere, daughters near their parent. A nucleus without contact needs free pixels around it; one with
    contact is clipped where it meets a neighbour, as long as it keeps seven eighths of its area. What does
    not fit is drawn again elsewhere.

    Parameters
    ----------
    rng : numpy.random.Generator
    labels : array of int32, shape (H, W)
        0 is background; changed in place.
    population : Population
    allowed : array of bool, shape (H, W), optional
        Where parents may fall; everywhere by default.
    angles : array of float, shape (H, W), optional
        Direction of the long axes, radians; random by default.

    Returns
    -------
    array of int
        The new labels, without gaps.
    """
    first, height_width = labels.max() + 1, np.array(labels.shape)
    label, tries, parent = first, 0, None
    while label - first < population.count and tries < 20 * population.count:
        tries += 1
        diameter = population.diameter * np.exp(rng.normal(0, population.spread))
        is_parent = parent is None or rng.random() < 1 / population.cluster
        if is_parent:
            centre = rng.uniform(-diameter / 3, height_width + diameter / 3)
        else:
            centre = parent + rng.normal(0, 0.4 * diameter * population.cluster, 2)
        pixel = tuple(np.clip(centre, 0, height_width - 1).astype(int))
        if allowed is not None and not allowed[pixel]:
            continue
        angle = rng.uniform(0, np.pi) if angles is None else angles[pixel] + rng.normal(0, 0.2)
        aspect = max(1.0, population.aspect * np.exp(rng.normal(0, 0.15)))
        vertices = outline(rng, diameter, aspect, angle, population.roughness)
        gap = 1.0 if rng.random() < population.contact else 1 + 4 / diameter
        if _draw(labels, label, centre[:, None], vertices, gap):
            label += 1
            parent = centre if is_parent else parent
    return np.arange(first, label)


def _draw(labels, label, centre, vertices, gap):
    """Fill one outline with `label` where it is free, if its copy scaled by `gap` fits; say if it did."""
    if gap > 1 and labels[draw.polygon(*(centre + gap * vertices), shape=labels.shape)].any():
        return False
    rows, columns = draw.polygon(*(centre + vertices), shape=labels.shape)
    free = labels[rows, columns] == 0
    if free.sum() < max(SMALLEST, 0.875 * free.size):
        return False
    rows, columns = _largest_piece(rows[free], columns[free])
    if rows.size < SMALLEST:
        return False
    labels[rows, columns] = label
    return True


def _largest_piece(rows, columns):
    """Keep the largest connected piece: a neighbour may have cut the nucleus in two."""
    corner = rows.min(), columns.min()
    patch = np.zeros((np.ptp(rows) + 1, np.ptp(columns) + 1), dtype=bool)
    patch[rows - corner[0], columns - corner[1]] = True
    pieces, _ = ndimage.label(patch)
    largest = np.bincount(pieces.ravel())[1:].argmax() + 1
    kept = np.nonzero(pieces == largest)
    return kept[0] + corner[0], kept[1] + corner[1]
