"""Total variation gives the same images in NumPy, Keras and PyTorch, and lets a network learn through it."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

from unet_course import denoising

KINDS = [{"isotropic": isotropic, "coupled": coupled} for isotropic in (True, False) for coupled in (True, False)]
SHAPES = {"slices": (3, 17, 20, 3), "volumes": (3, 5, 9, 8, 2)}
WEIGHTS = [0.0, 0.05, 0.3]


def batch(shape):
    """Noise around a step, the images of different contrast, so that they take different times."""
    rng = np.random.default_rng(0)
    images = rng.normal(0, 0.1, SHAPES[shape]) + (np.arange(SHAPES[shape][-2]) > 6)[:, None]
    return images.astype(np.float32) * np.float32([1, 0.2, 1]).reshape(-1, *[1] * (images.ndim - 1))


def run(twin, images, weight, **options):
    """The twin's answer as arrays."""
    result = twin.denoise_tv(images, weight, **options)
    images, *found = result if options.get("certificate") else (result,)
    if twin.__name__.endswith("torch"):
        return [images.detach().cpu().numpy(), *found]
    from keras import ops

    return [ops.convert_to_numpy(images), *found]


@pytest.fixture(params=["own loop", "compiled loop"])
def loop(request, monkeypatch):
    """On a processor the twins lend the compiled loop; on a GPU, and without Numba, they use their own."""
    if request.param == "own loop":
        monkeypatch.setattr(denoising, "has_numba", lambda: False)
    else:
        pytest.importorskip("numba", reason="needs Numba")


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("shape", SHAPES)
def test_images_are_those_of_numpy(twin, loop, shape, kind):
    images = batch(shape)
    expected, slow = denoising.denoise_tv(images, WEIGHTS, certificate=True, compiled=False, **kind)
    result, found = run(twin, images, WEIGHTS, certificate=True, **kind)
    assert np.abs(expected - images).max() > 0.1 and len(set(slow.iterations)) > 1
    assert result.dtype == np.float32
    assert np.abs(result - expected).max() <= 1e-5
    assert np.array_equal(found.iterations, slow.iterations)
    assert found.gap == pytest.approx(slow.gap, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_fixed_number_of_iterations_gives_what_numpy_gives(twin, shape, kind):
    options = {"gap": None, "max_iterations": 30, **kind}
    expected = denoising.denoise_tv(batch(shape), WEIGHTS, compiled=False, **options)
    assert np.abs(run(twin, batch(shape), WEIGHTS, **options)[0] - expected).max() <= 1e-5


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_keras_has_the_same_images_on_other_backends(backend):
    for package in ("keras", backend):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    command = [sys.executable, "-m", "pytest", "-q", __file__, "-p", "no:cacheprovider", "-k", "numpy and keras"]
    done = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": backend}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_gradients_are_slopes(twin, value_and_gradient, kind):
    rng = np.random.default_rng(0)
    images, towards = rng.random((2, 6, 7, 2)), rng.random((2, 6, 7, 2))
    options = {"gap": None, "max_iterations": 15, **kind}

    def loss(images, towards):
        return (twin.denoise_tv(images, 0.1, **options) * towards).sum()

    def loss_of_keras(images, towards):
        from keras import ops

        return ops.sum(twin.denoise_tv(images, 0.1, **options) * towards)

    function = loss if twin.__name__.endswith("torch") else loss_of_keras
    _, gradient = value_and_gradient(twin, function, images, towards)
    direction, h = rng.normal(size=images.shape), 1e-6

    def value(images):
        return (denoising.denoise_tv(images, 0.1, compiled=False, **options) * towards).sum()

    slope = (value(images + h * direction) - value(images - h * direction)) / (2 * h)
    assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-5)


def test_torch_learns_the_weight(torch_twin):
    torch = pytest.importorskip("torch")
    clean = np.zeros((1, 16, 16, 1), np.float32)
    clean[:, 4:12, 4:12] = 1
    noisy = torch.from_numpy(clean + np.random.default_rng(0).normal(0, 0.15, clean.shape).astype(np.float32))
    weight = torch.tensor(0.01, requires_grad=True)
    optimizer, losses = torch.optim.Adam([weight], lr=0.02), []
    for _ in range(15):
        loss = torch.mean(
            (torch_twin.denoise_tv(noisy, weight, gap=None, max_iterations=30) - torch.from_numpy(clean)) ** 2
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 3 and 0.05 < weight.item() < 0.5


def test_keras_learns_through_it_inside_a_compiled_model(keras_twin):
    import keras

    class Denoise(keras.layers.Layer):
        """A layer with one weight: how much to smooth."""

        def build(self, shape):
            self.weight = self.add_weight(shape=(), initializer=keras.initializers.Constant(0.01))

        def call(self, images):
            return keras_twin.denoise_tv(images, self.weight, gap=None, max_iterations=10)

    clean = np.zeros((4, 16, 16, 1), np.float32)
    clean[:, 4:12, 4:12] = 1
    noisy = clean + np.random.default_rng(0).normal(0, 0.15, clean.shape).astype(np.float32)
    model = keras.Sequential([keras.Input((16, 16, 1)), Denoise()])
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss="mse")
    losses = model.fit(noisy, clean, epochs=15, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 3


def test_no_nan_comes_back_from_flat_images(torch_twin):
    torch = pytest.importorskip("torch")
    for weight in (0.0, 0.1):
        images = torch.zeros((1, 8, 8, 1), requires_grad=True)
        learnt = torch.tensor(weight, requires_grad=True)
        torch_twin.denoise_tv(images, learnt, gap=None, max_iterations=10).sum().backward()
        assert torch.isfinite(images.grad).all() and torch.isfinite(learnt.grad)


def test_torch_says_that_nothing_is_learnt_through_a_gap(torch_twin):
    torch = pytest.importorskip("torch")
    images = torch.zeros((1, 8, 8, 1), requires_grad=True)
    with pytest.raises(ValueError, match="pass gap=None"):
        torch_twin.denoise_tv(images, 0.1)
    with torch.no_grad():
        assert torch_twin.denoise_tv(images, 0.1).shape == images.shape


def test_twins_refuse_what_makes_no_sense(twin, loop):
    images = batch("slices")
    for change, message in (
        ({"images": images[0]}, "neither slices"),
        ({"images": (255 * images).astype(np.uint8)}, "divide uint8 by 255"),
        ({"images": images * np.nan}, "NaN or infinity"),
        ({"weight": -1.0}, "not negative"),
        ({"weight": [0.1, 0.2]}, "one for each of the 3 images"),
        ({"gap": 2}, "fraction"),
        ({"gap": None, "certificate": True}, "needs a gap"),
    ):
        with pytest.raises(ValueError, match=message):
            run(twin, **{"images": images, "weight": 0.1, **change})


def test_no_image_gives_no_image(twin, loop):
    assert run(twin, batch("slices")[:0], 0.1)[0].shape == (0, 17, 20, 3)


def test_twins_say_which_images_are_not_done(twin, loop):
    with pytest.warns(UserWarning, match="1 of 3 images stopped after 10 iterations"):
        run(twin, batch("slices"), [0, 0.001, 0.3], max_iterations=10)


def test_a_gpu_has_the_same_images(torch_twin):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    images = batch("slices")
    result = torch_twin.denoise_tv(torch.from_numpy(images).cuda(), WEIGHTS)
    assert result.is_cuda
    assert np.abs(result.cpu().numpy() - denoising.denoise_tv(images, WEIGHTS)).max() <= 1e-5
