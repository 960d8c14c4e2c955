"""The U-Net in PyTorch; `unet_course/keras/models.py` is the same file in Keras."""

import os
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from .blocks import ConvBlock, centre_crop, initialise, upsample

WEIGHTS_SUFFIX = ".pt"


class UNet(nn.Module):
    """The network that `unet` builds: encoder, decoder and head, one entry per resolution level (0 = finest)."""

    def __init__(self, in_channels, out_channels, base_filters, depth, batch_norm, dropout, upsampling, padding):
        super().__init__()
        filters = [base_filters * 2**level for level in range(depth)]
        options = {"batch_norm": batch_norm, "dropout": dropout, "padding": padding}

        self.padding = padding
        self.encoder = nn.ModuleList(
            ConvBlock(channels, width, **options)
            for channels, width in zip([in_channels, *filters[:-1]], filters, strict=True)
        )
        self.up = nn.ModuleList(
            upsample(deep, width, upsampling=upsampling) for width, deep in zip(filters[:-1], filters[1:], strict=True)
        )
        self.decoder = nn.ModuleList(ConvBlock(2 * width, width, **options) for width in filters[:-1])
        self.head = initialise(nn.Conv2d(base_filters, out_channels, 1))

    def forward(self, images):
        x = images.permute(0, 3, 1, 2)  # channels-last in memory already, so this moves no data
        self._check_size(x)

        skips = []
        for encoder in self.encoder[:-1]:
            x = encoder(x)
            skips.append(x)
            x = functional.max_pool2d(x, 2)
        x = self.encoder[-1](x)

        for level in reversed(range(len(self.decoder))):
            x = self.up[level](x)
            x = torch.cat([centre_crop(skips[level], x), x], dim=1)
            x = self.decoder[level](x)
        return self.head(x).permute(0, 2, 3, 1)

    def _check_size(self, x):
        multiple = 2 ** len(self.decoder)
        height, width = x.shape[-2:]
        if self.padding == "same" and (height % multiple or width % multiple):
            raise ValueError(
                f"Images of {height}x{width} pixels cannot be halved {len(self.decoder)} times: make height and "
                f"width multiples of {multiple}, or call `predict`, which pads and crops for you."
            )


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
    UNet
        Maps images `(N, H, W, in_channels)`, float32 in [0, 1], to logits `(N, H, W, out_channels)`.
        With `padding="same"`, H and W must be multiples of `2 ** (depth - 1)`; `predict` takes any size.

    References
    ----------
    Ronneberger, Fischer, Brox (2015), U-Net, figure 1, https://arxiv.org/abs/1505.04597.
    Explained in the nuclei chapter, section "The network".
    """
    model = UNet(in_channels, out_channels, base_filters, depth, batch_norm, dropout, upsampling, padding)
    return model.to(memory_format=torch.channels_last)


def count_parameters(model):
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def save_weights(model, path):
    """Write the weights to `path` (suffix `.pt` added) in one move, so that a kill never leaves half a file."""
    path = Path(f"{path}{WEIGHTS_SUFFIX}")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name("part-" + path.name)
    torch.save(model.state_dict(), part)
    os.replace(part, path)
    return path


def load_weights(model, path):
    """Read weights written by `save_weights` into `model`; no code in the file is ever run."""
    device = next(model.parameters()).device
    model.load_state_dict(torch.load(path, map_location=device, weights_only=True))
    return model
