"""The twins build one network of every kind: the same counts, outputs and gradients, whatever the image size."""

import dataclasses
import inspect
import json
import os
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from unet_course import parity
from unet_course.common import convert
from unet_course.parity import keras_logits, torch_logits
from unet_course.parity.cases import PUBLISHED, VARIANTS

# Of the largest logit. What float32 rounds depends on the processor: on one without AVX-512, volumes part by 1.1e-6.
ROUNDING = {"float64": 1e-8, "float32": 1e-5}
every_variant = pytest.mark.parametrize("name", VARIANTS)


@cache
def comparison(name):
    return parity.compare(name)


def logits(twin, model, images):
    return (torch_logits if twin.__name__.endswith("torch") else keras_logits)(model, images)


def tiny(twin, **options):
    return twin.unet(**{"base_filters": 2, "depth": 2, **options})


@every_variant
def test_both_twins_build_one_network(keras_twin, torch_twin, name):
    """As many parameters; with the weights carried over the same logits, rounding aside, and the same gradients."""
    found = comparison(name)
    assert found.parameters["keras"] == found.parameters["torch"] > 0
    assert found.logit_difference <= ROUNDING["float32"]
    assert found.exact_logit_difference <= ROUNDING[VARIANTS[name].precise]
    assert found.gradient_cosine > 0.9999


@every_variant
def test_a_network_comes_back_from_disk_and_from_the_other_twin(keras_twin, torch_twin, name, tmp_path):
    variant = VARIANTS[name]
    images = variant.images()
    keras_model, torch_model = variant.build(keras_twin), variant.build(torch_twin)
    parity.randomise_weights(keras_model)
    truth = keras_logits(keras_model, images)
    assert np.abs(truth).max() > 0.01  # a dead network would agree with anything

    path = keras_twin.save_weights(keras_model, tmp_path / "deep" / "best")
    assert len(list(path.parent.iterdir())) == 1  # no half-written neighbour
    copy = keras_twin.load_weights(variant.build(keras_twin), path)
    assert np.array_equal(keras_logits(copy, images), truth)

    convert.keras_to_torch(keras_model, torch_model)
    path = torch_twin.save_weights(torch_model, tmp_path / "best")
    other = torch_twin.load_weights(variant.build(torch_twin), path)
    assert np.array_equal(torch_logits(torch_model, images), torch_logits(other, images))

    back = convert.torch_to_keras(other, variant.build(keras_twin))
    assert np.array_equal(keras_logits(back, images), truth)


@every_variant
def test_logits_have_the_shape_of_the_images(twin, name):
    variant = VARIANTS[name]
    images = variant.images()
    shape = logits(twin, variant.build(twin), images).shape
    if "classifier" in name:
        assert shape == (2, 4)
    elif "valid" not in name:
        assert shape[:-1] == images.shape[:-1]


def test_parameter_counts_are_the_published_ones(twin):
    assert [(found, case) for case in PUBLISHED if (found := parity.count(twin, case)) != case.parameters] == []


def test_counting_without_weights_is_counting(twin):
    for name in ("unet", "trans_unet", "unet_3d"):
        variant = VARIANTS[name]
        model = variant.build(twin)
        assert parity.count(twin, variant) == twin.count_parameters(model)


def test_the_tables_for_the_book_hold_what_was_measured(keras_twin, torch_twin):
    name, case = "unet without batch norm", PUBLISHED[0]
    tables = json.loads(json.dumps(parity.tables([name], [case])))
    assert tables["variants"][0] == dataclasses.asdict(comparison(name))
    row = tables["published"][0]
    assert row["parameters"] == row["keras"] == row["torch"] == case.parameters
    assert row["source"] == case.source


def test_the_2015_network_maps_572_pixels_to_388(torch_twin):
    model = torch_twin.unet(1, 2, base_filters=2, depth=5, batch_norm=False, padding="valid")
    assert torch_logits(model, np.zeros((1, 572, 572, 1), np.float32)).shape == (1, 388, 388, 2)


def test_a_picture_that_fits_is_not_padded(twin):
    model, images = tiny(twin, depth=3), np.random.default_rng(0).random((1, 16, 24, 3), dtype=np.float32)
    larger = np.pad(images, ((0, 0), (0, 3), (0, 1), (0, 0)), mode="edge")
    padded = np.pad(larger, ((0, 0), (0, 1), (0, 3), (0, 0)), mode="edge")
    assert np.allclose(logits(twin, model, larger), logits(twin, model, padded)[:, :19, :25], atol=1e-6)
    assert logits(twin, model, images).shape == (1, 16, 24, 1)


def test_dropout_works_while_training_only(keras_twin, torch_twin):
    images = np.random.default_rng(0).random((1, 16, 16, 3), dtype=np.float32)
    keras_model, torch_model = (tiny(twin, dropout=0.5) for twin in (keras_twin, torch_twin))
    assert np.array_equal(keras_logits(keras_model, images), keras_logits(keras_model, images))
    assert not np.array_equal(keras_model(images, training=True), keras_model(images, training=True))
    convert.keras_to_torch(keras_model, torch_model)  # dropout has nothing to carry over
    assert np.array_equal(torch_logits(torch_model, images), torch_logits(torch_model, images))
    import torch

    torch_model.train()
    first, second = (torch_model(torch.from_numpy(images)).detach().numpy() for _ in range(2))
    assert not np.array_equal(first, second)


