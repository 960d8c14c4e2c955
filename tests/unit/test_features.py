"""Features of regions against cases that a hand can calculate."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from skimage.feature import graycoprops

from unet_course import features
from unet_course.datasets import brats
from unet_course.datasets.brats import REGIONS
from unet_course.preprocessing import mr

RNG = np.random.default_rng(0)
MASKS = st.one_of(
    arrays(bool, st.tuples(st.integers(1, 7), st.integers(1, 7))),
    arrays(bool, st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))),
).filter(np.any)
# The example that Haralick, Shanmugam and Dinstein print in 1973, and what they count to the right and to the left.
HARALICK = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 2], [2, 2, 3, 3]])
COUNTED = np.array([[4, 2, 1, 0], [2, 4, 0, 0], [1, 0, 6, 1], [0, 0, 1, 2]])


# Grey values


def test_four_values_by_hand():
    found = features.first_order([1, 2, 3, 6], bins=5)
    assert found["mean"] == 3 and found["sd"] == pytest.approx(3.5**0.5)
    assert found["skewness"] == pytest.approx(4.5 / 3.5**1.5)  # third moment (-8 - 1 + 0 + 27) / 4
    assert found["kurtosis"] == pytest.approx(24.5 / 3.5**2 - 3)  # fourth moment (16 + 1 + 0 + 81) / 4
    assert found["entropy"] == pytest.approx(2)  # four values in bins of width 1: four of five bins, one each
    assert (found["minimum"], found["p25"], found["median"], found["maximum"]) == (1, 1.75, 2.5, 6)


@given(arrays(np.int32, st.integers(2, 40), elements=st.integers(-(10**6), 10**6)))
def test_moments_agree_with_scipy(values):
    values = values / 1000
    found = features.first_order(values)
    assert found["sd"] == pytest.approx(values.std(), rel=1e-6, abs=1e-6)
    if np.ptp(values) > 1e-3 * np.abs(values).max():
        assert found["skewness"] == pytest.approx(stats.skew(values), rel=1e-6, abs=1e-6)
        assert found["kurtosis"] == pytest.approx(stats.kurtosis(values), rel=1e-6, abs=1e-6)


def test_equal_values_have_no_entropy_and_no_shape():
    found = features.first_order(np.full(9, 0.1))
    assert found["entropy"] == 0 and found["sd"] == 0 and np.isnan(found["skewness"]) and np.isnan(found["kurtosis"])
    assert all(np.isnan(list(features.first_order([]).values())))


def test_evenly_spread_values_have_the_largest_entropy():
    assert features.first_order(np.arange(64), bins=16)["entropy"] == pytest.approx(4)


def test_levels_have_equal_width_and_limits_clip():
    assert features.quantise([0, 0.24, 0.25, 0.99, 1], 4).tolist() == [0, 0, 1, 3, 3]
    assert features.quantise([-9, 0, 5, 10, 99], 2, limits=(0, 10)).tolist() == [0, 0, 1, 1, 1]
    assert features.quantise([7, 7], 4).tolist() == [0, 0]
    with pytest.raises(ValueError, match=r"limits=\(1, 1\)"):
        features.quantise([1, 2], 4, limits=(1, 1))


# The digital phantom of the Image Biomarker Standardisation Initiative: 74 voxels of 2 mm, 0 outside. Grey levels are
# those printed on the voxels of the figure in chapter 5, "Reference data sets", of the reference manual
# (https://arxiv.org/abs/1612.07003, https://ibsi.readthedocs.io). Values and tolerances below are its consensus values
# for "dig. phantom", chapter 3; without a tolerance, half of the last printed digit.
IBSI = np.array(
    [
        [[1, 4, 4, 1, 1], [1, 4, 6, 1, 1], [4, 1, 6, 4, 1], [4, 4, 6, 4, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 6, 1, 1], [0, 1, 3, 1, 1], [4, 4, 6, 1, 1]],
        [[1, 4, 4, 0, 0], [1, 1, 1, 1, 1], [1, 1, 0, 1, 1], [1, 1, 6, 1, 1]],
        [[1, 4, 4, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 6, 1, 1]],
    ]
)
CONSENSUS = {
    "volume": (592, 4),
    "surface": (388, 3),
    "sphericity": (0.843, 0.005),
    "elongation": (0.816, 0.005),
    "flatness": (0.749, 0.005),
    "diameter": (13.1, 0.1),
    "mean": (2.15, 0.005),
    "sd": (3.05**0.5, 0.005),  # of the variance 3.05
    "skewness": (1.08, 0.005),
    "kurtosis": (-0.355, 0.0005),
    "minimum": (1, 0),
    "p10": (1, 0),
    "median": (1, 0),
    "p90": (4, 0),
    "maximum": (6, 0),
    "entropy": (1.27, 0.005),
    # Co-occurrence, "2.5D, merged": all slices and directions in one matrix, which is what `glcm` counts.
    "contrast": (5.29, 0.005),
    "homogeneity": (0.613, 0.0005),  # there the inverse difference moment
    "energy": (0.277**0.5, 0.0005),  # of the angular second moment 0.277
    "correlation": (0.182, 0.0005),
    "glcm_entropy": (2.61, 0.005),  # there the joint entropy
}


def test_the_phantom_of_ibsi_has_its_consensus_values():
    table = features.region_features(
        IBSI[..., None], (IBSI > 0).astype(int), {"all": (1,)}, modalities=["level"], spacing=2, levels=6
    )
    found = table.set_index("feature")["value"]
    apart = {
        name: (found[name], value)
        for name, (value, tolerance) in CONSENSUS.items()
        if not abs(found[name] - value) <= tolerance
    }
    assert apart == {}


# Texture


def test_the_textbook_matrix_and_its_features_by_hand():
    matrix = features.glcm(HARALICK, np.ones((4, 4), bool), levels=4, angles=[0])
    np.testing.assert_allclose(matrix, COUNTED / 24)
    found = features.texture(matrix)
    assert found["contrast"] == pytest.approx(14 / 24)
    assert found["homogeneity"] == pytest.approx(19.4 / 24)
    assert found["energy"] == pytest.approx(84**0.5 / 24)
    assert found["correlation"] == pytest.approx(431 / 599)
    shares = [4 / 24] * 2 + [6 / 24] + [2 / 24] * 3 + [1 / 24] * 4
    assert found["glcm_entropy"] == pytest.approx(-sum(p * np.log2(p) for p in shares))


@given(arrays(int, (5, 6), elements=st.integers(0, 3)).filter(lambda image: np.ptp(image) > 0))
def test_texture_agrees_with_scikit_image(image):
    matrix = features.glcm(image, np.ones_like(image, bool), levels=4)
    assert matrix.sum() == pytest.approx(1)
    found = features.texture(matrix)
    for name in ("contrast", "homogeneity", "energy", "correlation"):
        assert found[name] == pytest.approx(graycoprops(matrix[:, :, None, None], name)[0, 0], abs=1e-9), name


@given(arrays(int, (5, 5), elements=st.integers(0, 3)), arrays(bool, (5, 5)))
def test_texture_does_not_notice_a_turn_nor_what_lies_outside(image, mask):
    matrix = features.glcm(image, mask, levels=4)
    np.testing.assert_allclose(features.glcm(np.rot90(image), np.rot90(mask), levels=4), matrix)
    np.testing.assert_array_equal(features.glcm(np.where(mask, image, 3), mask, levels=4), matrix)


def test_voxels_of_different_slices_are_no_pair():
    volume = np.zeros((2, 3, 3), int)
    volume[1] = 3
    matrix = features.glcm(volume, np.ones_like(volume, bool), levels=4)
    assert matrix[0, 0] == matrix[3, 3] == 0.5 and matrix[0, 3] == 0


def test_a_region_without_pairs_has_no_texture():
    mask = np.eye(5, dtype=bool)
    matrix = features.glcm(np.zeros((5, 5), int), mask, levels=4, angles=[0])
    assert np.isnan(matrix).all() and np.isnan(list(features.texture(matrix).values())).all()
    with pytest.raises(ValueError, match="0 to levels - 1"):
        features.glcm(np.full((5, 5), 4), mask, levels=4)
    with pytest.raises(ValueError, match=r"\(5, 5\) and the mask \(4, 4\)"):
        features.glcm(np.zeros((5, 5), int), np.ones((4, 4), bool), levels=4)


# Shape


def test_a_square_by_hand():
    mask = np.zeros((12, 14), bool)
    mask[1:11, 2:12] = True
    found = features.shape(mask, spacing=0.5)
    # The outline cuts the four corners: sides of 9 pixels, and a diagonal step of half a pixel each way.
    perimeter, enclosed = 0.5 * (36 + 4 * 0.5**0.5), 0.25 * (100 - 4 / 8)
    assert found["area"] == 25 and found["perimeter"] == pytest.approx(perimeter)
    assert found["circularity"] == pytest.approx(4 * np.pi * enclosed / perimeter**2)
    assert found["elongation"] == pytest.approx(1) and found["extent"] == 1
    assert found["diameter"] == pytest.approx(0.5 * np.hypot(10, 9))


def test_a_rectangle_is_as_elongated_as_the_centres_of_its_pixels_say():
    # n points a step apart have the variance (n^2 - 1) / 12.
    assert features.shape(np.ones((6, 20), bool), spacing=1)["elongation"] == pytest.approx((35 / 399) ** 0.5)
    found = features.shape(np.ones((2, 6, 20), bool), spacing=(1.5, 1, 1))
    assert found["elongation"] == pytest.approx((35 / 399) ** 0.5)
    assert found["flatness"] == pytest.approx(1.5 * (3 / 399) ** 0.5)
    assert found["volume"] == 360


def test_a_line_is_as_elongated_as_can_be_and_a_single_pixel_has_no_direction():
    line = features.shape(np.ones((1, 1, 5), bool), spacing=1)
    assert line["elongation"] == line["flatness"] == 0
    assert np.isnan(features.shape(np.ones((1, 1), bool), spacing=1)["elongation"])


def test_a_disc_is_nearly_round():
    mask = np.hypot(*np.mgrid[-42:43, -42:43]) <= 40
    found = features.shape(mask, spacing=0.25)
    assert found["area"] == pytest.approx(np.pi * 100, rel=1e-3)
    assert found["perimeter"] == pytest.approx(1.06 * 20 * np.pi, rel=0.005)
    assert found["circularity"] == pytest.approx(1 / 1.06**2, rel=0.01)
    assert found["extent"] == pytest.approx(np.pi / 4, rel=0.03)
    assert found["diameter"] == pytest.approx(20, rel=0.015)


@pytest.mark.parametrize("flat, excess", [(1, 1.09), (2, 1.12)])
def test_a_ball_is_nearly_round_in_cubic_and_in_flat_voxels(flat, excess):
    z, y, x = np.mgrid[-42 // flat : 42 // flat + 1, -42:43, -42:43]
    found = features.shape((flat * z) ** 2 + y**2 + x**2 <= 1600, spacing=(flat, 1, 1))
    assert found["volume"] == pytest.approx(4 / 3 * np.pi * 40**3, rel=5e-3)
    assert found["surface"] == pytest.approx(excess * 4 * np.pi * 1600, rel=0.005)
    assert found["sphericity"] == pytest.approx(1 / excess, rel=0.005)
    assert found["elongation"] == pytest.approx(1, abs=1e-3) and found["flatness"] == pytest.approx(1, abs=5e-3)
    assert found["diameter"] == pytest.approx(80, rel=0.03)
    box = (80 + flat) * 81 * 81  # half a voxel more on every side
    assert found["extent"] == pytest.approx(4 / 3 * np.pi * 40**3 / box, rel=5e-3)


def test_a_hole_adds_outline_and_takes_area():
    mask = np.ones((9, 9), bool)
    full = features.shape(mask, spacing=1)
    mask[4, 4] = False
    hollow = features.shape(mask, spacing=1)
    assert hollow["area"] == 80 and hollow["perimeter"] == pytest.approx(full["perimeter"] + 4 * 0.5**0.5)
    assert hollow["circularity"] < full["circularity"]


@given(MASKS)
def test_nothing_is_rounder_than_round_and_shares_are_shares(mask):
    found = features.shape(mask, spacing=1)
    assert 0 < found["circularity" if mask.ndim == 2 else "sphericity"] <= 1 + 1e-9
    assert 0 < found["extent"] <= 1
    assert 0 <= found["elongation"] <= 1 or mask.sum() == 1
    assert found["diameter"] <= np.linalg.norm(mask.shape) + 1e-9


@given(MASKS, st.floats(0.1, 10))
def test_sizes_follow_the_scale_and_forms_neither_scale_nor_turn(mask, scale):
    here = features.shape(mask, spacing=1)
    there = features.shape(np.rot90(mask, axes=(-2, -1)), spacing=scale)
    powers = {"area": 2, "perimeter": 1, "volume": 3, "surface": 2, "diameter": 1}
    for name, value in here.items():
        # Marching cubes cuts a saddle one way or the other, which a turn can change by a few per cent.
        loose = name in ("surface", "sphericity")
        expected = value * scale ** powers.get(name, 0)
        assert there[name] == pytest.approx(expected, rel=0.15 if loose else 1e-5, abs=1e-6, nan_ok=True), name


# The table


def table(shape=(4, 12, 12)):
    images = RNG.normal(size=(*shape, 2))
    labels = RNG.choice([0, 1, 2], shape)
    return images, labels, features.region_features(
        images, labels, REGIONS, modalities=("flair", "t1"), spacing=(3, 1, 1)[-len(shape) :]
    )  # fmt: skip


@pytest.mark.parametrize("shape, size", [((4, 12, 12), ("volume", "mm3", 3)), ((12, 12), ("area", "mm2", 1))])
def test_the_table_has_one_line_per_number_with_its_unit(shape, size):
    images, labels, found = table(shape)
    assert tuple(found.columns) == features.COLUMNS and (found["unit"] != "").all()
    assert not found.duplicated(["region", "modality", "feature"]).any()
    line = found.query("region == 'WT' and feature == @size[0]").iloc[0]
    assert (line["value"], line["unit"]) == ((labels > 0).sum() * size[2], size[1])
    mean = found.query("region == 'TC' and modality == 't1' and feature == 'mean'").iloc[0]
    assert mean["value"] == pytest.approx(images[..., 1][labels == 1].mean())


def test_an_empty_region_has_size_0_and_nothing_else():
    _, _, found = table()
    empty = found[found["region"] == "ET"].set_index("feature")["value"]
    assert empty["volume"] == empty["surface"] == 0
    assert empty.drop(["volume", "surface"]).isna().all()


def test_the_wide_table_has_one_line_per_case_and_region():
    _, _, found = table()
    cases = pd.concat([found.assign(case=case) for case in ("b", "a")])
    lines = features.wide(cases)
    assert lines[["case", "region"]].to_numpy().tolist() == [[c, r] for c in "ba" for r in ("WT", "TC", "ET")]
    wanted = found.query("region == 'TC' and modality == 'flair' and feature == 'contrast'")["value"].item()
    assert lines.query("case == 'a' and region == 'TC'")["flair contrast"].item() == wanted
    assert features.wide(found).shape == (3, len(found) // 3 + 1)


def test_limits_make_regions_comparable():
    image = np.tile([0.0, 1.0], (8, 4))[..., None]
    labels = np.ones((8, 8), int)

    def contrast(scale, limits=None):
        found = features.region_features(
            scale * image, labels, {"all": (1,)}, modalities=["t1"], spacing=1, levels=8, limits=limits
        )
        return found.query("feature == 'contrast'")["value"].item()

    assert contrast(1) == contrast(0.5)
    assert contrast(1, (0, 1)) > contrast(0.5, (0, 1)) > 0


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="2 modalities flair, t1"):
        features.region_features(
            np.zeros((4, 4)), np.zeros((4, 4), int), REGIONS, modalities=("flair", "t1"), spacing=1
        )
    with pytest.raises(ValueError, match="2 or 3 axes"):
        features.shape(np.ones(3, bool), spacing=1)


def test_real_tumours_have_all_features(real):
    images, labels = brats.read_case(brats.case_folders(real("brats"))[0])
    found = features.region_features(
        mr.zscore(images), labels, REGIONS, modalities=brats.MODALITIES, spacing=1, limits=brats.Z_RANGE
    )
    assert np.isfinite(found["value"]).all()
    volumes = features.wide(found)["volume"]
    assert volumes.is_monotonic_decreasing and volumes[0] == (labels > 0).sum()
    mean = found.query("region == 'WT' and modality == 'flair' and feature == 'mean'")["value"].item()
    assert mean > 1  # oedema is bright on FLAIR
