"""The cheat sheet says what the chapters and the package say."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from unet_course import metrics
from unet_course.datasets import brain_tumor, brats, folder, lgg, nuclei, splits

BOOK = Path(__file__).resolve().parents[2] / "book"
SHEET = (BOOK / "appendix" / "cheat_sheet.md").read_text(encoding="utf-8")


def rows(heading):
    return [line for line in section(heading).split("\n") if line.startswith("| ")][1:]


def section(heading):
    return SHEET.split(f"## {heading}\n")[1].split("\n## ")[0]


def chapter(name):
    return (BOOK / "foundations" / f"{name}.md").read_text(encoding="utf-8")


def test_its_tables_are_those_of_the_chapters():
    black, faults = rows("Everything is black"), rows("Six silent faults")
    assert len(black) == 7 and len(faults) == 6
    assert [line for line in black[:-1] if line not in chapter("training")] == []
    assert [line for line in faults if line not in chapter("break_it")] == []


def test_its_ten_questions_are_those_of_the_chapter():
    asked = re.findall(r"^(\d+)\. (.+)$", section("Before you believe a table: ten questions"), re.MULTILINE)
    assert [number for number, _ in asked] == [str(k) for k in range(1, 11)]
    for number, question in asked:
        first = question.split(":")[0].rstrip("?")
        assert re.search(rf"^{number}\. \*\*{re.escape(first)}", chapter("reading_results"), re.MULTILINE), question


def test_its_calls_fit_the_package():
    uc = pytest.importorskip("unet_course.torch")
    modules = (brain_tumor, brats, folder, lgg, metrics, nuclei, splits)
    named = {"uc": uc} | {module.__name__.split(".")[-1]: module for module in modules}
    calls = re.findall(r"`(\w+\.\w+\([^`]*\))`", section("In the course's own words"))
    assert len(calls) > 8
    for call in calls:
        node = ast.parse(call, mode="eval").body
        function = getattr(named[node.func.value.id], node.func.attr)
        inspect.signature(function).bind(*node.args, **{given.arg: given.value for given in node.keywords})
