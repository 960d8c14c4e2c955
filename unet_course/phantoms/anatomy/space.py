"""Planes through the head, and smooth random fields in space: what every slice of a brain phantom is drawn on."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

REACH = 140.0  # mm; fields repeat outside the cube of this half side
_PERIOD = 48  # nodes; fine fields repeat after so many, too far away for an eye to see, and cost little to draw
# A cubic B-spline through white noise on a lattice has this standard deviation along each axis: sqrt(151 / 315).
_SPLINE = (151 / 315) ** 0.5


@dataclass(frozen=True)
class Plane:
    """A rectangle of pixels in space.

    Attributes
    ----------
    origin : array of float, shape (3,)
        Centre of the first pixel: right, front and up, mm.
    down, across : array of float, shape (3,)
        Step from row to row and from column to column, mm.
    shape : (int, int)
        Rows and columns.
    """

    origin: np.ndarray
    down: np.ndarray
    across: np.ndarray
    shape: tuple

    def points(self, rows=None, columns=None):
        """Places of the pixels, or of any fractional rows and columns: float32 (3, rows, columns), mm."""
        rows = np.arange(self.shape[0]) if rows is None else rows
        columns = np.arange(self.shape[1]) if columns is None else columns
        steps = rows[:, None, None] * self.down + columns[None, :, None] * self.across
        return np.moveaxis(self.origin + steps, -1, 0).astype(np.float32)

    def smoothly(self, function, step):
        """Evaluate something smooth on a coarser grid, and interpolate linearly between.

        Parameters
        ----------
        function : callable
            Takes points (3, h, w) in mm and returns an array (..., h, w).
        step : float
            Distance within which the function is about linear, mm.

        Returns
        -------
        array of float32, shape (..., H, W)
        """
        coarse = [
            max(2, int(np.ceil((size - 1) * np.linalg.norm(side) / step)) + 1)
            for size, side in zip(self.shape, (self.down, self.across), strict=True)
        ]
        if coarse[0] >= self.shape[0] and coarse[1] >= self.shape[1]:
            return function(self.points())
        rows, columns = (np.linspace(0, size - 1, n) for size, n in zip(self.shape, coarse, strict=True))
        left, right = (_interpolation(n, size) for size, n in zip(self.shape, coarse, strict=True))
        return left @ function(self.points(rows, columns)).astype(np.float32) @ right.T


def axial(height, field_of_view, size):
    """A horizontal plane seen from below, as radiologists do: the front is up, the patient's right is left.

    Parameters
    ----------
    height : float
        mm above the anterior commissure.
    field_of_view : float
        Height, mm.
    size : int or (int, int)
        Pixels along both sides, or height and width.
    """
    return _square((0, -18, height), (-1, 0, 0), (0, -1, 0), field_of_view, size)


def coronal(depth, field_of_view, size):
    """A plane from ear to ear, `depth` mm in front of the anterior commissure, seen from the front."""
    return _square((0, depth, -8), (-1, 0, 0), (0, 0, -1), field_of_view, size)


def sagittal(side, field_of_view, size):
    """A plane from front to back, `side` mm right of the midline, the face on the left."""
    return _square((side, -12, -8), (0, -1, 0), (0, 0, -1), field_of_view, size)


class Field:
    """A smooth random function of place, mean 0 and standard deviation about 1.

    Parameters
    ----------
    rng : numpy.random.Generator
    scale : float
        Lattice spacing, mm; about the size of the bumps.
    """

    def __init__(self, rng, scale):
        self.scale = scale
        nodes = min(int(2 * REACH / scale) + 4, _PERIOD)
        self.lattice = rng.standard_normal([nodes] * 3, dtype=np.float32) / _SPLINE**3

    def __call__(self, points):
        """Values, float32, at points (3, ...) in mm."""
        return ndimage.map_coordinates(
            self.lattice, self._places(points), order=3, prefilter=False, mode="grid-wrap"
        )  # fmt: skip

    def on(self, plane):
        """Values on a plane along two axes of space, float32 (H, W); far quicker than at its points."""
        rows, columns = np.flatnonzero(plane.down)[0], np.flatnonzero(plane.across)[0]
        normal = 3 - rows - columns
        row_places = plane.origin[rows] + np.arange(plane.shape[0]) * plane.down[rows]
        column_places = plane.origin[columns] + np.arange(plane.shape[1]) * plane.across[columns]
        weights = [self._weights(places) for places in (plane.origin[[normal]], row_places, column_places)]
        lattice = self.lattice.transpose(normal, rows, columns)
        near = np.flatnonzero(weights[0][0])
        return weights[1] @ np.tensordot(weights[0][0, near], lattice[near], 1) @ weights[2].T

    def _places(self, millimetres):
        return (millimetres + REACH) / self.scale + 1

    def _weights(self, millimetres):
        """Matrix of the uniform cubic B-spline: values at these places from the lattice along one axis."""
        place = self._places(millimetres)
        step = np.floor(place).astype(int)
        matrix = np.zeros((place.size, len(self.lattice)), dtype=np.float32)
        for offset, weight in enumerate(cubic_spline(place - step), -1):
            matrix[np.arange(place.size), (step + offset) % len(self.lattice)] = weight
        return matrix


def cubic_spline(t):
    """Weights of four neighbouring nodes in the uniform cubic B-spline, `t` in [0, 1) of the way past the second."""
    parts = (1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3
    return [part / 6 for part in parts]


def soft(depth, width):
    """1 inside and 0 outside, with a border of this width; `depth` is positive inside."""
    return np.clip(depth / width + 0.5, 0, 1)


def _square(centre, across, down, field_of_view, size):
    shape = (size, size) if np.isscalar(size) else tuple(size)
    down, across = (np.array(side) * field_of_view / shape[0] for side in (down, across))
    origin = np.array(centre) - (shape[0] - 1) / 2 * down - (shape[1] - 1) / 2 * across
    return Plane(origin, down, across, shape)


def _interpolation(coarse, fine):
    """Matrix that interpolates linearly from `coarse` to `fine` evenly spaced values with common ends."""
    place = np.linspace(0, coarse - 1, fine)
    low = np.minimum(place.astype(int), coarse - 2)
    matrix = np.zeros((fine, coarse), dtype=np.float32)
    matrix[np.arange(fine), low] = 1 - (place - low)
    matrix[np.arange(fine), low + 1] = place - low
    return matrix
