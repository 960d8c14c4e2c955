"""The committed notebooks: up to date with the text, close to a new run, and runnable on their own."""

import re
import subprocess
import sys

import nbformat
import pytest

from unet_course import book, export
from unet_course.results import PROVENANCE_MIME

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
RUNS = [(chapter, framework) for chapter in book.chapters() for framework in book.frameworks(chapter)]


def committed(chapter, framework):
    ending = "" if framework == book.frameworks(chapter)[0] else f"_{framework}"
    return nbformat.read(chapter.root / "notebooks" / f"{chapter.name}{ending}.ipynb", 4)


@pytest.fixture(params=RUNS, ids=lambda run: f"{run[0].name}-{run[1]}")
def pair(request):
    """The committed notebook and what `make notebooks` would write today."""
    chapter, framework = request.param
    executed = chapter.executed("smoke", framework)
    if not executed.exists():
        pytest.skip("needs a smoke run: `make book`")
    fresh = export.for_colab(nbformat.read(executed, 4), chapter)
    return committed(chapter, framework), fresh


def words(output):
    return output.get("text") or output.get("data", {}).get("text/plain", "")


def test_text_and_code_are_those_of_the_book(pair):
    old, new = pair
    assert [cell.source for cell in old.cells] == [cell.source for cell in new.cells], "run `make notebooks`"


def test_outputs_say_the_same(pair):
    """Words must be equal. Numbers of a training may differ in the last digits on another processor."""
    for old, new in zip(*(notebook.cells for notebook in pair), strict=True):
        if old.cell_type == "markdown" or "nbval-ignore-output" in old.metadata.get("tags", []):
            continue
        for before, now in zip(old.outputs, new.outputs, strict=True):
            before, now = (re.sub(r"0x[0-9a-f]+", "ADDRESS", words(output)) for output in (before, now))
            assert NUMBER.sub("N", before).split() == NUMBER.sub("N", now).split(), old.source
            for a, b in zip(NUMBER.findall(before), NUMBER.findall(now), strict=True):
                assert float(a) == pytest.approx(float(b), rel=0.05, abs=0.1), old.source


def test_nothing_of_a_single_run_is_committed(pair):
    """Else every run on another day or machine would change the files."""
    text = nbformat.writes(pair[0])
    assert PROVENANCE_MIME not in text and "minutes" not in pair[0].metadata


def test_no_pictures_and_no_directives(pair):
    for cell in pair[0].cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"^(:::|```\{)|\{(cite|eq|numref|ref|doc)", cell.source, re.MULTILINE), cell.source
        for output in cell.get("outputs", []):
            assert not [kind for kind in output.get("data", {}) if kind.startswith("image/")]


def test_links_lead_to_notebooks_that_are_there(pair):
    chapters = {chapter.name for chapter in book.chapters()}
    links = [link for cell in pair[0].cells for link in re.findall(r"\]\(([\w./]+)\.ipynb\)", cell.source)]
    assert {link.split("/")[-1] for link in links} <= {name.split("/")[-1] for name in chapters}


def test_the_first_cell_does_nothing_where_the_package_is_installed(pair):
    """What it does where it is missing: tests/unit/test_colab.py."""
    first = next(cell for cell in pair[0].cells if cell.cell_type == "code")
    script = "import subprocess\nsubprocess.run = None  # calling it would fail\n" + first.source
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_the_code_of_solutions_is_folded_away(pair):
    folded = [cell for cell in pair[0].cells if cell.metadata.get("jupyter", {}).get("source_hidden")]
    assert all(cell.source.startswith("# @title") and cell.metadata["cellView"] == "form" for cell in folded)
    stubs = [cell for cell in pair[0].cells if "raise NotImplementedError" in cell.source]
    assert len(folded) >= len(stubs)
