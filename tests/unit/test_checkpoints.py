"""Checkpoint files: what goes in comes out, a kill leaves the old file, and nothing in a file is run."""

import os

import numpy as np
import pytest

from unet_course.common import checkpoints
from unet_course.common.batches import Batches

STATE = {
    "epoch": 3,
    "best": float("inf"),
    "nothing": None,
    "list": [{"a": np.arange(6).reshape(2, 3)}, {}],
    "deep": {"weights": {"conv/kernel:0": np.float32([0.1, 0.2]), "step": np.array(7.0, np.float32)}},
}


def same(left, right):
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and left.shape == right.shape and np.array_equal(left, right)
    return left == right


def test_what_goes_in_comes_out(tmp_path):
    checkpoints.write(tmp_path / "deep" / "folder", STATE)
    assert same(STATE, checkpoints.read(tmp_path / "deep" / "folder"))
    assert os.listdir(tmp_path / "deep" / "folder") == [checkpoints.NAME]


def test_without_a_file_there_is_nothing(tmp_path):
    assert checkpoints.read(tmp_path) is None


def test_a_failure_while_writing_leaves_the_old_file(tmp_path, monkeypatch):
    checkpoints.write(tmp_path, STATE)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        checkpoints.write(tmp_path, {"epoch": 4})
    assert same(STATE, checkpoints.read(tmp_path))


@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_damaged_file_says_what_to_do(tmp_path, damage):
    checkpoints.write(tmp_path, STATE | {"large": np.zeros(10_000)})
    path = tmp_path / checkpoints.NAME
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[-500:]
    else:
        content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"checkpoint\.npz is damaged .* resume=False"):
        checkpoints.read(tmp_path)


def test_a_pickle_in_a_checkpoint_is_not_opened(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was opened",))

    np.savez(tmp_path / checkpoints.NAME, state=np.array([Harmful()], dtype=object))
    with pytest.raises(ValueError, match="damaged"):
        checkpoints.read(tmp_path)


def test_another_run_is_refused_with_the_setting_that_differs():
    images, masks = np.zeros((6, 4, 4, 1), np.uint8), np.zeros((6, 4, 4), int)
    one, other = (
        checkpoints.settings(Batches(images, masks, size, seed=0), ["dice"], [], learning_rate=0.1) for size in (2, 3)
    )
    checkpoints.check_settings(one, one, "runs/a")
    with pytest.raises(ValueError, match="runs/a was started with batch_size=2, this one has batch_size=3"):
        checkpoints.check_settings(one, other, "runs/a")
    changed = checkpoints.settings(Batches(images + 1, masks, 2, seed=0), ["dice"], [], learning_rate=0.1)
    with pytest.raises(ValueError, match="images="):
        checkpoints.check_settings(one, changed, "runs/a")


def test_another_network_is_refused_with_the_weight_that_differs():
    with pytest.raises(ValueError, match=r"conv has shape \(3, 3\) there and \(5, 5\) here"):
        checkpoints.check_shapes({"conv": (3, 3)}, {"conv": (5, 5)})
    with pytest.raises(ValueError, match="extra has shape"):
        checkpoints.check_shapes({"extra": (1,)}, {})
