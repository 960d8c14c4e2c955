"""Rules for the text of every chapter, checked on the source alone."""

import ast
import re
import textwrap
from functools import cache

import pytest

from unet_course import plotting
from unet_course.publishing import chapters

CHAPTERS = chapters.listed()
# A page of the appendix or a table of contents is there to look things up: it teaches no lesson in a fixed order.
LESSONS = [chapter for chapter in CHAPTERS if not re.match("appendix/|.*/index$", chapter.name)]
MOST_LINES = 20
WIDEST = 92  # characters beside both sidebars on a screen of 1280 pixels


@cache
def code_cells(chapter):
    return [cell for cell in chapters.read(chapter).cells if cell.cell_type == "code"]


def tags(cell):
    return cell.metadata.get("tags", [])


def draws(cell):
    """Does this cell show a figure?"""
    return bool(re.search(r"^figure(, \w+)? = ", cell.source, re.MULTILINE))


def offenders(rule, among=CHAPTERS):
    """What `rule` finds wrong, by chapter: a test lists all of it at once."""
    found = {chapter.name: list(rule(chapter)) for chapter in among}
    return {name: wrong for name, wrong in found.items() if wrong}


def test_there_are_chapters():
    assert LESSONS


def test_cells_fit_on_a_screen():
    def long(chapter):
        return (cell.source for cell in code_cells(chapter) if cell.source.count("\n") >= MOST_LINES and not tags(cell))

    assert offenders(long) == {}, f"cells of more than {MOST_LINES} lines"


def test_every_figure_has_a_name_a_caption_and_a_description():
    def undescribed(chapter):
        names = []
        for cell in filter(draws, code_cells(chapter)):
            settings = cell.metadata.get("mystnb", {})
            figure = settings.get("figure", {})
            if not (figure.get("caption") and figure.get("name", "").startswith("fig-")):
                yield f"no caption or name: {cell.source[:80]}"
            if len(settings.get("image", {}).get("alt", "")) <= 40:
                yield f"describe the figure in words: {cell.source[:80]}"
            names.append(figure.get("name"))
        if not names or len(names) > len(set(names)):
            yield f"no figure, or one name twice: {names}"

    assert offenders(undescribed) == {}


def test_a_figure_comes_without_the_name_of_its_last_part():
    silent = ("print", "display", "figure.align_ylabels", "figure.align_xlabels")  # what they return is not shown

    def shown(chapter):
        for cell in filter(draws, code_cells(chapter)):
            last = ast.parse(cell.source).body[-1]
            if isinstance(last, ast.Expr):
                called = ast.unparse(last.value.func) if isinstance(last.value, ast.Call) else ""
                if called not in silent:
                    yield cell.source.splitlines()[-1]

    assert offenders(shown) == {}, "write `_ = ` before these lines"


def test_figures_are_never_drawn_without_being_noticed():
    def unnoticed(chapter):
        for cell in code_cells(chapter):
            if re.search(r"plotting\.(rows|learning_curves)|plt\.(subplots|figure)", cell.source) and not draws(cell):
                yield cell.source[:80]

    assert offenders(unnoticed) == {}, "assign it to `figure`, so that it gets a caption and alt text"


def test_all_figures_share_one_style_sheet():
    """Importing plotting puts it in force; `WIDEST` keeps text readable on a phone."""
    own = (
        r"fontsize|labelsize|titlesize|rcParams|plt\.(?:rc|style)\b|\.grid\(|frameon=False|dpi=|['\"]tab:|['\"]C\d['\"]"
    )

    def looks_of_its_own(chapter):
        sources = [cell.source for cell in code_cells(chapter)]
        if any("matplotlib" in source for source in sources) and not any("plotting" in source for source in sources):
            yield "import plotting from unet_course: it brings the style of all figures"
        for source in sources:
            yield from re.findall(own, source)
            yield from (
                f"{width} inches"
                for width in re.findall(r"figsize=\(([\d.]+)", source)
                if float(width) > plotting.WIDEST
            )

    assert offenders(looks_of_its_own) == {}


def test_no_line_ends_with_a_semicolon():
    def silenced(chapter):
        for cell in code_cells(chapter):
            yield from (line for line in cell.source.split("\n") if line.rstrip().endswith(";"))

    assert offenders(silenced) == {}


def test_cells_are_python_without_magics():
    for chapter in CHAPTERS:
        for cell in code_cells(chapter):
            ast.parse(cell.source, chapter.name)


