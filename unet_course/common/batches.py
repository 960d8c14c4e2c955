"""Batches for both twins: the same images in the same order for the same seed."""

import numpy as np

from ..augmentation import Augmentation
from . import inputs


class Batches:
    """Cut arrays into batches of float32, shuffled anew each epoch.

    What a batch holds depends on the seed, the epoch and its number alone, never on the batches before it: a run that
    was interrupted goes on with exactly the batches it would have seen.

    Parameters
    ----------
    images : array, shape (N, H, W, C), or (N, D, H, W, C) for volumes
        uint8 (divided by 255) or float in [0, 1]; may be memory-mapped.
    masks : array, shape (N, H, W), or (N,) for one label per image
        Integer labels.
    batch_size : int
    seed : int or None
        Order of the images; None keeps them as they are.
    augment : bool or unet_course.augmentation.Augmentation
        True: flip and turn each image, with its mask, at random by a multiple of 90 degrees (square images only). An
        `Augmentation` is kept for the twins, which apply it on the device.
    weights : array of float, shape (N,), optional
        How often each image is drawn, relative to the others: an epoch then holds N draws with replacement, so that
        images of weight 2 come twice as often as images of weight 1. Without it each image comes once an epoch.
    pieces : int
        Cut every batch into so many equal parts, each handed out under a number of its own. Up to `pieces - 1` images
        of the last batch then wait for another epoch.
    part : str
        What errors call the arrays' part of the data, such as "validation".

    Raises
    ------
    ValueError
        If the arrays cannot belong together, or hold something that cannot be images and masks, see
        `unet_course.common.inputs`.
    """

    def __init__(self, images, masks, batch_size, *, seed=None, augment=False, weights=None, pieces=1, part=""):
        self.names = [f"{part} {name}".strip() for name in ("images", "masks")]
        images = inputs.as_images(images, name=self.names[0])
        masks = inputs.as_masks(masks, images, self.names[1])
        inputs.check_batch_size(batch_size)
        if not isinstance(augment, bool | Augmentation):
            raise ValueError(f"augment={augment!r} must be True, False or an Augmentation.")
        if isinstance(augment, Augmentation) and images.ndim != 4:
            raise ValueError("an Augmentation changes images (N, H, W, C); volumes can be flipped and turned: True.")
        if augment is True and images.shape[-3] != images.shape[-2]:
            raise ValueError(f"augment needs square images, not {images.shape[-3]}x{images.shape[-2]}.")
        if pieces < 1 or batch_size % pieces or len(images) < pieces:
            raise ValueError(
                f"{len(images)} images in batches of {batch_size} cannot be cut into {pieces} equal parts."
            )
        self.images, self.masks, self.batch_size = images, masks, batch_size
        self.seed, self.pieces = seed, pieces
        self.flip_and_turn, self.augmentation = augment is True, augment if isinstance(augment, Augmentation) else None
        self.share = None if weights is None else _share(weights, len(images))
        self._last = (None, None)

    def __len__(self):
        return -(-(len(self.images) // self.pieces * self.pieces) // self.batch_size) * self.pieces

    def order(self, epoch):
        """Positions of the images in the order in which this epoch visits them."""
        if self._last[0] != epoch:
            self._last = (epoch, self._draw(epoch))
        return self._last[1]

    def _draw(self, epoch):
        n = len(self.images)
        if self.seed is None:
            order = np.arange(n)
        elif self.share is None:
            order = np.random.default_rng([self.seed, epoch]).permutation(n)
        else:
            order = np.random.default_rng([self.seed, epoch]).choice(n, size=n, p=self.share)
        return order[: n - n % self.pieces]

    def rng(self, epoch, number):
        """Random numbers that belong to this batch alone."""
        return np.random.default_rng([self.seed or 0, epoch, number])

    def draw_seed(self, epoch, number):
        """A seed that belongs to this batch alone, for a framework's own random numbers."""
        return int(self.rng(epoch, number).integers(2**31))

    def raw(self, epoch, number):
        """As `batch`, but the images keep the dtype they are stored in."""
        step, piece = divmod(number, self.pieces)
        chosen = self.order(epoch)[step * self.batch_size : (step + 1) * self.batch_size]
        size = len(chosen) // self.pieces
        chosen = chosen[piece * size : (piece + 1) * size]
        images = np.asarray(self.images[chosen])
        masks = np.asarray(self.masks[chosen], dtype=np.int32)
        if self.flip_and_turn:
            images, masks = _flip_and_turn(images, masks, self.rng(epoch, number))
        return images, masks

    def batch(self, epoch, number):
        """Batch `number` of an epoch: images (B, H, W, C) float32 in [0, 1] and masks (B, H, W) int32."""
        images, masks = self.raw(epoch, number)
        return as_float(images), masks

    def epoch(self, epoch):
        """All batches of one epoch."""
        return (self.batch(epoch, number) for number in range(len(self)))


def as_float(images):
    """Float32 in [0, 1]: uint8 is divided by 255, floats pass through."""
    images = np.asarray(images)
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(255)
    return images.astype(np.float32, copy=False)


def _flip_and_turn(images, masks, rng):
    turns = rng.integers(4, size=len(images))
    flips = rng.integers(2, size=len(images))

    def move(picture, turn, flip, rows):
        """Turn in the plane of axes `rows` and `rows + 1`, counted from the end."""
        picture = np.rot90(picture, turn, axes=(rows, rows + 1))
        return np.flip(picture, rows + 1) if flip else picture

    moved = np.stack([move(*one, rows=-3) for one in zip(images, turns, flips, strict=True)])
    if masks.ndim == 1:
        return moved, masks
    return moved, np.stack([move(*one, rows=-2) for one in zip(masks, turns, flips, strict=True)])


def _share(weights, n):
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape != (n,):
        raise ValueError(f"weights must hold one number per image, shape ({n},), not {weights.shape}.")
    if not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
        raise ValueError("weights must be at least 0, finite, and not all 0.")
    return weights / weights.sum()
