"""The batch norm of the Keras twin gives the numbers of Keras' own, whichever way it is computed."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")
from unet_course.keras.batch_norm import BatchNorm  # noqa: E402

if keras.backend.backend() != "tensorflow":
    pytest.skip("only TensorFlow computes it in another way", allow_module_level=True)
import tensorflow as tf  # noqa: E402

rng = np.random.default_rng(0)
IMAGES = (5 + 3 * rng.normal(size=(3, 6, 5, 4))).astype(np.float32)
VOLUMES = rng.normal(size=(2, 3, 4, 5, 4)).astype(np.float32)


def layers(shape, dtype="float32", **options):
    """Ours and that of Keras with the same random parameters."""
    numbers = np.random.default_rng(1)
    start = [numbers.uniform(0.5, 2, shape[-1]) for _ in range(4)]
    options |= {"epsilon": 1e-5, "momentum": 0.9, "dtype": dtype}
    pair = [kind(**options) for kind in (BatchNorm, keras.layers.BatchNormalization)]
    for layer in pair:
        layer.build(shape)
        layer.set_weights(start)
    return pair


def training_step(layer, inputs):
    """Output, gradients of inputs and weights, and the stored averages after one batch."""
    x, weights = tf.constant(inputs), np.cos(np.arange(inputs.size, dtype=np.float32)).reshape(inputs.shape)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
        loss = tf.reduce_sum(tf.cast(y, "float32") * weights)
    gradients = tape.gradient(loss, [x, *[v.value for v in layer.trainable_variables]])
    return [np.asarray(v, np.float32) for v in (y, *gradients, layer.moving_mean, layer.moving_variance)]


INPUTS = {"images": IMAGES, "volumes": VOLUMES, "two pixels": IMAGES[:1, :1, :2], "float64": IMAGES.astype(float)}


@pytest.mark.parametrize("inputs", INPUTS.values(), ids=INPUTS)
def test_training_gives_the_numbers_of_keras(inputs):
    ours, theirs = (training_step(layer, inputs) for layer in layers(inputs.shape, str(inputs.dtype)))
    for one, two in zip(ours, theirs, strict=True):
        assert one.shape == two.shape
        assert np.abs(one - two).max() <= 1e-4 * max(1, np.abs(two).max())


def test_in_bfloat16_the_averages_stay_exact():
    ours, theirs = (training_step(layer, IMAGES) for layer in layers(IMAGES.shape, "mixed_bfloat16"))
    assert np.abs(ours[0] - theirs[0]).max() < 0.05
    for one, two in zip(ours[-2:], theirs[-2:], strict=True):
        assert np.abs(one - two).max() < 1e-3


def test_prediction_and_frozen_layers_use_the_stored_averages():
    for ours, theirs in (layers(IMAGES.shape), layers(IMAGES.shape, trainable=False)):
        training = not ours.trainable
        before = [w.copy() for w in ours.get_weights()]
        one, two = (np.asarray(layer(IMAGES, training=training)) for layer in (ours, theirs))
        assert np.abs(one - two).max() <= 1e-5 * np.abs(two).max()
        assert all(np.array_equal(one, two) for one, two in zip(before, ours.get_weights(), strict=True))


def test_a_saved_network_comes_back(tmp_path):
    image = keras.Input((6, 5, 4))
    model = keras.Model(image, BatchNorm(epsilon=1e-5, momentum=0.9)(image))
    model(IMAGES, training=True)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert type(again.layers[-1]) is BatchNorm
    assert np.array_equal(model(IMAGES), again(IMAGES))
