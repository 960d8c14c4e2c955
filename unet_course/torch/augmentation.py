"""Augmentation on the device, in PyTorch; `unet_course/keras/augmentation.py` is the same file in Keras."""

import torch

from ..augmentation_parameters import KNOTS, TILES, centred, check, noise_tiles, spline_weights


def augment(images, masks, parameters):
    """Change images and masks together, on their device: the pixels of `unet_course.augmentation.augment`.

    Parameters
    ----------
    images : tensor of float32, shape (n, H, W, C)
        In [0, 1]; channels move together. Looked up by bilinear interpolation.
    masks : tensor of int, shape (n, H, W)
        Labels. Looked up at the nearest pixel, so that no label appears that was not there.
    parameters : unet_course.augmentation.Parameters
        From `Augmentation.sample`, for this n, H and W.

    Returns
    -------
    images : tensor of float32, shape (n, H, W, C)
        In [0, 1].
    masks : tensor of int, shape (n, H, W)

    Raises
    ------
    ValueError
        If the shapes or the dtype of the images do not fit.

    Notes
    -----
    `torch.nn.functional.grid_sample` takes positions from -1 to 1, which blurs a quarter turn by 1e-5; whole pixels
    must stay whole, so the four neighbours are gathered by hand. Only the small parameters travel to the device.
    """
    check(images, masks, parameters)
    parameters = parameters.converted(lambda values: _tensor(values, images))
    if parameters.maps is not None:
        rows, columns = _sources(parameters)
        images, masks = _bilinear(images, rows, columns), _nearest(masks, rows, columns)
    return _recolour(images, parameters), masks


def _sources(parameters):
    """Row and column, each (n, H, W), where each new pixel comes from, mirrored into the image."""
    height, width = parameters.height, parameters.width
    down, across = _tensor(centred(height), parameters.maps), _tensor(centred(width), parameters.maps)
    sources = []
    for axis, size in enumerate((height, width)):
        row, column, offset = (parameters.maps[:, axis, k, None] for k in range(3))
        source = (row * down + offset + (size - 1) / 2)[:, :, None] + (column * across)[:, None]
        if parameters.lattices is not None:
            source = source + _spline(parameters.lattices[:, axis], height, width)
        source = torch.abs(source)
        sources.append(torch.clamp(torch.minimum(source, 2 * (size - 1) - source), min=0))
    return sources


def _spline(lattice, height, width):
    """Displacements (n, H, W) from knots (n, 6, 6). Summed in a fixed order: a matrix product has none."""
    down, across = _tensor(spline_weights(height), lattice), _tensor(spline_weights(width), lattice)
    tall = sum(down[k][:, None] * lattice[:, k, None] for k in range(KNOTS))
    return sum(across[k] * tall[:, :, k, None] for k in range(KNOTS))


def _bilinear(images, rows, columns):
    """Images between their pixels; written so that a weight of 0 copies a value bit by bit."""
    n, height, width, channels = images.shape
    pixels = images.reshape(-1, channels)
    top, left = torch.floor(rows), torch.floor(columns)
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    top, left = top.int(), left.int()
    bottom, beside = torch.clamp(top + 1, max=height - 1), torch.clamp(left + 1, max=width - 1)

    def between(row):
        start = (_first_rows(n, height, row) + row) * width
        value = _take(pixels, start + left)
        return value + right * (_take(pixels, start + beside) - value)

    upper = between(top)
    return upper + down * (between(bottom) - upper)


def _nearest(masks, rows, columns):
    """Masks at the nearest pixels."""
    n, height, width = masks.shape
    row, column = torch.floor(rows + 0.5).int(), torch.floor(columns + 0.5).int()
    return _take(masks.reshape(-1), (_first_rows(n, height, row) + row) * width + column)


def _first_rows(n, height, like):
    """Where each image begins, in rows, when all lie below one another."""
    return height * torch.arange(n, dtype=torch.int32, device=like.device)[:, None, None]


def _recolour(images, parameters):
    """Gamma, contrast, brightness and noise, whichever there are, then back into [0, 1]."""
    changed = images
    if parameters.gamma is not None:
        changed = changed ** _each(parameters.gamma)
    if parameters.contrast is not None:
        mean = torch.mean(changed, dim=(1, 2, 3), keepdim=True)
        changed = (changed - mean) * _each(parameters.contrast) + mean
    if parameters.brightness is not None:
        changed = changed * _each(parameters.brightness)
    if parameters.noise is not None:
        changed = changed + _noise(images.shape, parameters.noise_origin) * _each(parameters.noise)
    return images if changed is images else torch.clamp(changed, 0, 1)


def _noise(shape, origin):
    """Gaussian noise of standard deviation 1: a window of the plane of noise for each image."""
    _, height, width, channels = shape
    down = origin[:, 0, None] + torch.arange(height, dtype=torch.int32, device=origin.device)
    across = origin[:, 1, None] + torch.arange(width, dtype=torch.int32, device=origin.device)
    first, second = (
        _take(_tensor(tile, origin), (down % side * side)[:, :, None] + (across % side)[:, None])
        for side, tile in zip(TILES, noise_tiles(height, channels), strict=True)
    )
    return first + second


def _each(values):
    return values[:, None, None, None]


def _take(values, index):
    """Rows of `values` at an index of any shape."""
    return values.index_select(0, index.reshape(-1)).reshape(*index.shape, *values.shape[1:])


def _tensor(values, like):
    """A small array on the device of another tensor."""
    return torch.as_tensor(values).to(like.device, non_blocking=True)
