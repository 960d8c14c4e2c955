"""Objects counted as the 2018 Data Science Bowl did, by hand and by identities that must hold."""

import numpy as np
import pytest

from unet_course import metrics


def square(top, left, side=4, shape=(8, 8)):
    mask = np.zeros(shape, dtype=int)
    mask[top : top + side, left : left + side] = 1
    return mask


def test_instance_score_of_a_perfect_and_an_empty_answer():
    truth = square(0, 0) + 2 * square(4, 4)
    assert metrics.instance_average_precision(truth, truth, empty="nan") == 1
    assert metrics.instance_average_precision(truth, np.zeros_like(truth), empty=1) == 0


def test_instance_score_by_hand():
    # One of two nuclei is found with IoU 0.6: a hit at the thresholds 0.50 and 0.55 (0.6 must be exceeded).
    truth = square(0, 0) + 2 * square(4, 4)
    prediction = square(0, 1)
    assert metrics.instance_average_precision(truth, prediction, empty=1) == pytest.approx(2 * (1 / 2) / 10)


def test_instance_score_ignores_how_objects_are_numbered():
    truth = square(0, 0) + 2 * square(4, 4)
    renumbered = np.where(truth == 1, 70, np.where(truth == 2, 7, 0))
    assert metrics.instance_average_precision(truth, renumbered, empty=1) == 1


def test_melting_two_nuclei_costs_both():
    apart = np.zeros((8, 8), int)
    apart[:, :4], apart[:, 4:] = 1, 2
    assert metrics.instance_average_precision(apart, (apart > 0).astype(int), empty=1) == 0


@pytest.mark.parametrize(("empty", "expected"), [("nan", np.nan), (1, 1), (0, 0)])
def test_a_picture_without_objects_follows_the_rule(empty, expected):
    nothing = np.zeros((4, 4), int)
    assert metrics.instance_average_precision(nothing, nothing, empty=empty) == pytest.approx(expected, nan_ok=True)
    with pytest.raises(TypeError, match="empty"):
        metrics.instance_average_precision(nothing, nothing)


def test_counts_of_objects_add_up():
    truth = square(0, 0) + 2 * square(4, 4)
    counts = metrics.instance_counts(truth, square(0, 1), thresholds=(0.5, 0.6))
    assert counts.tolist() == [[1, 0, 1], [0, 1, 2]]


def test_a_threshold_at_which_one_object_could_match_two_is_refused():
    with pytest.raises(ValueError, match="at least 0.5 .got 0.4."):
        metrics.instance_counts(square(0, 0), square(0, 0), thresholds=(0.4, 0.5))


def test_pictures_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(8, 8\).*\(9, 9\)"):
        metrics.instance_iou(square(0, 0), square(0, 0, shape=(9, 9)))
