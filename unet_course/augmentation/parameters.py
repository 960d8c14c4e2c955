"""What happens to each image of a batch, as small arrays that NumPy, Keras and PyTorch read alike."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

# The elastic lattice: `CELLS` cells across the image and one knot more on either side for the cubic spline.
CELLS = 3
KNOTS = CELLS + 3
# Knots that move less than 0.488 of their distance never fold the plane: Choi and Lee (2000), see `Augmentation`.
KNOT_LIMIT = 0.48
# The weighted mean of 16 knots spreads 0.48 times as much as one knot.
KNOT_GAIN = 1 / 0.48

# Two tiles of noise whose sides have no common divisor add up to a plane that repeats only after 61 * 67 pixels.
TILES = (61, 67)
PLANE = math.prod(TILES)

# Maps are multiples of 2^-12. Source positions up to 2,048 pixels then come out exact in float32, in whatever order
# and with whatever fused instructions a device computes them: no mask pixel can fall on another side of a tie.
QUANTUM = 2.0**-12


@dataclass(frozen=True)
class Parameters:
    """What happens to each of n images: small arrays, the same for NumPy, Keras and PyTorch; None where nothing does.

    Parameters
    ----------
    height, width : int
        Size of the images in pixels.
    maps : array of float32, shape (n, 2, 3), optional
        Where each new pixel comes from: `source = map @ (row, column, 1)`, in pixels from the centre of the image.
    lattices : array of float32, shape (n, 2, 6, 6), optional
        Pixels to add to the source row and column at the knots of a cubic B-spline. Needs `maps`.
    gamma, contrast, brightness : array of float32, shape (n,), optional
        Power, factor around the mean, and factor; applied in this order, after the movements.
    noise : array of float32, shape (n,), optional
        Standard deviation of the noise, added after them.
    noise_origin : array of int32, shape (n, 2), optional
        Corner of each image in the plane of noise, see `noise_tiles`. Needed with `noise`.
    """

    height: int
    width: int
    maps: np.ndarray | None = None
    lattices: np.ndarray | None = None
    gamma: np.ndarray | None = None
    contrast: np.ndarray | None = None
    brightness: np.ndarray | None = None
    noise: np.ndarray | None = None
    noise_origin: np.ndarray | None = None

    @property
    def n(self):
        """Number of images, or None where nothing changes."""
        values = (self.maps, self.gamma, self.contrast, self.brightness, self.noise)
        return next((value.shape[0] for value in values if value is not None), None)

    def positions(self):
        """Where each pixel comes from, row and column in pixels, as small arrays still to be added up.

        Returns
        -------
        down : array of float32, shape (2, n, H, 1)
        across : array of float32, shape (2, n, 1, W)
        elastic : list of pairs of arrays of float32, shapes (2, n, H, 1) and (W,)
            To be multiplied and added up in this order: every device then rounds alike.
        mirror : array of float32, shape (2, 1, 1, 1)
            Twice the last row and column: `mirror - position` lies as far inside as `position` lies outside.
        """
        maps = np.moveaxis(self.maps, 1, 0)[..., None]
        last = last_pixel(self.height, self.width)
        down = maps[:, :, 0] * centred(self.height) + maps[:, :, 2] + last[..., 0] / 2
        across = maps[:, :, 1] * centred(self.width)
        elastic = []
        if self.lattices is not None:
            tall = float32(np.einsum("nakl,ky->lany", self.lattices, spline_weights(self.height)))
            elastic = list(zip(tall[..., None], spline_weights(self.width), strict=True))
        return down[..., None], across[:, :, None], elastic, 2 * last

    def noise_windows(self, channels):
        """For each tile of noise its values (side * side, channels), and what to add up to find where each pixel reads.

        The two summands of the place are arrays of int32 with shapes (n, H, 1) and (n, 1, W).
        """
        down, across = (
            self.noise_origin[:, k, None] + np.arange(size) for k, size in enumerate((self.height, self.width))
        )
        return [
            (tile, (down % side * side).astype(np.int32)[:, :, None], (across % side).astype(np.int32)[:, None])
            for side, tile in zip(TILES, noise_tiles(self.height, channels), strict=True)
        ]


def affine_maps(*, rotation=0.0, shift=(0.0, 0.0), zoom=1.0, flip=(False, False)):
    """Maps from new pixels to old ones: first flip, then zoom, then rotate about the centre, then shift.

    Parameters
    ----------
    rotation : float or array, shape (n,)
        Degrees, counter-clockwise like `np.rot90`.
    shift : array, shape (2,) or (n, 2)
        Pixels down and to the right.
    zoom : float or array, shape (n,)
        Factor of lengths: 2 shows everything twice as long and twice as wide.
    flip : array of bool, shape (2,) or (n, 2)
        Whether to swap top and bottom, and left and right.

    Returns
    -------
    array of float32, shape (n, 2, 3)
        Multiples of 2^-12, which changes no position in an image of 256 pixels by more than 1/30 pixel.
    """
    angle, zoom = np.deg2rad(np.atleast_1d(rotation)), np.atleast_1d(zoom)
    shift, flip = np.atleast_2d(shift), np.atleast_2d(flip)
    cosine, sine = np.cos(angle), np.sin(angle)
    turn_back = np.stack([cosine, sine, -sine, cosine], axis=1).reshape(-1, 2, 2)
    back = np.where(flip, -1, 1)[:, :, None] * turn_back / zoom[:, None, None]
    offset = -back @ shift[:, :, None]
    maps = np.concatenate([np.broadcast_to(back, (len(offset), 2, 2)), offset], axis=2)
    return float32(np.rint(maps / QUANTUM) * QUANTUM)


def check(images, masks, parameters):
    """Refuse arrays or tensors that do not belong to each other or to the parameters."""
    if len(images.shape) != 4 or tuple(masks.shape) != tuple(images.shape)[:3]:
        raise ValueError(
            "augment needs images (N, H, W, C) and masks (N, H, W) of one size, "
            f"not {tuple(images.shape)} and {tuple(masks.shape)}."
        )
    if "float32" not in str(images.dtype):
        raise ValueError(f"augment needs float32 images in [0, 1], not {images.dtype}: divide uint8 by 255.")
    n, *size = tuple(images.shape)[:3]
    if size != [parameters.height, parameters.width] or parameters.n not in (None, n):
        drawn = f"{parameters.n or 'any number of'} images of {parameters.height}x{parameters.width} pixels"
        raise ValueError(f"the parameters were drawn for {drawn}, but there are {n} of {size[0]}x{size[1]}.")


def centred(size):
    """Positions of the pixels from the centre of the grid: (-1, 0, 1) for 3 pixels, halves for an even number."""
    return np.arange(size, dtype=np.float32) - np.float32((size - 1) / 2)


@lru_cache
def spline_weights(size):
    """Weight of each knot at each pixel: cubic B-splines on `CELLS` cells, array of float32 (6, size)."""
    position = (np.arange(size) + 0.5) / size * CELLS
    distance = np.abs(position + 1 - np.arange(KNOTS)[:, None])
    near, far = 2 / 3 - distance**2 + distance**3 / 2, (2 - distance) ** 3 / 6
    return float32(np.where(distance < 1, near, np.maximum(far, 0)))


@lru_cache
def noise_tiles(height, channels):
    """Two tiles of noise of variance 1/2, each (side * side, channels); always the same: where one looks is random.

    Each channel sees the part of the plane of noise below that of the channel before.
    """
    rng = np.random.default_rng(0)
    tiles = [float32(rng.normal(0, math.sqrt(0.5), (side, side))) for side in TILES]
    channel_by_channel = ([np.roll(tile, -height * c, axis=0) for c in range(channels)] for tile in tiles)
    return tuple(np.stack(tile, axis=-1).reshape(-1, channels) for tile in channel_by_channel)


def elastic_lattices(strength, knots, maps, height, width):
    """Displacements at knots (n, 2, 6, 6) from normal numbers: kept from folding, and turned into the old image."""
    size = np.array((height, width))[:, None, None]
    limit = KNOT_LIMIT * size / CELLS
    moves = np.clip(KNOT_GAIN * strength * size * knots, -limit, limit)
    return float32(np.einsum("nab,nbyx->nayx", maps[:, :, :2], moves))


def first_rows(n, height):
    """Where each image begins, in rows, when all lie below one another: array of int32 (n, 1, 1)."""
    return height * np.arange(n, dtype=np.int32)[:, None, None]


def last_pixel(height, width):
    """The last row and column: array of float32 (2, 1, 1, 1)."""
    return float32((height - 1, width - 1)).reshape(2, 1, 1, 1)


def each(values):
    """One value for each image, to be combined with images (n, H, W, C)."""
    return values[:, None, None, None]


def float32(values):
    return np.asarray(values, dtype=np.float32)
