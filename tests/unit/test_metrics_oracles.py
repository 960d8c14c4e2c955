"""The NumPy metrics against MONAI and torchmetrics: equal, and on empty masks different in exactly the stated way."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from unet_course import metrics, results

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch", reason="the oracles need PyTorch, which is not installed")

pictures = hnp.arrays(bool, (2, 5, 6), elements=st.booleans())
volumes = hnp.arrays(bool, (2, 3, 4, 5), elements=st.booleans())
some = st.one_of(st.tuples(pictures, pictures), st.tuples(volumes, volumes))
SPACING = (2.0, 0.5, 1.5)
# Both empty | truth empty, prediction not | truth not empty, prediction empty | 12 pixels of 16 and 16 shared.
SQUARE = np.zeros((8, 8), bool)
SQUARE[:4, :4] = True
NOTHING = np.zeros_like(SQUARE)
TRUTH = np.stack([NOTHING, NOTHING, SQUARE, SQUARE])
PREDICTION = np.stack([NOTHING, SQUARE, NOTHING, np.roll(SQUARE, 1, axis=1)])


@pytest.fixture(scope="module")
def monai():
    return pytest.importorskip("monai.metrics", reason="MONAI, an independent implementation, is not installed")


@pytest.fixture(scope="module")
def torchmetrics():
    reason = "torchmetrics, an independent implementation, is not installed"
    pytest.importorskip("torchmetrics.segmentation", reason=reason)
    return pytest.importorskip("torchmetrics", reason=reason)


def as_monai(masks):
    """(N, H, W) booleans as MONAI wants them: one channel, floats."""
    return torch.from_numpy(masks[:, None].astype(np.float32))


def ask_monai(function, truth, prediction, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of empty masks, which are the point here
        values = function(as_monai(prediction), as_monai(truth), include_background=True, **options)
    return values[:, 0].numpy().astype(float)


def close(ours, theirs):
    return np.allclose(ours, theirs, rtol=1e-5, atol=1e-6, equal_nan=True)


def each(function, truth, prediction, **options):
    return [function(*pair, **options) for pair in zip(truth, prediction, strict=True)]


@given(some)
@settings(max_examples=50)
def test_dice_and_iou_agree_with_monai(monai, masks):
    for ours, theirs in ((metrics.dice, monai.compute_dice), (metrics.iou, monai.compute_iou)):
        assert close(ours(*masks, empty=1), ask_monai(theirs, *masks, ignore_empty=False))
        present = masks[0].any(axis=tuple(range(1, masks[0].ndim)))
        left_out = np.where(present, ours(*masks, empty="nan"), np.nan)
        assert close(left_out, ask_monai(theirs, *masks, ignore_empty=True))


def test_monai_by_default_forgives_false_alarms_on_empty_masks_and_we_do_not(monai):
    assert close(ask_monai(monai.compute_dice, TRUTH, PREDICTION), [np.nan, np.nan, 0, 0.75])
    assert close(metrics.dice(TRUTH, PREDICTION, empty="nan"), [np.nan, 0, 0, 0.75])


@given(some)
@settings(max_examples=50)
def test_distances_agree_with_monai_in_millimetres(monai, masks):
    pixels = tuple(range(1, masks[0].ndim))
    both = masks[0].any(axis=pixels) & masks[1].any(axis=pixels)
    truth, prediction = (mask[both] for mask in masks)
    spacing = SPACING[: truth.ndim - 1]
    rules = {"spacing": spacing, "empty": "nan", "one_empty": "nan"}
    for percentile in (95, 100):
        theirs = ask_monai(monai.compute_hausdorff_distance, truth, prediction, spacing=spacing, percentile=percentile)
        assert close(each(metrics.hausdorff, truth, prediction, percentile=percentile, **rules), theirs)
    theirs = ask_monai(monai.compute_average_surface_distance, truth, prediction, symmetric=True, spacing=spacing)
    assert close(each(metrics.average_surface_distance, truth, prediction, **rules), theirs)
    for tolerance in (0, 1, 2.2):
        theirs = ask_monai(monai.compute_surface_dice, truth, prediction, class_thresholds=[tolerance], spacing=spacing)
        ours = each(metrics.surface_dice, truth, prediction, spacing=spacing, tolerance=tolerance, empty="nan")
        assert close(ours, theirs)


def test_distances_to_empty_masks_differ_from_monai_only_in_hausdorff_95(monai):
    rules = {"spacing": 1, "empty": "nan", "one_empty": np.inf}
    expected = [np.nan, np.inf, np.inf, 1]
    assert close(ask_monai(monai.compute_hausdorff_distance, TRUTH, PREDICTION), expected)
    assert close(each(metrics.hausdorff, TRUTH, PREDICTION, percentile=100, **rules), expected)
    # A percentile of infinities is NaN in MONAI: the mean over cases forgets every case where all was missed.
    theirs = ask_monai(monai.compute_hausdorff_distance, TRUTH, PREDICTION, percentile=95)
    assert close(theirs, [np.nan, np.nan, np.nan, 1])
    assert close(each(metrics.hausdorff, TRUTH, PREDICTION, **rules), expected)
    theirs = ask_monai(monai.compute_average_surface_distance, TRUTH, PREDICTION, symmetric=True)
    assert close(each(metrics.average_surface_distance, TRUTH, PREDICTION, **rules), theirs)
    theirs = ask_monai(monai.compute_surface_dice, TRUTH, PREDICTION, class_thresholds=[1])
    assert close(each(metrics.surface_dice, TRUTH, PREDICTION, spacing=1, tolerance=1, empty="nan"), theirs)


@given(pictures, pictures, st.sampled_from([0, 1]))
@settings(max_examples=50)
def test_pooled_scores_agree_with_torchmetrics(torchmetrics, truth, prediction, empty):
    pooled = metrics.confusion(truth, prediction).sum(axis=0)
    oracles = {
        "dice": "BinaryF1Score",
        "iou": "BinaryJaccardIndex",
        "precision": "BinaryPrecision",
        "recall": "BinaryRecall",
        "specificity": "BinarySpecificity",
        "accuracy": "BinaryAccuracy",
    }
    for name, oracle in oracles.items():
        options = {} if name in ("accuracy", "specificity") else {"zero_division": empty}
        theirs = getattr(torchmetrics.classification, oracle)(**options)
        theirs.update(torch.from_numpy(prediction).int(), torch.from_numpy(truth).int())
        rule = 0 if name in ("accuracy", "specificity") else empty  # which have no rule to choose there
        assert close(metrics.score(name, pooled, empty=rule), theirs.compute()), name


def test_torchmetrics_agrees_on_the_four_cases_and_has_no_score_for_two_empty_masks(torchmetrics):
    dice = torchmetrics.segmentation.DiceScore(num_classes=1, input_format="one-hot", include_background=True)
    theirs = []
    for truth, prediction in zip(TRUTH, PREDICTION, strict=True):
        dice.reset()
        dice.update(*(torch.from_numpy(mask[None, None]).int() for mask in (prediction, truth)))
        theirs.append(float(dice.compute()))
    assert close(metrics.dice(TRUTH, PREDICTION, empty="nan"), theirs)


@given(hnp.arrays(np.int64, (2, 5, 6), elements=st.integers(0, 3)), st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_confusion_matrices_agree_with_torchmetrics_ignored_label_included(torchmetrics, truth, random):
    prediction = np.array(random.choices(range(3), k=truth.size)).reshape(truth.shape)
    theirs = torchmetrics.classification.MulticlassConfusionMatrix(num_classes=3, ignore_index=3)
    theirs.update(torch.from_numpy(prediction), torch.from_numpy(truth))
    ours = metrics.confusion_matrix(truth, prediction, 3, ignore_label=3).sum(axis=0)
    assert np.array_equal(ours, theirs.compute())


@given(st.integers(0, 2**32 - 1), st.integers(2, 20))
@settings(max_examples=30)
def test_calibration_agrees_with_torchmetrics(torchmetrics, seed, bins):
    rng = np.random.default_rng(seed)
    foreground, truth = rng.random(300).astype(np.float32), rng.integers(0, 2, 300)
    theirs = torchmetrics.classification.BinaryCalibrationError(n_bins=bins, norm="l1")
    theirs.update(torch.from_numpy(foreground), torch.from_numpy(truth))
    assert close(metrics.expected_calibration_error(truth, foreground, bins=bins), theirs.compute())
    classes, labels = rng.dirichlet(np.ones(4), 300).astype(np.float32), rng.integers(0, 4, 300)
    theirs = torchmetrics.classification.MulticlassCalibrationError(num_classes=4, n_bins=bins, norm="l1")
    theirs.update(torch.from_numpy(classes), torch.from_numpy(labels))
    assert close(metrics.expected_calibration_error(labels, classes, bins=bins), theirs.compute())


@pytest.mark.parametrize("empty", ["nan", 0, 1])
def test_the_recorded_table_of_empty_masks_holds_what_the_package_returns(empty):
    record = results.read_benchmark("empty_masks")
    rows = {row["function"]: row["answers"] for row in record["rows"] if row["library"] == "unet-course"}
    for function in (metrics.dice, metrics.iou):
        recorded = [float(answer[0]) for answer in rows[f"{function.__name__}(empty={empty!r})"]]
        assert close(function(TRUTH, PREDICTION, empty=empty), recorded)
