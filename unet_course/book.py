"""The book as its sources say it: which chapters there are, in which frameworks, with which parameters."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from . import paths

FRAMEWORKS = ("keras", "torch")
ONCE = "once"  # stands for the framework of a page that uses none, or both at a time
_HIDDEN = {"remove-cell", "remove-input", "hide-input"}


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
        ending = "" if framework == frameworks(self)[0] else f"_{framework}"
        return f"{self.name}{ending}.ipynb"

    def executed(self, profile, framework):
        return self.root / "_build" / "executed" / profile / framework / f"{self.name}.ipynb"


def root():
    """The clone's folder; the book cannot be built from an installed package alone."""
    found = paths.repo_root()
    if found is None:
        raise BookError("The book is built inside a clone of the course: `git clone` it and run this there.")
    return found


def chapters():
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
    toc = yaml.safe_load((folder / "_toc.yml").read_text())
    return [(file, Chapter(file.split("/", 1)[1], folder)) for file in [toc["root"], *_files(toc)]]


def chapter(name):
    """The chapter with this name; the last part is enough ("03_nuclei")."""
    known = chapters()
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
    path = chapter.root / "book" / "profiles" / f"{profile}.yaml"
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.yaml")))
        raise BookError(f"profile {profile!r} is not known: use one of {known}.")
    values = (yaml.safe_load(path.read_text()) or {}).get(chapter.name) or {}
    allowed = defaults(chapter)
    for key in values:
        if key not in allowed:
            raise BookError(
                f"{path}: {chapter.name} has no parameter {key!r}; its parameters cell has {', '.join(allowed)}."
            )
    return {"profile": profile, **({} if framework == ONCE else {"framework": framework}), **values}


def defaults(chapter):
    """The names and values in the chapter's own parameters cell."""
    cells = [cell for cell in read(chapter).cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise BookError(
            f"{chapter.source} has {len(cells)} cells tagged `parameters` and needs exactly one: "
            'write `:tags: ["parameters"]` at the top of the cell that sets profile and, in a chapter, framework.'
        )
    values = {}
    for node in ast.parse(cells[0].source).body:
        if isinstance(node, ast.Assign):
            values[node.targets[0].id] = ast.literal_eval(node.value)
    if "profile" not in values:
        raise BookError(f"{chapter.source}: the parameters cell does not set 'profile'.")
    return values


def read(chapter):
    """The chapter's text as a notebook without outputs, with cell ids that depend on the position only."""
    import jupytext

    notebook = jupytext.read(chapter.source, fmt="md:myst")
    for position, cell in enumerate(notebook.cells):
        cell.id = f"cell-{position:03d}"
    return notebook


def title(chapter):
    """The first heading of a page."""
    return re.search(r"^# (.+)$", chapter.source.read_text(), re.MULTILINE)[1]


def reading_minutes(chapter):
    """Minutes it takes to read a page: 200 words a minute, 4 seconds for a line of code, 12 for a figure."""
    cells = read(chapter).cells
    prose = " ".join(cell.source for cell in cells if cell.cell_type == "markdown")
    shown = [cell for cell in cells if cell.cell_type == "code" and not _HIDDEN & set(cell.metadata.get("tags", []))]
    lines = sum(cell.source.count("\n") + 1 for cell in shown)
    figures = sum("mystnb" in cell.metadata for cell in cells)
    return len(re.sub(r"```.*?```", "", prose, flags=re.DOTALL).split()) / 200 + lines / 15 + figures / 5


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
