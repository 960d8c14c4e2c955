"""From chapter texts to executed notebooks to the site: jupytext, papermill, and a cache that knows the package."""

import ast
import contextlib
import hashlib
import json
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from . import imports, paths
from .datasets import PHANTOM_MARK
from .results import PROVENANCE_MIME

FRAMEWORKS = ("keras", "torch")
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
    folder = root()
    toc = yaml.safe_load((folder / "_toc.yml").read_text())
    names = [file.removeprefix("notebooks/") for file in _files(toc) if file.startswith("notebooks/")]
    found = [Chapter(name, folder) for name in names]
    for chapter in found:
        if not chapter.source.exists():
            raise BookError(f"_toc.yml lists notebooks/{chapter.name}, but {chapter.source} does not exist.")
    return found


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

    notebook = jupytext.read(chapter.source)
    for position, cell in enumerate(notebook.cells):
        cell.id = f"cell-{position:03d}"
    return notebook


def run(chapter, profile, framework, *, force=False):
    """Execute one chapter unless an up-to-date result is there.

    Parameters
    ----------
    chapter : Chapter
    profile, framework : str
    force : bool
        Run even when nothing changed.

    Returns
    -------
    Path
        The executed notebook.

    Raises
    ------
    BookError
        If a cell fails; names the chapter and quotes the error.
    """
    import nbformat
    import papermill

    values = parameters(chapter, profile, framework)
    output = chapter.executed(profile, framework)
    key_file = output.with_suffix(".key")
    key = fingerprint(chapter, values)
    if not force and output.exists() and key_file.exists() and key_file.read_text() == key:
        print(f"{chapter.name} [{profile}, {framework}]: nothing changed, kept")
        return output

    print(f"{chapter.name} [{profile}, {framework}]: running", flush=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    work = output.with_suffix(".running.ipynb")
    nbformat.write(read(chapter), work)
    started = time.perf_counter()
    try:
        with _environ(kernel_environment(chapter.root, offline=profile == "smoke")):
            papermill.execute_notebook(work, work, values, kernel_name="python3", cwd=chapter.root, log_output=False)
    except papermill.PapermillExecutionError as error:
        raise BookError(
            f"{chapter.name} [{profile}, {framework}] failed in cell {error.exec_count}: "
            f"{error.ename}: {error.evalue}\n"
            f"The notebook up to there is {work}."
        ) from error
    minutes = (time.perf_counter() - started) / 60
    nbformat.write(tidy(nbformat.read(work, 4), values, minutes), work)
    os.replace(work, output)
    key_file.write_text(key)
    print(f"{chapter.name} [{profile}, {framework}]: {60 * minutes:.0f} s")
    return output


def tidy(notebook, values, minutes):
    """Keep what readers and comparisons need of an executed notebook: same text, same outputs, same bytes.

    papermill's own cell of parameters goes; its values move into the chapter's, so that readers see what was run.
    """
    provenance = {}
    notebook.cells = [cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    for position, cell in enumerate(notebook.cells):
        cell.id = f"cell-{position:03d}"
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = with_values(cell.source, values)
        if cell.cell_type == "code":
            cell.outputs = list(_joined(cell.outputs))
        for output in cell.get("outputs", []):
            provenance |= output.get("data", {}).get(PROVENANCE_MIME, {})
    notebook.metadata.pop("papermill", None)
    notebook.metadata["unet_course"] = {**provenance, "minutes": round(minutes, 2)}
    return notebook


def with_values(source, values):
    """The parameters cell with other values; names and comments stay."""
    lines = source.split("\n")
    for node in ast.parse(source).body:
        name = node.targets[0].id
        if name in values:
            comment = lines[node.lineno - 1][node.end_col_offset :]
            value = f'"{values[name]}"' if isinstance(values[name], str) else repr(values[name])
            lines[node.lineno - 1] = f"{name} = {value}{comment}"
    return "\n".join(lines)


def _joined(outputs):
    """What a cell prints arrives in pieces cut by chance: join neighbours."""
    last = None
    for output in outputs:
        if last is not None and output.output_type == "stream" == last.output_type and output.name == last.name:
            last.text += output.text
            continue
        last = output
        yield output


def build(profile="smoke"):
    """Run every chapter in its frameworks, where needed, and build the site; the path of its first page."""
    from . import site

    executed = {
        chapter.name: {framework: run(chapter, profile, framework) for framework in frameworks(chapter)}
        for chapter in chapters()
    }
    return site.build_site(executed, out=root() / "_build" / "html")


def frameworks(chapter):
    """Both frameworks, the case study's own first; `ONCE` alone for a page whose parameters cell sets no framework."""
    own = defaults(chapter).get("framework", ONCE)
    return (own, *(framework for framework in FRAMEWORKS if own != ONCE and framework != own))


def kernel_environment(folder, *, offline):
    """Environment variables for the kernels that run chapters; copies the kernel's settings to `_build/ipython`."""
    ipython = folder / "_build" / "ipython"
    shutil.copytree(folder / "book" / "kernel", ipython, dirs_exist_ok=True)
    return {
        "IPYTHONDIR": str(ipython),
        "TQDM_DISABLE": "1",  # a finished bar tells a reader nothing and is different in every run
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONHASHSEED": "0",
        "OMP_WAIT_POLICY": "passive",  # threads that wait by spinning slow each other down on a busy machine
        "UNET_COURSE_OFFLINE": "1" if offline else "",
    }


def fingerprint(chapter, values):
    """A hash of all that can change the result: text, parameters, data, and the package modules this run imports."""
    chosen = values.get("framework")
    others = tuple(f"unet_course.{framework}" for framework in FRAMEWORKS if chosen and framework != chosen)
    cells = [cell.source for cell in read(chapter).cells if cell.cell_type == "code"]
    code = "\n".join(cell for cell in cells if not cell.startswith(("%", "!")))
    digest = hashlib.sha256(chapter.source.read_bytes())
    digest.update(json.dumps(values, sort_keys=True).encode())
    digest.update((chapter.root / "requirements.lock").read_bytes())
    for module in sorted(imports.modules(code, skip=others)):
        digest.update(module.encode() + imports.source(module).read_bytes())
    records = (chapter.root / "book" / "results").glob(f"{Path(chapter.name).name}_*.json")
    for record in () if values.get("save_record") else sorted(records):  # a run that writes one must not undo itself
        digest.update(record.read_bytes())
    marks = [chapter.root / "benchmarks" / f"{name}.json" for name in re.findall(r'read_benchmark\("(\w+)"\)', code)]
    data = paths.data_root()
    digest.update(repr(sorted({path.name for path in data.glob("[!.]*/")} - {"cache", "downloads"})).encode())
    for mark in marks + sorted(data.glob(f"phantoms/*/{PHANTOM_MARK}")):
        digest.update(mark.read_bytes())
    return digest.hexdigest()


def _files(node):
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "file")
        node = [value for key, value in node.items() if key in ("parts", "chapters", "sections")]
    if isinstance(node, list):
        for child in node:
            yield from _files(child)


@contextlib.contextmanager
def _environ(values):
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
