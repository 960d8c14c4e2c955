"""How far a stack of layers sees, how large its outputs are, how many numbers it holds: arithmetic without a network.

All sizes are those of one axis: squares of pixels have the same in both.
"""

from math import prod
from typing import NamedTuple

from .common.config import PADDING, UPSAMPLING, check_one_of, check_positive_int


class Layer(NamedTuple):
    """A layer, as far as places are concerned.

    Parameters
    ----------
    name : str
    kernel, stride, padding : int
        Pixels a filter covers, pixels it moves from one output to the next, pixels added at each border.
    up : int
        Outputs made of each input, by repeating it or by a transposed convolution whose kernel equals its stride.
    """

    name: str
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    up: int = 1


def output_size(size, kernel, stride=1, padding=0):
    """Pixels that come out of a convolution or a pooling: floor((size + 2 padding - kernel) / stride) + 1.

    Parameters
    ----------
    size : int
        Pixels that go in, along one axis.
    kernel, stride, padding : int
        As `Layer` has them.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the kernel does not fit even once.

    References
    ----------
    Dumoulin, Visin (2016), A guide to convolution arithmetic for deep learning, https://arxiv.org/abs/1603.07285.
    Explained in the chapter on convolution, section "Borders and steps".
    """
    if size + 2 * padding < kernel:
        raise ValueError(f"A kernel of {kernel} does not fit on {size} pixels with padding {padding}.")
    return (size + 2 * padding - kernel) // stride + 1


def output_sizes(layers, size):
    """Pixels after each layer.

    Parameters
    ----------
    layers : sequence of Layer
        From the input to the output; with an `up` each output of the layer becomes that many.
    size : int
        Pixels that go in, along one axis.

    Returns
    -------
    dict of str to int
        From the layers' names, in their order.

    Raises
    ------
    ValueError
        If a kernel does not fit; names the layer.
    """
    sizes = {}
    for layer in layers:
        try:
            size = output_size(size, layer.kernel, layer.stride, layer.padding) * layer.up
        except ValueError as error:
            raise ValueError(f"{layer.name}: {error} Begin with a larger image.") from None
        sizes[layer.name] = size
    return sizes


def window(layers, position):
    """First and last input pixel that one output pixel depends on.

    Parameters
    ----------
    layers : sequence of Layer
        From the input to the output.
    position : int
        Of the output pixel, counted from 0.

    Returns
    -------
    tuple of int
        With padding the first may be negative: it lies beyond the border.
    """
    first = last = position
    for layer in reversed(layers):
        first, last = first // layer.up, last // layer.up
        first = first * layer.stride - layer.padding
        last = last * layer.stride - layer.padding + layer.kernel - 1
    return first, last


def receptive_field(layers):
    """Input pixels, along one axis, that an output pixel depends on; the most of any output pixel.

    Without `up` it is 1 + the sum of (kernel - 1) x the product of the strides of all earlier layers. Behind an `up`
    neighbours may see windows of different widths, so all of them are looked at.

    Parameters
    ----------
    layers : sequence of Layer
        From the input to the output.

    Returns
    -------
    int
        Pixels. Padding does not make it smaller: what lies beyond the border counts too.

    References
    ----------
    Araujo, Norris, Sim (2019), Computing receptive fields of convolutional neural networks,
    https://doi.org/10.23915/distill.00021. Explained in the chapter on convolution, section "How far a network sees".
    """
    windows = [window(layers, position) for position in range(prod(layer.up for layer in layers))]
    return max(last - first + 1 for first, last in windows)


def unet_layers(depth=5, *, kernel=3, padding="same"):
    """The layers of a U-Net on its longest way, through the deepest level: the skips see less than it does.

    With `upsampling="transpose"` or `"repeat"`; the other two have one more convolution a level, and see further.

    Parameters
    ----------
    depth : int
        Levels, the deepest included, as `unet` counts them.
    kernel : int
        Of the convolutions; with `padding="same"` an odd number.
    padding : {"same", "valid"}

    Returns
    -------
    list of Layer
        With `padding="same"` sizes are right for sides that are multiples of `2 ** (depth - 1)`, to which `unet` pads.
    """
    check_positive_int("depth", depth, least=2)
    check_positive_int("kernel", kernel)
    check_one_of("padding", padding, PADDING)
    if padding == "same" and kernel % 2 == 0:
        raise ValueError(f'kernel={kernel}: with padding="same" it must be odd, to have as much on both sides.')
    border = kernel // 2 if padding == "same" else 0

    def block(name):
        return [Layer(f"{name}_conv{i}", kernel, padding=border) for i in (1, 2)]

    layers = block("encoder_0")
    for level in range(1, depth):
        layers += [Layer(f"pool_{level}", 2, stride=2), *block(f"encoder_{level}")]
    for level in reversed(range(depth - 1)):
        layers += [Layer(f"up_{level}", up=2), *block(f"decoder_{level}")]
    return [*layers, Layer("head")]


def convolution_parameters(channels, filters, kernel=3, *, bias=True):
    """Numbers a convolution learns: (kernel x kernel x channels + bias) x filters.

    Parameters
    ----------
    channels, filters : int
        Feature maps that go in, and that come out.
    kernel : int
        Side of its square in pixels.
    bias : bool
        Whether each filter adds a number of its own; before batch norm it need not.

    Returns
    -------
    int
    """
    return (kernel * kernel * channels + bias) * filters


def unet_parameters(
    in_channels=3,
    out_channels=1,
    *,
    base_filters=64,
    depth=5,
    batch_norm=True,
    upsampling="transpose",
    kernel=3,
):
    """Numbers each part of a U-Net learns, counted by hand.

    Parameters
    ----------
    in_channels, out_channels, base_filters, depth, batch_norm, upsampling
        As `unet` has them. Padding plays no part.
    kernel : int
        Of the convolutions in the blocks.

    Returns
    -------
    dict of str to int
        `encoder_0`, ..., `up_...`, `decoder_...`, `head`; their sum is what
        `count_parameters` finds.

    Notes
    -----
    Explained in the chapter on the U-Net, section "Count by hand".
    """
    check_one_of("upsampling", upsampling, UPSAMPLING)
    filters = [base_filters * 2**level for level in range(depth)]

    def block(channels, width):
        both = ((channels, width), (width, width))
        convolutions = sum(
            convolution_parameters(*pair, kernel, bias=not batch_norm) for pair in both
        )
        # Batch norm: a scale and a shift, twice.
        return convolutions + (4 * width if batch_norm else 0)

    counts = {}
    for level, width in enumerate(filters):
        counts[f"encoder_{level}"] = block(
            filters[level - 1] if level else in_channels, width
        )
    for level in reversed(range(depth - 1)):
        width, deeper = filters[level], filters[level + 1]
        size = {"transpose": 2, "repeat": 0}.get(upsampling, 3)  # repeating learns nothing
        counts[f"up_{level}"] = convolution_parameters(deeper, width, size) if size else 0
        counts[f"decoder_{level}"] = block(width + (width if size else deeper), width)
    return {**counts, "head": convolution_parameters(filters[0], out_channels, 1)}
