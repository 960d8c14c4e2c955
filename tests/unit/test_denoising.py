"""Total variation: what must hold for every image, closed forms, and scikit-image's result once it has converged."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unet_course import denoising
from unet_course.datasets import lgg
from unet_course.denoising import denoise_tv

LOOPS = [pytest.param(False, id="numpy"), pytest.param(True, id="numba")]
KINDS = [{"isotropic": isotropic, "coupled": coupled} for isotropic in (True, False) for coupled in (True, False)]
SHAPES = [(2, 9, 12, 1), (1, 7, 6, 3), (1, 4, 6, 5, 2)]

pictures = st.sampled_from(SHAPES).flatmap(lambda s: arrays(np.float64, s, elements=st.floats(0, 1, width=32)))
weights = st.floats(0.01, 1)
kinds = st.sampled_from(KINDS)


@pytest.fixture(params=LOOPS)
def compiled(request):
    if request.param:
        pytest.importorskip("numba", reason="needs Numba")
    return request.param


def exact(images, weight, **options):
    """The solution, nearly: what is measured against it has a tolerance of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return denoise_tv(images, weight, **{"gap": 1e-9, "max_iterations": 3000, **options})


def objective(u, images, weight, isotropic=True, coupled=False):
    """1/2 ||u - images||^2 + weight * TV(u) of a batch, written without the package."""
    slope = np.zeros((u.ndim - 2, *u.shape))
    for axis in range(1, u.ndim - 1):
        inner = [slice(None)] * u.ndim
        inner[axis] = slice(0, -1)
        slope[(axis - 1, *inner)] = np.diff(u.astype(float), axis=axis)
    together = (0,) * isotropic + (-1,) * coupled
    variation = np.sqrt(np.sum(slope**2, axis=together)).sum() if together else np.abs(slope).sum()
    return ((u.astype(float) - images) ** 2).sum() / 2 + weight * variation


def phantom(sigma=0.08, size=64):
    """A disc and a square on a slope of grey, with noise."""
    y, x = np.mgrid[:size, :size] / size
    clean = (
        0.2 * x + 0.5 * ((x - 0.4) ** 2 + (y - 0.5) ** 2 < 0.06) + 0.3 * ((abs(x - 0.8) < 0.1) & (abs(y - 0.3) < 0.2))
    )
    noisy = clean + np.random.default_rng(0).normal(0, sigma, clean.shape)
    return clean[None, ..., None].astype(np.float32), noisy[None, ..., None].astype(np.float32)


# What must hold for every image.


@given(st.sampled_from(SHAPES), st.floats(0, 1, width=32), st.floats(0, 10), kinds)
def test_a_constant_image_stays(shape, grey, weight, kind):
    images = np.full(shape, grey, np.float32)
    assert np.array_equal(denoise_tv(images, weight, compiled=False, **kind), images)


@given(pictures, kinds)
def test_weight_0_changes_nothing(images, kind):
    assert np.array_equal(denoise_tv(images, 0, compiled=False, **kind), images)


@given(pictures, weights, kinds)
def test_each_channel_keeps_its_mean(images, weight, kind):
    axes = tuple(range(1, images.ndim - 1))
    u = denoise_tv(images, weight, gap=None, max_iterations=50, compiled=False, **kind)
    assert u.mean(axes) == pytest.approx(images.mean(axes), abs=1e-12)


@pytest.mark.slow
@given(pictures, weights, kinds)
def test_the_gap_bounds_the_distance_to_the_solution(images, weight, kind):
    u, found = denoise_tv(images, weight, gap=None, max_iterations=20, certificate=True, **kind)
    solution = exact(images, weight, **kind)
    for i in range(len(images)):
        one = slice(i, i + 1)
        reached = objective(u[one], images[one], weight, **kind)
        assert reached - objective(solution[one], images[one], weight, **kind) <= found.gap[i] * reached + 1e-12
        assert ((u[i] - solution[i]) ** 2).sum() / 2 <= (1.0001 * found.gap[i] + 1e-8) * reached + 1e-12


@settings(max_examples=30)
@given(pictures, weights, kinds)
def test_nothing_leaves_the_range_of_the_image(images, weight, kind):
    u = exact(images, weight, **kind)
    error = np.sqrt(2e-9 * objective(images, images, weight, **kind))
    axes = tuple(range(1, images.ndim - 1))
    assert (u.min(axes) >= images.min(axes) - error - 1e-9).all() and (
        u.max(axes) <= images.max(axes) + error + 1e-9
    ).all()


