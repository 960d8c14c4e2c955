"""Prediction in pieces: large images tile by tile with soft seams, and the mean over mirror images.

Everything here is NumPy; the network comes in as a function from a batch (B, ..., C) to probabilities (B, ..., K).
"""

import itertools

import numpy as np

from . import inputs


def starts(length, tile, overlap):
    """Where the tiles begin along one axis: `tile - overlap` apart, the last one moved back to end with the image."""
    last = max(0, length - tile)
    return [*range(0, last, tile - overlap), last]


def window(length, start, tile, overlap):
    """How much each pixel of one tile counts, along one axis.

    A quarter of the overlap at a cut counts nothing, because the network saw no context
    there; then the weight climbs evenly, and is 1 over the last quarter. At the border
    of the image there is no cut and no neighbour: 1.

    Returns
    -------
    array of float32, shape (tile,)
    """
    margin = overlap // 4
    ramp = overlap - 2 * margin
    climb = np.clip((np.arange(tile) + 1 - margin) / (ramp + 1), 0, 1)
    weights = np.ones(tile)
    if start > 0:
        weights *= climb
    if start + tile < length:
        weights *= climb[::-1]
    return weights.astype(np.float32)


def sliding_window(images, probabilities, *, tile, overlap=None, batch_size):
    """Probabilities of images of any size from a network that sees one tile at a time.

    Parameters
    ----------
    images : array, shape (N, H, W, C), or (N, D, H, W, C) for volumes
    probabilities : callable
        From a batch of tiles (B, tile, tile, C) to (B, tile, tile, K).
    tile : int
        Side of a tile in pixels; an image with a shorter side is taken whole along it. Best a multiple of
        `2 ** (depth - 1)`, and as large as memory allows.
    overlap : int, optional
        Pixels that neighbours share, less than `tile`; a quarter of `tile` without it, best also such a multiple. Where
        a pixel's output depends on inputs at most `overlap // 4` pixels away, the result is that of the whole image.
    batch_size : int

    Returns
    -------
    array of float32, shape (N, H, W, K)
    """
    images = inputs.as_images(images)
    inputs.check_batch_size(batch_size)
    overlap = tile // 4 if overlap is None else overlap
    if not 0 <= overlap < tile:
        raise ValueError(f"overlap={overlap} must be at least 0 and less than tile={tile}.")
    sides = images.shape[1:-1]
    places = list(itertools.product(*(starts(side, tile, overlap) for side in sides)))
    slices = [tuple(slice(start, start + tile) for start in place) for place in places]
    weights = [_weights(sides, place, tile, overlap) for place in places]
    return np.stack([_one_image(image, probabilities, slices, weights, batch_size) for image in images])


def _one_image(image, probabilities, slices, weights, batch_size):
    total, share = 0, np.zeros((*image.shape[:-1], 1), np.float32)
    for first in range(0, len(slices), batch_size):
        some = slices[first : first + batch_size]
        found = probabilities(np.stack([image[part] for part in some]))
        if found.shape[:-1] != (len(some), *image[some[0]].shape[:-1]):
            raise ValueError(f"tiles need a network whose output is as large as its input, not {found.shape}.")
        if first == 0:
            total = np.zeros((*image.shape[:-1], found.shape[-1]), np.float32)
        for part, weight, piece in zip(some, weights[first : first + batch_size], found, strict=True):
            total[part] += weight * piece
            share[part] += weight
    return total / share


def _weights(sides, place, tile, overlap):
    """Product of the windows along every axis, with an axis for the channels."""
    product = np.ones((1,) * len(sides), np.float32)
    for axis, (side, start) in enumerate(zip(sides, place, strict=True)):
        line = window(side, start, min(tile, side), overlap)
        product = product * line.reshape([-1 if axis == other else 1 for other in range(len(sides))])
    return product[..., None]


def mean_over_flips(images, probabilities):
    """Mean of the probabilities of an image and its mirror images, each turned back (test-time augmentation).

    Parameters
    ----------
    images : array, shape (N, H, W, C) or (N, D, H, W, C)
    probabilities : callable
        As for `sliding_window`, or to one row of numbers per image (B, K).

    Returns
    -------
    array of float32
        4 predictions for images, 8 for volumes, averaged.
    """
    images = inputs.as_images(images)
    spatial = range(1, images.ndim - 1)
    flips = [axes for n in range(len(spatial) + 1) for axes in itertools.combinations(spatial, n)]
    total = 0
    for axes in flips:
        found = probabilities(np.flip(images, axes))
        total = total + (np.flip(found, axes) if found.ndim == images.ndim else found)
    return total / np.float32(len(flips))


def mean_over_turns(images, probabilities):
    """Mean of the probabilities of an image in its eight positions, each turned back (test-time augmentation).

    Parameters
    ----------
    images : array, shape (N, H, W, C)
        Where up and down mean nothing, as under a microscope: four quarter turns, each with its mirror image.
    probabilities : callable
        From such a batch to probabilities (N, H, W) or (N, H, W, K).

    Returns
    -------
    array of float32
        8 predictions, averaged; the shape is that of one.

    Notes
    -----
    Explained in the chapter on ensembles, section "The same image in eight positions".
    """
    images = inputs.as_images(images)
    total = 0
    for turns in range(4):
        for mirrored in (False, True):
            position = np.rot90(images, turns, axes=(1, 2))
            found = probabilities(position[:, :, ::-1] if mirrored else position)
            # Backwards in the opposite order: the mirror came last.
            found = found[:, :, ::-1] if mirrored else found
            total = total + np.rot90(found, -turns, axes=(1, 2))
    return total / np.float32(8)


def mean_over_models(answers):
    """Mean of the probabilities that the members of an ensemble give.

    Parameters
    ----------
    answers : iterable of arrays
        One for each member, all of one shape.

    Returns
    -------
    array of float32

    Raises
    ------
    ValueError
        If there is no member, or one answers with another shape than the first.
    """
    found = []
    for answer in answers:
        if found and answer.shape != found[0].shape:
            raise ValueError(
                f"model {len(found)} of the ensemble answers with shape {answer.shape}, model 0 with {found[0].shape}: "
                "all need the same number of output channels."
            )
        found.append(answer)
    if not found:
        raise ValueError("the ensemble has no models: hand over at least one.")
    return np.mean(found, axis=0)
