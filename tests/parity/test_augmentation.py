"""The same parameters give the same pixels in NumPy, Keras and PyTorch, whatever the backend."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

from unet_course.augmentation import Augmentation, augment
from unet_course.augmentation.parameters import Parameters, affine_maps

SIZES = [(32, 32), (33, 48), (64, 65)]
TRANSFORMS = {
    "nothing": Augmentation.only(),
    "rotation": Augmentation.only(rotation=180),
    "shift": Augmentation.only(shift=0.5),
    "zoom": Augmentation.only(zoom=1),
    "flip": Augmentation.only(flip="both"),
    "quarter_turns": Augmentation.only(quarter_turns=True),
    "elastic": Augmentation.only(elastic=0.05),
    "brightness": Augmentation.only(brightness=1),
    "contrast": Augmentation.only(contrast=1),
    "gamma": Augmentation.only(gamma=1),
    "noise": Augmentation.only(noise=1),
    "all": Augmentation(flip="both"),
}
MOVEMENTS = ("rotation", "shift", "zoom", "flip", "quarter_turns", "elastic")


def batch(name, size, n=5):
    """Images of random pixels, the hardest to agree on, masks of five labels, and parameters."""
    if name == "quarter_turns":
        size = (size[0], size[0])
    rng = np.random.default_rng(0)
    images = rng.random((n, *size, 3), dtype=np.float32)
    masks = rng.integers(0, 5, (n, *size)).astype(np.int32)
    return images, masks, TRANSFORMS[name].sample(rng, n, *size)


def run(twin, images, masks, parameters):
    """The twin's answer as arrays."""
    if twin.__name__.endswith("torch"):
        import torch

        return [x.numpy() for x in twin.augment(torch.from_numpy(images), torch.from_numpy(masks), parameters)]
    from keras import ops

    tensors = ops.convert_to_tensor(images), ops.convert_to_tensor(masks)
    return [ops.convert_to_numpy(x) for x in twin.augment(*tensors, parameters)]


@pytest.mark.parametrize("name", TRANSFORMS)
def test_pixels_are_those_of_numpy(twin, name):
    for size in SIZES:
        images, masks, parameters = batch(name, size)
        expected_images, expected_masks = augment(images, masks, parameters)
        if name != "nothing":
            assert not np.array_equal(expected_images, images), size
        new_images, new_masks = run(twin, images, masks, parameters)
        assert new_images.dtype == np.float32 and new_masks.dtype == masks.dtype
        assert np.array_equal(new_masks, expected_masks), size
        if name in MOVEMENTS:  # the same float32 operations in the same order
            assert np.array_equal(new_images, expected_images), size
        assert np.abs(new_images - expected_images).max() <= 1e-6, size


@pytest.mark.parametrize(
    "movement", [{"shift": (0.5, 1.5)}, {"rotation": 90}, {"rotation": -90, "flip": (True, False)}]
)
def test_of_two_equally_near_pixels_all_take_the_same(twin, movement):
    # Half a pixel beside the grid, and an odd side on an even one: every position is a tie.
    images, masks, _ = batch("rotation", (33, 48))
    parameters = Parameters(33, 48, maps=np.repeat(affine_maps(**movement), len(images), axis=0))
    assert np.array_equal(run(twin, images, masks, parameters)[1], augment(images, masks, parameters)[1])


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_keras_has_the_same_pixels_on_other_backends(backend):
    for package in ("keras", backend):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    command = [sys.executable, "-m", "pytest", "-q", __file__, "-p", "no:cacheprovider", "-k", "numpy and keras"]
    done = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": backend}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert f"{len(TRANSFORMS)} passed" in done.stdout


@pytest.mark.parametrize("name", ["all", "elastic"])
def test_torch_never_asks_the_device_for_a_value(torch_twin, name):
    # A meta tensor has a shape and no values: whatever needed one on the host would fail.
    import torch

    images, masks, parameters = batch(name, (32, 32))
    meta = torch.from_numpy(images).to("meta"), torch.from_numpy(masks).to("meta")
    new_images, new_masks = torch_twin.augment(*meta, parameters)
    assert new_images.device.type == new_masks.device.type == "meta"
    assert new_images.shape == images.shape and new_masks.shape == masks.shape


@pytest.mark.parametrize("jit", [False, True], ids=["graph", "xla"])
@pytest.mark.parametrize("name", ["all", "rotation"])
def test_keras_never_asks_the_device_for_a_value(keras_twin, name, jit):
    # While it is compiled a tensor has no values either.
    tf = pytest.importorskip("tensorflow")
    images, masks, parameters = batch(name, (33, 48))

    @tf.function(jit_compile=jit)
    def compiled(images, masks):
        return keras_twin.augment(images, masks, parameters)

    new_images, new_masks = (x.numpy() for x in compiled(tf.constant(images), tf.constant(masks)))
    expected_images, expected_masks = augment(images, masks, parameters)
    # A compiler may fuse a product and a sum. Positions survive that as they need no rounding, except elastic ones.
    tolerance = 1e-5 if name == "all" else 1e-6
    assert np.abs(new_images - expected_images).max() <= tolerance
    assert np.array_equal(new_masks, expected_masks)


def test_a_gpu_has_the_same_pixels_and_is_never_waited_for(torch_twin):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    for name in TRANSFORMS:
        images, masks, parameters = batch(name, (64, 65))
        moved = torch.from_numpy(images).cuda(), torch.from_numpy(masks).cuda()
        torch.cuda.set_sync_debug_mode("error")
        try:
            new_images, new_masks = torch_twin.augment(*moved, parameters)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        expected_images, expected_masks = augment(images, masks, parameters)
        assert np.array_equal(new_masks.cpu().numpy(), expected_masks), name
        assert np.abs(new_images.cpu().numpy() - expected_images).max() <= 1e-5, name


def test_twins_refuse_what_does_not_fit(twin):
    images, masks, parameters = batch("all", (32, 32))
    with pytest.raises(ValueError, match="drawn for 5 images of 32x32 pixels"):
        run(twin, images[:2], masks[:2], parameters)
    with pytest.raises(ValueError, match="divide uint8 by 255"):
        run(twin, (255 * images).astype(np.uint8), masks, parameters)
