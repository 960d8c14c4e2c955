"""The three bricks of every U-Net, in PyTorch: two convolutions, a way up, a crop for the skip connection.

Tensors in this room are channels-first `(N, C, H, W)`; models move the axes at their door.
"""

import math

import torch
from torch import nn

# One definition of batch norm for both twins: Keras and PyTorch differ in their defaults.
BATCH_NORM_EPSILON = 1e-5
BATCH_NORM_MOMENTUM = 0.9  # weight of the past, as Keras counts it

# Standard deviation of a unit normal cut at two: dividing by it gives the width Keras' "he_normal" means.
TRUNCATED_NORMAL_STD = 0.87962566103423978


def initialise(layer):
    """Give a convolution He-normal weights and zero biases, as `kernel_initializer="he_normal"` does in Keras.

    The forward fan-in is the number of inputs each output pixel sums over (He et al. 2015, equation 10). For a
    transposed convolution Keras counts the output channels instead; both twins follow it.
    """
    fan_in = layer.weight[0].numel()
    std = math.sqrt(2.0 / fan_in) / TRUNCATED_NORMAL_STD
    nn.init.trunc_normal_(layer.weight, std=std, a=-2 * std, b=2 * std)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class ConvBlock(nn.Module):
    """Two 3x3 convolutions, each followed by batch norm (if asked for) and ReLU, then dropout (if asked for)."""

    def __init__(self, in_channels, filters, *, batch_norm=True, dropout=0.0, padding="same"):
        super().__init__()

        def convolution(channels):
            return initialise(nn.Conv2d(channels, filters, 3, padding=padding, bias=not batch_norm))

        def norm():
            if not batch_norm:
                return nn.Identity()
            return nn.BatchNorm2d(filters, eps=BATCH_NORM_EPSILON, momentum=1 - BATCH_NORM_MOMENTUM)

        self.conv1 = convolution(in_channels)
        self.norm1 = norm()
        self.conv2 = convolution(filters)
        self.norm2 = norm()
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x = torch.relu(self.norm1(self.conv1(x)))
        x = torch.relu(self.norm2(self.conv2(x)))
        return self.dropout(x)


def upsample(in_channels, filters, *, upsampling="transpose"):
    """Double height and width and reduce the channels to `filters`.

    `"transpose"` learns the enlargement (a 2x2 transposed convolution with stride 2, the 2015 U-Net);
    `"nearest"` and `"bilinear"` enlarge first and then apply a 3x3 convolution.
    """
    if upsampling == "transpose":
        return initialise(nn.ConvTranspose2d(in_channels, filters, 2, stride=2))
    if upsampling not in {"nearest", "bilinear"}:
        raise ValueError(f'upsampling={upsampling!r} is not known: use "transpose", "nearest" or "bilinear".')
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode=upsampling),
        initialise(nn.Conv2d(in_channels, filters, 3, padding="same")),
    )


def centre_crop(skip, like):
    """Cut the middle of `skip` to the height and width of `like` (needed with `padding="valid"` only)."""
    height, width = like.shape[-2:]
    top = (skip.shape[-2] - height) // 2
    left = (skip.shape[-1] - width) // 2
    return skip[..., top : top + height, left : left + width]
