"""NumPy preparation of images before a network sees them."""

import numpy as np

from ..common.inputs import check_known


def rescale_percentiles(images, *, low=1, high=99):
    """Give each image the full range of grey values: its `low` percentile becomes 0, its `high` percentile 255.

    All channels of an image share the two limits, so its colours keep their proportions.

    Parameters
    ----------
    images : array of uint8, shape (N, H, W, C)
    low, high : float
        Percentiles, 0 <= low < high <= 100; what lies outside is clipped.

    Returns
    -------
    array of uint8, shape (N, H, W, C)

    Raises
    ------
    ValueError
        If the percentiles are not in order.

    Notes
    -----
    Explained in the nuclei chapter, section "Make the images comparable".
    """
    return np.rint(255 * to_unit_range(images, low, high, axis=(1, 2, 3), least=1)).astype(np.uint8)


def to_unit_range(values, low, high, *, axis=None, least=0):
    """Bring values to [0, 1]: their `low` percentile becomes 0, their `high` percentile 1; clip what lies outside.

    Parameters
    ----------
    values : array
    low, high : float
        Percentiles, 0 <= low < high <= 100.
    axis : int or tuple of int, optional
        Axes that share the two limits. Default: all.
    least : float
        Smallest distance of the limits: what varies less is noise. Where they are equal, the result is 0.

    Returns
    -------
    array of float64, shape of `values`

    Raises
    ------
    ValueError
        If the percentiles are not in order.
    """
    if not 0 <= low < high <= 100:
        raise ValueError(f"low={low} and high={high} must be percentiles with 0 <= low < high <= 100.")
    if not np.size(values):
        return np.zeros(np.shape(values))
    bottom, top = np.percentile(values, (low, high), axis=axis, keepdims=True)
    distance = np.maximum(top - bottom, least)
    scaled = (values - bottom) / np.where(distance > 0, distance, 1)
    return np.where(distance > 0, scaled.clip(0, 1), 0)


def foreground_box(foreground, *, margin=0):
    """The smallest box around everything that is marked.

    `images[box]` crops to it, and `pad_back` undoes that: networks need not spend their time on black air.

    Parameters
    ----------
    foreground : array of bool, shape (H, W) or (Z, H, W)
        For instance `(images > 0).any(axis=-1)`.
    margin : int
        Pixels to add on every side, as far as the array reaches.

    Returns
    -------
    tuple of slice
        One for each axis.

    Raises
    ------
    ValueError
        If nothing is marked, or the margin is negative.

    Notes
    -----
    Explained in the chapter on preparing MR images, section "Crop, and put back".
    """
    foreground = np.asarray(foreground, bool)
    if margin < 0:
        raise ValueError(f"margin={margin} must be at least 0.")
    if not foreground.any():
        raise ValueError("there is no foreground to crop to: the image is empty.")
    box = []
    for axis, size in enumerate(foreground.shape):
        others = tuple(other for other in range(foreground.ndim) if other != axis)
        marked = np.flatnonzero(foreground.any(axis=others))
        box.append(slice(max(int(marked[0]) - margin, 0), min(int(marked[-1]) + 1 + margin, size)))
    return tuple(box)


def pad_back(cropped, box, shape, *, fill=0):
    """Put what was cropped back in its place.

    Parameters
    ----------
    cropped : array, shape of the box, or with further axes (channels)
        An image, or the prediction made from it.
    box : tuple of slice
        From `foreground_box`.
    shape : tuple of int
        Of the array before cropping, without further axes.
    fill : number
        What lies outside the box.

    Returns
    -------
    array of the dtype of `cropped`, shape `shape` and the further axes
        `pad_back(images[box], box, shape)[box]` is `images[box]`, bit by bit.

    Raises
    ------
    ValueError
        If `cropped` does not have the size of the box.

    Notes
    -----
    Explained in the chapter on preparing MR images, section "Crop, and put back".
    """
    cropped, axes = np.asarray(cropped), len(box)
    size = tuple(side.stop - side.start for side in box)
    if cropped.shape[:axes] != size:
        raise ValueError(f"the box has room for {size} pixels, but {cropped.shape[:axes]} are to be put back.")
    result = np.full((*shape, *cropped.shape[axes:]), fill, cropped.dtype)
    result[box] = cropped
    return result


def stack_neighbours(images, patients, positions, *, reach=1, edge="repeat"):
    """Give each slice its neighbours above and below as further channels (2.5-D).

    A network for slices then sees some depth, at little cost. A neighbour always is a slice of the same patient, found
    by its position, so neither the order of the slices nor a missing one can bring in somebody else's.

    Parameters
    ----------
    images : array, shape (N, H, W, C)
    patients : sequence of length N
        Who each slice belongs to.
    positions : sequence of int, length N
        Number of each slice within its patient, lowest first.
    reach : int
        How many neighbours on either side.
    edge : {"repeat", "zero"}
        What stands for a neighbour that is not there, at the ends of a volume or in a gap: the nearest slice on the way
        to it, or black.

    Returns
    -------
    array of the dtype of `images`, shape (N, H, W, (2 * reach + 1) * C)
        The channels of position - reach first; the slice itself is in the middle.

    Raises
    ------
    ValueError
        If the lengths differ, a patient is not known or has two slices at one position, or `reach` or `edge` is no
        such value.

    Notes
    -----
    Explained in the chapter on preparing MR images, section "A little depth: 2.5-D".
    """
    if edge not in ("repeat", "zero") or reach < 0:
        raise ValueError(f'edge={edge!r} must be "repeat" or "zero", and reach={reach} at least 0.')
    names = list(zip(patients, positions, strict=True))
    for column, name in zip(zip(*names, strict=True), ("patients", "positions"), strict=False):
        check_known(column, name)
    rows = {name: row for row, name in enumerate(names)}
    if not len(rows) == len(names) == len(images):
        raise ValueError(
            f"{len(images)} images need as many patients and positions, no pair twice; there are {len(names)} pairs, "
            f"{len(rows)} of them different."
        )
    chosen = np.array([[_neighbour(rows, *name, step, edge) for step in range(-reach, reach + 1)] for name in names])
    stacked = np.asarray(images)[chosen]  # (N, 2 * reach + 1, H, W, C)
    stacked[chosen < 0] = 0
    stacked = np.moveaxis(stacked, 1, 3)
    return stacked.reshape(*stacked.shape[:3], -1)


def _neighbour(rows, patient, position, step, edge):
    """Row of the slice that stands `step` away, or -1."""
    if edge == "zero":
        return rows.get((patient, position + step), -1)
    while (patient, position + step) not in rows:
        step -= np.sign(step)
    return rows[patient, position + step]