@settings(max_examples=30)
@given(pictures, weights, st.floats(0.1, 10), st.floats(-1, 1), kinds)
def test_contrast_and_brightness_scale_through(images, weight, contrast, shift, kind):
    u = denoise_tv(images, weight, gap=None, max_iterations=40, compiled=False, **kind)
    changed = denoise_tv(
        contrast * images + shift, contrast * weight, gap=None, max_iterations=40, compiled=False, **kind
    )
    assert changed == pytest.approx(contrast * u + shift, abs=1e-9)


@settings(max_examples=30)
@given(pictures, pictures, weights, kinds)
def test_two_images_never_move_apart(images, others, weight, kind):
    others = np.resize(others, images.shape)
    before, u, v = np.sum((images - others) ** 2), exact(images, weight, **kind), exact(others, weight, **kind)
    error = sum(np.sqrt(2e-9 * objective(x, x, weight, **kind)) for x in (images, others))
    assert np.sqrt(np.sum((u - v) ** 2)) <= np.sqrt(before) + error + 1e-9


@settings(max_examples=15)
@given(arrays(np.float64, (1, 8, 11, 2), elements=st.floats(0, 1, width=32)), weights, st.booleans())
def test_turned_by_90_degrees_it_is_the_same_without_directions(images, weight, coupled):
    def turned(u):
        return np.rot90(u, axes=(1, 2))

    kind = {"isotropic": False, "coupled": coupled}
    error = 2 * np.sqrt(2e-9 * objective(images, images, weight, **kind))
    assert exact(turned(images), weight, **kind) == pytest.approx(
        turned(exact(images, weight, **kind)), abs=error + 1e-9
    )


@settings(max_examples=15)
@given(pictures, kinds)
def test_a_larger_weight_leaves_less_variation(images, kind):
    def variation(u):
        return objective(u, u, 1, **kind)

    variations = [variation(exact(images, weight, **kind)) for weight in (0, 0.05, 0.2, 1)]
    assert all(less <= more + 1e-3 for more, less in zip(variations, variations[1:], strict=False))


