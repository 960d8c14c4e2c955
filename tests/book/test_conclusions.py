"""What a case study concludes in words from its recorded runs is true of the record: new records may need new words."""

import numpy as np
import pandas as pd
import pytest

from unet_course import results


@pytest.fixture(scope="module")
def brain_tumour():
    """Means of the recorded PyTorch runs of case study 1, and the record's numbers."""
    metrics = results.read("01_brain_tumour_classification", "laptop", "torch")["metrics"]
    return pd.DataFrame(metrics["networks_mean"]).T, metrics


def test_no_network_beats_the_nearest_neighbour_on_brain_tumour_images(brain_tumour):
    means, metrics = brain_tumour
    ruler, constant = (metrics["without_a_network"][name] for name in ("nearest neighbour", "best constant"))
    assert (means.validation < ruler["validation"]).all()
    assert means.validation.max() > ruler["validation"] - 0.02  # the better ones come level
    assert (means.unseen < min(ruler["unseen"], constant["unseen"])).all()
    assert set(metrics["verdicts"]["unseen"].values()) == {"not learned"}
    fall = ruler["validation"] - ruler["unseen"]
    assert abs(means.validation - means.unseen - fall).max() < 0.1  # the ruler falls just as deeply


def test_the_flat_head_knows_its_images_by_heart_and_the_heads_are_undecided(brain_tumour):
    means, metrics = brain_tumour
    assert means.train_loss["flatten"] < 0.01 < means.train_loss["average"]
    assert means.seen.min() > 0.85 and means.seen["flatten"] > 0.98
    best = metrics["best_settings"]
    assert best["average"]["learning_rate"] == pytest.approx(10 * best["flatten"]["learning_rate"])
    assert set(metrics["verdicts"]["validation"].values()) == {"undecided"}
    runs = pd.DataFrame(metrics["networks"])
    assert (runs.groupby("network").size() == 3).all()
    minutes = runs.groupby("network").minutes.min()
    assert minutes["way down only"] < minutes["average"] / 3  # the decoder takes most of the time


def test_the_division_image_by_image_helps_the_flat_head_as_it_helps_the_nearest_neighbour(brain_tumour):
    means, metrics = brain_tumour
    gain = pd.DataFrame(metrics["by_image"]).validation.mean() - means.validation["flatten"]
    ruler = np.subtract(*(metrics["nearby"][division] for division in ("by image", "by group")))
    assert 0.01 < ruler and 0.01 < gain < 0.06 and abs(gain - ruler) < 0.02
