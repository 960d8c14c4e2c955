"""From chapter texts to executed notebooks to the site: papermill, and a cache that knows the package."""

import ast
import contextlib
import hashlib
import json
import multiprocessing
import os
import re
import shutil
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from . import book, imports, paths
from .datasets import PHANTOM_MARK
from .results import PROVENANCE_MIME

MOST_AT_A_TIME = 4  # each run holds a framework in memory, 1 to 2 GB
_SMOKE = {
    "UNET_COURSE_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}


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
    book.BookError
        If a cell fails; names the chapter and quotes the error.
    """
    import nbformat
    import papermill

    values = book.parameters(chapter, profile, framework)
    output = chapter.executed(profile, framework)
    key_file = output.with_suffix(".key")
    key = fingerprint(chapter, values)
    if not force and output.exists() and key_file.exists() and key_file.read_text() == key:
        print(f"{chapter.name} [{profile}, {framework}]: nothing changed, kept")
        return output

    print(f"{chapter.name} [{profile}, {framework}]: running", flush=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    work = output.with_suffix(".running.ipynb")
    nbformat.write(book.read(chapter), work)
    started = time.perf_counter()
    try:
        with _environ(kernel_environment(chapter.root, smoke=profile == "smoke")):
            papermill.execute_notebook(work, work, values, kernel_name="python3", cwd=chapter.root, log_output=False)
    except papermill.PapermillExecutionError as error:
        raise book.BookError(
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
    """Run every chapter in its frameworks, where needed, and build the site; the path of its first page.

    Smoke runs use one thread each, so as many go on at a time as there are processor cores, at most `MOST_AT_A_TIME`.
    """
    from . import site

    wanted = [(chapter, framework) for chapter in book.chapters() for framework in book.frameworks(chapter)]
    workers = min(os.cpu_count(), MOST_AT_A_TIME) if profile == "smoke" else 1
    log = book.root() / "_build" / "kernels.log"
    log.parent.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    start = {"mp_context": multiprocessing.get_context("spawn"), "initializer": _say_to, "initargs": (log,)}
    with ProcessPoolExecutor(workers, **start) as pool:
        running = [pool.submit(run, chapter, profile, framework) for chapter, framework in wanted]
        try:
            outputs = [one.result() for one in running]
        except book.BookError:
            pool.shutdown(cancel_futures=True)
            raise
    executed = {}
    for (chapter, framework), path in zip(wanted, outputs, strict=True):
        executed.setdefault(chapter.name, {})[framework] = path
    return site.build_site(executed, out=book.root() / "_build" / "html")


def _say_to(log):
    """Send what kernels say outside of their cells to a file: TensorFlow greets every start with a screenful."""
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)


def kernel_environment(folder, *, smoke):
    """Environment variables for the kernels that run chapters; copies the kernel's settings to `_build/ipython`.

    A smoke run stays off the network and uses one thread: its networks are too small for more, another number of
    threads would change the last digits, and two chapters can run at a time.
    """
    ipython = folder / "_build" / "ipython"
    shutil.copytree(folder / "book" / "kernel", ipython, dirs_exist_ok=True)
    return {
        "IPYTHONDIR": str(ipython),
        "UNET_COURSE_STATIC": "1",  # explorers as HTML, which needs no kernel later
        "TQDM_DISABLE": "1",  # a finished bar tells a reader nothing and is different in every run
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONHASHSEED": "0",
        "OMP_WAIT_POLICY": "passive",  # threads that wait by spinning slow each other down on a busy machine
        **(_SMOKE if smoke else {"UNET_COURSE_OFFLINE": ""}),
    }


def fingerprint(chapter, values):
    """A hash of all that can change the result: text, parameters, data, and the package modules this run imports."""
    chosen = values.get("framework")
    others = tuple(f"unet_course.{framework}" for framework in book.FRAMEWORKS if chosen and framework != chosen)
    cells = [cell.source for cell in book.read(chapter).cells if cell.cell_type == "code"]
    code = "\n".join(cell for cell in cells if not cell.startswith(("%", "!")))
    digest = hashlib.sha256(chapter.source.read_bytes())
    digest.update(json.dumps(values, sort_keys=True).encode())
    digest.update((chapter.root / "requirements.lock").read_bytes())
    for module in sorted(imports.modules(code, skip=others)):
        path = imports.source(module)
        for file in sorted(path.parent.glob(f"{path.stem}*.*")) if path.stem != "__init__" else [path]:
            digest.update(module.encode() + file.read_bytes())  # a module's scripts and weights bear its name
    shown = "*" if "results.read_all(" in code else f"{Path(chapter.name).name}_*"
    records = (chapter.root / "book" / "results").glob(f"{shown}.json")
    for record in () if values.get("save_record") else sorted(records):  # a run that writes one must not undo itself
        digest.update(record.read_bytes())
    marks = [chapter.root / "benchmarks" / f"{name}.json" for name in re.findall(r'read_benchmark\("(\w+)"\)', code)]
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