# Closed forms, and how the two loops compute.


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_very_large_weight_leaves_the_mean(compiled, kind):
    images = np.random.default_rng(0).random((2, 8, 9, 2))
    mean = np.broadcast_to(images.mean((1, 2), keepdims=True), images.shape)
    assert exact(images, 100, compiled=compiled, **kind) == pytest.approx(mean, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_step_moves_together_by_the_weight_over_the_length_of_its_sides(compiled, kind, axis):
    step = np.where(np.arange(12) < 5, 0.2, 0.9)
    shape = [1, 1, 1, 1, 1]
    shape[1 + axis] = 12
    u = exact(step.reshape(shape), 0.3, compiled=compiled, gap=0, **kind)
    expected = np.where(np.arange(12) < 5, 0.2 + 0.3 / 5, 0.9 - 0.3 / 7)
    assert u.ravel() == pytest.approx(expected, abs=1e-4)


def test_coupled_channels_share_one_length(compiled):
    # The same step in two channels has the length sqrt(2): each channel moves by 1 / sqrt(2) of what it would alone.
    step = np.where(np.arange(12) < 5, 0.2, 0.9)
    u = exact(np.stack([step, step], -1)[None, None], 0.3, compiled=compiled, gap=0, coupled=True)
    expected = np.where(np.arange(12) < 5, 0.2 + 0.3 / 5 / np.sqrt(2), 0.9 - 0.3 / 7 / np.sqrt(2))
    assert u[0, 0, :, 0] == pytest.approx(expected, abs=1e-4)
    assert u[0, 0, :, 1] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("shape", [(3, 20, 24, 3), (3, 5, 12, 9, 2)], ids=["slices", "volumes"])
def test_numba_computes_what_numpy_does(shape, kind):
    pytest.importorskip("numba")
    images = np.random.default_rng(0).random(shape, dtype=np.float32)
    for gap in (1e-3, None):
        options = {"gap": gap, "max_iterations": 200, "certificate": True, **kind}
        expected, slow = denoise_tv(images, [0, 0.1, 0.3], compiled=False, **options)
        u, fast = denoise_tv(images, [0, 0.1, 0.3], compiled=True, **options)
        assert u.dtype == images.dtype
        assert np.abs(u - expected).max() <= 1e-6
        assert np.array_equal(fast.iterations, slow.iterations)
        assert fast.gap == pytest.approx(slow.gap, rel=1e-3, abs=1e-7)


def test_an_image_never_depends_on_its_neighbours(compiled):
    images = np.random.default_rng(0).random((4, 16, 17, 2), dtype=np.float32) * np.float32(
        [[[[1]]], [[[0.1]]], [[[0]]], [[[2]]]]
    )
    weight = [0.1, 0.05, 0.1, 0.4]
    together, found = denoise_tv(images, weight, certificate=True, compiled=compiled)
    assert len(set(found.iterations)) > 2
    for i in range(4):
        assert np.array_equal(denoise_tv(images[i : i + 1], weight[i], compiled=compiled)[0], together[i])


@pytest.mark.slow
def test_float32_reaches_a_gap_of_a_millionth(compiled):
    _, noisy = phantom()
    u, found = denoise_tv(noisy, 0.1, gap=1e-6, max_iterations=5000, certificate=True, compiled=compiled)
    assert u.dtype == np.float32 and found.gap[0] <= 1e-6
    assert np.abs(u - exact(noisy.astype(float), 0.1, max_iterations=20000, compiled=compiled)).max() <= 2e-2


def test_no_image_gives_no_image(compiled):
    assert denoise_tv(np.zeros((0, 4, 5, 1), np.float32), 0.1, compiled=compiled).shape == (0, 4, 5, 1)


def test_noise_goes_and_edges_stay():
    clean, noisy = phantom()
    u = denoise_tv(noisy, 0.1)
    assert np.mean((u - clean) ** 2) < np.mean((noisy - clean) ** 2) / 8


# Beside scikit-image.


def same_objective_as_scikit_image(images, weight):
    restoration = pytest.importorskip("skimage.restoration")
    u = denoise_tv(images, weight, gap=1e-5, max_iterations=20000)
    options = {"eps": 0, "max_num_iter": 4000, "channel_axis": -1}
    theirs = np.stack([restoration.denoise_tv_chambolle(image.astype(float), weight, **options) for image in images])
    assert objective(u, images, weight) == pytest.approx(objective(theirs, images, weight), rel=1e-4)


@pytest.mark.parametrize("weight", [0.03, 0.1])
def test_scikit_image_gets_there_too_on_a_phantom(weight):
    same_objective_as_scikit_image(phantom()[1], weight)


def test_scikit_image_gets_there_too_in_a_volume():
    same_objective_as_scikit_image(np.random.default_rng(0).random((1, 6, 16, 15, 1)), 0.05)


def test_scikit_image_gets_there_too_on_real_slices(real):
    dataset = lgg.load(real("lgg"))
    slices = np.stack([np.asarray(dataset.images[i])[::2, ::2] for i in (10, len(dataset) // 2)]) / np.float32(255)
    noisy = slices + np.random.default_rng(0).normal(0, 0.05, slices.shape).astype(np.float32)
    same_objective_as_scikit_image(noisy, 0.05)


def test_scikit_image_stops_early_unless_told_otherwise():
    restoration = pytest.importorskip("skimage.restoration")
    _, noisy = phantom(size=128)
    theirs = restoration.denoise_tv_chambolle(noisy[0].astype(float), 0.1, channel_axis=-1)[None]
    assert objective(theirs, noisy, 0.1) > 1.02 * objective(denoise_tv(noisy, 0.1), noisy, 0.1)


# What is refused.


@pytest.mark.parametrize(
    "change, message",
    [
        ({"images": np.zeros((8, 8), np.float32)}, r"neither slices \(N, H, W, C\) nor volumes"),
        ({"images": np.zeros((1, 8, 8, 1), np.uint8)}, "divide uint8 by 255"),
        ({"images": np.full((1, 8, 8, 1), np.nan, np.float32)}, "NaN or infinity"),
        ({"weight": -0.1}, "not negative"),
        ({"weight": np.inf}, "must be finite"),
        ({"weight": np.nan}, "must be finite"),
        ({"weight": [0.1, 0.2]}, "one for each of the 1 images"),
        ({"gap": -1}, r"lie in \[0, 1\)"),
        ({"gap": 1}, r"lie in \[0, 1\)"),
        ({"max_iterations": 0}, "1 or more"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_with_a_sentence(change, message):
    options = {"images": np.zeros((1, 8, 8, 1), np.float32), "weight": 0.1, **change}
    with pytest.raises(ValueError, match=message):
        denoise_tv(**options)


def test_a_gap_that_is_not_reached_is_said(compiled):
    noisy = np.concatenate([phantom()[1], np.zeros((1, 64, 64, 1), np.float32)])
    with pytest.warns(UserWarning, match="1 of 2 images stopped after 20 iterations"):
        denoise_tv(noisy, 0.1, max_iterations=20, compiled=compiled)


def test_without_numba_numpy_does_it(monkeypatch):
    _, noisy = phantom(size=16)
    monkeypatch.setattr(denoising, "has_numba", lambda: False)
    monkeypatch.setattr(denoising, "_solve_compiled", None)
    assert denoise_tv(noisy, 0.1).shape == noisy.shape
