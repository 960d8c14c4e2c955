"""A trained model travels: saved and loaded by Keras' own methods, and weights that others wrapped."""

import argparse
import functools
import subprocess
import sys

import numpy as np
import pytest

from unet_course import parity
from unet_course.common.torch_files import read_state_dict
from unet_course.parity import keras_logits, torch_logits
from unet_course.parity.cases import VARIANTS

RNG = np.random.default_rng(0)
IMAGES = RNG.random((4, 16, 16, 1), dtype=np.float32)
MASKS = (IMAGES[..., 0] > 0.5).astype(np.uint8)
LOSSES = {
    "bce_loss": {"class_weights": (1.0, 3.0)},
    "dice_loss": {"reduction": "batch"},
    "bce_dice_loss": {"dice_weight": 0.5},
    "cross_entropy_loss": {"class_weights": np.array([1.0, 2.0]), "ignore_label": 1},
    "tversky_loss": {"alpha": 0.2, "beta": 0.8},
    "focal_loss": {},
}


def small(twin, **options):
    return twin.unet(**{"in_channels": 1, "base_filters": 4, "depth": 2, **options})


def trained(twin, loss, **options):
    twin.set_seed(0)
    model = small(twin)
    twin.fit(model, (IMAGES, MASKS), (IMAGES, MASKS), loss=loss, epochs=1, batch_size=2, **options)
    return model


@pytest.mark.parametrize("name", VARIANTS)
def test_every_network_comes_back_from_a_keras_file_and_as_a_clone(keras_twin, name, tmp_path):
    import keras

    variant = VARIANTS[name]
    model, images = variant.build(keras_twin), variant.images()
    parity.randomise_weights(model)
    truth = keras_logits(model, images)
    model.save(tmp_path / "model.keras")
    assert np.array_equal(keras_logits(keras.models.load_model(tmp_path / "model.keras"), images), truth)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    assert np.array_equal(keras_logits(copy, images), truth)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_keeps_its_options_in_a_file(keras_twin, name):
    from unet_course.keras.losses import MaskLoss

    channels = 2 if name == "cross_entropy_loss" else 1
    logits = RNG.normal(size=(*MASKS.shape, channels)).astype(np.float32)
    loss = functools.partial(getattr(keras_twin, name), **LOSSES[name])
    again = MaskLoss.from_config(MaskLoss(loss).get_config())
    for masks in (MASKS, MASKS[..., None]):  # as people have them, and as Model.fit gets them
        assert float(again(masks, logits)) == pytest.approx(float(loss(logits, MASKS)), rel=1e-6)


