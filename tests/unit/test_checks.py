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


by_framework = pytest.mark.parametrize(
    "paths",
    [
        # Importing a framework takes seconds.
        pytest.param(
            [path for path in FILES if framework_of(path) == name],
            id=name or "none",
            marks=[pytest.mark.slow] * bool(name),
        )
        for name in (None, "keras", "torch")
    ],
)


@pytest.mark.slow
def test_every_check_has_a_solution():
    assert {name for path in FILES for name in exercises(path)[0]} == set(checks.__all__)


@by_framework
def test_the_stub_fails_kindly_and_the_solution_passes(paths, capsys):
    assert paths
    wrong = []
    for path in paths:
        solutions, mistakes, framework = exercises(path)
        assert set(solutions) == {name for name, *_ in mistakes}, f"{path.name}: each has a typical mistake"
        for name, solution in solutions.items():
            check = getattr(checks, name)
            assert check(stub, *framework) is None
            kind = capsys.readouterr().out
            check(solution, *framework)
            said = capsys.readouterr().out
            wrong += [] if "nothing here yet" in kind and said == f"{name}: right.\n" else [(path.name, kind, said)]
    assert wrong == []


@by_framework
def test_a_typical_mistake_gets_its_hint(paths, capsys):
    missed = []
    for path in paths:
        _, mistakes, framework = exercises(path)
        for name, wrong, hint in mistakes:
            getattr(checks, name)(wrong, *framework)
            out = capsys.readouterr().out
            missed += [] if "not yet" in out and hint in out else [(path.name, hint, out)]
    assert missed == []
