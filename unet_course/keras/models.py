"""The U-Net in Keras, and the classifier built on it; `unet_course/torch/models.py` is the same file in PyTorch."""

import math
import os
import re
import textwrap
from pathlib import Path

import keras
from keras import layers

from ..common.config import UNetConfig, check_one_of, check_positive_int
from .blocks import centre_crop, conv_block, convolution, crop_to, pad_to_multiple, pool, upsample

WEIGHTS_SUFFIX = ".weights.h5"
HEADS = ("flatten", "average")


def one_head(x, config):
    """A 1x1 convolution from the finest features to logits."""
    return convolution(x, config.out_channels, 1, name="head")


def build(config, name, trunk, head=one_head):
    """A network that pads its images, runs `trunk` from images to the finest features, and cuts the logits back."""
    images = keras.Input((*[None] * config.dimensions, config.in_channels), name="images")
    x = pad_to_multiple(images, config.divisor) if config.padding == "same" else images
    logits = head(trunk(x), config)
    if config.padding == "same":
        logits = crop_to(logits, images)
    return keras.Model(images, logits, name=name)


def down_and_up(x, config, *, block=conv_block, bottleneck=None, gate=None):
    """The U: from images to features of the finest level (level 0).

    Parameters
    ----------
    x : tensor
        Images whose sides fit `config.divisor`.
    config : UNetConfig
    block : callable
        What turns features into features on every level.
    bottleneck : callable, optional
        What happens to the deepest features.
    gate : callable, optional
        What happens to a skip connection, given the features that came up to it.
    """
    skips = []
    for level, filters in enumerate(config.filters):
        if level > 0:
            skips.append(x)
            x = pool(x)
        x = block(x, filters, **config.block, name=f"encoder_{level}")
    if bottleneck is not None:
        x = bottleneck(x, name="bottleneck")
    for level in reversed(range(config.depth - 1)):
        filters = config.filters[level]
        x = upsample(x, filters, upsampling=config.upsampling, name=f"up_{level}")
        skip = centre_crop(skips[level], x) if config.padding == "valid" else skips[level]
        if gate is not None:
            skip = gate(skip, x, name=f"gate_{level}")
        x = layers.Concatenate()([skip, x])
        x = block(x, filters, **config.block, name=f"decoder_{level}")
    return x


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
    upsampling : {"transpose", "nearest", "bilinear", "repeat"}
        How the decoder doubles the resolution: a transposed convolution; enlarging, then a 3x3 convolution; or
        repeating each pixel, which learns nothing.
    padding : {"same", "valid"}
        `"valid"` is the 2015 network: no padding, 572 pixels in, 388 out.

    Returns
    -------
    keras.Model
        Maps images `(N, H, W, in_channels)`, float32 in [0, 1], to logits `(N, H, W, out_channels)`. With
        `padding="same"` H and W may be anything: the network repeats the lower and right border up to a multiple of
        `2 ** (depth - 1)`, and cuts the logits back to H and W.

    Raises
    ------
    ValueError
        For an argument that makes no network.

    References
    ----------
    Ronneberger, Fischer, Brox (2015), U-Net, figure 1, https://arxiv.org/abs/1505.04597.
    Explained in the nuclei chapter, section "The network".
    """
    config = UNetConfig(in_channels, out_channels, base_filters, depth, batch_norm, dropout, upsampling, padding)
    return build(config, "unet", lambda x: down_and_up(x, config))


def unet_classifier(
    in_channels=3,
    out_channels=4,
    *,
    image_size=256,
    head="flatten",
    hidden=128,
    base_filters=32,
    depth=4,
    batch_norm=False,
    dropout=0.0,
    upsampling="repeat",
):
    """Build the classifier of the brain tumour case study: a U-Net that ends in a few numbers per image.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the image; classes.
    image_size : int
        Height and width of the images in pixels; `head="flatten"` takes no other.
    head : {"flatten", "average"}
        `"flatten"` is the case study's: every value of the finest feature map goes into a dense layer of `hidden`
        units, then into the classes. `"average"` keeps the mean of each feature map and takes images of any size.
    hidden : int
        Units of the dense layer of `"flatten"`.
    base_filters, depth, batch_norm, dropout, upsampling
        As in `unet`. The defaults are the case study's.

    Returns
    -------
    keras.Model
        Maps images `(N, H, W, in_channels)`, float32 in [0, 1], to logits `(N, out_channels)`.

    Raises
    ------
    ValueError
        For an argument that makes no network.

    Notes
    -----
    With the defaults and 256x256 pixels 268,435,584 of the 270,382,948 parameters lie in one dense layer;
    `head="average"` has 1,946,980. Explained in the brain tumour chapter, section "The network".
    """
    config = UNetConfig(in_channels, out_channels, base_filters, depth, batch_norm, dropout, upsampling)
    check_one_of("head", head, HEADS)
    check_positive_int("image_size", image_size)
    check_positive_int("hidden", hidden)
    side = image_size if head == "flatten" else None
    images = keras.Input((side, side, in_channels), name="images")
    x = crop_to(down_and_up(pad_to_multiple(images, config.divisor), config), images)
    if head == "flatten":
        x = layers.Flatten()(x)
        x = layers.Dense(
            hidden, activation="relu", kernel_initializer="he_normal", name="hidden"
        )(x)
    else:
        x = layers.GlobalAveragePooling2D()(x)
    logits = layers.Dense(out_channels, kernel_initializer="he_normal", name="head")(x)
    return keras.Model(images, logits, name="unet_classifier")


def count_parameters(model):
    """Number of trainable parameters.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    int
        Frozen weights and the running statistics of batch norm are not counted.
    """
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def save_weights(model, path):
    """Write the weights in one move, so that a kill never leaves half a file.

    Parameters
    ----------
    model : keras.Model
    path : path-like
        Where to, without the suffix `.weights.h5`, which is added; missing folders are made.

    Returns
    -------
    Path
        The file, with its suffix.
    """
    path = Path(f"{path}{WEIGHTS_SUFFIX}")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name("part-" + path.name)
    model.save_weights(part)
    os.replace(part, path)
    return path


def load_weights(model, path):
    """Read weights back into a model of the same kind; no code in the file is ever run.

    Parameters
    ----------
    model : keras.Model
        Changed in place, or not at all if the weights do not fit.
    path : path-like
        As `save_weights` returned it.

    Returns
    -------
    keras.Model
        The same model.

    Raises
    ------
    ValueError
        If the file holds no weights, or those of another network; says what it found.
    """
    if Path(path).suffix in (".pt", ".pth"):
        raise ValueError(
            f"{path} is a file of PyTorch: read it with common.torch_files.read_state_dict and put it into the model "
            "with shipping.set_state."
        )
    before = model.get_weights()
    try:
        model.load_weights(path)
    except FileNotFoundError:
        raise
    except Exception as error:  # Keras prints every layer that did not fit, after it has filled the others
        model.set_weights(before)
        layers_left = re.search(r"total of (\d+) objects.*?name=(\w+)", str(error))
        what = "{} layers do not fit, such as {!r}.".format(*layers_left.groups()) if layers_left else str(error)
        what = textwrap.shorten(what, 250, placeholder=" ...")
        raise ValueError(f"{path} does not hold the weights of this {model.name}: {what}") from None
    return model
