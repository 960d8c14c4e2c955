"""Exercise checks: a stub fails kindly, a solution passes, a typical wrong answer gets its hint."""

import numpy as np
import pytest

from unet_course import checks

SOLUTIONS = {
    "background_accuracy": lambda masks: np.mean(masks == 0),
    "merge_masks": lambda masks: (np.max(masks, axis=0) > 0).astype(int),
    "dice_from_counts": lambda tp, fp, fn: 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 1.0,
}


def stub(*arguments):
    raise NotImplementedError


@pytest.mark.parametrize("name", SOLUTIONS)
def test_the_stub_fails_kindly(name, capsys):
    assert getattr(checks, name)(stub) is None
    assert "nothing here yet" in capsys.readouterr().out


@pytest.mark.parametrize("name", SOLUTIONS)
def test_the_solution_passes(name, capsys):
    getattr(checks, name)(SOLUTIONS[name])
    assert capsys.readouterr().out == f"{name}: right.\n"


@pytest.mark.parametrize(
    ("name", "wrong", "hint"),
    [
        ("background_accuracy", lambda masks: np.mean(masks), "How many pixels are 0"),
        ("background_accuracy", lambda masks: None, "is there a `return`"),
        ("merge_masks", lambda masks: sum(masks), "0 and 1"),
        ("merge_masks", lambda masks: sum(masks) // 255, "wraps around"),
        ("dice_from_counts", lambda tp, fp, fn: tp / (tp + fp + fn), "twice the overlap"),
        ("dice_from_counts", lambda tp, fp, fn: 2 * tp / (2 * tp + fp + fn), "ZeroDivisionError"),
    ],
)
def test_a_typical_mistake_gets_its_hint(name, wrong, hint, capsys):
    getattr(checks, name)(wrong)
    out = capsys.readouterr().out
    assert "not yet" in out and hint in out
