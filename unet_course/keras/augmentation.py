"""Augmentation on the device, in Keras; `unet_course/torch/augmentation.py` is the same file in PyTorch."""

from keras import ops

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
    `keras.ops.image.map_coordinates` takes one channel at a time and is slow on some backends, so the four
    neighbours are gathered by hand. Only the small parameters travel to the device.
    """
    check(images, masks, parameters)
    parameters = parameters.converted(ops.convert_to_tensor)
    if parameters.maps is not None:
        rows, columns = _sources(parameters)
        images, masks = _bilinear(images, rows, columns), _nearest(masks, rows, columns)
    return _recolour(images, parameters), masks


def _sources(parameters):
    """Row and column, each (n, H, W), where each new pixel comes from, mirrored into the image."""
    height, width = parameters.height, parameters.width
    down, across = ops.convert_to_tensor(centred(height)), ops.convert_to_tensor(centred(width))
    sources = []
    for axis, size in enumerate((height, width)):
        row, column, offset = (parameters.maps[:, axis, k, None] for k in range(3))
        source = (row * down + offset + (size - 1) / 2)[:, :, None] + (column * across)[:, None]
        if parameters.lattices is not None:
            source = source + _spline(parameters.lattices[:, axis], height, width)
        source = ops.abs(source)
        sources.append(ops.maximum(ops.minimum(source, 2 * (size - 1) - source), 0))
    return sources


def _spline(lattice, height, width):
    """Displacements (n, H, W) from knots (n, 6, 6). Summed in a fixed order: a matrix product has none."""
    down, across = ops.convert_to_tensor(spline_weights(height)), ops.convert_to_tensor(spline_weights(width))
    tall = sum(down[k][:, None] * lattice[:, k, None] for k in range(KNOTS))
    return sum(across[k] * tall[:, :, k, None] for k in range(KNOTS))


def _bilinear(images, rows, columns):
    """Images between their pixels; written so that a weight of 0 copies a value bit by bit."""
    n, height, width, channels = images.shape
    pixels = ops.reshape(images, (-1, channels))
    top, left = ops.floor(rows), ops.floor(columns)
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    top, left = ops.cast(top, "int32"), ops.cast(left, "int32")
    bottom, beside = ops.minimum(top + 1, height - 1), ops.minimum(left + 1, width - 1)

    def between(row):
        start = (_first_rows(n, height) + row) * width
        value = ops.take(pixels, start + left, axis=0)
        return value + right * (ops.take(pixels, start + beside, axis=0) - value)

    upper = between(top)
    return upper + down * (between(bottom) - upper)


def _nearest(masks, rows, columns):
    """Masks at the nearest pixels."""
    n, height, width = masks.shape
    row, column = ops.cast(ops.floor(rows + 0.5), "int32"), ops.cast(ops.floor(columns + 0.5), "int32")
    return ops.take(ops.reshape(masks, (-1,)), (_first_rows(n, height) + row) * width + column)


def _first_rows(n, height):
    """Where each image begins, in rows, when all lie below one another."""
    return height * ops.arange(n, dtype="int32")[:, None, None]


def _recolour(images, parameters):
    """Gamma, contrast, brightness and noise, whichever there are, then back into [0, 1]."""
    changed = images
    if parameters.gamma is not None:
        changed = ops.power(changed, _each(parameters.gamma))
    if parameters.contrast is not None:
        mean = ops.mean(changed, axis=(1, 2, 3), keepdims=True)
        changed = (changed - mean) * _each(parameters.contrast) + mean
    if parameters.brightness is not None:
        changed = changed * _each(parameters.brightness)
    if parameters.noise is not None:
        changed = changed + _noise(images.shape, parameters.noise_origin) * _each(parameters.noise)
    return images if changed is images else ops.clip(changed, 0, 1)


def _noise(shape, origin):
    """Gaussian noise of standard deviation 1: a window of the plane of noise for each image."""
    _, height, width, channels = shape
    down = origin[:, 0, None] + ops.arange(height, dtype="int32")
    across = origin[:, 1, None] + ops.arange(width, dtype="int32")
    first, second = (
        ops.take(ops.convert_to_tensor(tile), (down % side * side)[:, :, None] + (across % side)[:, None], axis=0)
        for side, tile in zip(TILES, noise_tiles(height, channels), strict=True)
    )
    return first + second


def _each(values):
    return values[:, None, None, None]
