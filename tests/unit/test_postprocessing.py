"""Otsu, the watershed, thresholds and the cleaning of masks, where the answer is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from skimage.draw import disk

from unet_course import metrics, postprocessing
from unet_course.postprocessing import edges

MASKS = st.one_of(arrays(bool, (6, 7)), arrays(bool, (3, 5, 4)))


def two_touching_discs():
    mask = np.zeros((40, 60), dtype=float)
    for column in (20, 37):
        mask[disk((20, column), 10)] = 1
    return mask


def test_otsu_finds_bright_nuclei_on_dark_and_dark_ones_on_bright():
    mask = two_touching_discs() > 0
    picture = np.where(mask, 200, 20).astype(np.uint8)[..., None].repeat(3, axis=-1)
    assert np.array_equal(postprocessing.otsu_mask(picture), mask)
    assert np.array_equal(postprocessing.otsu_mask(255 - picture), mask)


def test_otsu_of_a_flat_picture_is_empty():
    assert not postprocessing.otsu_mask(np.full((5, 5, 3), 7, np.uint8)).any()


def test_watershed_parts_touching_nuclei_and_keeps_every_pixel():
    mask = two_touching_discs()
    labels = postprocessing.instances(mask)
    assert labels.max() == 2
    assert np.array_equal(labels > 0, mask > 0)
    assert labels[20, 12] != labels[20, 45]


def test_watershed_drops_specks_and_accepts_emptiness():
    mask = two_touching_discs()
    mask[0, 0] = 1
    assert postprocessing.instances(mask)[0, 0] == 0
    assert postprocessing.instances(np.zeros((9, 9))).max() == 0


def test_every_foreground_pixel_gets_a_label_where_parts_touch_at_a_corner():
    mask = np.zeros((12, 12))
    mask[1:8, 1:8] = mask[8:10, 8:10] = 1
    assert ((postprocessing.instances(mask, min_distance=6) > 0) == (mask > 0)).all()


# Thresholds


def test_the_table_holds_the_scores_of_each_threshold():
    rng = np.random.default_rng(0)
    truth = rng.random((4, 8, 8)) < 0.3
    probabilities = np.clip(0.4 * truth + rng.random(truth.shape) * 0.6, 0, 1).astype(np.float32)
    patients = [0, 0, 1, 1]
    table = postprocessing.threshold_table(
        truth, probabilities, empty="nan", thresholds=(0.3, 0.5), reduction="patient", groups=patients
    )
    assert list(table.columns) == ["threshold", "dice", "precision", "recall"]
    wanted = metrics.dice(truth, probabilities > 0.5, empty="nan", reduction="patient", groups=patients).mean()
    assert table.set_index("threshold")["dice"][0.5] == pytest.approx(wanted)


@given(arrays(np.float32, (2, 5, 5), elements=st.floats(0, 1, width=32)), arrays(bool, (2, 5, 5)))
def test_recall_never_grows_with_the_threshold(probabilities, truth):
    recall = postprocessing.threshold_table(truth, probabilities, empty=0)["recall"]
    assert (recall.diff().dropna() <= 1e-12).all()


def test_a_clear_best_threshold_is_found():
    truth = np.array([[0, 0, 1, 1]])
    table = postprocessing.threshold_table(truth, np.array([[0.1, 0.72, 0.78, 0.9]]), empty="nan")
    assert postprocessing.best_threshold(table) == 0.75
    assert postprocessing.best_threshold(table, "recall") == 0.5


def test_a_pixel_as_likely_as_the_threshold_is_background():
    probabilities = np.array([[0.3, 0.9]], np.float32)
    table = postprocessing.threshold_table(np.array([[0, 1]]), probabilities, empty="nan", thresholds=[np.float64(0.3)])
    assert table["dice"].tolist() == [1]


def test_of_equal_thresholds_the_one_nearest_to_a_half_wins_then_the_lower():
    def best(scores):
        table = pd.DataFrame({"threshold": [0.2, 0.3, 0.4, 0.6, 0.9], "dice": scores})
        return postprocessing.best_threshold(table)

    assert best([0.8, 0.8, 0.1, 0.1, 0.8]) == 0.3
    assert best([0, 0, 0.8, 0.8 + 1e-15, 0]) == 0.4
    assert best([np.nan, 0.1, np.nan, 0.1, 0.7]) == 0.9
    with pytest.raises(ValueError, match="dice is NaN at every threshold"):
        best([np.nan] * 5)


# Components and holes


def specks():
    mask = np.zeros((8, 8), bool)
    mask[1:4, 1:4] = mask[6, 6] = mask[7, 7] = mask[0, 7] = True
    return mask


def test_small_components_go_and_corners_connect_when_asked():
    mask = specks()
    assert postprocessing.remove_small(mask, 2).sum() == 9
    assert postprocessing.remove_small(mask, 2, connectivity=2).sum() == 11
    assert postprocessing.remove_small(mask, 1).sum() == mask.sum()


def test_the_largest_components_are_kept_and_the_first_of_equals():
    mask = specks()
    assert postprocessing.keep_largest(mask).sum() == 9
    kept = postprocessing.keep_largest(mask, 2)
    assert kept.sum() == 10 and kept[0, 7]
    assert not postprocessing.keep_largest(np.zeros((3, 3), bool)).any()


def test_a_component_of_a_volume_goes_through_slices():
    mask = np.zeros((4, 5, 5), bool)
    mask[:, 2, 2] = mask[0, 0, 0] = True
    assert postprocessing.remove_small(mask, 4).sum() == 4
    assert not postprocessing.remove_small(mask[0], 4).any()


def test_holes_are_filled_and_a_bay_or_a_tunnel_is_none():
    ring = np.ones((5, 5), bool)
    ring[2, 2] = False
    assert postprocessing.fill_holes(ring).all()
    ring[2, 3:] = False
    assert postprocessing.fill_holes(ring).sum() == 22
    tunnel = np.ones((3, 5, 5), bool)
    tunnel[:, 2, 2] = False
    assert (postprocessing.fill_holes(tunnel) == tunnel).all()
    tunnel[[0, 2], 2, 2] = True
    assert postprocessing.fill_holes(tunnel).all()


def test_large_holes_can_be_left():
    mask = np.ones((9, 9), bool)
    mask[1, 1] = mask[4:7, 4:7] = False
    filled = postprocessing.fill_holes(mask, max_size=8)
    assert filled[1, 1] and not filled[4:7, 4:7].any()
    assert postprocessing.fill_holes(mask, max_size=9).all()


@given(MASKS, st.integers(0, 5))
def test_cleaning_twice_changes_nothing_more(mask, size):
    for clean in (
        lambda mask: postprocessing.remove_small(mask, size),
        lambda mask: postprocessing.keep_largest(mask, size),
        postprocessing.fill_holes,
    ):
        once = clean(mask)
        assert once.dtype == bool and (clean(once) == once).all()
    assert (postprocessing.remove_small(mask, size) <= mask).all()
    assert (postprocessing.fill_holes(mask) >= mask).all()


@given(MASKS)
def test_as_many_components_are_kept_as_asked_for(mask):
    count = ndimage.label(mask)[1]
    assert ndimage.label(postprocessing.keep_largest(mask, 2))[1] == min(count, 2)
    assert (postprocessing.keep_largest(mask, count) == mask).all()


def test_masks_that_are_none_are_refused():
    with pytest.raises(ValueError, match="from 0 to 255"):
        postprocessing.remove_small(np.array([[0, 255]]), 1)
    with pytest.raises(ValueError, match="2 or 3 axes, not 4"):
        postprocessing.fill_holes(np.zeros((1, 2, 2, 2)))
    with pytest.raises(ValueError, match="connectivity=3"):
        postprocessing.keep_largest(np.zeros((2, 2)), connectivity=3)


# Edges as a class of their own


def two_touching_squares():
    instances = np.zeros((12, 20), int)
    instances[2:10, 2:10], instances[2:10, 10:18] = 1, 2
    return instances


def sure_of(classes):
    """The probabilities of a network that is always right."""
    return np.eye(3)[classes]


def test_inside_and_edge_are_the_mask_and_edges_lie_between_touching_objects():
    instances = two_touching_squares()
    classes = edges.classes(instances)
    assert np.array_equal(classes > 0, instances > 0)
    assert (classes[5, [2, 9, 10, 17]] == edges.EDGE).all()
    assert (classes[3:9, 3:9] == edges.INSIDE).all() and not (classes[:, 9:11] == edges.INSIDE).any()


def test_objects_that_touch_come_back_as_they_were():
    instances = two_touching_squares()
    found = edges.instances(sure_of(edges.classes(instances)))
    assert found.dtype == np.int32
    assert metrics.instance_average_precision(instances, found, empty="nan") == 1


def test_an_object_that_is_all_edge_is_not_lost_and_a_speck_is():
    instances = np.zeros((12, 20), int)
    instances[4:6, 4:14] = 1  # two pixels high: no inside
    speck = instances.copy()
    speck[10, 10] = 2
    assert np.array_equal(edges.instances(sure_of(edges.classes(speck))), instances)


def test_edges_need_three_classes_and_probabilities():
    with pytest.raises(ValueError, match=r"background, inside and edge; this array has shape \(4, 4\)"):
        edges.instances(np.zeros((4, 4)))
    with pytest.raises(ValueError, match="NaN"):
        edges.instances(np.full((4, 4, 3), np.nan))
