"""The committed notebooks: up to date with the text, close to a new run, and runnable on their own."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import nbformat
import pytest

from unet_course.publishing import chapters, colab, outputs
from unet_course.results import PROVENANCE_MIME

pytestmark = pytest.mark.slow

RUNS = [(chapter, framework) for chapter in chapters.listed() for framework in chapters.frameworks(chapter)]


@cache
def pair(chapter, framework):
    """The committed notebook and what `make notebooks` would write today."""
    executed = chapter.executed("smoke", framework)
    if not executed.exists():
        pytest.skip("needs a smoke run: `make book`")
    committed = nbformat.read(chapter.root / "notebooks" / chapter.notebook(framework), 4)
    return committed, colab.for_colab(nbformat.read(executed, 4), chapter, framework)


def offenders(rule):
    """What `rule` finds wrong in the committed and the fresh notebook of each run, by run."""
    found = {f"{chapter.name}, {framework}": list(rule(*pair(chapter, framework))) for chapter, framework in RUNS}
    return {name: wrong for name, wrong in found.items() if wrong}


def words(output):
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    return re.sub(r"0x[0-9a-f]+", "ADDRESS", text)


def test_text_and_code_are_those_of_the_book():
    def outdated(old, new):
        sources = [[cell.source for cell in notebook.cells] for notebook in (old, new)]
        yield from (text[:200] for text in sources[1] if text not in sources[0])
        if sources[0] != sources[1]:
            yield "the committed notebook is another one"

    assert offenders(outdated) == {}, "run `make notebooks`"


def test_outputs_say_the_same():
    """On any machine. What may differ, and why: unet_course/publishing/outputs.py."""

    def different(old, new):
        trained = outputs.training_cells(new)
        for position, cells in enumerate(zip(old.cells, new.cells, strict=True)):
            if cells[0].cell_type == "markdown" or "nbval-ignore-output" in cells[0].metadata.get("tags", []):
                continue
            if len(cells[0].outputs) != len(cells[1].outputs):
                yield f"another number of outputs of\n{cells[0].source}"
            for before, now in zip(*(map(words, cell.outputs) for cell in cells), strict=False):
                if difference := outputs.disagreement(before, now, trained=position in trained):
                    yield f"{difference} in the output of\n{cells[0].source}"

    assert offenders(different) == {}


def test_nothing_of_a_single_run_is_committed():
    """Else every run on another day or machine would change the files."""

    def dated(old, new):
        if PROVENANCE_MIME in nbformat.writes(old) or "minutes" in old.metadata:
            yield "provenance"

    assert offenders(dated) == {}


def test_no_pictures_and_no_directives():
    directive = re.compile(r"^(:::|```\{)|\{(cite|eq|numref|ref|doc)", re.MULTILINE)

    def left_over(old, new):
        for cell in old.cells:
            if cell.cell_type == "markdown" and directive.search(cell.source):
                yield cell.source
            for output in cell.get("outputs", []):
                yield from (kind for kind in output.get("data", {}) if kind.startswith("image/"))

    assert offenders(left_over) == {}


def test_links_lead_to_notebooks_that_are_there():
    """In the framework of the notebook where the other chapter has it."""
    there = {Path(chapter.notebook(framework)).stem: framework for chapter, framework in RUNS}

    def lost(chapter, framework):
        for cell in pair(chapter, framework)[0].cells:
            for link in re.findall(r"\]\(([\w./]+)\.ipynb\)", cell.source):
                leads_to = there.get(link.split("/")[-1])
                if leads_to is None or chapters.ONCE not in (framework, leads_to) and leads_to != framework:
                    yield link

    found = {f"{chapter.name}, {framework}": list(lost(chapter, framework)) for chapter, framework in RUNS}
    assert {name: links for name, links in found.items() if links} == {}


def test_the_first_cell_does_nothing_where_the_package_is_installed():
    """What it does where it is missing: tests/unit/test_colab.py."""
    firsts = {next(cell.source for cell in pair(*run)[0].cells if cell.cell_type == "code") for run in RUNS}
    assert len(firsts) < 4, "all notebooks of a part begin alike"
    for first in firsts:
        script = "import subprocess\nsubprocess.run = None  # calling it would fail\n" + first
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_the_code_of_solutions_is_folded_away():
    def open_solutions(old, new):
        folded = [cell for cell in old.cells if cell.metadata.get("jupyter", {}).get("source_hidden")]
        for cell in folded:
            if not cell.source.startswith("# @title") or cell.metadata["cellView"] != "form":
                yield cell.source
        stubs = [cell for cell in old.cells if "raise NotImplementedError" in cell.source]
        if len(folded) < len(stubs):
            yield f"{len(folded)} solutions for {len(stubs)} stubs"

    assert offenders(open_solutions) == {}
