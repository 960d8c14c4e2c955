"""A U-Net in forty lines of NumPy, batch norm folded in: what the page in the browser computes, to compare with."""

import numpy as np


def logits(weights, images):
    """Run a `unet` without batch norm and with `upsampling="transpose"`.

    Parameters
    ----------
    weights : dict of str to array
        By PyTorch's names; `shipping.fold_batch_norm` takes batch norm out of a trained state.
    images : array of float32, shape (N, H, W, C)
        H and W must be multiples of 2 ** (depth - 1).

    Returns
    -------
    array of float32, shape (N, H, W, K)

    Raises
    ------
    ValueError
        If the weights are of another network; names one that is missing or too much.
    """

    def block(x, name):
        for layer in ("conv1", "conv2"):
            x = np.maximum(convolve(x, weights[f"{name}.{layer}.weight"], weights[f"{name}.{layer}.bias"]), 0)
        return x

    x, skips, depth = np.asarray(images, np.float32), [], depth_of(weights)
    for level in range(depth):
        if level > 0:
            skips.append(x)
            x = pool(x)
        x = block(x, f"encoder.{level}")
    for level in reversed(range(depth - 1)):
        x = enlarge(x, weights[f"up.{level}.weight"], weights[f"up.{level}.bias"])
        x = block(np.concatenate([skips[level], x], axis=-1), f"decoder.{level}")
    return x @ weights["head.weight"][:, :, 0, 0].T + weights["head.bias"]


def depth_of(weights):
    """Number of resolution levels; ValueError where the weights are of another network."""
    depth = len({name.split(".")[1] for name in weights if name.startswith("encoder.")})
    wanted = {"head.weight", "head.bias"}
    for level in range(depth):
        blocks = [f"encoder.{level}"] + ([f"decoder.{level}"] if level < depth - 1 else [])
        layers = [f"{block}.{layer}" for block in blocks for layer in ("conv1", "conv2")]
        layers += [f"up.{level}"] if level < depth - 1 else []
        wanted |= {f"{layer}.{leaf}" for layer in layers for leaf in ("weight", "bias")}
    if odd := sorted(wanted ^ weights.keys()):
        raise ValueError(
            f"{odd[0]!r} is missing or too much: these must be the weights of a plain `unet` with "
            'upsampling="transpose" after shipping.fold_batch_norm.'
        )
    return depth


def convolve(x, kernel, bias):
    """3x3 convolution with zeros beyond the border; kernel (out, in, 3, 3)."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))  # (N, H, W, in, 3, 3)
    return np.tensordot(windows, kernel, axes=((3, 4, 5), (1, 2, 3))) + bias


def pool(x):
    """The largest of each 2x2 square."""
    n, height, width, channels = x.shape
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def enlarge(x, kernel, bias):
    """Transposed 2x2 convolution with stride 2: every pixel becomes a square; kernel (in, out, 2, 2)."""
    n, height, width, _ = x.shape
    squares = np.tensordot(x, kernel, axes=((3,), (0,))).transpose(0, 1, 4, 2, 5, 3)  # (N, H, 2, W, 2, out)
    return squares.reshape(n, 2 * height, 2 * width, -1) + bias
