"""The U-Net in Keras; `unet_course/torch/models.py` is the same file in PyTorch."""

import math
import os
from pathlib import Path

import keras
from keras import layers

from .blocks import CentreCrop, conv_block, upsample

WEIGHTS_SUFFIX = ".weights.h5"


def unet(
    in_channels=3,
    out_channels=1,
    *,
    base_filters=64,
    depth=5,
    batch_norm=True,
    dropout=0.0,
    upsampling="transpose",
    padding="same",
):
    """Build a U-Net that returns logits.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the image and of the logits (1 for one foreground class).
    base_filters : int
        Filters of the finest level; each deeper level has twice as many.
    depth : int
        Number of resolution levels, bottleneck included; the image is halved `depth - 1` times.
    batch_norm : bool
        Batch norm after every 3x3 convolution, which then has no bias.
    dropout : float
        Fraction of activations dropped after each block while training, in [0, 1).
    upsampling : {"transpose", "nearest", "bilinear"}
        How the decoder doubles the resolution.
    padding : {"same", "valid"}
        `"valid"` is the 2015 network: no padding, 572 pixels in, 388 out.

    Returns
    -------
    keras.Model
        Maps images `(N, H, W, in_channels)`, float32 in [0, 1], to logits `(N, H, W, out_channels)`.
        With `padding="same"`, H and W must be multiples of `2 ** (depth - 1)`; `predict` takes any size.

    References
    ----------
    Ronneberger, Fischer, Brox (2015), U-Net, figure 1, https://arxiv.org/abs/1505.04597.
    Explained in the nuclei chapter, section "The network".
    """
    filters = [base_filters * 2**level for level in range(depth)]
    options = {"batch_norm": batch_norm, "dropout": dropout, "padding": padding}

    images = keras.Input((None, None, in_channels), name="images")
    x = images

    skips = []
    for level in range(depth - 1):
        x = conv_block(x, filters[level], **options, name=f"encoder_{level}")
        skips.append(x)
        x = layers.MaxPooling2D(2)(x)
    x = conv_block(x, filters[-1], **options, name=f"encoder_{depth - 1}")

    for level in reversed(range(depth - 1)):
        x = upsample(x, filters[level], upsampling=upsampling, name=f"up_{level}")
        skip = CentreCrop()(skips[level], x) if padding == "valid" else skips[level]
        x = layers.Concatenate()([skip, x])
        x = conv_block(x, filters[level], **options, name=f"decoder_{level}")

    logits = layers.Conv2D(out_channels, 1, kernel_initializer="he_normal", name="head")(x)
    return keras.Model(images, logits, name="unet")


def count_parameters(model):
    """Number of trainable parameters."""
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def save_weights(model, path):
    """Write the weights to `path` (suffix `.weights.h5` added) in one move, so that a kill never leaves half a file."""
    path = Path(f"{path}{WEIGHTS_SUFFIX}")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name("part-" + path.name)
    model.save_weights(part)
    os.replace(part, path)
    return path


def load_weights(model, path):
    """Read weights written by `save_weights` into `model`; no code in the file is ever run."""
    model.load_weights(path)
    return model