def test_a_trained_keras_model_is_loaded_and_evaluated_in_another_process(keras_twin, tmp_path):
    import keras

    own = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", save_best_only=True)
    model = trained(keras_twin, functools.partial(keras_twin.dice_loss, smooth=2.0), callbacks=[own])
    model.save(tmp_path / "model.keras")
    expected = model.evaluate(IMAGES, MASKS, verbose=0)
    logits = keras_logits(model, IMAGES)
    assert expected[0] == pytest.approx(float(keras_twin.dice_loss(logits, MASKS, smooth=2.0)), abs=1e-6)
    np.savez(tmp_path / "data.npz", images=IMAGES, masks=MASKS)
    code = (
        "import keras, numpy as np, unet_course.keras; data = np.load('data.npz');"
        "found = [keras.models.load_model(f'{name}.keras') for name in ('model', 'best')];"
        "print(*[x for one in found for x in one.evaluate(data['images'], data['masks'], verbose=0)])"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr[-2000:]
    assert [float(number) for number in answer.stdout.split()] == pytest.approx(2 * expected, abs=1e-6)


def test_evaluate_says_which_masks_a_loss_takes(keras_twin):
    model = trained(keras_twin, keras_twin.bce_loss)
    with pytest.raises(ValueError, match="masks need the shape of the logits without the last axis"):
        model.evaluate(IMAGES, np.stack([1 - MASKS, MASKS], axis=-1), verbose=0)


def test_a_loss_of_ones_own_is_named_in_the_file_and_never_stored(keras_twin, tmp_path):
    import keras

    def mine(logits, masks):
        return keras_twin.bce_loss(logits, masks)

    model = trained(keras_twin, mine)
    keras_twin.find_learning_rate(model, (IMAGES, MASKS), loss=mine, steps=2, batch_size=2)
    model.save(tmp_path / "model.keras")
    truth = keras_logits(model, IMAGES)
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert np.array_equal(keras_logits(loaded, IMAGES), truth)
    with pytest.raises(ValueError, match="names the loss 'mine' but cannot hold it"):
        loaded.evaluate(IMAGES, MASKS, verbose=0)
    whole = keras.models.load_model(tmp_path / "model.keras", custom_objects={"mine": mine})
    expected = float(keras_twin.bce_loss(truth, MASKS))
    assert whole.evaluate(IMAGES, MASKS, verbose=0) == pytest.approx(expected, abs=1e-6)


def test_a_bilinear_network_takes_one_size_after_the_other(twin):
    model = small(twin, depth=3, upsampling="bilinear")
    first, second = RNG.random((1, 24, 20, 1), np.float32), RNG.random((2, 17, 32, 1), np.float32)
    before = twin.predict(model, first)
    assert twin.predict(model, second).shape == second.shape[:-1]
    assert np.array_equal(twin.predict(model, first), before)


def test_keras_enlarges_bilinearly_as_its_own_layer_does(keras_twin):
    import keras

    from unet_course.keras.blocks import Bilinear

    for shape in [(2, 5, 7, 3), (1, 1, 4, 2)]:
        images = RNG.random(shape, np.float32)
        theirs = keras.layers.UpSampling2D(2, interpolation="bilinear")(images)
        assert np.allclose(Bilinear()(images), theirs, atol=1e-6)


@pytest.mark.parametrize("kind", ["nested", "DataParallel", "compiled", "of a wrapped model"])
def test_weights_that_others_wrapped_are_loaded(torch_twin, kind, tmp_path):
    import torch

    source, target = small(torch_twin), small(torch_twin)
    state = source.state_dict()
    content = {
        "nested": {"state_dict": state, "epoch": 3},
        "DataParallel": {f"module.{name}": tensor for name, tensor in state.items()},
        "compiled": {"model": torch.compile(source).state_dict(), "step": torch.tensor(3)},
        "of a wrapped model": state,
    }[kind]
    torch.save(content, tmp_path / "w.pt")
    wrapped = torch.nn.DataParallel(target) if kind == "of a wrapped model" else target
    assert torch_twin.load_weights(wrapped, tmp_path / "w.pt") is wrapped
    assert np.array_equal(torch_logits(target, IMAGES), torch_logits(source, IMAGES))


def refused(twin, model, path):
    """The one short sentence with which a file is refused, and the model left as it was."""
    read = keras_logits if twin.__name__.endswith("keras") else torch_logits
    before = read(model, IMAGES)
    with pytest.raises(ValueError) as error:
        twin.load_weights(model, path)
    assert np.array_equal(read(model, IMAGES), before)
    text = str(error.value)
    assert str(path) in text and len(text) - len(str(path)) < 250 and "\n" not in text
    return text


@pytest.mark.parametrize("options", [{"depth": 3}, {"base_filters": 8}, {"batch_norm": False}])
def test_weights_of_another_network_are_refused_in_a_sentence(twin, options, tmp_path):
    path = twin.save_weights(small(twin, **options), tmp_path / "other")
    text = refused(twin, small(twin), path)
    assert "another network" in text or "does not hold the weights of this unet: " in text


def test_files_that_are_no_weights_are_refused_in_a_sentence(torch_twin, tmp_path):
    import torch

    state = small(torch_twin).state_dict()
    cases = [
        (
            {"state_dict": state, "options": argparse.Namespace(rate=1)},
            "asks for argparse.Namespace, which is no tensor",
        ),
        (small(torch_twin), r"asks for unet_course.torch.models.UNet"),
        ({"epoch": 3}, "no weights: 'epoch'"),
        ({"model": state, "ema": state}, "several sets of weights: 'model', 'ema'"),
    ]
    for content, words in cases:
        torch.save(content, tmp_path / "w.pt")
        assert words in refused(torch_twin, small(torch_twin), tmp_path / "w.pt")
    (tmp_path / "w.pt").write_bytes(b"a page of HTML")
    assert "damaged or of another kind" in refused(torch_twin, small(torch_twin), tmp_path / "w.pt")


def test_the_keras_twin_says_how_to_read_a_file_of_pytorch(keras_twin, torch_twin, tmp_path):
    from unet_course import shipping

    source, target = small(torch_twin), small(keras_twin)
    path = torch_twin.save_weights(source, tmp_path / "w")
    assert "read_state_dict" in refused(keras_twin, target, path)
    shipping.set_state(target, read_state_dict(path))
    assert np.allclose(keras_logits(target, IMAGES), torch_logits(source, IMAGES), atol=1e-5)
