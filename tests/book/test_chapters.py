"""Rules for the text of every chapter, checked on the source alone."""

import ast
import re

import pytest

from unet_course import book

CHAPTERS = book.chapters()
# A page of the appendix or a table of contents is there to look things up: it teaches no lesson in a fixed order.
LESSONS = [chapter for chapter in CHAPTERS if not re.match("appendix/|.*/index$", chapter.name)]
MOST_LINES = 20
WIDEST = 92  # characters beside both sidebars on a screen of 1280 pixels


def code_cells(chapter):
    return [cell for cell in book.read(chapter).cells if cell.cell_type == "code"]


def tags(cell):
    return cell.metadata.get("tags", [])


def draws(cell):
    """Does this cell show a figure?"""
    return bool(re.search(r"^figure(, \w+)? = ", cell.source, re.MULTILINE))


@pytest.fixture(params=CHAPTERS, ids=lambda chapter: chapter.name)
def chapter(request):
    return request.param


@pytest.fixture(params=LESSONS, ids=lambda chapter: chapter.name)
def lesson(request):
    return request.param


def test_there_are_chapters():
    assert LESSONS


def test_cells_fit_on_a_screen(chapter):
    long = [cell.source for cell in code_cells(chapter) if cell.source.count("\n") >= MOST_LINES and not tags(cell)]
    assert not long, f"cells of more than {MOST_LINES} lines: {[source[:60] for source in long]}"


def test_every_figure_has_a_name_a_caption_and_a_description(chapter):
    names = []
    for cell in filter(draws, code_cells(chapter)):
        settings = cell.metadata.get("mystnb", {})
        figure = settings.get("figure", {})
        assert figure.get("caption") and figure.get("name", "").startswith("fig-"), cell.source[:80]
        assert len(settings.get("image", {}).get("alt", "")) > 40, f"describe the figure in words: {cell.source[:80]}"
        names.append(figure["name"])
    assert names and len(names) == len(set(names))


def test_a_figure_comes_without_the_name_of_its_last_part(chapter):
    silent = ("print", "display", "figure.align_ylabels", "figure.align_xlabels")  # what they return is not shown
    for cell in filter(draws, code_cells(chapter)):
        last = ast.parse(cell.source).body[-1]
        if isinstance(last, ast.Expr):
            called = ast.unparse(last.value.func) if isinstance(last.value, ast.Call) else ""
            assert called in silent, f"write `_ = ` before the last line: {cell.source.splitlines()[-1]}"


def test_figures_are_never_drawn_without_being_noticed(chapter):
    for cell in code_cells(chapter):
        if re.search(r"plotting\.(rows|learning_curves)|plt\.(subplots|figure)", cell.source):
            assert draws(cell), f"assign it to `figure`, so that it gets a caption and alt text: {cell.source[:80]}"


def test_no_line_ends_with_a_semicolon(chapter):
    for cell in code_cells(chapter):
        for line in cell.source.split("\n"):
            assert not line.rstrip().endswith(";"), line


def test_cells_are_python_without_magics(chapter):
    for cell in code_cells(chapter):
        ast.parse(cell.source)


def test_the_order_every_lesson_keeps(lesson):
    text = lesson.source.read_text()
    marks = ("# ", "You will be able to", "Time and memory", ":tags: [parameters]", "## Exercises", "## Summary")
    places = [text.find(mark) for mark in marks]
    assert -1 not in places and places == sorted(places)


def test_exercises_have_a_check_and_a_hidden_solution(lesson):
    text = lesson.source.read_text()
    exercises = re.findall(r"\{exercise-start\}\n:label: (\S+)", text)
    solutions = re.findall(r"\{solution-start\} (\S+)\n:class: dropdown", text)
    assert exercises and exercises == solutions
    assert text.count("raise NotImplementedError") == len(exercises)
    assert len(re.findall(r"^checks\.\w+\(", text, re.MULTILINE)) == 2 * len(exercises)


def test_what_changes_with_every_commit_is_not_compared(chapter):
    stating = [cell for cell in code_cells(chapter) if "PROVENANCE_MIME" in cell.source]
    assert stating and all({"remove-cell", "nbval-ignore-output"} <= set(tags(cell)) for cell in stating)


@pytest.mark.parametrize("profile", ["smoke", "laptop", "full"])
def test_profiles_fit_the_chapter(chapter, profile):
    for framework in book.frameworks(chapter):
        values = book.parameters(chapter, profile, framework)
        assert values["profile"] == profile
        assert values.keys() <= book.defaults(chapter).keys()


def test_package_code_is_included_not_pasted(chapter):
    for cell in code_cells(chapter):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0 and "*" not in {alias.name for alias in node.names}


def test_lines_fit_the_page(chapter):
    for cell in code_cells(chapter):
        if "remove-cell" not in tags(cell):
            wide = [line for line in cell.source.split("\n") if len(line) > WIDEST]
            assert not wide, f"readers would have to scroll sideways: {wide}"
