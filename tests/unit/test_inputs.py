"""The door itself: whole arrays are looked at, in pieces, quickly, and what is not known is not guessed."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unet_course import metrics, postprocessing, preprocessing
from unet_course.common import inference, inputs
from unet_course.datasets import duplicates, leakage, splits

UNKNOWN = [None, np.nan, pd.NA, pd.NaT, "", " "]


@given(number=st.integers(0, 299), wrong=st.sampled_from([np.nan, np.inf, -0.5, 1.5, 255]))
def test_one_wrong_value_is_found_wherever_it_is(number, wrong):
    images = np.full((300, 8, 8, 1), 0.5, np.float32)
    images[number, 3, 4] = wrong
    with pytest.raises(ValueError, match=rf"\({number}, 3, 4, 0\)" if not np.isfinite(wrong) else f"number {number} "):
        inputs.as_images(images)


@pytest.mark.parametrize("together", [1, 100, 1 << 20])
def test_pieces_cover_an_array_whatever_their_size(monkeypatch, together):
    monkeypatch.setattr(inputs, "_TOGETHER", together)
    array = np.arange(7 * 6 * 5).reshape(7, 6, 5)
    firsts, pieces = zip(*inputs._pieces(array), strict=True)
    assert np.array_equal(np.concatenate(pieces), array)
    assert list(firsts) == np.cumsum([0, *map(len, pieces)])[:-1].tolist()


def test_a_file_is_read_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "_TOGETHER", 1 << 16)
    shape = (512, 64, 64, 3)
    images = np.lib.format.open_memmap(tmp_path / "images.npy", "w+", np.float32, shape)
    masks = np.lib.format.open_memmap(tmp_path / "masks.npy", "w+", np.float32, shape[:-1])
    tracemalloc.start()
    inputs.as_masks(masks, inputs.as_images(images))
    inputs.check_labels(masks, None, None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < images.nbytes / 16


def test_a_label_that_changes_nothing_is_left_out():
    def masked(logits, masks):
        return (logits[..., 0] * (masks != 255)).sum()

    def blind(logits, masks):
        return logits.sum() * np.nan

    def broken(logits, masks):
        raise IndexError("target 255 is out of bounds")

    assert inputs.leaves_out(masked, 255, (4, 4), 2)
    assert not inputs.leaves_out(masked, 254, (4, 4), 2)
    assert not inputs.leaves_out(blind, 255, (4, 4), 2)
    assert not inputs.leaves_out(broken, 255, (), 2)


@pytest.mark.parametrize("method", ["sliding_window", "mean_over_flips", "mean_over_turns"])
@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.full((1, 8, 8, 1), np.nan), "hold NaN"),
        (np.full((1, 8, 8, 1), 7.0), "divide by 255"),
        (np.zeros((8, 8, 1)), r"images\[None\]"),
        (np.zeros((0, 8, 8, 1)), "there are no images"),
    ],
)
def test_tiles_and_mirror_images_are_made_of_sound_images_only(method, images, message):
    options = {"tile": 4, "batch_size": 2} if method == "sliding_window" else {}
    with pytest.raises(ValueError, match=message):
        getattr(inference, method)(images, lambda batch: batch, **options)


SOFT = [0.2, 0.9, 1.0, 0.0]
LABELS = [0, 1, 1, 0]


@pytest.mark.parametrize("soft", [SOFT, [0.0, 1.0, np.nan, 0.0], [0.0, np.inf, 1.0, 0.0]])
def test_no_score_of_labels_takes_what_is_no_label(soft):
    soft, labels = np.array([soft]), np.array([LABELS])
    space = {"spacing": 1, "empty": "nan"}
    regions = {"tolerance": 1, "one_empty": np.inf, **space}
    scores = {
        "confusion_matrix": lambda *pair: metrics.confusion_matrix(*pair, 2),
        "confusion": metrics.confusion,
        "dice": lambda *pair: metrics.dice(*pair, empty=1),
        "iou": lambda *pair: metrics.iou(*pair, empty=1),
        "summary": lambda *pair: metrics.summary(*pair, empty=1),
        "region_scores": lambda *pair: metrics.region_scores(*pair, {"all": (1,)}, **regions),
        "instance_iou": metrics.instance_iou,
        "instance_counts": metrics.instance_counts,
        "instance_average_precision": lambda *pair: metrics.instance_average_precision(*pair, empty=1),
        "surface_distances": lambda *pair: metrics.surface_distances(*pair, spacing=1),
        "hausdorff": lambda *pair: metrics.hausdorff(*pair, one_empty=np.inf, **space),
        "surface_dice": lambda *pair: metrics.surface_dice(*pair, tolerance=1, **space),
        "average_surface_distance": lambda *pair: metrics.average_surface_distance(*pair, one_empty=np.inf, **space),
    }
    for name, score in scores.items():
        for pair in ((labels, soft), (soft, labels)):
            with pytest.raises(ValueError, match="whole numbers|0 and 1 only"):
                print(name, score(*pair))
        score(labels.astype(float), labels)  # whole numbers may be floats


@pytest.mark.parametrize("score", ["reliability_curve", "brier_score", "cross_entropy", "expected_calibration_error"])
@pytest.mark.parametrize("truth", [SOFT, [0, 1, np.nan, 0]])
def test_calibration_needs_a_truth_of_labels(score, truth):
    with pytest.raises(ValueError, match="whole numbers"):
        getattr(metrics, score)(np.array(truth), np.array(SOFT))


@pytest.mark.parametrize("wrong", [[0.1, np.nan], [0.5, 3.0], [-2.0, 0.5]])
def test_what_asks_for_probabilities_refuses_logits_and_nan(wrong):
    wrong = np.array([wrong])
    with pytest.raises(ValueError, match="must lie in"):
        metrics.apply_temperature(wrong, 2)
    with pytest.raises(ValueError, match="must lie in"):
        postprocessing.threshold_table(np.array([[0, 1]]), wrong, empty=1)
    with pytest.raises(ValueError, match="must lie in"):
        postprocessing.instances(wrong)


def table(unknown, column):
    """Twelve images of six patients, in one of which a column is not known."""
    frame = pd.DataFrame({"group": [f"p{n // 2}" for n in range(12)], "site": ["x", "y", "y"] * 4})
    frame = frame.assign(slice=[0, 1] * 6, pixel_hash=[str(n) for n in range(12)], id=range(12)).astype(object)
    frame.loc[7, column] = unknown
    return frame


@pytest.mark.parametrize("unknown", UNKNOWN, ids=repr)
def test_a_split_does_not_guess_what_is_not_known(unknown):
    calls = {
        "split by patient": ("group", splits.split),
        "split by another column": ("site", lambda index: splits.split(index, group="site")),
        "stratified": ("site", lambda index: splits.split(index, stratify="site")),
        "one site held out": ("site", lambda index: splits.hold_out(index, "site", ["x"])),
        "held out by patient": ("group", lambda index: splits.hold_out(index, "site", ["x"], group="group")),
        "leakage": ("group", lambda index: leakage.leakage_report(index, PARTS)),
        "leakage of pixels": ("pixel_hash", lambda index: leakage.leakage_report(index, PARTS)),
        "leakage of slices": ("slice", lambda index: leakage.leakage_report(index, PARTS)),
        "copies": ("pixel_hash", lambda index: duplicates.seen_in_training(index.assign(part="Testing"))),
    }
    for name, (column, call) in calls.items():
        with pytest.raises(ValueError, match=f"'{column}' is not known for 1 of 12 lines, line 7 for instance"):
            print(name, call(table(unknown, column)))


PARTS = {"train": np.arange(6), "validation": np.arange(6, 9), "test": np.arange(9, 12)}


def test_what_is_known_where_it_is_asked_for_is_enough():
    """Lines that are in no part, and columns that nobody asked about, may be empty."""
    assert sum(map(len, splits.split(table(None, "site")).values())) == 12
    parts = PARTS | {"validation": np.arange(8, 9)}
    assert leakage.leakage_report(table(None, "group"), parts).loc["test", "same_group"] == 0


@pytest.mark.parametrize("unknown", UNKNOWN, ids=repr)
def test_no_score_makes_one_patient_of_strangers(unknown):
    masks, patients = np.ones((4, 2, 2), int), np.array(["a", "b", unknown, unknown], dtype=object)
    with pytest.raises(ValueError, match="'groups' is not known for 2 of 4"):
        metrics.dice(masks, masks, empty=1, reduction="patient", groups=patients)
    with pytest.raises(ValueError, match="'patients' is not known for 2 of 4"):
        preprocessing.stack_neighbours(np.zeros((4, 2, 2, 1)), patients, [0, 0, 1, 2])