def test_the_default_network_learns_one_batch_by_heart(twin):
    rng = np.random.default_rng(0)
    images = rng.random((2, 13, 15, 3), dtype=np.float32)
    masks = (images[..., 0] > 0.5).astype(np.int32)
    twin.set_seed(0)
    model = twin.unet(base_filters=8, depth=2)
    options = {"loss": twin.bce_loss, "learning_rate": 0.02, "epochs": 60, "batch_size": 2, "seed": 0}
    twin.fit(model, (images, masks), (images, masks), **options)
    assert ((twin.predict(model, images) > 0.5) == masks).mean() > 0.99


def test_conversion_names_what_does_not_fit(keras_twin, torch_twin):
    with pytest.raises(ValueError, match="encoder_0_conv1"):
        convert.keras_to_torch(tiny(keras_twin, base_filters=8), tiny(torch_twin, base_filters=4))
    with pytest.raises(ValueError, match="encoder_2_conv1"):
        convert.keras_to_torch(tiny(keras_twin, depth=3), tiny(torch_twin, depth=2))
    with pytest.raises(ValueError, match="encoder.2.conv1"):
        convert.torch_to_keras(tiny(torch_twin, depth=3), tiny(keras_twin, depth=2))


def test_initial_weights_have_the_same_spread(keras_twin, torch_twin):
    keras_model, torch_model = (twin.trans_unet(base_filters=32, depth=3) for twin in (keras_twin, torch_twin))
    state = torch_model.state_dict()
    pairs = [pair for pair in convert.match_weights(keras_model.layers, state) if np.prod(pair[0].shape) > 8000]
    assert len(pairs) > 10
    for weight, name in pairs:
        assert state[name].numpy().std() == pytest.approx(np.asarray(weight).std(), rel=0.05), name


@pytest.mark.parametrize(
    ("builder", "options", "words"),
    [
        ("unet", {"upsampling": "cubic"}, 'upsampling=\'cubic\' is not known: use "transpose", "nearest"'),
        ("unet", {"padding": "full"}, 'padding=\'full\' is not known: use "same" or "valid"'),
        ("unet", {"depth": 1}, "depth=1 must be a whole number of at least 2"),
        ("unet", {"base_filters": 0}, "base_filters=0"),
        ("unet", {"in_channels": 1.5}, "in_channels=1.5"),
        ("unet", {"dropout": 1.0}, "dropout=1.0 must be a number from 0 to below 1"),
        ("unet_3d", {"upsampling": "bilinear"}, 'use "transpose", "nearest" or "repeat"'),
        ("unet_classifier", {"head": "max"}, 'head=\'max\' is not known: use "flatten" or "average"'),
        ("trans_unet", {"heads": 3}, "heads=3"),
        ("trans_unet", {"transformer_layers": 0}, "transformer_layers=0"),
    ],
)
def test_arguments_that_make_no_network_are_refused(twin, builder, options, words):
    with pytest.raises(ValueError) as error:
        getattr(twin, builder)(**options)
    assert words in str(error.value)


def test_images_of_another_shape_are_refused(twin):
    for shape in [(1, 3, 16, 16), (16, 16, 3), (1, 16, 16, 4)]:
        with pytest.raises(ValueError, match=r"shape.*3\)"):
            logits(twin, tiny(twin), np.zeros(shape, np.float32))
    with pytest.raises(ValueError, match="19"):
        VARIANTS["unet_classifier, flatten"].build(twin)
        logits(twin, VARIANTS["unet_classifier, flatten"].build(twin), np.zeros((1, 20, 19, 3), np.float32))


@pytest.mark.parametrize("name", ["unet", "unet_classifier", "attention_unet", "unet_plus_plus", "trans_unet"])
def test_twins_explain_an_argument_in_the_same_words(keras_twin, torch_twin, name):
    ours, theirs = (inspect.getdoc(getattr(twin, name)) for twin in (keras_twin, torch_twin))
    assert [line for line in ours.splitlines() if line not in theirs.splitlines()] == ["keras.Model"]


# JAX compiles every operation of every size once: one network that has all the bricks takes it a minute.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "names"),
    [("torch", ["unet", "unet_3d", "trans_unet", "encoder_classifier, vgg16_keras"]), ("jax", ["trans_unet"])],
)
def test_keras_agrees_with_pytorch_on_its_other_backends(backend, names):
    pytest.importorskip("keras")
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    code = (
        "import json, sys; from dataclasses import asdict; from unet_course import parity;"
        "print(json.dumps([asdict(parity.compare(name)) for name in sys.argv[1:]]))"
    )
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_ENABLE_X64": "1"}
    answer = subprocess.run([sys.executable, "-c", code, *names], env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    for found in json.loads(answer.stdout.splitlines()[-1]):
        assert found["parameters"]["keras"] == found["parameters"]["torch"]
        assert found["logit_difference"] <= 1e-5
        assert found["gradient_cosine"] > 0.9999
