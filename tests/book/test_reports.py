"""The numbers of the published reports: typed once, with a source, and read from there by every page."""

import re

import pytest

from unet_course import paths, reports
from unet_course.publishing import chapters

NUMBERS = range(1, 6)
BOOK = paths.repo_root() / "book"
PAGES = sorted(path for kind in ("md", "yaml") for path in BOOK.rglob(f"*.{kind}"))
PAGES = [path for path in PAGES if path.relative_to(BOOK).parts[0] not in ("reports", "profiles")]


def leaves(value):
    if isinstance(value, dict | list):
        for inside in value.values() if isinstance(value, dict) else value:
            yield from leaves(inside)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def written(value):
    """How a page might type a number that is unmistakable: four digits or more, or a fraction of three."""
    if isinstance(value, int):
        return {str(value), f"{value:,}"} if value >= 1000 and not 1900 <= value <= 2100 else set()
    exact = f"{value:.12f}".rstrip("0")
    digits = len(exact.replace(".", "").lstrip("0"))
    shorter = {f"{value:.{places}f}" for places in (4, 5, 6)} if digits > 3 else set()
    return {exact, *shorter} if digits >= 3 else set()


def typed(text, numbers):
    """The unmistakable numbers that a text types itself."""
    forms = set().union(*map(written, numbers)) - {"0.0010", "0.00100"}
    text = re.sub(r"\{reported\}`[^`]*`", "", text)
    return set(re.findall(r"(?<![\d.,])\d+(?:,\d{3})*(?:\.\d+)?(?![\d]|[.,]\d)", text)) & forms


def all_numbers():
    entries = [entry for number in NUMBERS for entry in reports.read(number).numbers.values()]
    return [leaf for entry in entries for leaf in leaves(entry["value"])]


def test_no_page_types_a_number_of_a_report():
    numbers = all_numbers()
    found = {path.relative_to(BOOK): sorted(typed(path.read_text(encoding="utf-8"), numbers)) for path in PAGES}
    assert {name: forms for name, forms in found.items() if forms} == {}


@pytest.mark.parametrize("text", ["a loss of 0.176", "x = 0.9111", "conv: 590,080", "590080", "it is 0.044685 at last"])
def test_a_typed_number_is_found(text):
    assert typed(text, [0.176, 0.9111, 590080, 0.0446854])


@pytest.mark.parametrize("text", ["{reported}`1/x:.4f` is 0.9111"[:16], "0.91112", "10.9111", "1,590,080", "16 of 20"])
def test_other_numbers_are_left_alone(text):
    assert not typed(text, [0.9111, 590080, 16])


@pytest.mark.parametrize("number", NUMBERS)
def test_every_number_says_where_it_stands(number):
    report = reports.read(number)
    for name, entry in report.numbers.items():
        assert set(entry) == {"value", "document", "place", "how"}, name
        assert entry["how"] in reports.HOW, f"{name}: how is one of {', '.join(reports.HOW)}"
        assert report.source(name)


def test_every_page_can_be_filled_in():
    for path in PAGES:
        assert "{reported}" not in reports.fill_in(path.read_text(encoding="utf-8")), path


def test_what_no_report_has_is_refused_by_name():
    with pytest.raises(reports.ReportError, match="has no number .table_9.: it has"):
        reports.read(5)["table_9"]
    with pytest.raises(reports.ReportError, match="There is no report 6"):
        reports.read(6)


def test_chapters_and_runs_see_the_numbers(tmp_path, monkeypatch):
    page = tmp_path / "book" / "a.md"
    page.parent.mkdir()
    page.write_text("# A page\n\n{reported}`5/table_1/0.1/validation:.3f`\n", encoding="utf-8")
    wanted = f"{reports.read(5)['table_1'][0.1]['validation']:.3f}"
    assert wanted in chapters.text(chapters.Chapter("a", tmp_path))
    assert wanted in chapters.read(chapters.Chapter("a", tmp_path)).cells[0].source
