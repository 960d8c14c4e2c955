"""Reliability, calibration error and Brier score by hand, against scikit-learn, and on probabilities that are true."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from unet_course import metrics


def test_a_reliability_table_by_hand():
    table = metrics.reliability_curve([[0, 1], [1, 1]], [[0.1, 0.3], [0.6, 1.0]], bins=2)
    assert table["count"].tolist() == [2, 2]
    assert np.allclose(table["confidence"], [0.2, 0.8])
    assert np.allclose(table["frequency"], [0.5, 1.0])
    assert (table["low"].tolist(), table["high"].tolist()) == ([0, 0.5], [0.5, 1])
    error = metrics.expected_calibration_error([[0, 1], [1, 1]], [[0.1, 0.3], [0.6, 1.0]], bins=2)
    assert error == pytest.approx(0.5 * 0.3 + 0.5 * 0.2)


def test_a_value_on_a_limit_belongs_to_the_upper_bin_and_empty_bins_have_no_frequency():
    table = metrics.reliability_curve([1, 0], [0.5, 0.75], bins=4)
    assert table["count"].tolist() == [0, 0, 1, 1]
    assert np.isnan(table["frequency"][:2]).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_agrees_with_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    probabilities, truth = rng.random(200), rng.integers(0, 2, 200)
    table = metrics.reliability_curve(truth, probabilities)
    frequency, confidence = calibration_curve(truth, probabilities, n_bins=10)
    assert np.allclose(table["frequency"][table["count"] > 0], frequency)
    assert np.allclose(table["confidence"][table["count"] > 0], confidence)
    assert metrics.brier_score(truth, probabilities) == pytest.approx(brier_score_loss(truth, probabilities))


def test_true_probabilities_are_calibrated_and_bold_ones_are_not():
    rng = np.random.default_rng(0)
    probabilities = rng.random(200_000)
    truth = (rng.random(200_000) < probabilities).astype(int)
    bold = (probabilities > 0.5).astype(float)
    assert metrics.expected_calibration_error(truth, probabilities) < 0.01
    assert metrics.expected_calibration_error(truth, bold) == pytest.approx(0.25, abs=0.01)
    assert metrics.brier_score(truth, probabilities) < metrics.brier_score(truth, bold)


def test_with_classes_the_largest_probability_is_the_confidence():
    truth, probabilities = [0, 2], [[0.7, 0.2, 0.1], [0.6, 0.3, 0.1]]
    table = metrics.reliability_curve(truth, probabilities, bins=2)
    assert table["confidence"][1] == pytest.approx(0.65)
    assert table["frequency"][1] == 0.5
    by_hand = (0.3**2 + 0.2**2 + 0.1**2 + 0.6**2 + 0.3**2 + 0.9**2) / 2
    assert metrics.brier_score(truth, probabilities) == pytest.approx(by_hand)


def test_two_classes_have_twice_the_brier_score_of_the_foreground():
    rng = np.random.default_rng(0)
    foreground, truth = rng.random((4, 5)), rng.integers(0, 2, (4, 5))
    both = np.stack([1 - foreground, foreground], axis=-1)
    assert metrics.brier_score(truth, both) == pytest.approx(2 * metrics.brier_score(truth, foreground))


@pytest.mark.parametrize(
    ("truth", "probabilities", "message"),
    [
        ([0, 1], [0.5, 3.0], "apply the sigmoid or the softmax"),
        ([0, 1], [0.5, np.nan], "must lie in"),
        ([0, 255], [0.5, 0.5], "only 0 to 1 can be"),
        ([0, 1, 1], [0.5, 0.5], "need the same, or one more axis"),
        ([], [], "nothing to score"),
    ],
)
def test_what_cannot_be_scored_is_refused(truth, probabilities, message):
    for function in (metrics.reliability_curve, metrics.brier_score, metrics.expected_calibration_error):
        with pytest.raises(ValueError, match=message):
            function(np.array(truth, int), probabilities)


def test_cross_entropy_by_hand():
    assert metrics.cross_entropy([1, 0], [0.5, 0.75]) == pytest.approx((np.log(2) + np.log(4)) / 2)
    assert metrics.cross_entropy([0, 2], [[0.5, 0.5, 0], [0.5, 0.25, 0.25]]) == pytest.approx(1.5 * np.log(2))
    assert np.isfinite(metrics.cross_entropy([1], [0.0]))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_tempering_divides_the_logit(temperature):
    logits = np.array([-4.0, -0.5, 0.0, 2.0])
    tempered = metrics.apply_temperature(expit(logits), temperature)
    assert np.allclose(tempered, expit(logits / temperature))
    assert np.array_equal(tempered > 0.5, logits > 0)
    two = np.stack([1 - expit(logits), expit(logits)], axis=-1)
    assert np.allclose(metrics.apply_temperature(two, temperature, classes=True)[..., 1], tempered)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_that_spoiled_probabilities_is_found(temperature):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 100_000)
    truth = (rng.random(logits.size) < expit(logits)).astype(int)
    bold = expit(logits * temperature)
    assert metrics.fit_temperature(truth, bold) == pytest.approx(temperature, rel=0.03)
    two = np.stack([1 - bold, bold], axis=-1)
    assert metrics.fit_temperature(truth, two) == pytest.approx(temperature, rel=0.03)


def test_certainty_survives_tempering_as_a_number():
    assert np.isfinite(metrics.apply_temperature(np.float32([0, 1]), 2.0)).all()
    with pytest.raises(ValueError, match="above 0"):
        metrics.apply_temperature([0.5], 0)
