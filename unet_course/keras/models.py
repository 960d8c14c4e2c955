"""The U-Net in Keras, and the classifier built on it; `unet_course/torch/models.py` is the same file in PyTorch."""

import math
import os
from pathlib import Path

import keras
from keras import layers

from ..plan import Plan, one_of, whole
from .blocks import centre_crop, conv_block, convolution, cut_back, pad_to_multiple, pool, upsample

WEIGHTS_SUFFIX = ".weights.h5"
HEADS = ("flatten", "average")


def one_head(x, plan):
    """A 1x1 convolution from the finest features to logits."""
    return convolution(x, plan.out_channels, 1, name="head")


def build(plan, name, trunk, head=one_head):
    """A network that pads its images, runs `trunk` from images to the finest features, and cuts the logits back."""
    images = keras.Input((*[None] * plan.dimensions, plan.in_channels), name="images")
    x = pad_to_multiple(images, plan.multiple) if plan.padding == "same" else images
    logits = head(trunk(x), plan)
    if plan.padding == "same":
        logits = cut_back(logits, images)
    return keras.Model(images, logits, name=name)


def down_and_up(x, plan, *, block=conv_block, bottleneck=None, gate=None):
    """The U: from images to features of the finest level (level 0).

    Parameters
    ----------
    x : tensor
        Images whose sides fit `plan.multiple`.
    plan : Plan
    block : callable
        What turns features into features on every level.
    bottleneck : callable, optional
        What happens to the deepest features.
    gate : callable, optional
        What happens to a skip connection, given the features that came up to it.
    """
    skips = []
    for level, filters in enumerate(plan.filters):
        if level > 0:
            skips.append(x)
            x = pool(x)
        x = block(x, filters, **plan.block, name=f"encoder_{level}")
    if bottleneck is not None:
        x = bottleneck(x, name="bottleneck")
    for level in reversed(range(plan.depth - 1)):
        filters = plan.filters[level]
        x = upsample(x, filters, upsampling=plan.upsampling, name=f"up_{level}")
        skip = centre_crop(skips[level], x) if plan.padding == "valid" else skips[level]
        if gate is not None:
            skip = gate(skip, x, name=f"gate_{level}")
        x = layers.Concatenate()([skip, x])
        x = block(x, filters, **plan.block, name=f"decoder_{level}")
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
    plan = Plan(in_channels, out_channels, base_filters, depth, batch_norm, dropout, upsampling, padding)
    return build(plan, "unet", lambda x: down_and_up(x, plan))


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
    """Build the classifier of the brain tumour case study: a U-Net that ends in a few numbers per picture.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the picture; classes.
    image_size : int
        Height and width of the pictures in pixels; `head="flatten"` takes no other.
    head : {"flatten", "average"}
        `"flatten"` is the case study's: every value of the finest feature map goes into a dense layer of `hidden`
        units, then into the classes. `"average"` keeps the mean of each feature map and takes pictures of any size.
    hidden : int
        Units of the dense layer of `"flatten"`.
    base_filters, depth, batch_norm, dropout, upsampling
        As in `unet`. The defaults are the case study's.

    Returns
    -------
    keras.Model
        Maps pictures `(N, H, W, in_channels)`, float32 in [0, 1], to logits `(N, out_channels)`.

    Raises
    ------
    ValueError
        For an argument that makes no network.

    Notes
    -----
    With the defaults and 256x256 pixels 268,435,584 of the 270,382,948 parameters lie in one dense layer;
    `head="average"` has 1,946,980. Explained in the brain tumour chapter, section "The network".
    """
    plan = Plan(in_channels, out_channels, base_filters, depth, batch_norm, dropout, upsampling)
    one_of("head", head, HEADS)
    whole("image_size", image_size)
    whole("hidden", hidden)
    side = image_size if head == "flatten" else None
    images = keras.Input((side, side, in_channels), name="images")
    x = cut_back(down_and_up(pad_to_multiple(images, plan.multiple), plan), images)
    if head == "flatten":
        x = layers.Flatten()(x)
        x = layers.Dense(hidden, activation="relu", kernel_initializer="he_normal", name="hidden")(x)
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
        Changed in place.
    path : path-like
        As `save_weights` returned it.

    Returns
    -------
    keras.Model
        The same model.
    """
    model.load_weights(path)
    return model
