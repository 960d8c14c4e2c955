"""Scores of a network of your own: three conventions, intervals by group, and an answer that learns nothing."""

import numpy as np
import pytest

from unet_course.datasets import Dataset
from unet_course.own import scores

COUNTS = np.array([[10, 0, 0, 90], [0, 0, 10, 90], [80, 0, 0, 20], [0, 0, 0, 100]])  # Dice 1, 0, 1, and empty: 1
GROUPS = ["a", "a", "b", "c"]


def test_the_three_conventions_give_three_numbers():
    table = scores.table(COUNTS, COUNTS, GROUPS)
    assert table["dice"].tolist() == pytest.approx([3 / 4, (2 / 3 + 1 + 1) / 3, 180 / 190])
    assert (table["gain"] == 0).all() and (table["gain_high"] == 0).all()


def test_intervals_come_from_groups_not_from_images():
    dice = np.tile([[1, 0, 0, 9], [0, 0, 1, 9]], (20, 1))
    together, alone = (scores.table(dice, dice, groups) for groups in (np.arange(40) // 20, np.arange(40)))
    widths = [
        table.loc["mean of the images", "high"] - table.loc["mean of the images", "low"] for table in (together, alone)
    ]
    assert widths[0] == 0 and 0.2 < widths[1] < 0.4  # both groups have the same mean


def test_one_group_has_no_interval():
    assert scores.table(COUNTS, COUNTS, ["a"] * 4)[["low", "high", "gain_low"]].isna().all(axis=None)


def test_the_threshold_and_the_baseline_are_the_best_ones():
    mask = np.zeros((8, 8), np.uint8)
    mask[2:5, 2:5] = 1
    probability = np.where(mask, 0.3, 0.1)
    assert 0.1 < scores.best_threshold([mask], [probability]) < 0.3
    image = np.repeat((mask * 200)[..., None], 3, axis=-1).astype(np.uint8)

    def best(image, mask):
        return scores.best_baseline(Dataset("folder", "real", None, None, "", [image], [mask]))

    assert best(image, mask) == "Otsu's threshold"
    assert best(image, 0 * mask) == "nothing"
    assert best(0 * image, 0 * mask + 1) == "everything"
