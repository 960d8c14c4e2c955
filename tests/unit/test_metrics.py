"""The NumPy metrics against hand-made cases, identities that must hold, and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import f1_score, jaccard_score

from unet_course import metrics

masks = hnp.arrays(np.int8, (2, 5, 6), elements=st.integers(0, 1))


def square(top, left, side=4, shape=(8, 8)):
    mask = np.zeros((1, *shape), dtype=int)
    mask[0, top : top + side, left : left + side] = 1
    return mask


def test_confusion_counts_by_hand():
    assert metrics.confusion(square(0, 0), square(0, 1)).tolist() == [[12, 4, 4, 44]]


def test_dice_and_iou_of_two_shifted_squares():
    assert metrics.dice(square(0, 0), square(0, 1), empty=0)[0] == pytest.approx(0.75)
    assert metrics.iou(square(0, 0), square(0, 1), empty=0)[0] == pytest.approx(0.6)


@pytest.mark.parametrize(("empty", "expected"), [(0, 0.0), (1, 1.0), ("nan", np.nan)])
def test_the_empty_rule_decides_zero_over_zero(empty, expected):
    nothing = np.zeros((1, 3, 3), dtype=int)
    assert metrics.dice(nothing, nothing, empty=empty)[0] == pytest.approx(expected, nan_ok=True)
    assert metrics.dice(nothing, 1 - nothing, empty=empty)[0] == 0  # a false alarm is never excused


def test_the_empty_rule_cannot_be_forgotten():
    with pytest.raises(TypeError):
        metrics.dice(square(0, 0), square(0, 0))
    with pytest.raises(ValueError, match="empty='zero'"):
        metrics.dice(square(0, 0), square(0, 0), empty="zero")


@given(masks, masks)
def test_dice_is_symmetric_bounded_and_tied_to_iou(a, b):
    dice, iou = metrics.dice(a, b, empty=1), metrics.iou(a, b, empty=1)
    assert np.array_equal(dice, metrics.dice(b, a, empty=1))
    assert ((dice >= 0) & (dice <= 1)).all()
    assert np.allclose(dice, 2 * iou / (1 + iou))


@given(masks, masks)
def test_flips_change_nothing(a, b):
    assert np.array_equal(metrics.confusion(a, b), metrics.confusion(a[:, ::-1, ::-1], b[:, ::-1, ::-1]))


@given(masks, masks)
@settings(max_examples=50)
def test_agrees_with_scikit_learn(a, b):
    pooled = metrics.confusion(a, b).sum(axis=0)
    assert metrics.score("f1", pooled, empty=0) == pytest.approx(f1_score(a.ravel(), b.ravel(), zero_division=0))
    assert metrics.score("iou", pooled, empty=0) == pytest.approx(jaccard_score(a.ravel(), b.ravel(), zero_division=0))


@pytest.mark.parametrize("wrong", [square(0, 0) * 255, square(0, 0) * 0.5, square(0, 0) - 1])
def test_a_mask_that_is_not_binary_is_refused(wrong):
    with pytest.raises(ValueError, match="0 and 1 only"):
        metrics.dice(square(0, 0), wrong, empty=1)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"\(1, 8, 8\).*\(1, 9, 9\)"):
        metrics.confusion(square(0, 0), square(0, 0, shape=(9, 9)))


def test_instance_score_of_a_perfect_and_an_empty_answer():
    truth = square(0, 0)[0] + 2 * square(4, 4)[0]
    assert metrics.instance_average_precision(truth, truth, empty="nan") == 1
    assert metrics.instance_average_precision(truth, np.zeros_like(truth), empty=1) == 0


def test_instance_score_by_hand():
    # One of two nuclei is found with IoU 0.6: a hit at the thresholds 0.50 and 0.55 (0.6 must be exceeded).
    truth = square(0, 0)[0] + 2 * square(4, 4)[0]
    prediction = square(0, 1)[0]
    assert metrics.instance_average_precision(truth, prediction, empty=1) == pytest.approx(2 * (1 / 2) / 10)


def test_instance_score_ignores_how_objects_are_numbered():
    truth = square(0, 0)[0] + 2 * square(4, 4)[0]
    renumbered = np.where(truth == 1, 70, np.where(truth == 2, 7, 0))
    assert metrics.instance_average_precision(truth, renumbered, empty=1) == 1


def test_melting_two_nuclei_costs_both():
    apart = np.zeros((8, 8), int)
    apart[:, :4], apart[:, 4:] = 1, 2
    assert metrics.instance_average_precision(apart, (apart > 0).astype(int), empty=1) == 0
