"""Exercise checks: a stub fails kindly, a solution passes, a typical wrong answer gets its hint."""

import runpy
from functools import cache
from pathlib import Path

import pytest

from unet_course import checks

FILES = sorted((Path(__file__).parents[2] / "book" / "exercises").glob("*.py"))


def framework_of(path):
    """The framework whose layers these exercises are about, by the end of the file's name; else None."""
    return next((framework for framework in ("keras", "torch") if path.stem.endswith(f"_{framework}")), None)


@cache
def exercises(path):
    """Solutions, mistakes, and what the checks want to know besides: the framework, where the exercises have one."""
    if framework_of(path):
        pytest.importorskip(framework_of(path))
    chapter = runpy.run_path(str(path))
    return chapter["SOLUTIONS"], chapter["MISTAKES"], [chapter["FRAMEWORK"]] if "FRAMEWORK" in chapter else []


def stub(*arguments):
    raise NotImplementedError


by_file = pytest.mark.parametrize(
    "path",
    # Importing a framework takes seconds.
    [pytest.param(path, id=path.stem, marks=[pytest.mark.slow] * bool(framework_of(path))) for path in FILES],
)


@pytest.mark.slow
def test_every_check_has_a_solution():
    assert {name for path in FILES for name in exercises(path)[0]} == set(checks.__all__)


@by_file
def test_the_stub_fails_kindly_and_the_solution_passes(path, capsys):
    solutions, mistakes, framework = exercises(path)
    assert set(solutions) == {name for name, *_ in mistakes}, "each has a typical mistake"
    for name, solution in solutions.items():
        check = getattr(checks, name)
        assert check(stub, *framework) is None
        assert "nothing here yet" in capsys.readouterr().out
        check(solution, *framework)
        assert capsys.readouterr().out == f"{name}: right.\n"


@by_file
def test_a_typical_mistake_gets_its_hint(path, capsys):
    _, mistakes, framework = exercises(path)
    missed = []
    for name, wrong, hint in mistakes:
        getattr(checks, name)(wrong, *framework)
        out = capsys.readouterr().out
        missed += [] if "not yet" in out and hint in out else [(hint, out)]
    assert missed == []
