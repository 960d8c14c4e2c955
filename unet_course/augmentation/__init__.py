"""Random changes of images together with their masks: drawn here, and applied by NumPy as the twins' reference."""

from dataclasses import dataclass, fields

import numpy as np

from .parameters import (
    KNOTS,
    PLANE,
    Parameters,
    affine_maps,
    check,
    each,
    elastic_lattices,
    first_rows,
    float32,
    last_pixel,
)

FLIPS = ("none", "horizontal", "vertical", "both")


@dataclass(frozen=True)
class Augmentation:
    """How much images may change at random; each number is a limit, and 0 turns its change off.

    Parameters
    ----------
    rotation : float
        Degrees, 0 to 180: each image turns by an angle in [-rotation, rotation] about its centre.
    shift : float
        Fraction of height and width, 0 to 0.5: each image moves by up to so much down or up, right or left.
    zoom : float
        0 to 1: lengths are multiplied by a factor in [1 / (1 + zoom), 1 + zoom], as often above 1 as below.
    flip : {"none", "horizontal", "vertical", "both"}
        "horizontal" swaps left and right in every second image. A brain has a top and a bottom, a cell has not.
    quarter_turns : bool
        Turn by a random multiple of 90 degrees as well (square images only).
    elastic : float
        Fraction of height and width, 0 to 0.05: the standard deviation of a smooth random displacement.
    brightness : float
        0 to 1: values are multiplied by a factor in [1 - brightness, 1 + brightness]; black stays black.
    contrast : float
        0 to 1: distances from the image's mean are multiplied by a factor in [1 - contrast, 1 + contrast].
    gamma : float
        0 to 1: values are raised to a power in [1 / (1 + gamma), 1 + gamma].
    noise : float
        0 to 1: the standard deviation of Gaussian noise is drawn from [0, noise], white being 1.

    Raises
    ------
    ValueError
        If a limit is out of its range.

    Notes
    -----
    Turns, flips, shifts, zooms and the elastic displacement are done together by looking each new pixel up once in
    the old image. The elastic displacement is a cubic B-spline on 3 x 3 cells [1]_, as coarse as in the U-Net paper
    [2]_; its knots move at most 0.48 of their distance, so that it never folds [3]_.

    References
    ----------
    .. [1] Rueckert et al. (1999), Nonrigid registration using free-form deformations, IEEE TMI 18(8).
    .. [2] Ronneberger, Fischer, Brox (2015), U-Net, https://arxiv.org/abs/1505.04597, section 3.1.
    .. [3] Choi, Lee (2000), Injectivity conditions of 2D and 3D uniform cubic B-spline functions, Graphical Models 62.

    Examples
    --------
    >>> parameters = Augmentation.only(rotation=15, flip="horizontal").sample(np.random.default_rng(0), 16, 128, 128)
    >>> parameters.maps.shape
    (16, 2, 3)
    """

    rotation: float = 15.0
    shift: float = 0.05
    zoom: float = 0.1
    flip: str = "horizontal"
    quarter_turns: bool = False
    elastic: float = 0.02
    brightness: float = 0.1
    contrast: float = 0.1
    gamma: float = 0.1
    noise: float = 0.02

    def __post_init__(self):
        for name, limit in {"rotation": 180, "shift": 0.5, "elastic": 0.05}.items():
            _check_range(name, getattr(self, name), limit)
        for name in ("zoom", "brightness", "contrast", "gamma", "noise"):
            _check_range(name, getattr(self, name), 1)
        if self.flip not in FLIPS:
            raise ValueError(f"flip={self.flip!r} is unknown: choose one of {', '.join(FLIPS)}.")

    @classmethod
    def only(cls, **limits):
        """Turn off everything but what is named: `Augmentation.only(rotation=15, flip="horizontal")`."""
        off = {field.name: "none" if field.name == "flip" else 0 for field in fields(cls)}
        return cls(**{**off, **limits})

    def sample(self, rng, n, height, width):
        """Draw what happens to each image of a batch.

        Parameters
        ----------
        rng : numpy.random.Generator
            The same generator state gives the same parameters.
        n, height, width : int
            Images in the batch and their size in pixels.

        Returns
        -------
        Parameters

        Raises
        ------
        ValueError
            If images that are not square shall make quarter turns.
        """
        if self.quarter_turns and height != width:
            raise ValueError(f"quarter_turns needs square images, not {height}x{width}: use flips, or crop them.")
        # Everything is drawn, wanted or not: a change that is turned off leaves the others as they were.
        unit = rng.uniform(-1, 1, (8, n))
        turns, flips = rng.integers(4, size=n), rng.integers(2, size=(n, 2))
        origin = rng.integers(PLANE, size=(n, 2), dtype=np.int32)
        knots = rng.normal(size=(n, 2, KNOTS, KNOTS))

        maps = affine_maps(
            rotation=self.rotation * unit[0] + 90 * turns * self.quarter_turns,
            shift=self.shift * unit[1:3].T * (height, width),
            zoom=(1 + self.zoom) ** unit[3],
            flip=flips * (self.flip in ("vertical", "both"), self.flip in ("horizontal", "both")),
        )
        moves = self.rotation or self.shift or self.zoom or self.flip != "none" or self.quarter_turns or self.elastic
        return Parameters(
            height,
            width,
            maps=maps if moves else None,
            lattices=elastic_lattices(self.elastic, knots, maps, height, width) if self.elastic else None,
            gamma=float32((1 + self.gamma) ** unit[4]) if self.gamma else None,
            contrast=float32(1 + self.contrast * unit[5]) if self.contrast else None,
            brightness=float32(1 + self.brightness * unit[6]) if self.brightness else None,
            noise=float32(self.noise * (1 + unit[7]) / 2) if self.noise else None,
            noise_origin=origin if self.noise else None,
        )


