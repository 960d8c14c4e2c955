"""The phantoms are neither trivial nor hopeless: their statistics stay where those of the real sets are."""

import importlib
import importlib.util
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from unet_course import paths
from unet_course.datasets import brain_tumor, brats, lgg, nuclei

pytestmark = pytest.mark.slow

BENCHMARKS = paths.repo_root() / "benchmarks"
SPEC = importlib.util.spec_from_file_location("phantom_statistics", BENCHMARKS / "phantom_statistics.py")
statistics = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(statistics)
RECORD = json.loads((paths.benchmarks_root() / "phantoms.json").read_text(encoding="utf-8"))
READERS = {"nuclei": nuclei, "lgg": lgg, "brats": brats, "brain_tumor": brain_tumor}
# Small enough to be written in seconds, large enough that a median does not hang on one head.
SMALL = {
    "nuclei": {"n_images": 60},
    "lgg": {"n_patients": 10, "n_slices": 10, "size": 96},
    "brats": {"n_cases": 5, "shape": (64, 64, 24)},
    "brain_tumor": {"n_images": 240, "size": 64},
}


def write(key, dest, **arguments):
    return READERS[key].load(importlib.import_module(f"unet_course.phantoms.{key}").write(dest, **arguments))


def outside(key, measured):
    return statistics.outside(RECORD[key]["real"]["statistics"], measured, few=RECORD[key]["real"]["few"])


def large(measured):
    """The kinds with ten images or more; the median of fewer is a matter of chance."""
    return {kind: values for kind, values in measured.items() if values["n"] >= 10}


def measure(dataset):
    return statistics.summary(statistics.MEASURES[dataset.key](dataset))


@pytest.fixture
def disc():
    """A bright disc of radius 20 at grey 100 on 50, in an image of 256 pixels."""
    rows, columns = np.mgrid[:256, :256]
    mask = np.hypot(rows - 100, columns - 120) < 20
    return np.where(mask, 100, 50).astype(np.uint8), mask


@pytest.mark.parametrize("key", RECORD)
def test_the_recorded_phantom_lies_among_the_real_pictures(key):
    assert outside(key, RECORD[key]["phantom"]["statistics"]) == []


@pytest.mark.parametrize("key", SMALL)
def test_a_fresh_small_phantom_lies_among_the_real_pictures(key, data_root):
    enough = large(measure(write(key, data_root / key, seed=1, **SMALL[key])))
    if key == "brain_tumor":  # its images are small
        enough = {kind: {n: v for n, v in values.items() if n != "height, pixels"} for kind, values in enough.items()}
    assert enough and outside(key, enough) == []


@pytest.mark.parametrize("key", RECORD)
def test_the_record_is_that_of_the_real_set(key, real):
    """On the whole set the record must come out again; an excerpt must lie where the whole set does."""
    dataset = READERS[key].load(real(key))
    measured, recorded = measure(dataset), RECORD[key]["real"]
    if dataset.content_hash == recorded["content_hash"]:
        assert measured == recorded["statistics"]
    else:
        assert outside(key, large(measured)) == []


def test_what_lies_outside_is_named_with_its_numbers():
    real = {"a": {"n": 9, "contrast": [1.3, 1.6, 2.0], "area": [1, 2, 3]}}
    assert statistics.outside(real, {"a": {"n": 5, "contrast": [1, 1.3, 9], "area": [0, 3, 4]}}) == []
    other = {"a": {"n": 5, "contrast": [1, 2.25, 9], "area": [0, 0.5, 0.9]}}
    wrong = statistics.outside(real, other)
    assert statistics.outside(real, other, few=True) == wrong[:1], "the ranges of contrast overlap"
    assert wrong == ["a: median area is 0.5, real 1 to 3", "a: median contrast is 2.25, real 1.3 to 2"]


def test_a_threshold_finds_a_bright_disc_and_half_of_two(disc):
    grey, mask = disc
    assert statistics.best_threshold_dice(grey, mask) == 1
    twin = np.roll(grey, 80, axis=1) | grey
    assert statistics.best_threshold_dice(twin, mask) == pytest.approx(2 / 3)
    assert statistics.best_threshold_dice(twin, mask, where=np.broadcast_to(np.arange(256) < 150, mask.shape)) == 1
    everything = 2 * mask.sum() / (mask.size + mask.sum())
    assert statistics.best_threshold_dice(np.full_like(grey, 7), mask) == pytest.approx(everything)


def test_contrast_is_that_of_the_tissue_close_by(disc):
    grey, mask = disc
    assert statistics.contrast(grey, mask) == 2
    far = ndimage.distance_transform_edt(~mask) > 8
    assert statistics.contrast(np.where(far, 255, grey), mask) == 2
    assert statistics.contrast(grey[:, 120:], mask[:, 120:]) == 2, "a mask at the border has a ring on one side"
    assert np.isnan(statistics.contrast(np.where(mask, grey, 0), mask))
    assert np.isnan(statistics.contrast(grey, np.ones_like(mask)))


@pytest.mark.parametrize("scale", [1, 2])
def test_lengths_follow_the_size_of_the_picture(disc, scale):
    grey, mask = (array[::scale, ::scale] for array in disc)
    halo = ndimage.distance_transform_edt(~mask) <= 8 / scale
    assert statistics.contrast(np.where(halo & ~mask, 25, grey), mask) == 4


def test_a_ragged_outline_is_longer_and_the_edge_of_the_picture_is_none(disc):
    _, mask = disc
    assert 2.8 < statistics.outline(mask) < 3.4
    assert statistics.outline(mask & (np.arange(256) % 4 > 0)) > 6
    assert statistics.outline(np.ones((10, 10), bool)) == 0


def test_the_skull_is_left_out():
    rows, columns = np.mgrid[:256, :256]
    radius = np.hypot(rows - 128, columns - 128)
    head = np.where(radius < 100, np.where(radius > 92, 200, 60), 3)
    inside = statistics.inside_skull(head)
    assert inside[radius < 85].all() and not inside[radius > 92].any()


@pytest.fixture
def patient(data_root):
    """One small synthetic patient."""
    return write("lgg", data_root / "lgg", n_patients=1, n_slices=12, size=64)


def test_too_small_a_tumour_is_not_measured(patient):
    measured = len(statistics.lgg(patient))
    masks = patient.masks.copy()
    largest = patient.index.tumour_area.idxmax()
    masks[largest] = 0
    masks[largest, 32, 32:34] = 1
    assert len(statistics.lgg(replace(patient, masks=masks))) == measured - 1


def test_a_glaring_tumour_is_noticed(patient):
    glaring = replace(patient, images=np.where(patient.masks[..., None] > 0, np.uint8(250), patient.images))
    wrong = " ".join(outside("lgg", measure(glaring)))
    assert "median contrast" in wrong and "median best threshold Dice" in wrong
