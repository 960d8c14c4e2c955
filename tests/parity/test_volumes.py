"""A volume two slices deep: oneDNN's bfloat16 gradient of a 3x3x3 kernel would be made of memory that nobody wrote."""

import numpy as np
import pytest

rng = np.random.default_rng(0)
VOLUMES = rng.normal(size=(2, 2, 6, 6, 8)).astype(np.float32)
KERNEL = rng.normal(size=(3, 3, 3, 8, 8)).astype(np.float32) / 10


def torch_step(dtype):
    """Outputs and gradient of the kernel for the mean square of the outputs, axes as Keras has them."""
    torch = pytest.importorskip("torch")
    from unet_course.torch.blocks import convolution

    layer = convolution(8, 8, bias=False, dimensions=3)
    layer.weight.data = torch.from_numpy(KERNEL).permute(4, 3, 0, 1, 2).contiguous()
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
        outputs = layer(torch.from_numpy(VOLUMES).movedim(-1, 1))
    outputs.float().square().mean().backward()
    return outputs.detach().float().movedim(1, -1).numpy(), layer.weight.grad.permute(2, 3, 4, 1, 0).numpy()


def keras_step(dtype):
    keras = pytest.importorskip("keras")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow records gradients in this way")
    import tensorflow as tf

    from unet_course.keras.blocks import Conv3D

    policy = "mixed_bfloat16" if dtype == "bfloat16" else "float32"
    layer = Conv3D(8, 3, padding="same", use_bias=False, dtype=policy)
    layer.build(VOLUMES.shape)
    layer.set_weights([KERNEL])
    with tf.GradientTape() as tape:
        outputs = layer(tf.constant(VOLUMES))
        loss = tf.reduce_mean(tf.square(tf.cast(outputs, "float32")))
    kernel = layer.trainable_weights[0].value
    return tf.cast(outputs, "float32").numpy(), tape.gradient(loss, kernel).numpy()


@pytest.mark.parametrize("step", [torch_step, keras_step])
def test_bfloat16_has_the_outputs_and_the_gradient_of_float32(step):
    (exact, slope), (coarse, coarse_slope) = step("float32"), step("bfloat16")
    assert exact.shape == VOLUMES.shape
    np.testing.assert_allclose(coarse, exact, atol=0.02 * np.abs(exact).max())
    np.testing.assert_allclose(coarse_slope, slope, atol=0.02 * np.abs(slope).max())


def test_both_twins_give_the_same():
    for ours, theirs in zip(torch_step("float32"), keras_step("float32"), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