def augment(images, masks, parameters):
    """Change images and masks together: the reference that the twins' `augment` reproduces on their device.

    Parameters
    ----------
    images : array of float32, shape (n, H, W, C)
        In [0, 1]; channels move together. Looked up by bilinear interpolation.
    masks : array of int, shape (n, H, W)
        Labels. Looked up at the nearest pixel, so that no label appears that was not there; of two equally near
        pixels the lower or the right one.
    parameters : Parameters
        From `Augmentation.sample`, for this n, H and W.

    Returns
    -------
    images : array of float32, shape (n, H, W, C)
        In [0, 1].
    masks : array of int, shape (n, H, W)

    Raises
    ------
    ValueError
        If the shapes or the dtype of the images do not fit.

    Notes
    -----
    What lies outside is mirrored about the outermost pixels, once; farther out the last mirrored pixel repeats.
    Black instead would give microscopy with a light background dark corners, which a network learns to notice.
    Flips, quarter turns and shifts by whole pixels copy values bit by bit.
    """
    check(images, masks, parameters)
    if parameters.maps is not None:
        source = _source(parameters)
        images, masks = _bilinear(images, source), _nearest(masks, source)
    return _recolour(images, parameters), masks


def _source(parameters):
    """Rows and columns (2, n, H, W) where the new pixels come from, mirrored into the image."""
    down, across, elastic, mirror = parameters.positions()
    source = down + across
    if elastic:
        source = source + sum(tall * wide for tall, wide in elastic)
    source = np.abs(source)
    return np.maximum(np.minimum(source, mirror - source), 0)


def _bilinear(images, source):
    """Images between their pixels; written so that a weight of 0 copies a value bit by bit."""
    n, height, width, channels = images.shape
    near = np.floor(source)
    down, right = (source - near)[..., None]
    far = np.minimum(near + 1, last_pixel(height, width))
    # Near and far, row and column; then the four corners, top and bottom, left and right.
    sides = np.stack((near, far)).astype(np.int32)
    places = ((first_rows(n, height) + sides[:, 0]) * width)[:, None] + sides[:, 1]
    corners = np.take(images.reshape(-1, channels), places, axis=0)
    level = corners[:, 0] + right * (corners[:, 1] - corners[:, 0])
    return level[0] + down * (level[1] - level[0])


def _nearest(masks, source):
    """Masks at the nearest pixels."""
    n, height, width = masks.shape
    row, column = np.floor(source + 0.5).astype(np.int32)
    return np.take(masks.reshape(-1), (first_rows(n, height) + row) * width + column)


def _recolour(images, parameters):
    """Gamma, contrast, brightness and noise, whichever there are, then back into [0, 1]."""
    changed = images
    if parameters.gamma is not None:
        changed = changed ** each(parameters.gamma)
    if parameters.contrast is not None:
        mean = np.mean(changed, axis=(1, 2, 3), keepdims=True)
        changed = (changed - mean) * each(parameters.contrast) + mean
    if parameters.brightness is not None:
        changed = changed * each(parameters.brightness)
    if parameters.noise is not None:
        windows = parameters.noise_windows(images.shape[-1])
        noise = sum(np.take(tile, down + across, axis=0) for tile, down, across in windows)
        changed = changed + noise * each(parameters.noise)
    return images if changed is images else np.clip(changed, 0, 1)


def _check_range(name, value, limit):
    if not 0 <= value <= limit:
        raise ValueError(f"{name}={value} must lie between 0 and {limit}.")
