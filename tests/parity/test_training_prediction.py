"""Prediction: mirror images, tiles, ensembles and classes, the same in both twins."""

import numpy as np
import pytest

from unet_course.common import convert

rng = np.random.default_rng(0)
IMAGES = rng.random((2, 48, 40, 1), dtype=np.float32)


def network(twin, out_channels=1, seed=0):
    twin.set_seed(seed)
    return twin.unet(1, out_channels, base_filters=2, depth=2)


@pytest.fixture(scope="module")
def pair(keras_twin, torch_twin):
    """The same network with three classes in both twins."""
    keras_model, torch_model = network(keras_twin, 3), network(torch_twin, 3)
    return (keras_twin, keras_model), (torch_twin, convert.keras_to_torch(keras_model, torch_model))


@pytest.mark.parametrize("options", [{}, {"flips": True}, {"tile": 32, "overlap": 8}, {"tile": 16, "flips": True}])
def test_the_twins_predict_the_same(pair, options):
    keras, torch = (twin.predict(model, IMAGES, batch_size=3, **options) for twin, model in pair)
    assert keras.shape == torch.shape == (2, 48, 40, 3)
    assert np.abs(keras - torch).max() < 1e-5
    assert np.allclose(keras.sum(axis=-1), 1, atol=1e-5)


def test_tiles_with_enough_overlap_give_the_prediction_of_the_whole_image(twin):
    model = network(twin)
    large = rng.random((1, 112, 144, 1), dtype=np.float32)
    whole = twin.predict(model, large)
    tiled = twin.predict(model, large, tile=64, overlap=48)  # depth 2 sees 10 pixels far
    assert np.abs(whole - tiled).max() < 1e-5
    assert np.abs(whole - twin.predict(model, large, tile=64, overlap=0)).max() > 1e-3


def test_flips_make_the_prediction_follow_a_mirrored_image(twin):
    model = network(twin)
    straight, mirrored = (twin.predict(model, images, flips=True) for images in (IMAGES, IMAGES[:, :, ::-1]))
    assert np.allclose(straight, mirrored[:, :, ::-1], atol=1e-5)
    assert not np.allclose(straight, twin.predict(model, IMAGES), atol=1e-3)


def test_an_ensemble_is_the_mean_of_its_members(twin):
    models = [network(twin, seed=seed) for seed in range(3)]
    mean = twin.predict_ensemble(models, IMAGES, flips=True)
    assert np.allclose(mean, np.mean([twin.predict(model, IMAGES, flips=True) for model in models], axis=0))


def test_bfloat16_predicts_almost_the_same_and_leaves_no_trace(twin):
    model = network(twin)
    exact = twin.predict(model, IMAGES)
    coarse = twin.predict(model, IMAGES, precision="bfloat16")
    assert coarse.dtype == np.float32
    assert 0 < np.abs(exact - coarse).max() < 0.05
    assert np.array_equal(exact, twin.predict(model, IMAGES))


def test_keras_compiles_each_precision_once_and_still_sees_new_weights(keras_twin):
    import keras

    if keras.backend.backend() != "tensorflow":
        pytest.skip("counts how often TensorFlow translates the network")
    translated = []

    class Counting(keras.layers.Layer):
        def call(self, x):
            translated.append(1)
            return x

    image = keras.Input((48, 40, 1))
    model = keras.Model(image, keras.layers.Conv2D(1, 3, padding="same")(Counting()(image)))
    turns = ["float32", "bfloat16"] * 2
    first = [keras_twin.predict(model, IMAGES, precision=precision) for precision in turns[:2]]
    count = len(translated)
    again = [keras_twin.predict(model, IMAGES, precision=precision) for precision in turns[2:]]
    assert len(translated) == count
    assert np.array_equal(first, again) and not np.array_equal(*first)
    model.layers[-1].bias.assign([3.0])
    assert all(keras_twin.predict(model, IMAGES, precision=precision).min() > 0.8 for precision in turns)
    assert len(translated) == count


def test_an_unknown_precision_is_refused(twin):
    with pytest.raises(ValueError, match="float16"):
        twin.predict(network(twin), IMAGES, precision="float16")
