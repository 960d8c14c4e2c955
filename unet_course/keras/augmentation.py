"""Augmentation on the device, in Keras; `unet_course/torch/augmentation.py` is the same file in PyTorch."""

from keras import ops

from ..augmentation.parameters import check, each, first_rows, last_pixel


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
    if parameters.maps is not None:
        source = _source(parameters)
        images, masks = _bilinear(images, source), _nearest(masks, source)
    return _recolour(images, parameters), masks


def _source(parameters):
    """Rows and columns (2, n, H, W) where the new pixels come from, mirrored into the image."""
    down, across, elastic, mirror = parameters.positions()
    source = ops.add(down, across)
    if elastic:
        source = source + sum(ops.multiply(tall, wide) for tall, wide in elastic)
    source = ops.abs(source)
    return ops.maximum(ops.minimum(source, ops.subtract(mirror, source)), 0)


def _bilinear(images, source):
    """Images between their pixels; written so that a weight of 0 copies a value bit by bit."""
    n, height, width, channels = images.shape
    near = ops.floor(source)
    down, right = ops.unstack((source - near)[..., None])
    far = ops.minimum(near + 1, last_pixel(height, width))
    # Near and far, row and column; then the four corners, top and bottom, left and right.
    sides = ops.cast(ops.stack((near, far)), "int32")
    places = (ops.add(first_rows(n, height), sides[:, 0]) * width)[:, None] + sides[:, 1]
    corners = ops.take(ops.reshape(images, (-1, channels)), places, axis=0)
    level = corners[:, 0] + right * (corners[:, 1] - corners[:, 0])
    return level[0] + down * (level[1] - level[0])


def _nearest(masks, source):
    """Masks at the nearest pixels."""
    n, height, width = masks.shape
    row, column = ops.unstack(ops.cast(ops.floor(source + 0.5), "int32"))
    return ops.take(
        ops.reshape(masks, (-1,)), ops.add(first_rows(n, height), row) * width + column
    )


def _recolour(images, parameters):
    """Gamma, contrast, brightness and noise, whichever there are, then back into [0, 1]."""
    changed = images
    if parameters.gamma is not None:
        changed = ops.power(changed, each(parameters.gamma))
    if parameters.contrast is not None:
        mean = ops.mean(changed, axis=(1, 2, 3), keepdims=True)
        changed = ops.multiply(changed - mean, each(parameters.contrast)) + mean
    if parameters.brightness is not None:
        changed = ops.multiply(changed, each(parameters.brightness))
    if parameters.noise is not None:
        windows = parameters.noise_windows(images.shape[-1])
        noise = sum(ops.take(tile, ops.add(down, across), axis=0) for tile, down, across in windows)
        changed = changed + ops.multiply(noise, each(parameters.noise))
    return images if changed is images else ops.clip(changed, 0, 1)
