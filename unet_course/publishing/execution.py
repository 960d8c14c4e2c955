"""From chapter texts to executed notebooks: papermill, and a cache that knows the package."""

import ast
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from .. import paths, results
from ..datasets import PHANTOM_MARK
from . import chapters, dependencies, recorded

_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NUMBA_NUM_THREADS")
SLOW_START = 300  # seconds that a kernel may take on a busy machine until it answers
_BESIDE = (".js", ".npz")  # scripts and weights, which belong to the modules of their folder


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
    chapters.BookError
        If a cell fails; names the chapter and quotes the error.
    """
    if not force and (output := kept(chapter, profile, framework)):
        print(f"{chapter.name} [{profile}, {framework}]: nothing changed, kept")
        return output

    values = chapters.parameters(chapter, profile, framework)
    before = _figures(chapter, profile, framework)
    notebook = _execute(chapter, profile, framework, values)
    if values.get("save_record"):
        if _figures(chapter, profile, framework) != before:
            # A page reads its record while it runs, and this one still showed the record before.
            print(f"{chapter.name} [{profile}, {framework}]: once more, with the new record and the finished trainings")
            notebook = _execute(chapter, profile, framework, values)
        recorded.keep(chapter, framework, notebook)
    return chapter.executed(profile, framework)


def _execute(chapter, profile, framework, values):
    import nbformat
    import papermill

    output = chapter.executed(profile, framework)
    print(f"{chapter.name} [{profile}, {framework}]: running", flush=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    work, key = output.with_suffix(".running.ipynb"), fingerprint(chapter, values)
    nbformat.write(chapters.read(chapter), work)
    started = time.perf_counter()
    try:
        with _environ(kernel_environment(chapter.root, smoke=profile == "smoke")):
            papermill.execute_notebook(
                work, work, values, kernel_name="python3", cwd=chapter.root, log_output=False, start_timeout=SLOW_START
            )
    except papermill.PapermillExecutionError as error:
        raise chapters.BookError(
            f"{chapter.name} [{profile}, {framework}] failed in cell {error.exec_count}: "
            f"{error.ename}: {error.evalue}\n"
            f"The notebook up to there is {work}."
        ) from error
    minutes = (time.perf_counter() - started) / 60
    notebook = tidy(nbformat.read(work, 4), values, minutes)
    nbformat.write(notebook, work)
    os.replace(work, output)
    output.with_suffix(".key").write_text(key, encoding="utf-8")
    print(f"{chapter.name} [{profile}, {framework}]: {60 * minutes:.0f} s")
    return notebook


def _figures(chapter, profile, framework):
    """What the record of a run says, but for when it was made and how long that took."""
    record = results.read(chapter.name, profile, framework, folder=chapter.root / "book" / "results")
    return record and record["metrics"]


def kept(chapter, profile, framework):
    """The executed notebook of an earlier run, if nothing has changed since; else None."""
    output = chapter.executed(profile, framework)
    key = output.with_suffix(".key")
    if not output.exists() or not key.exists():
        return None
    now = fingerprint(chapter, chapters.parameters(chapter, profile, framework))
    return output if key.read_text(encoding="utf-8") == now else None


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
            provenance |= output.get("data", {}).get(results.PROVENANCE_MIME, {})
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


def kernel_environment(folder, *, smoke):
    """Environment variables for the kernels that run chapters; copies the kernel's settings to `_build/ipython`.

    A smoke run stays off the network and uses one thread, or as many as UNET_COURSE_THREADS says: its networks are too
    small for more, another number would change digits, and two chapters can run at a time.
    """
    threads = os.environ.get("UNET_COURSE_THREADS", "1")
    ipython = folder / "_build" / "ipython"
    shutil.copytree(folder / "book" / "kernel", ipython, dirs_exist_ok=True)
    return {
        "IPYTHONDIR": str(ipython),
        "UNET_COURSE_STATIC": "1",  # explorers as HTML, which needs no kernel later
        "TQDM_DISABLE": "1",  # a finished bar tells a reader nothing and is different in every run
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONHASHSEED": "0",
        "OMP_WAIT_POLICY": "passive",  # threads that wait by spinning slow each other down on a busy machine
        "UNET_COURSE_OFFLINE": "1" if smoke else "",
        **(dict.fromkeys(_THREADS, threads) if smoke else {}),
    }


def fingerprint(chapter, values):
    """A hash of all that can change the result: text, parameters, data, the kernel, the package modules it imports."""
    chosen = values.get("framework")
    others = tuple(f"unet_course.{framework}" for framework in chapters.FRAMEWORKS if chosen and framework != chosen)
    cells = [cell.source for cell in chapters.read(chapter).cells if cell.cell_type == "code"]
    code = "\n".join(cell for cell in cells if not cell.startswith(("%", "!")))
    digest = hashlib.sha256(chapters.text(chapter).encode())
    digest.update(json.dumps(values, sort_keys=True).encode())
    kernel = sorted((chapter.root / "book" / "kernel").rglob("*.py"))
    for file in [chapter.root / "requirements.lock", *kernel]:
        digest.update(file.read_bytes())
    for module in sorted(dependencies.modules(code, skip=others)):
        path = dependencies.source(module)
        beside = sorted(file for kind in _BESIDE for file in path.parent.glob(f"*{kind}"))
        for file in [path, *beside]:
            digest.update(module.encode() + file.read_bytes())
    own, everything = Path(chapter.name).name, "results.read_all(" in code
    named = {path: path.stem.rsplit("_", 2)[0] for path in (chapter.root / "book" / "results").glob("*.json")}
    records = [path for path, name in named.items() if everything or name == own or f'"{name}"' in code]
    for record in () if values.get("save_record") else sorted(records):  # a run that writes one must not undo itself
        digest.update(record.read_bytes())
    if "reports.read(" in code:
        for report in sorted((chapter.root / "book" / "reports").glob("*.yaml")):
            digest.update(report.read_bytes())
    folder = chapter.root / "benchmarks" / "records"
    marks = [folder / f"{name}.json" for name in re.findall(r'read_benchmark\("(\w+)"\)', code)]
    data = paths.data_root()
    digest.update(repr(sorted({path.name for path in data.glob("[!.]*/")} - {"cache", "downloads"})).encode())
    for mark in marks + sorted(data.glob(f"phantoms/*/{PHANTOM_MARK}")):
        digest.update(mark.read_bytes())
    return digest.hexdigest()


@contextlib.contextmanager
def _environ(values):
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


if __name__ == "__main__":  # `python -m unet_course.publishing.execution COMMAND ...`, in the environment of smoke runs
    os.environ |= kernel_environment(chapters.root(), smoke=True)
    sys.exit(subprocess.run(sys.argv[1:]).returncode)
