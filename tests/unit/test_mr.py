"""MR preparation on phantoms, whose coil shading and brain are known."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unet_course.phantoms.anatomy.scan import scan
from unet_course.phantoms.brats import heights
from unet_course.preprocessing import mr
from unet_course.preprocessing.skull_strip import check_skull_strip

RNG = np.random.default_rng(0)
SLICE = 240 / 128  # mm, pixels of `a_scan` with one slice
VOLUME = 155 / 32, 240 / 64, 240 / 64  # mm, voxels of `a_scan` with 32 slices


def a_scan(sequence, size, heights, seed=0):
    """Image with skull, coil sensitivity, brain mask and pure white matter of one head, each (Z, H, W)."""
    known = scan(sequence, size, heights, seed=seed)
    return [known.image, known.field, known.brain, known.white]


@pytest.fixture(scope="module")
def volume():
    return a_scan("flair", 64, heights(32))


def variation(values):
    return values.std() / values.mean()


# Grey values


def test_normalised_brains_have_mean_0_and_deviation_1_and_the_rest_stays_0():
    images = RNG.gamma(3, 100, (4, 16, 16, 2))
    images[:, :5] = 0
    result = mr.zscore(images)
    assert result.dtype == np.float32 and not result[:, :5].any()
    np.testing.assert_allclose(result[:, 5:].mean(axis=(0, 1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(result[:, 5:].std(axis=(0, 1, 2)), 1, atol=1e-6)


def test_a_given_brain_decides_what_counts():
    images = np.array([[1.0, 2, 3, 1000]])[..., None]
    result = mr.zscore(images, np.array([[True, True, True, False]]))
    np.testing.assert_allclose(result[0, :, 0], [-np.sqrt(1.5), 0, np.sqrt(1.5), 0], rtol=1e-6)
    with pytest.raises(ValueError, match=r"brain has shape \(4,\)"):
        mr.zscore(images, np.ones(4, bool))


@given(gain=st.floats(0.01, 100), change=st.sampled_from([mr.zscore, mr.rescale]))
def test_the_gain_of_the_scanner_does_not_matter(gain, change):
    images = np.random.default_rng(1).gamma(3, 100, (8, 8, 2)) * (np.arange(8) > 2)[:, None, None]
    np.testing.assert_allclose(change(gain * images), change(images), atol=1e-5)


def test_percentiles_hold_against_an_outlier():
    images = np.linspace(1, 101, 101).reshape(1, 101, 1)
    images[0, -1] = 1e6
    result = mr.rescale(images, low=10, high=90)[0, :, 0]
    assert (result[:11] == 0).all() and (result[90:] == 1).all()
    assert result[50] == pytest.approx(0.5)
    with pytest.raises(ValueError, match="low=50 and high=50"):
        mr.rescale(images, low=50, high=50)


@pytest.mark.parametrize("change", [mr.zscore, mr.rescale])
def test_an_empty_or_constant_modality_becomes_0(change):
    images = np.stack([np.zeros((4, 4)), np.full((4, 4), 7)], axis=-1)
    assert not change(images).any()


# Bias field


@pytest.mark.slow
def test_n4_finds_the_field_of_a_volume(volume):
    image, field, brain, white = volume
    corrected, found = mr.correct_bias(image * brain, brain, spacing=VOLUME, shrink=2)
    assert np.corrcoef(found[brain], field[brain])[0, 1] > 0.97  # measured: 0.981
    assert variation(corrected[white]) < 0.6 * variation(image[white])  # measured: 0.053 of 0.119
    np.testing.assert_allclose(corrected * found, image * brain, rtol=1e-5)
    assert np.log(found[brain]).mean() == pytest.approx(0, abs=1e-4)


@pytest.mark.slow
# T1, with the least contrast between tissues and the shading, is the hardest: over three heads 0.90 to 0.95.
@pytest.mark.parametrize("sequence, least", [("flair", 0.97), ("t2", 0.96), ("t1", 0.93)])
def test_n4_finds_the_field_of_a_single_slice(sequence, least):
    image, field, brain, white = (part[0] for part in a_scan(sequence, 128, [20]))
    corrected, found = mr.correct_bias(image * brain, spacing=SLICE)
    assert np.corrcoef(found[brain], field[brain])[0, 1] > least
    assert variation(corrected[white]) < 0.6 * variation(image[white])


def test_n4_leaves_an_even_image_even():
    disc = (np.hypot(*np.mgrid[-32:32, -32:32]) < 28).astype(np.float32)
    corrected, field = mr.correct_bias(disc * RNG.normal(100, 2, disc.shape), disc > 0, spacing=1)
    assert np.abs(field[disc > 0] - 1).max() < 0.02


def test_n4_manages_few_slices():
    corrected, _ = mr.correct_bias(RNG.normal(100, 2, (4, 32, 32)), spacing=(5, 1, 1), shrink=4)
    assert np.abs(corrected / 100 - 1).max() < 0.15


def test_n4_refuses_what_has_no_logarithm_and_no_brain():
    with pytest.raises(ValueError, match="negative"):
        mr.correct_bias(np.full((8, 8), -1.0), spacing=1)
    with pytest.raises(ValueError, match="brain is empty"):
        mr.correct_bias(np.zeros((8, 8)), spacing=1)
    with pytest.raises(ValueError, match="shrink=0"):
        mr.correct_bias(np.ones((8, 8)), spacing=1, shrink=0)
    with pytest.raises(ValueError, match="slices one by one"):
        mr.correct_bias(np.ones((1, 64, 64)), spacing=1)
    with pytest.raises(ValueError, match="2 or 3 axes, not 4"):
        mr.correct_bias(np.ones((2, 8, 8, 4)), spacing=1)


def test_without_simpleitk_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    with pytest.raises(ModuleNotFoundError, match="pip install SimpleITK"):
        mr.correct_bias(np.ones((8, 8)), spacing=1)


# Resampling


def test_resampling_to_the_same_voxels_changes_nothing():
    image = RNG.random((5, 6, 7, 2)).astype(np.float32)
    np.testing.assert_array_equal(mr.resample(image, (3, 1, 1), (3, 1, 1)), image)


def test_a_ramp_stays_a_ramp_in_millimetres():
    ramp = np.broadcast_to(np.arange(12, dtype=np.float32) + 0.5, (4, 6, 12))  # x in mm at voxel centres of 1 mm
    finer = mr.resample(ramp, (2, 1, 1), (1, 1, 0.5))
    assert finer.shape == (8, 6, 24)
    np.testing.assert_allclose(finer[0, 0, 1:-1], np.arange(1, 23) * 0.5 + 0.25, rtol=1e-6)


def test_labels_stay_labels_and_come_back():
    labels = RNG.choice([0, 1, 2, 4], (6, 8, 8)).astype(np.uint8)
    finer = mr.resample(labels, (2, 1, 1), (1, 0.5, 0.5), labels=True)
    assert finer.dtype == np.uint8 and finer.shape == (12, 16, 16)
    np.testing.assert_array_equal(finer, labels.repeat(2, 0).repeat(2, 1).repeat(2, 2))
    np.testing.assert_array_equal(mr.resample(finer, (1, 0.5, 0.5), (2, 1, 1), labels=True)[:, 1:-1], labels[:, 1:-1])


def test_growing_voxels_average_fine_detail_away():
    stripes = np.tile([0.0, 1.0], (32, 16))
    assert np.abs(mr.resample(stripes, (1, 1), (1, 4))[:, 1:-1] - 0.5).max() < 0.1


@given(
    target=st.tuples(*[st.floats(0.4, 3)] * 3),
    voxel=st.tuples(*[st.integers(0, 4)] * 3),
)
def test_the_affine_keeps_the_outer_corner_and_the_size_of_voxels(target, voxel):
    spacing = (5.0, 1.0, 0.9)
    affine = np.diag([5.0, -1.0, 0.9, 1])
    affine[:3, 3] = -30, 40, 7
    after = mr.resampled_affine(affine, spacing, target)
    corner = [-0.5, -0.5, -0.5, 1]
    np.testing.assert_allclose(after @ corner, affine @ corner, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(after[:3, :3], axis=0), target)
    old = (np.array(voxel) + 0.5) * np.divide(target, spacing) - 0.5
    np.testing.assert_allclose(after @ [*voxel, 1], affine @ [*old, 1], atol=1e-9)


def test_a_spacing_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="does not fit an image"):
        mr.resample(np.zeros((2, 3, 4, 5)), (1, 1), (2, 2))
    with pytest.raises(ValueError, match="one positive number"):
        mr.resample(np.zeros((3, 4)), (1, 1), (2, 0))


# Skull


def test_a_stripped_volume_raises_no_doubt(volume):
    image, _, brain, _ = volume
    assert check_skull_strip(image * brain, VOLUME) == []


def test_a_head_with_its_skull_is_noticed(volume):
    image, _, _, _ = volume
    assert any("border" in doubt for doubt in check_skull_strip(image, VOLUME))
    doubts = " ".join(check_skull_strip(np.where(image > 0.15, image, 0), VOLUME))
    assert "mL" in doubts and "scalp" in doubts


@pytest.mark.parametrize("sequence", ["t1", "t1ce", "t2", "flair"])
def test_scalp_is_told_from_brain_in_single_slices(sequence):
    image, _, brain, _ = (part[0] for part in a_scan(sequence, 128, [20]))
    assert check_skull_strip(image * brain, SLICE) == []
    assert any("scalp" in doubt for doubt in check_skull_strip(np.where(image > 0.12, image, 0), SLICE))


def test_pieces_holes_numbers_and_emptiness_are_noticed(volume):
    image, _, brain, _ = volume
    stripped = image * brain
    apart, hollow, raised = stripped.copy(), stripped.copy(), stripped - 0.1
    apart[:, :, 30:33] = 0
    hollow[16:22, 26:38, 26:38] = 0
    assert any("pieces" in doubt for doubt in check_skull_strip(apart, VOLUME))
    assert any("Holes" in doubt for doubt in check_skull_strip(hollow, VOLUME))
    assert any("goes down to -0.1" in doubt for doubt in check_skull_strip(raised, VOLUME))
    assert check_skull_strip(0 * stripped, VOLUME) == ["The image is empty."]
    assert check_skull_strip(np.pad(np.ones((9, 9)), 3), 20) == []  # pixels too large to tell shells apart
    assert check_skull_strip(np.full((4, 4), np.nan), 1) == ["The image holds NaN or infinity."]


# The scan itself


def test_the_known_scan_is_what_it_says():
    known = scan("flair", 64, heights(32), snr=20)
    assert known.spacing == pytest.approx(VOLUME)
    assert known.image.shape == known.field.shape == known.brain.shape == (32, 64, 64)
    assert 700 < known.brain.sum() * np.prod(known.spacing) / 1000 < 2000  # mL
    in_air = known.image[known.air]
    assert np.sqrt((in_air**2).mean() / 2) == pytest.approx(known.noise, rel=0.03)
    assert not (known.air & known.brain).any() and known.brain[known.white].all()
    np.testing.assert_array_equal(scan("flair", 64, [20], shading=0).field, 1)


def test_another_scanner_sees_the_same_head():
    here, there = (scan("t2", 64, [20], snr=snr, shading=shading) for snr, shading in ((20, 0.1), (40, 0.2)))
    np.testing.assert_array_equal(here.brain, there.brain)
    np.testing.assert_allclose(np.log(there.field), 2 * np.log(here.field), atol=1e-5)
