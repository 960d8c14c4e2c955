"""Augmentation on the device, in PyTorch; `unet_course/keras/augmentation.py` is the same file in Keras."""

import torch

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
    `torch.nn.functional.grid_sample` takes positions from -1 to 1, which blurs a quarter turn by 1e-5; whole pixels
    must stay whole, so the four neighbours are gathered by hand. Only the small parameters travel to the device.
    """
    check(images, masks, parameters)
    if parameters.maps is not None:
        source = _source(parameters, images.device)
        images, masks = _bilinear(images, source), _nearest(masks, source)
    return _recolour(images, parameters), masks


def _source(parameters, device):
    """Rows and columns (2, n, H, W) where the new pixels come from, mirrored into the image."""
    down, across, elastic, mirror = parameters.positions()
    source = _on(device, down) + _on(device, across)
    if elastic:
        source = source + sum(_on(device, tall) * _on(device, wide) for tall, wide in elastic)
    source = torch.abs(source)
    return torch.clamp(torch.minimum(source, _on(device, mirror) - source), min=0)


def _bilinear(images, source):
    """Images between their pixels; written so that a weight of 0 copies a value bit by bit."""
    n, height, width, channels = images.shape
    device = images.device
    near = torch.floor(source)
    down, right = (source - near)[..., None]
    far = torch.minimum(near + 1, _on(device, last_pixel(height, width)))
    # Near and far, row and column; then the four corners, top and bottom, left and right.
    sides = torch.stack((near, far)).int()
    places = ((_on(device, first_rows(n, height)) + sides[:, 0]) * width)[:, None] + sides[:, 1]
    corners = _take(images.reshape(-1, channels), places)
    level = corners[:, 0] + right * (corners[:, 1] - corners[:, 0])
    return level[0] + down * (level[1] - level[0])


def _nearest(masks, source):
    """Masks at the nearest pixels."""
    n, height, width = masks.shape
    row, column = torch.floor(source + 0.5).int()
    first = _on(masks.device, first_rows(n, height))
    return _take(masks.reshape(-1), (first + row) * width + column)


def _recolour(images, parameters):
    """Gamma, contrast, brightness and noise, whichever there are, then back into [0, 1]."""
    changed, device = images, images.device
    if parameters.gamma is not None:
        changed = changed ** _on(device, each(parameters.gamma))
    if parameters.contrast is not None:
        mean = torch.mean(changed, dim=(1, 2, 3), keepdim=True)
        changed = (changed - mean) * _on(device, each(parameters.contrast)) + mean
    if parameters.brightness is not None:
        changed = changed * _on(device, each(parameters.brightness))
    if parameters.noise is not None:
        windows = parameters.noise_windows(images.shape[-1])
        noise = sum(_take(_on(device, tile), _on(device, down) + _on(device, across)) for tile, down, across in windows)
        changed = changed + noise * _on(device, each(parameters.noise))
    return images if changed is images else torch.clamp(changed, 0, 1)


def _take(values, index):
    """Rows of `values` at an index of any shape."""
    return values.index_select(0, index.reshape(-1)).reshape(*index.shape, *values.shape[1:])


def _on(device, array):
    """A small array as a tensor on the device, copied without waiting."""
    return torch.as_tensor(array).to(device, non_blocking=True)
