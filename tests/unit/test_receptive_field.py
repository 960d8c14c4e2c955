"""Sizes, windows and parameter counts by arithmetic are those of real networks and of published ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unet_course.receptive_field import (
    Layer,
    convolution_parameters,
    output_size,
    output_sizes,
    receptive_field,
    unet_layers,
    unet_parameters,
    window,
)


def kernels():
    """Convolutions and poolings that leave no pixel out."""
    pairs = st.integers(1, 5).flatmap(lambda kernel: st.tuples(st.just(kernel), st.integers(1, min(kernel, 3))))
    return pairs.map(lambda pair: Layer("kernel", *pair))


def stacks():
    ups = st.integers(2, 3).map(lambda up: Layer("up", up=up))
    return st.lists(st.one_of(kernels(), ups), min_size=1, max_size=5)


def forward(layers, line):
    """The layers on one line: a sum over each window, and repeating."""
    for layer in layers:
        if len(line) < layer.kernel:
            return np.empty(0)
        line = np.lib.stride_tricks.sliding_window_view(line, layer.kernel)[:: layer.stride].sum(axis=1)
        line = np.repeat(line, layer.up)
    return line


@given(stacks(), st.integers(0, 3))
def test_a_window_holds_just_the_pixels_that_change_the_output(layers, position):
    first, last = window(layers, position)
    size = last + 1
    while len(forward(layers, np.ones(size))) <= position:
        size += 1
    changed = [i for i, line in enumerate(np.eye(size)) if forward(layers, line)[position]]
    assert changed == list(range(first, last + 1))


@given(stacks(), st.integers(1, 40))
def test_sizes_are_those_of_a_line_that_went_through(layers, size):
    named = [layer._replace(name=str(i)) for i, layer in enumerate(layers)]
    lengths = [len(forward(layers[: i + 1], np.ones(size))) for i in range(len(layers))]
    if 0 in lengths:
        with pytest.raises(ValueError, match="does not fit"):
            output_sizes(named, size)
    else:
        assert list(output_sizes(named, size).values()) == lengths


@given(st.lists(kernels(), min_size=1, max_size=5))
def test_without_up_the_receptive_field_follows_the_formula(layers):
    strides = np.cumprod([1, *(layer.stride for layer in layers)])[:-1]
    assert receptive_field(layers) == 1 + sum(
        (layer.kernel - 1) * stride for layer, stride in zip(layers, strides, strict=True)
    )


def test_behind_an_enlargement_the_widest_window_counts():
    layers = unet_layers(4)
    widths = {last - first + 1 for first, last in (window(layers, position) for position in range(8))}
    assert widths == {92, 100}
    assert receptive_field(layers) == 100


def test_the_2015_network_makes_388_pixels_of_572():
    sizes = output_sizes(unet_layers(5, padding="valid"), 572)
    named = [
        sizes[name] for name in ("encoder_0_conv2", "encoder_3_conv2", "encoder_4_conv2", "decoder_3_conv2", "head")
    ]
    assert named == [568, 64, 28, 52, 388]


def test_with_same_padding_the_picture_keeps_its_size():
    assert output_sizes(unet_layers(5), 256)["head"] == 256


def test_a_picture_too_small_for_valid_padding_is_refused_by_the_name_of_the_layer():
    with pytest.raises(ValueError, match="encoder_2_conv1: A kernel of 3 does not fit on 2 pixels.*larger image"):
        output_sizes(unet_layers(3, padding="valid"), 20)


def test_an_even_kernel_cannot_keep_the_size():
    with pytest.raises(ValueError, match="must be odd"):
        unet_layers(kernel=4)
    assert output_size(10, 4) == 7


@pytest.mark.parametrize(
    ("count", "options"),
    [
        (31_030_658, dict(in_channels=1, out_channels=2, batch_norm=False)),  # Ronneberger et al. 2015
        (31_030_593, dict(in_channels=1, batch_norm=False)),
        (31_037_633, dict()),  # milesial/Pytorch-UNet, one class
        (7_763_041, dict(base_filters=32)),  # mateuszbuda/brain-segmentation-pytorch
        (7_760_097, dict(base_filters=32, batch_norm=False)),  # the U-Net of the U-Net++ paper
        (1_941_105, dict(base_filters=16, batch_norm=False)),
    ],
)
def test_counts_are_the_published_ones(count, options):
    assert sum(unet_parameters(**options).values()) == count


@pytest.mark.parametrize("upsampling", ["transpose", "nearest", "bilinear", "repeat"])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_counts_are_those_of_the_networks(upsampling, batch_norm):
    uc = pytest.importorskip("unet_course.torch")
    options = dict(in_channels=2, out_channels=3, base_filters=4, depth=3, batch_norm=batch_norm, upsampling=upsampling)
    assert sum(unet_parameters(**options).values()) == uc.count_parameters(uc.unet(**options))


def test_a_convolution_has_a_bias_unless_it_is_told_not_to():
    assert convolution_parameters(3, 8) == 224
    assert convolution_parameters(3, 8, 5, bias=False) == 600


@pytest.mark.parametrize("depth", [2, 3])
def test_a_network_depends_on_the_pixels_of_the_window_and_on_no_other(depth):
    torch = pytest.importorskip("torch")
    from unet_course import torch as uc

    uc.set_seed(0)
    model = uc.unet(1, 1, base_filters=2, depth=depth, batch_norm=False)
    with torch.no_grad():
        for weights in model.parameters():
            weights.abs_()  # so that no ReLU closes
    side = 64
    images = torch.rand(40, side, side, 1, requires_grad=True)  # max pooling follows another pixel in each
    model(images)[:, side // 2, side // 2].sum().backward()
    rows = np.flatnonzero(images.grad.abs().sum((0, 2, 3)).numpy())
    assert (rows[0], rows[-1]) == window(unet_layers(depth), side // 2)
