"""The U-Net in PyTorch, and the classifier built on it; `unet_course/keras/models.py` is the same file in Keras."""

import os
import re
from pathlib import Path

import torch
from torch import nn

from ..common.config import UNetConfig, check_one_of, check_positive_int
from ..common.torch_files import bare_names, check_state, find_state
from .blocks import ConvBlock, centre_crop, convolution, crop_to, initialise, pad_to_multiple, pool, upsample

WEIGHTS_SUFFIX = ".pt"
HEADS = ("flatten", "average")


class Network(nn.Module):
    """A network that pads its images, runs `trunk` from images to the finest features, and cuts the logits back."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.head = convolution(config.base_filters, config.out_channels, 1, dimensions=config.dimensions)

    def forward(self, images):
        images = channels_first(images, self.config)
        x = pad_to_multiple(images, self.config.divisor) if self.config.padding == "same" else images
        logits = self.head(self.trunk(x))
        if self.config.padding == "same":
            logits = crop_to(logits, images)
        return logits.movedim(1, -1)


class UNet(Network):
    """The U: encoder, decoder and head, one entry per resolution level (level 0 = finest).

    Parameters
    ----------
    config : UNetConfig
    block : callable
        What turns features into features on every level.
    bottleneck : callable, optional
        What happens to the deepest features.
    gate : callable, optional
        What happens to a skip connection, given the features that came up to it.
    """

    def __init__(self, config, *, block=ConvBlock, bottleneck=None, gate=None):
        super().__init__(config)
        widths = config.filters
        space = {"dimensions": config.dimensions}
        upsampled_channels = widths[1:] if config.upsampling == "repeat" else widths[:-1]
        self.encoder = nn.ModuleList(
            block(channels, filters, **config.block, **space)
            for channels, filters in zip([config.in_channels, *widths[:-1]], widths, strict=True)
        )
        self.bottleneck = nn.Identity() if bottleneck is None else bottleneck(widths[-1])
        self.up = nn.ModuleList(
            upsample(deep, filters, upsampling=config.upsampling, **space)
            for deep, filters in zip(widths[1:], widths[:-1], strict=True)
        )
        self.gate = nn.ModuleList(
            UngatedSkip() if gate is None else gate(filters, channels, **space)
            for filters, channels in zip(widths[:-1], upsampled_channels, strict=True)
        )
        self.decoder = nn.ModuleList(
            block(filters + channels, filters, **config.block, **space)
            for filters, channels in zip(widths[:-1], upsampled_channels, strict=True)
        )

    def trunk(self, x):
        skips = []
        for level, encoder in enumerate(self.encoder):
            if level > 0:
                skips.append(x)
                x = pool(x)
            x = encoder(x)
        x = self.bottleneck(x)
        for level in reversed(range(self.config.depth - 1)):
            x = self.up[level](x)
            skip = (
                centre_crop(skips[level], x)
                if self.config.padding == "valid"
                else skips[level]
            )
            x = self.decoder[level](torch.cat([self.gate[level](skip, x), x], dim=1))
        return x


class UngatedSkip(nn.Module):
    """The gate of a plain U-Net: it lets the whole skip connection through."""

    def forward(self, skip, x):
        return skip


class Classifier(UNet):
    """The U of `unet_classifier` with a head that gives a few numbers per image."""

    def __init__(self, config, image_size, head, hidden):
        super().__init__(config)
        self.size = image_size if head == "flatten" else None
        channels = config.base_filters
        if head == "flatten":
            self.hidden = initialise(nn.Linear(image_size**2 * channels, hidden))
            channels = hidden
        self.head = initialise(nn.Linear(channels, config.out_channels))

    def forward(self, images):
        images = channels_first(images, self.config)
        if self.size and images.shape[2:] != (self.size, self.size):
            raise ValueError(
                f"Images of {'x'.join(map(str, images.shape[2:]))} pixels "
                f"do not fit a classifier built with image_size={self.size}; "
                'head="average" takes any size.'
            )
        x = crop_to(
            self.trunk(pad_to_multiple(images, self.config.divisor)), images
        ).movedim(1, -1)
        x = torch.relu(self.hidden(x.flatten(1))) if self.size else x.mean((1, 2))
        return self.head(x)


def channels_first(images, config):
    """Move the channels where PyTorch wants them; memory stays as it is, so this moves no data."""
    if images.ndim != config.dimensions + 2 or images.shape[-1] != config.in_channels:
        raise ValueError(
            f"Images have shape {tuple(images.shape)}; this network takes channels last, "
            f"({', '.join('NDHW' if config.dimensions == 3 else 'NHW')}, {config.in_channels})."
        )
    return images.movedim(-1, 1)


def channels_last_memory(model):
    """Lay the kernels out in memory as the images are."""
    volumes = any(weight.ndim == 5 for weight in model.parameters())
    return model.to(memory_format=torch.channels_last_3d if volumes else torch.channels_last)


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
    UNet
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
    return channels_last_memory(UNet(config))


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
    Classifier
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
    return channels_last_memory(Classifier(config, image_size, head, hidden))


def count_parameters(model):
    """Number of trainable parameters.

    Parameters
    ----------
    model : torch.nn.Module

    Returns
    -------
    int
        Frozen weights and the running statistics of batch norm are not counted.
    """
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def save_weights(model, path):
    """Write the weights in one move, so that a kill never leaves half a file.

    Parameters
    ----------
    model : torch.nn.Module
    path : path-like
        Where to, without the suffix `.pt`, which is added; missing folders are made.

    Returns
    -------
    Path
        The file, with its suffix.
    """
    path = Path(f"{path}{WEIGHTS_SUFFIX}")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name("part-" + path.name)
    torch.save(model.state_dict(), part)
    os.replace(part, path)
    return path


def load_weights(model, path):
    """Read weights back into a model of the same kind; no code in the file is ever run.

    Parameters
    ----------
    model : torch.nn.Module
        Changed in place, or not at all if the weights do not fit.
    path : path-like
        As `save_weights` returned it. Weights that lie deeper, as in `{"state_dict": ...}`, and those of a model inside
        DataParallel or torch.compile are found, too.

    Returns
    -------
    torch.nn.Module
        The same model.

    Raises
    ------
    ValueError
        If the file holds no weights, or those of another network; says what it found.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # PyTorch's own advice is a page long, and to run what the file says
        asked = re.search(r"Unsupported global: GLOBAL (\S+)", str(error))
        what = f"it asks for {asked[1]}, which is no tensor" if asked else "it is damaged or of another kind"
        raise ValueError(f"{path} cannot be read safely: {what}. Save model.state_dict() alone.") from None
    try:
        state = find_state(content, torch.is_tensor)
    except ValueError as error:
        raise ValueError(f"{path} is no file of weights: {error}. Save model.state_dict() alone.") from None
    target = bare_names(model.state_dict())
    if misfit := check_state(state, target):
        raise ValueError(f"{path} holds the weights of another network: {misfit}.")
    with torch.no_grad():
        for name in target.keys() & state.keys():
            target[name].copy_(state[name])
    return model
