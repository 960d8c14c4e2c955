"""The blocks of every network, in PyTorch: two convolutions, upsampling, and what makes sizes fit.

Tensors here are channels-first, `(N, C, H, W)` or, for volumes, `(N, C, D, H, W)`; models move the axes of what goes in
and comes out.
"""

import math

import torch
from torch import nn
from torch.nn import functional

# One definition of batch norm for both twins: Keras and PyTorch differ in their defaults.
BATCH_NORM_EPSILON = 1e-5
BATCH_NORM_MOMENTUM = 0.9  # weight of the past, as Keras counts it

# Standard deviation of a unit normal cut at two: dividing by it gives the width Keras' "he_normal" means.
TRUNCATED_NORMAL_STD = 0.87962566103423978


def initialise(layer):
    """Give a layer He-normal weights and zero biases, as `kernel_initializer="he_normal"` does in Keras.

    The forward fan-in is the number of inputs each output pixel sums over (He et al. 2015, equation 10). For a
    transposed convolution Keras counts the output channels instead; both twins follow it.
    """
    fan_in = layer.weight[0].numel()
    std = math.sqrt(2.0 / fan_in) / TRUNCATED_NORMAL_STD
    nn.init.trunc_normal_(layer.weight, std=std, a=-2 * std, b=2 * std)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class Conv3d(nn.Conv3d):
    """`torch.nn.Conv3d` whose bfloat16 gradient is right on a processor, too.

    Where the input is two slices deep, oneDNN computes the gradient of a 3x3x3 kernel from memory that nobody wrote.
    One more slice of zeros, which the padding means anyway, changes no output and avoids it.
    """

    def forward(self, volumes):
        if volumes.shape[2] != 2 or self.padding != "same":
            return super().forward(volumes)
        return super().forward(functional.pad(volumes, (0, 0, 0, 0, 0, 1)))[:, :, :2]


def convolution(in_channels, filters, size=3, *, padding="same", bias=True, dimensions=2):
    """A convolution of images or volumes with He-normal weights."""
    layer = Conv3d if dimensions == 3 else nn.Conv2d
    return initialise(layer(in_channels, filters, size, padding=padding, bias=bias))


def normalisation(filters, *, dimensions=2):
    """Batch norm.

    While training, Keras averages the variance of each batch over its n values, PyTorch over n - 1: with small batches
    the stored averages part a little, and with them what two equally trained models answer.
    """
    layer = nn.BatchNorm3d if dimensions == 3 else nn.BatchNorm2d
    return layer(filters, eps=BATCH_NORM_EPSILON, momentum=1 - BATCH_NORM_MOMENTUM)


class ConvBlock(nn.Module):
    """Two 3x3 convolutions, each followed by batch norm and ReLU, then dropout.

    Batch norm and dropout are there only if asked for.
    """

    def __init__(
        self,
        in_channels,
        filters,
        *,
        batch_norm=True,
        dropout=0.0,
        padding="same",
        dimensions=2,
    ):
        super().__init__()
        options = {"padding": padding, "bias": not batch_norm, "dimensions": dimensions}
        self.conv1 = convolution(in_channels, filters, **options)
        self.norm1 = (
            normalisation(filters, dimensions=dimensions)
            if batch_norm
            else nn.Identity()
        )
        self.conv2 = convolution(filters, filters, **options)
        self.norm2 = (
            normalisation(filters, dimensions=dimensions)
            if batch_norm
            else nn.Identity()
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x = torch.relu(self.norm1(self.conv1(x)))
        x = torch.relu(self.norm2(self.conv2(x)))
        return self.dropout(x)


def pool(x):
    """Halve every side, keeping the largest value of each 2x2 square or 2x2x2 cube."""
    return (functional.max_pool3d if x.ndim == 5 else functional.max_pool2d)(x, 2)


def upsample(in_channels, filters, *, upsampling="transpose", dimensions=2):
    """Double every side.

    `"transpose"` learns the enlargement (a 2x2 transposed convolution with stride 2, the
    2015 U-Net) and leaves `filters` channels; `"nearest"` and `"bilinear"` enlarge first
    and then apply a 3x3 convolution to `filters` channels; `"repeat"` repeats each
    pixel, learns nothing and keeps all channels.
    """
    if upsampling == "transpose":
        layer = nn.ConvTranspose3d if dimensions == 3 else nn.ConvTranspose2d
        return initialise(layer(in_channels, filters, 2, stride=2))
    enlarge = nn.Upsample(
        scale_factor=2, mode="bilinear" if upsampling == "bilinear" else "nearest"
    )
    if upsampling == "repeat":
        return enlarge
    return nn.Sequential(enlarge, convolution(in_channels, filters, dimensions=dimensions))


def centre_crop(skip, like):
    """Cut the middle of `skip` to the size of `like` (needed with `padding="valid"` only)."""
    for axis, side in enumerate(like.shape[2:], start=2):
        skip = skip.narrow(axis, (skip.shape[axis] - side) // 2, side)
    return skip


def pad_to_multiple(x, multiple):
    """Repeat the far border until every side is a multiple of `multiple`."""
    # Rounded up, and not `-size % multiple`: from this the ONNX exporter sees that halves double to what they were.
    missing = [(size + multiple - 1) // multiple * multiple - size for size in x.shape[2:]]
    if not any(missing):
        return x
    return functional.pad(x, [side for size in reversed(missing) for side in (0, size)], mode="replicate")


def crop_to(x, like):
    """Take away what `pad_to_multiple` added: cut `x` to the size of `like`."""
    return x[(..., *(slice(size) for size in like.shape[2:]))]
