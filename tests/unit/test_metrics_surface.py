"""Distances between surfaces against hand-made cases, brute force, and identities that must hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from unet_course import metrics
from unet_course.datasets.brats import REGIONS

pictures = hnp.arrays(bool, (5, 6), elements=st.booleans())
volumes = hnp.arrays(bool, (3, 4, 5), elements=st.booleans())
some = st.one_of(st.tuples(pictures, pictures), st.tuples(volumes, volumes))
RULES = {"empty": 1, "one_empty": np.inf}


def square(top, left, side=4, shape=(8, 8)):
    mask = np.zeros(shape, dtype=int)
    mask[top : top + side, left : left + side] = 1
    return mask


def spacing_of(mask):
    return (2.0, 0.5, 1.5)[: mask.ndim]


def brute_force(truth, prediction, spacing):
    """All distances from one surface to the other, point by point."""

    def surface(mask):
        points = []
        for point in np.argwhere(mask):
            steps = [sign * np.eye(mask.ndim, dtype=int)[axis] for axis in range(mask.ndim) for sign in (-1, 1)]
            around = [point + step for step in steps]
            inside = [(p >= 0).all() and (p < mask.shape).all() and mask[tuple(p)] for p in around]
            if not all(inside):
                points.append(point * np.array(spacing))
        return np.array(points)

    a, b = surface(truth), surface(prediction)
    pairs = np.linalg.norm(a[:, None] - b[None], axis=-1)
    return pairs.min(axis=1), pairs.min(axis=0)


@given(some)
@settings(max_examples=60)
def test_distances_are_those_of_brute_force(masks):
    truth, prediction = masks
    if truth.any() and prediction.any():
        spacing = spacing_of(truth)
        ours = metrics.surface_distances(truth, prediction, spacing=spacing)
        for own, expected in zip(ours, brute_force(truth, prediction, spacing), strict=True):
            assert np.allclose(own, expected)


def test_a_tree_of_points_and_a_distance_map_measure_the_same():
    rng = np.random.default_rng(0)
    sparse = [rng.random((40, 40, 40)) < 0.001 for _ in range(2)]  # few points in many pixels: the tree
    dense = [mask[8:20, 8:20, 8:20] | (rng.random((12, 12, 12)) < 0.5) for mask in sparse]  # the map
    for truth, prediction in (sparse, dense):
        ours = metrics.surface_distances(truth, prediction, spacing=(3, 1, 1))
        for own, expected in zip(ours, brute_force(truth, prediction, (3, 1, 1)), strict=True):
            assert np.allclose(own, expected)


def test_two_pixels_two_millimetres_apart():
    truth, prediction = np.zeros((1, 5), int), np.zeros((1, 5), int)
    truth[0, 1], prediction[0, 3] = 1, 1
    scores = metrics.surface_scores(truth, prediction, spacing=(9, 1), tolerance=2, **RULES)
    assert scores == {"hausdorff_95": 2, "average_surface_distance": 2, "surface_dice": 1}
    assert metrics.surface_dice(truth, prediction, spacing=1, tolerance=1.9, empty=1) == 0


def test_a_shifted_square_by_hand():
    # Each outline has 12 points, of which 6 lie on the other outline and 6 one pixel beside it.
    truth, prediction = square(0, 0), square(0, 1)
    scores = metrics.surface_scores(truth, prediction, spacing=1, tolerance=0, **RULES)
    assert scores["hausdorff_95"] == 1
    assert scores["average_surface_distance"] == 0.5
    assert scores["surface_dice"] == 0.5


def test_three_steps_of_a_tenth_of_a_millimetre_are_within_three_tenths():
    row = np.zeros((1, 8), int)
    truth, prediction = row.copy(), row.copy()
    truth[0, 0], prediction[0, 3] = 1, 1
    assert metrics.surface_dice(truth, prediction, spacing=0.1, tolerance=0.3, empty=1) == 1


@given(some)
def test_surface_scores_are_symmetric_and_bounded(masks):
    truth, prediction = masks
    arguments = {"spacing": spacing_of(truth), "tolerance": 1, **RULES}
    scores = metrics.surface_scores(truth, prediction, **arguments)
    assert scores == pytest.approx(metrics.surface_scores(prediction, truth, **arguments))
    assert 0 <= scores["surface_dice"] <= 1
    assert (
        0
        <= scores["average_surface_distance"]
        <= metrics.hausdorff(truth, prediction, spacing=arguments["spacing"], percentile=100, **RULES)
    )
    assert scores["hausdorff_95"] >= 0


@given(some)
def test_a_mask_is_no_distance_from_itself(masks):
    mask, _ = masks
    scores = metrics.surface_scores(mask, mask, spacing=1, tolerance=0, **RULES)
    assert scores == {"hausdorff_95": 0, "average_surface_distance": 0, "surface_dice": 1}


@given(some)
def test_flips_and_empty_space_around_change_nothing(masks):
    arguments = {"spacing": spacing_of(masks[0]), "tolerance": 1, **RULES}
    scores = metrics.surface_scores(*masks, **arguments)
    flipped = [np.flip(mask) for mask in masks]
    assert scores == pytest.approx(metrics.surface_scores(*flipped, **arguments))
    framed = [np.pad(mask, ((3, 1),) * mask.ndim) for mask in masks]
    assert scores == pytest.approx(metrics.surface_scores(*framed, **arguments))


@given(some, st.floats(0.1, 10))
def test_distances_grow_with_the_spacing_and_surface_dice_with_the_tolerance(masks, factor):
    rules = {"spacing": 1, **RULES}
    near = metrics.hausdorff(*masks, **rules)
    assert metrics.hausdorff(*masks, **rules | {"spacing": factor}) == pytest.approx(factor * near)
    strict, lax = (metrics.surface_dice(*masks, spacing=1, tolerance=t, empty=1) for t in (factor, 2 * factor))
    assert strict <= lax


@pytest.mark.parametrize(
    ("empty", "one_empty", "distances", "share"),
    [
        ("nan", np.inf, (np.nan, np.inf), np.nan),
        (1, 373.0, (0, 373), 1),
        (0, 373.0, (373, 373), 0),
        ("nan", "nan", (np.nan, np.nan), np.nan),
    ],
)
def test_the_two_rules_decide_what_empty_masks_give(empty, one_empty, distances, share):
    nothing, something = np.zeros((8, 8), int), square(0, 0)
    rules = {"spacing": 1, "empty": empty, "one_empty": one_empty}
    for distance in (metrics.hausdorff, metrics.average_surface_distance):
        found = [distance(nothing, nothing, **rules), distance(nothing, something, **rules)]
        assert found == pytest.approx(distances, nan_ok=True)
        assert distance(something, nothing, **rules) == pytest.approx(distances[1], nan_ok=True)
    dice = {"spacing": 1, "tolerance": 1, "empty": empty}
    assert metrics.surface_dice(nothing, nothing, **dice) == pytest.approx(share, nan_ok=True)
    assert metrics.surface_dice(nothing, something, **dice) == metrics.surface_dice(something, nothing, **dice) == 0


def test_nothing_is_infinitely_far_and_an_empty_mask_has_no_surface():
    from_truth, from_prediction = metrics.surface_distances(square(0, 0), np.zeros((8, 8), int), spacing=1)
    assert from_truth.tolist() == [np.inf] * 12
    assert from_prediction.size == 0


@pytest.mark.parametrize("forgotten", ["spacing", "empty", "one_empty"])
def test_neither_millimetres_nor_the_rules_can_be_forgotten(forgotten):
    arguments = {"spacing": 1, **RULES}
    del arguments[forgotten]
    with pytest.raises(TypeError, match=forgotten):
        metrics.hausdorff(square(0, 0), square(0, 1), **arguments)


@pytest.mark.parametrize("spacing", [(1, 1, 1), 0, (1, -1)])
def test_a_spacing_that_does_not_fit_is_refused(spacing):
    with pytest.raises(ValueError, match="one positive number, or one for each axis"):
        metrics.surface_distances(square(0, 0), square(0, 0), spacing=spacing)


def test_a_stack_of_pictures_with_channels_is_no_case():
    with pytest.raises(ValueError, match="2 or 3 axes, not 4"):
        metrics.surface_distances(np.zeros((1, 2, 3, 1), int), np.zeros((1, 2, 3, 1), int), spacing=1)


def test_a_negative_tolerance_is_refused():
    with pytest.raises(ValueError, match="tolerance=-1 mm"):
        metrics.surface_dice(square(0, 0), square(0, 0), spacing=1, tolerance=-1, empty=1)


def test_the_diagonal_of_brats_is_its_penalty():
    assert metrics.diagonal((155, 240, 240), 1) == pytest.approx(373.13, abs=0.005)


def brats_case():
    """Oedema around a core that enhances in part: labels 2, 1 and 4."""
    labels = np.zeros((6, 12, 12), int)
    labels[1:5, 1:11, 1:11], labels[2:4, 3:9, 3:9], labels[2:4, 4:6, 4:6] = 2, 1, 4
    return labels


def test_brats_regions_are_nested_and_scored_one_by_one():
    truth = brats_case()
    prediction = np.where(truth == 4, 1, truth)  # the enhancing part is taken for necrosis
    arguments = {"spacing": 1, "tolerance": 1, "empty": 1, "one_empty": metrics.diagonal(truth.shape, 1)}
    scores = metrics.region_scores(truth, prediction, REGIONS, **arguments)
    assert list(scores) == ["WT", "TC", "ET"]
    for region in ("WT", "TC"):  # the regions around it do not suffer
        assert scores[region]["dice"] == scores[region]["surface_dice"] == 1
        assert scores[region]["hausdorff_95"] == 0
    assert scores["ET"]["dice"] == scores["ET"]["sensitivity"] == 0
    assert scores["ET"]["specificity"] == 1
    assert scores["ET"]["hausdorff_95"] == pytest.approx(np.sqrt(6**2 + 12**2 + 12**2))
    assert (scores["ET"]["voxels_truth"], scores["ET"]["voxels_prediction"]) == (8, 0)


def test_a_case_without_enhancing_tumour_is_perfect_in_brats_when_none_is_found():
    truth = np.where(brats_case() == 4, 1, brats_case())
    rules = {"spacing": 1, "tolerance": 1, "one_empty": 373.13}
    perfect = metrics.region_scores(truth, truth, REGIONS, empty=1, **rules)["ET"]
    assert (perfect["dice"], perfect["hausdorff_95"], perfect["surface_dice"]) == (1, 0, 1)
    left_out = metrics.region_scores(truth, truth, REGIONS, empty="nan", **rules)["ET"]
    assert np.isnan([left_out["dice"], left_out["hausdorff_95"], left_out["surface_dice"]]).all()


def test_class_numbers_instead_of_brats_labels_are_noticed():
    truth = brats_case()
    with pytest.raises(ValueError, match="prediction holds label 3, which is in no region"):
        metrics.region_scores(
            truth, np.where(truth == 4, 3, truth), REGIONS, spacing=1, tolerance=1, empty=1, one_empty=373.13
        )
