"""Batches for both twins: the same images in the same order for the same seed."""

import numpy as np


class Batches:
    """Cut arrays into batches of float32, shuffled anew each epoch.

    Parameters
    ----------
    images : array, shape (N, H, W, C)
        uint8 (divided by 255) or float in [0, 1]; may be memory-mapped.
    masks : array, shape (N, H, W)
        Integer labels.
    batch_size : int
    seed : int or None
        Order of the images; None keeps them as they are.
    augment : bool
        Flip and turn each image, with its mask, at random by a multiple of 90 degrees (square images only).

    Raises
    ------
    ValueError
        If the arrays cannot belong together, or hold something that cannot be images and masks.
    """

    def __init__(self, images, masks, batch_size, *, seed=None, augment=False):
        _check(images, masks, batch_size)
        if augment and images.shape[1] != images.shape[2]:
            raise ValueError(f"augment needs square images, not {images.shape[1]}x{images.shape[2]}.")
        self.images, self.masks, self.batch_size = images, masks, batch_size
        self.seed, self.augment = seed, augment

    def __len__(self):
        return -(-len(self.images) // self.batch_size)

    def order(self, epoch):
        """Positions of the images in the order in which this epoch visits them."""
        if self.seed is None:
            return np.arange(len(self.images))
        return np.random.default_rng([self.seed, epoch]).permutation(len(self.images))

    def batch(self, epoch, number):
        """Batch `number` of an epoch: images (B, H, W, C) float32 in [0, 1] and masks (B, H, W) int32."""
        chosen = self.order(epoch)[number * self.batch_size : (number + 1) * self.batch_size]
        images = as_float(self.images[chosen])
        masks = np.asarray(self.masks[chosen], dtype=np.int32)
        if self.augment:
            rng = np.random.default_rng([self.seed or 0, epoch, number])
            images, masks = _flip_and_turn(images, masks, rng)
        return images, masks

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

    def move(picture, turn, flip):
        picture = np.rot90(picture, turn)
        return picture[:, ::-1] if flip else picture

    moved = [(move(i, t, f), move(m, t, f)) for i, m, t, f in zip(images, masks, turns, flips, strict=True)]
    images, masks = zip(*moved, strict=True)
    return np.stack(images), np.stack(masks)


def _check(images, masks, batch_size):
    if images.ndim != 4:
        raise ValueError(f"images must have shape (N, H, W, C), not {images.shape}.")
    if masks.shape != images.shape[:3]:
        raise ValueError(f"masks must have shape {images.shape[:3]} to match the images, not {masks.shape}.")
    if not len(images):
        raise ValueError("there are no images: the split or the folder is empty.")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}.")
    if images.dtype != np.uint8 and (images[:1].min() < 0 or images[:1].max() > 1):
        raise ValueError(
            f"float images must lie in [0, 1], but the first one goes from {images[:1].min():g} to "
            f"{images[:1].max():g}: divide by 255, or hand over uint8."
        )
