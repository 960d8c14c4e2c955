"""Overlap of masks against hand-made cases, identities that must hold, and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import confusion_matrix, f1_score, jaccard_score, precision_score, recall_score

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
    with pytest.raises(ValueError, match="empty=True"):
        metrics.dice(square(0, 0), square(0, 0), empty=True)  # "yes" is no value


@given(masks, masks)
def test_dice_is_symmetric_bounded_and_tied_to_iou(a, b):
    dice, iou = metrics.dice(a, b, empty=1), metrics.iou(a, b, empty=1)
    assert np.array_equal(dice, metrics.dice(b, a, empty=1))
    assert ((dice >= 0) & (dice <= 1)).all()
    assert np.allclose(dice, 2 * iou / (1 + iou))


@given(masks, masks, st.randoms(use_true_random=False))
def test_flips_and_any_shuffle_of_the_pixels_change_nothing(a, b, random):
    assert np.array_equal(metrics.confusion(a, b), metrics.confusion(a[:, ::-1, ::-1], b[:, ::-1, ::-1]))
    order = random.sample(range(30), 30)
    shuffled = (mask.reshape(2, 30)[:, order] for mask in (a, b))
    assert np.array_equal(metrics.confusion(a, b), metrics.confusion(*shuffled))


@given(masks, masks, st.sampled_from(["dice", "iou", "recall", "accuracy"]))
def test_finding_one_more_true_pixel_never_costs(a, b, name):
    missed = np.argwhere((a == 1) & (b == 0))
    if len(missed):
        better = b.copy()
        better[tuple(missed[0])] = 1
        image = missed[0][0]
        scores = [metrics.score(name, metrics.confusion(a, guess)[image], empty="nan") for guess in (b, better)]
        assert scores[1] > scores[0]


@given(masks, masks)
@settings(max_examples=50)
def test_agrees_with_scikit_learn(a, b):
    pooled = metrics.confusion(a, b).sum(axis=0)
    assert metrics.score("f1", pooled, empty=0) == pytest.approx(f1_score(a.ravel(), b.ravel(), zero_division=0))
    assert metrics.score("iou", pooled, empty=0) == pytest.approx(jaccard_score(a.ravel(), b.ravel(), zero_division=0))
    oracles = {"precision": precision_score, "recall": recall_score}
    for name, oracle in oracles.items():
        expected = oracle(a.ravel(), b.ravel(), zero_division=1)
        assert metrics.score(name, pooled, empty=1) == pytest.approx(expected)
    specificity = recall_score(1 - a.ravel(), 1 - b.ravel(), zero_division=0)
    assert metrics.score("specificity", pooled, empty=0) == pytest.approx(specificity)


labels = hnp.arrays(np.int64, (2, 5, 6), elements=st.integers(0, 3))


@given(labels, labels)
@settings(max_examples=50)
def test_classes_agree_with_scikit_learn(a, b):
    pooled = metrics.confusion_matrix(a, b, 4).sum(axis=0)
    assert np.array_equal(pooled, confusion_matrix(a.ravel(), b.ravel(), labels=range(4)))
    scores = metrics.score("f1", metrics.one_vs_rest(pooled), empty=0)
    assert np.allclose(scores, f1_score(a.ravel(), b.ravel(), labels=range(4), average=None, zero_division=0))


@given(masks, masks)
def test_two_classes_are_foreground_and_background(a, b):
    counts = metrics.one_vs_rest(metrics.confusion_matrix(a, b, 2))
    assert np.array_equal(counts[:, 1], metrics.confusion(a, b))
    assert np.array_equal(counts[:, 0], metrics.confusion(1 - a, 1 - b))


def test_a_classifier_has_one_label_for_each_picture():
    matrix = metrics.confusion_matrix([0, 1, 2, 2], [0, 2, 2, 2], 3).sum(axis=0)
    assert matrix.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 2]]


def test_an_ignored_label_is_not_counted_whatever_is_predicted_there():
    truth = np.array([[0, 1, 255, 255]])
    assert metrics.confusion_matrix(truth, [[0, 0, 1, 0]], 2, ignore_label=255).tolist() == [[[1, 0], [1, 0]]]
    with pytest.raises(ValueError, match="truth holds labels from 0 to 255, but n_classes=2"):
        metrics.confusion_matrix(truth, np.zeros_like(truth), 2)


def test_slices_patients_and_the_pool_give_three_different_scores():
    truth = np.zeros((3, 1, 4), int)
    prediction = truth.copy()
    truth[0], prediction[0] = 1, 1  # patient b: a slice found
    truth[1, 0, :1], prediction[1, 0, 2:] = 1, 1  # and one missed
    patients = ["b", "b", "a"]  # patient a: nothing to find, nothing found
    slices = metrics.dice(truth, prediction, empty=1, reduction="slice")
    assert slices.tolist() == [1, 0, 1]
    by_patient = metrics.dice(truth, prediction, empty=1, reduction="patient", groups=patients)
    assert by_patient.tolist() == [1, pytest.approx(8 / 11)]  # a, then b
    assert metrics.iou(truth, prediction, empty=1, reduction="pooled") == pytest.approx(4 / 7)


@given(masks, masks)
def test_the_pool_is_one_patient_and_a_slice_is_a_patient_of_its_own(a, b):
    counts = metrics.confusion(a, b)
    assert np.array_equal(metrics.pool(counts, "patient", ["x", "x"])[0], metrics.pool(counts, "pooled"))
    assert np.array_equal(metrics.pool(counts, "patient", [0, 1]), metrics.pool(counts, "slice"))


def test_patients_need_to_be_named_and_reductions_to_be_known():
    counts = metrics.confusion(square(0, 0), square(0, 0))
    for groups in (None, ["a", "b"]):
        with pytest.raises(ValueError, match="one entry for each of the 1 images"):
            metrics.pool(counts, "patient", groups)
    with pytest.raises(ValueError, match="reduction='batch'"):
        metrics.pool(counts, "batch")


@pytest.mark.parametrize(("empty", "mean"), [(1, 2.75 / 4), (0, 1.75 / 4), ("nan", 1.75 / 3)])
def test_a_summary_tells_how_many_masks_are_empty(empty, mean):
    nothing = np.zeros((1, 8, 8), int)
    truth = np.concatenate([square(0, 0), square(0, 0), nothing, nothing])
    prediction = np.concatenate([square(0, 0), square(0, 1), nothing, square(0, 0)])
    summary = metrics.summary(truth, prediction, empty=empty, names=["dice"])
    assert summary["dice"] == pytest.approx(mean)
    assert summary["dice_where_present"] == pytest.approx(1.75 / 2)
    assert (summary["n"], summary["n_empty"], summary["n_both_empty"], summary["dice_undefined"]) == (4, 2, 1, 1)
    assert (summary["detection_sensitivity"], summary["detection_specificity"]) == (1, 0.5)


def test_a_summary_of_nothing_but_empty_masks_has_no_mean():
    nothing = np.zeros((2, 4, 4), int)
    summary = metrics.summary(nothing, nothing, empty="nan", reduction="pooled", names=["iou"])
    assert np.isnan([summary["iou"], summary["iou_where_present"], summary["detection_sensitivity"]]).all()
    assert (summary["n"], summary["n_both_empty"], summary["iou_undefined"]) == (1, 1, 1)


@pytest.mark.parametrize("wrong", [square(0, 0) * 255, square(0, 0) * 0.5, square(0, 0) - 1])
def test_a_mask_that_is_not_binary_is_refused(wrong):
    with pytest.raises(ValueError, match="0 and 1 only"):
        metrics.dice(square(0, 0), wrong, empty=1)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"\(1, 8, 8\).*\(1, 9, 9\)"):
        metrics.confusion(square(0, 0), square(0, 0, shape=(9, 9)))