def test_the_order_every_lesson_keeps():
    marks = ("# ", "You will be able to", "Time and memory", ":tags: [parameters]", "## Exercises", "## Summary")

    def places(chapter):
        found = [chapter.source.read_text(encoding="utf-8").find(mark) for mark in marks]
        return found if -1 in found or found != sorted(found) else []

    assert offenders(places, LESSONS) == {}, f"where {marks} stand"


def test_exercises_have_a_check_and_a_hidden_solution():
    def incomplete(chapter):
        text = chapter.source.read_text(encoding="utf-8")
        exercises = re.findall(r"\{exercise-start\}\n:label: (\S+)", text)
        if not exercises or exercises != re.findall(r"\{solution-start\} (\S+)\n:class: dropdown", text):
            yield f"exercises and solutions: {exercises}"
        if text.count("raise NotImplementedError") != len(exercises):
            yield "each exercise has one stub"
        if len(re.findall(r"^checks\.\w+\(", text, re.MULTILINE)) != 2 * len(exercises):
            yield "a stub and its solution are both checked"

    assert offenders(incomplete, LESSONS) == {}


def test_what_changes_with_every_commit_is_not_compared():
    def compared(chapter):
        stating = [cell for cell in code_cells(chapter) if "PROVENANCE_MIME" in cell.source]
        if not stating or not all({"remove-cell", "nbval-ignore-output"} <= set(tags(cell)) for cell in stating):
            yield "tag the cell that displays provenance"

    assert offenders(compared) == {}


@pytest.mark.parametrize("profile", ["smoke", "laptop", "full"])
def test_profiles_fit_the_chapters(profile):
    for chapter in CHAPTERS:
        for framework in chapters.frameworks(chapter):
            values = chapters.parameters(chapter, profile, framework)  # names what is wrong
            assert values["profile"] == profile
            assert values.keys() <= chapters.defaults(chapter).keys(), chapter.name


def test_package_code_is_included_not_pasted():
    def relative(chapter):
        for cell in code_cells(chapter):
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.ImportFrom) and (node.level or "*" in {alias.name for alias in node.names}):
                    yield ast.unparse(node)

    assert offenders(relative) == {}


def test_lines_fit_the_page():
    def wide(chapter):
        for cell in code_cells(chapter):
            if "remove-cell" not in tags(cell):
                yield from (line for line in cell.source.split("\n") if len(line) > WIDEST)

    assert offenders(wide) == {}, "readers would have to scroll sideways"


def test_included_code_is_there():
    def lost(chapter):
        for file, options in re.findall(r"```\{literalinclude\} (\S+)\n(.*?)```", chapters.text(chapter), re.DOTALL):
            path, names = chapter.source.parent / file, re.findall(r":pyobject: (?:\w+\.)*(\w+)", options)
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            if not text or not all(re.search(rf"(def|class) {name}\b", text) for name in names):
                yield file, *names

    assert offenders(lost) == {}


def test_included_code_fits_the_page():
    """Counted as `test_lines_fit_the_page` does, without the indentation that a whole block shares."""
    pytest.importorskip("sphinx")
    from sphinx.config import Config
    from sphinx.directives.code import LiteralIncludeReader

    def wide(page):
        for file, options in re.findall(r"```\{literalinclude\} (\S+\.py)\n(.*?)```", chapters.text(page), re.DOTALL):
            options = dict(re.findall(r"^:([\w-]+): (.+)$", options, re.MULTILINE))
            shown, _ = LiteralIncludeReader(str(page.source.parent / file), options, Config()).read()
            yield from ((file, line) for line in textwrap.dedent(shown).split("\n") if len(line) > WIDEST)

    assert offenders(wide, [page for _, page in chapters.pages()]) == {}, "readers would have to scroll sideways"


def test_the_sidebar_numbers_the_case_studies():
    """ "Read number 3 first", says the first page: the number must be there to be found."""
    toc = (chapters.root() / "_toc.yml").read_text(encoding="utf-8")
    shown = re.findall(r'notebooks/(case_studies/0\S+).*\n +title: "(.+)"', toc)
    assert len(shown) == 5
    for name, title in shown:
        number = int(name.split("/")[1][:2])  # of the case study; the gentlest is read first
        assert title == f"{number}. {chapters.title(chapters.chapter(name))}"
