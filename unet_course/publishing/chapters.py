"""The book as its sources say it: which chapters there are, in which frameworks, with which parameters."""

import ast
import copy
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from .. import notebook, paths, reports
from ..datasets.published.sources import SOURCES

FRAMEWORKS = ("keras", "torch")
LABELS = {"keras": "Keras", "torch": "PyTorch"}
ONCE = "once"  # stands for the framework of a page that uses none, or both at a time


class BookError(Exception):
    """A chapter, a profile or the table of contents is wrong; the message says which line and what to do."""


@dataclass(frozen=True)
class Chapter:
    """One chapter: `name` such as "case_studies/03_nuclei" and the clone's folder it lives in."""

    name: str
    root: Path

    @property
    def source(self):
        return self.root / "book" / f"{self.name}.md"

    def notebook(self, framework):
        """Path of a run's notebook in a folder of notebooks: the chapter's own framework has the plain name."""
        return f"{self.name}{ending(framework, frameworks(self)[0])}.ipynb"

    def executed(self, profile, framework):
        return self.root / "_build" / "executed" / profile / framework / f"{self.name}.ipynb"


def ending(framework, own):
    """What the name of a run's notebook has behind the chapter's: nothing in the chapter's own framework."""
    return "" if framework == own else f"_{framework}"


def root():
    """The clone's folder; the book cannot be built from an installed package alone."""
    found = paths.repo_root()
    if found is None:
        raise BookError("The book is built inside a clone of the course: `git clone` it and run this there.")
    return found


def listed():
    """Every chapter of `_toc.yml`, in order.

    Raises
    ------
    BookError
        If a chapter's text is missing.
    """
    found = [page for file, page in pages() if file.startswith("notebooks/")]
    for chapter in found:
        if not chapter.source.exists():
            raise BookError(f"_toc.yml lists notebooks/{chapter.name}, but {chapter.source} does not exist.")
    return found


def pages():
    """Every page of `_toc.yml`, executed or not, in order: (its entry there, its `Chapter`)."""
    folder = root()
    return [(file, Chapter(file.split("/", 1)[1], folder)) for file in files(folder)]


def files(folder):
    """Every entry of `_toc.yml` in a folder, in order."""
    toc = yaml.safe_load((Path(folder) / "_toc.yml").read_text(encoding="utf-8"))
    return [*filter(None, [toc.get("root")]), *_files(toc)]


def parts(folder):
    """The parts of `_toc.yml` in a folder, in order: (caption, list of entries)."""
    toc = yaml.safe_load((Path(folder) / "_toc.yml").read_text(encoding="utf-8"))
    return [(part.get("caption", ""), list(_files(part))) for part in toc.get("parts", ())]


def with_pages(toc, added):
    """A table of contents, YAML, with entries added at the end of its last part."""
    if not added:
        return toc
    toc = yaml.safe_load(toc)
    last = toc["parts"][-1] if "parts" in toc else toc
    last["chapters"] += [{"file": entry} for entry in added]
    return yaml.safe_dump(toc, sort_keys=False)


def chapter(name):
    """The chapter with this name; the last part is enough ("03_nuclei")."""
    known = listed()
    for candidate in known:
        if name in (candidate.name, Path(candidate.name).name):
            return candidate
    raise BookError(f"There is no chapter {name!r}; there are: {', '.join(c.name for c in known)}.")


def parameters(chapter, profile, framework):
    """What papermill will inject: the profile's lines for this chapter, checked against its parameters cell.

    Raises
    ------
    BookError
        For an unknown profile, framework or key, or a chapter without exactly one cell tagged `parameters`:
        papermill alone would only warn and quietly run the notebook's own values.
    """
    known = frameworks(chapter)
    if framework not in known:
        raise BookError(f"{chapter.name}: framework {framework!r} is not known: use {' or '.join(sorted(known))}.")
    try:
        values = notebook.values(chapter.name, profile, framework)
    except ValueError as error:
        raise BookError(str(error)) from None
    allowed = defaults(chapter)
    for key in values:
        if key not in allowed:
            raise BookError(
                f"book/profiles/{profile}.yaml: {chapter.name} has no parameter {key!r}; "
                f"its parameters cell has {', '.join(allowed)}."
            )
    return {"profile": profile, **({} if framework == ONCE else {"framework": framework}), **values}


def defaults(chapter):
    """The names and values in the chapter's own parameters cell."""
    values = assigned(parameters_cell(chapter, read(chapter)).source)
    if "profile" not in values:
        raise BookError(f"{chapter.source}: the parameters cell does not set 'profile'.")
    return values


def parameters_cell(chapter, notebook):
    """The one cell of a chapter's notebook that sets what may be chosen."""
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise BookError(
            f"{chapter.source} has {len(cells)} cells tagged `parameters` and needs exactly one: "
            'write `:tags: ["parameters"]` at the top of the cell that sets profile and, in a chapter, framework.'
        )
    return cells[0]


def assigned(code):
    """Names and values of the assignments in a parameters cell."""
    nodes = [node for node in ast.parse(code).body if isinstance(node, ast.Assign)]
    return {node.targets[0].id: ast.literal_eval(node.value) for node in nodes}


def data_sets(chapter):
    """The public data sets that a chapter reads, by the modules its code imports from `unet_course.datasets`."""
    code = "\n".join(cell.source for cell in read(chapter).cells if cell.cell_type == "code")
    lines = re.findall(r"^from unet_course\.datasets import (.+)$", code, re.MULTILINE)
    return [key for key in SOURCES if any(key in re.findall(r"\w+", line) for line in lines)]


def read(chapter):
    """The chapter's text as a notebook without outputs, with cell ids that depend on the position only."""
    import jupytext

    return copy.deepcopy(_parsed(jupytext.reads, text(chapter)))


@cache
def _parsed(reads, text):
    """Kept, because a build asks for each chapter several times."""
    notebook = reads(text, fmt="md:myst")
    for position, cell in enumerate(notebook.cells):
        cell.id = f"cell-{position:03d}"
    return notebook


def text(chapter):
    """The text of a page, with the numbers of the published reports written into it."""
    return reports.fill_in(chapter.source.read_text(encoding="utf-8"))


def title(chapter):
    """The first heading of a page."""
    return heading(chapter.source.read_text(encoding="utf-8"))


def heading(text):
    """The first heading in a page's text."""
    return re.search(r"^# (.+)$", text, re.MULTILINE)[1]


def frameworks(chapter):
    """Both frameworks, the case study's own first; `ONCE` alone for a page whose parameters cell sets no framework."""
    own = defaults(chapter).get("framework", ONCE)
    return (own, *(framework for framework in FRAMEWORKS if own != ONCE and framework != own))


def _files(node):
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "file")
        node = [value for key, value in node.items() if key in ("parts", "chapters", "sections")]
    if isinstance(node, list):
        for child in node:
            yield from _files(child)
