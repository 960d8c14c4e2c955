from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from unet_course import metrics
from unet_course.datasets import leakage, lgg, splits


@pytest.fixture
def slices():
    """Two patients of five slices; the mask of slice k is k pixels long."""
    numbers = [1, 2, 3, 4, 5] * 2
    index = pd.DataFrame({"group": ["a"] * 5 + ["b"] * 5, "slice": numbers, "pixel_hash": list("abcdefghia")})
    masks = np.array([[np.arange(8) < number] for number in index.slice], np.uint8)
    return SimpleNamespace(index=index, masks=masks)


def test_report_counts_patients_neighbours_and_twins(slices):
    parts = {"train": np.array([0, 1, 2]), "validation": np.array([3, 4]), "test": np.array([8, 9])}
    report = leakage.leakage_report(slices.index, parts)
    assert report.loc["validation"].to_dict() == {"lines": 2, "same_group": 1, "next_slice": 0.5, "same_pixels": 0}
    assert report.loc["test"].to_dict() == {"lines": 2, "same_group": 0, "next_slice": 0, "same_pixels": 0.5}


def test_columns_that_a_set_lacks_are_left_out():
    index = pd.DataFrame({"group": range(9)})
    report = leakage.leakage_report(index, splits.split(index))
    assert list(report.columns) == ["lines", "same_group"]


def test_a_split_by_patient_does_not_leak_and_one_by_slice_does():
    index = pd.DataFrame({"group": np.repeat(range(10), 30), "slice": np.tile(range(30), 10)})
    by_patient = leakage.leakage_report(index, splits.split(index))
    by_slice = leakage.leakage_report(index, splits.split(index, group=None))
    assert by_patient.loc["test", ["same_group", "next_slice"]].tolist() == [0, 0]
    assert by_slice.loc["test", "same_group"] == 1 and by_slice.loc["test", "next_slice"] > 0.8


def test_the_nearest_slice_is_copied(slices):
    predicted = leakage.copy_neighbour(slices, np.array([0, 3, 5]), np.array([1, 4, 2, 9]))
    assert predicted.sum(axis=(1, 2)).tolist() == [1, 4, 4, 1]


def test_of_two_neighbours_the_earlier_is_copied_and_strangers_stay_empty(slices):
    predicted = leakage.copy_neighbour(slices, np.array([0, 2]), np.array([1, 7]))
    assert predicted.sum(axis=(1, 2)).tolist() == [1, 0]


def test_real_slices_leak_when_patients_are_divided(real):
    """The LGG case study divided slices: every test patient was known, and the next slice's mask was a good guess."""
    dataset = lgg.load(real("lgg"))
    tumour = dataset.index.has_tumour.to_numpy()
    shares, copied = [], []
    for seed in range(5):
        parts = splits.split(dataset.index, test=0.1, group=None, seed=seed)
        shares.append(leakage.leakage_report(dataset.index, parts).loc["test"])
        test = parts["test"][tumour[parts["test"]]]
        guess = leakage.copy_neighbour(dataset, parts["train"], test)
        copied.append(metrics.dice(dataset.masks[test], guess, empty=1).mean())
    assert all(share.same_group == 1 for share in shares)
    assert 0.85 < np.mean([share.next_slice for share in shares]) < 0.97
    assert 0.6 < np.mean(copied) < 0.8

    parts = splits.split(dataset.index, test=0.1)
    assert leakage.leakage_report(dataset.index, parts).loc["test", "same_group"] == 0
    assert not leakage.copy_neighbour(dataset, parts["train"], parts["test"]).any()
