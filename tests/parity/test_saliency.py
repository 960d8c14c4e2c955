"""Grad-CAM: both twins draw the same maps, and a map shows what a network was built to look at."""

import os
import subprocess
import sys

import numpy as np
import pytest

from unet_course import parity
from unet_course.common.convert import keras_to_torch
from unet_course.common.saliency import class_activation
from unet_course.parity.cases import VARIANTS

CLASSIFIERS = {
    "unet_classifier, flatten": "encoder_2_conv2",
    "unet_classifier, average": "encoder_2_conv2",
    "encoder_classifier, vgg16_keras": "block4_conv3",
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_both_twins_draw_the_same_maps(keras_twin, torch_twin, name):
    variant = VARIANTS[name]
    models = parity.same_weights(variant, keras_twin, torch_twin)
    images = variant.images()
    for layer in (None, CLASSIFIERS[name]):
        ours, theirs = (
            twin.grad_cam(model, images, [1, 3], layer)
            for twin, model in zip((keras_twin, torch_twin), models, strict=True)
        )
        assert ours.shape == theirs.shape == images.shape[:3]
        assert ours.max() == 1 and ours.min() >= 0
        assert np.abs(ours - theirs).max() < 1e-3, layer


def test_a_map_shows_the_spot_that_decides(keras_twin, torch_twin):
    """A network that adds brightness up: light speaks for class 1, at its place, and nothing speaks for class 0."""
    images = np.zeros((1, 32, 32, 3), np.float32)
    images[0, 8:12, 20:24] = 1
    options = {"out_channels": 2, "head": "average", "base_filters": 4, "depth": 2}
    model = keras_twin.unet_classifier(**options)
    for weight in model.weights:
        weight.assign(np.full(weight.shape, 0.0 if weight.name == "bias" else 0.1))
    model.get_layer("head").kernel.assign(np.tile([-1.0, 1.0], (4, 1)))
    for twin, one in ((keras_twin, model), (torch_twin, keras_to_torch(model, torch_twin.unet_classifier(**options)))):
        found = twin.grad_cam(one, images, 1)[0]
        assert found[8:12, 20:24].min() > 0.8 and found[:, :12].max() == 0
        assert not twin.grad_cam(one, images, 0).any()


def test_each_picture_is_asked_about_its_own_class(twin):
    variant = VARIANTS["unet_classifier, average"]
    twin.set_seed(1)
    model, images = variant.build(twin), variant.images()
    together = twin.grad_cam(model, images, [0, 2])
    for i, class_index in enumerate((0, 2)):
        assert np.allclose(together[i], twin.grad_cam(model, images[i : i + 1], class_index)[0], atol=1e-4)


def test_a_layer_that_is_not_there_is_named(twin):
    variant = VARIANTS["unet_classifier, average"]
    with pytest.raises(ValueError, match="no layer 'attic'"):
        twin.grad_cam(variant.build(twin), variant.images(), 0, "attic")


def test_a_map_is_the_weighted_sum_by_hand():
    features, gradient = np.zeros((2, 2, 2, 2)), np.zeros((2, 2, 2, 2))
    features[0, 0, 0] = [4, 1]
    gradient[..., 0], gradient[..., 1] = 0.5, -1
    found = class_activation(features, gradient, (2, 2))
    assert np.array_equal(found[0], [[1, 0], [0, 0]])  # 0.5 * 4 - 1 * 1 = 1, the largest
    assert not found[1].any()


def test_what_was_padded_is_cut_off():
    """An image of 5x7 pixels was padded to 8x8 and halved twice: one value of the map stands for 4x4 pixels."""
    features = np.zeros((1, 2, 2, 1))
    features[0, 0] = 1
    found = class_activation(features, np.ones_like(features), (5, 7))[0]
    assert found.shape == (5, 7)
    assert found[0].max() == found.max() == 1 and found[4].max() < 0.5
    assert class_activation(np.ones((1, 2, 2, 1)), np.ones((1, 2, 2, 1)), (5, 7)).min() == 1


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_keras_draws_the_same_maps_on_its_other_backends(backend):
    pytest.importorskip("keras")
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    code = (
        "import numpy as np; from unet_course import keras, torch, parity;"
        "from unet_course.parity.cases import VARIANTS;"
        "variant = VARIANTS['unet_classifier, average']; images = variant.images();"
        "ours, theirs = (twin.grad_cam(model, images, 1, 'encoder_2_conv2') for twin, model in"
        " zip((keras, torch), parity.same_weights(variant, keras, torch)));"
        "print(np.abs(ours - theirs).max(), ours.max())"
    )
    environment = {**os.environ, "KERAS_BACKEND": backend}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    difference, largest = map(float, answer.stdout.split())
    assert difference < 1e-3 and largest == 1
