"""Exercise checks: a stub fails kindly, a solution passes, a typical wrong answer gets its hint."""

import runpy
from pathlib import Path

import pytest

from unet_course import checks

EXERCISES = [runpy.run_path(str(path)) for path in sorted((Path(__file__).parents[1] / "exercises").glob("*.py"))]
SOLUTIONS = {name: solution for chapter in EXERCISES for name, solution in chapter["SOLUTIONS"].items()}
MISTAKES = [mistake for chapter in EXERCISES for mistake in chapter["MISTAKES"]]


def stub(*arguments):
    raise NotImplementedError


def test_every_check_has_a_solution_and_a_mistake_here():
    assert set(SOLUTIONS) == set(checks.__all__) == {name for name, *_ in MISTAKES}


@pytest.mark.parametrize("name", SOLUTIONS)
def test_the_stub_fails_kindly(name, capsys):
    assert getattr(checks, name)(stub) is None
    assert "nothing here yet" in capsys.readouterr().out


@pytest.mark.parametrize("name", SOLUTIONS)
def test_the_solution_passes(name, capsys):
    getattr(checks, name)(SOLUTIONS[name])
    assert capsys.readouterr().out == f"{name}: right.\n"


@pytest.mark.parametrize(("name", "wrong", "hint"), MISTAKES)
def test_a_typical_mistake_gets_its_hint(name, wrong, hint, capsys):
    getattr(checks, name)(wrong)
    out = capsys.readouterr().out
    assert "not yet" in out and hint in out
