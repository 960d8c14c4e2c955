"""From executed notebooks to the site: two runs of a chapter become one page, pages become HTML."""

import copy
import hashlib
import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import REPOSITORY, paths, status

LABELS = {"keras": "Keras", "torch": "PyTorch"}
# `python -m jupyter_book` does not exist.
START = "from jupyter_book.cli.main import main; main()"
STATUS = "book/appendix/status.md"  # its table is filled in here
# A change in one of these makes the site afresh: Sphinx would not see it, or not on every page.
FRAME = ("_config.yml", "_toc.yml", "book/_ext/", "book/_static/")


class SiteError(Exception):
    """The site cannot be built; the message says which page and what to do."""


def merge(notebooks):
    """Make one page of the runs of a chapter.

    Parameters
    ----------
    notebooks : dict of str to NotebookNode
        Executed notebooks by framework, the chapter's own framework first.

    Returns
    -------
    NotebookNode
        A cell that reads and prints the same in all runs appears once. Cells that differ appear once per
        framework, tagged `fw-keras` or `fw-torch`; neighbours stay together. The provenance strip follows
        the title.

    Raises
    ------
    SiteError
        If the notebooks do not come from the same text.
    """
    frameworks = list(notebooks)
    lengths = {name: len(notebook.cells) for name, notebook in notebooks.items()}
    if len(set(lengths.values())) > 1:
        raise SiteError(f"The runs of a chapter have different numbers of cells, {lengths}: run both again.")

    merged = copy.deepcopy(notebooks[frameworks[0]])
    merged.cells, differing = [], []
    for versions in zip(*(notebook.cells for notebook in notebooks.values()), strict=True):
        if _same(versions):
            merged.cells += _by_framework(differing, frameworks) + [copy.deepcopy(versions[0])]
            differing = []
        else:
            differing.append(versions)
    merged.cells += _by_framework(differing, frameworks)
    for position, cell in enumerate(merged.cells):
        cell.id = f"cell-{position:03d}"

    runs = {name: notebooks[name].metadata["unet_course"] for name in frameworks}
    _insert_below_title(merged, provenance_strip(runs))
    # The page needs the names only; the runs' own notebooks keep the rest.
    del merged.metadata["unet_course"]
    merged.metadata["frameworks"] = " ".join(name for name in frameworks if name in LABELS)
    return merged


def provenance_strip(runs):
    """Say in one quiet line of HTML what produced a page.

    Parameters
    ----------
    runs : dict of str to dict
        For each framework, the provenance of its run; a page that runs once has one run under `book.ONCE`.

    Returns
    -------
    str
    """
    first = next(iter(runs.values()))
    data = first["data"] if isinstance(first["data"], list) else [first["data"]]
    commit = html.escape(first["commit"])
    if commit.rstrip("+") != "unknown":
        commit = f'<a href="{REPOSITORY}/commit/{commit.rstrip("+")}">{commit}</a>'
    facts = [
        _fact("profile", html.escape(first["profile"])),
        *_framework_facts(runs),
        _fact("commit", commit),
        *map(_data_fact, data),
    ]
    return f'<aside class="uc-provenance" aria-label="Where this page comes from"><dl>{"".join(facts)}</dl></aside>'


def build_site(executed, out="_build/html"):
    """Build the site and print the path of its first page.

    Parameters
    ----------
    executed : dict of str to dict of str to path
        For each chapter name, the executed notebook of each framework, the chapter's own first.
    out : path
        Folder of the finished site, replaced as a whole when the build succeeds and left alone when it fails.

    Returns
    -------
    Path
        The site's index.html.

    Raises
    ------
    SiteError
        If Jupyter Book reports an error or a warning.
    """
    root, out = paths.repo_root(), Path(out).resolve()
    stage = out.parent / "site"
    pages = _pages(root, executed)
    frame = _digest({name: text for name, text in pages.items() if name.startswith(FRAME)})
    everything = _digest(pages)
    stamp_file = out.parent / "site.json"
    stamp = json.loads(stamp_file.read_text()) if stamp_file.exists() else {}
    index = out / "index.html"
    if stamp.get("everything") != everything or not index.exists():
        if stamp.get("frame") != frame:
            shutil.rmtree(stage, ignore_errors=True)
        # Without a stamp the next build starts afresh: Sphinx does not repeat warnings of unchanged pages.
        stamp_file.unlink(missing_ok=True)
        print("site: Jupyter Book is building the pages", flush=True)
        _stage(stage, pages)
        _jupyter_book(stage)
        built = stage / "_build" / "html"
        _complete_root(built / "index.html")
        page = built / STATUS.replace(".md", ".html")
        if page.exists():
            page.write_text(status.with_sizes(page.read_text(), built))
        _add_downloads(built / "_sources" / "notebooks", executed)
        with paths.whole_folder(out) as fresh:
            shutil.copytree(built, fresh, dirs_exist_ok=True)
        stamp_file.write_text(json.dumps({"frame": frame, "everything": everything}))
    print(index)
    return index


def _same(versions):
    first = versions[0]
    shown = (first.cell_type, first.source, _outputs(first))
    return all((cell.cell_type, cell.source, _outputs(cell)) == shown for cell in versions[1:])


def _outputs(cell):
    outputs = copy.deepcopy(cell.get("outputs", []))
    for output in outputs:
        output.pop("execution_count", None)
    return outputs


def _by_framework(differing, frameworks):
    """All of a run of differing cells for the first framework, then all for the next."""
    cells = []
    for position, framework in enumerate(frameworks):
        for versions in differing:
            cell = copy.deepcopy(versions[position])
            _tag(cell, f"fw-{framework}")
            figure = cell.metadata.get("mystnb", {}).get("figure", {})
            if position:
                if "name" in figure:
                    figure["name"] += f"-{framework}"
                _rename_explorers(cell, framework)
            cells.append(cell)
    return cells


def _rename_explorers(cell, framework):
    """Give an explorer its own HTML ids: the first framework's explorer is on the same page."""
    for output in cell.get("outputs", []):
        page = output.get("data", {}).get("text/html", "")
        for name in re.findall(r'class="uc-explorer" id="([^"]+)"', page):
            output["data"]["text/html"] = page = page.replace(f'"{name}', f'"{name}-{framework}')


def _tag(cell, tag):
    cell.metadata.tags = [*(t for t in cell.metadata.get("tags", []) if t != tag), tag]


def _insert_below_title(notebook, strip):
    for cell in notebook.cells:
        lines = cell.source.split("\n")
        if cell.cell_type == "markdown" and lines[0].startswith("# "):
            cell.source = "\n".join([lines[0], "", strip, "", *lines[1:]])
            return
    raise SiteError("A chapter has no cell that starts with its title (`# Title`).")


def _framework_facts(runs):
    for name, run in runs.items():
        own = f' class="uc-fw-{name}"' if len(runs) > 1 else ""
        minutes = run["minutes"]
        if name in LABELS:
            yield _fact("framework", html.escape(run["backend"].replace(name, LABELS[name], 1)), own)
            yield _fact("device", html.escape(str(run["device"])), own)
        yield _fact("time", f"{minutes:.1f} min" if minutes >= 1 else f"{60 * minutes:.0f} s", own)


def _data_fact(data):
    what = "phantom (synthetic) data" if data["source"] == "phantom" else "real data"
    details = f"{html.escape(data['key'])}, {data['n']} images, <code>{html.escape(data['content_hash'][:8])}</code>"
    return _fact("data", f'<strong class="uc-{data["source"]}">{what}</strong> {details}')


def _fact(term, value, own=""):
    return f"<div{own}><dt>{term}</dt><dd>{value}</dd></div>"


def _pages(root, executed):
    """Every file of the staged book as bytes, by its path there."""
    import nbformat

    pages = {name: (root / name).read_bytes() for name in ("_config.yml", "_toc.yml")}
    for folder, prefix in ((root / "book", "book"), (root / "unet_course", "unet_course")):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                pages[f"{prefix}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    for chapter, runs in executed.items():
        notebooks = {framework: nbformat.read(path, 4) for framework, path in runs.items()}
        try:
            page = merge(notebooks)
        except SiteError as error:
            raise SiteError(f"{chapter}: {error}") from error
        except KeyError as error:
            raise SiteError(f"{chapter}: the run's provenance lacks {error}: run the chapter again.") from error
        pages[f"notebooks/{chapter}.ipynb"] = nbformat.writes(page).encode()
    if STATUS in pages:
        pages[STATUS] = pages[STATUS].replace(status.MARK.encode(), status.table(executed).encode())
    return pages


def _digest(pages):
    digest = hashlib.sha256()
    for name in sorted(pages):
        digest.update(name.encode() + b"\0" + hashlib.sha256(pages[name]).digest())
    return digest.hexdigest()


def _stage(stage, pages):
    """Write the book's files; unchanged ones keep their time, so Sphinx reads only what changed."""
    for path in stage.rglob("*"):
        name = path.relative_to(stage).as_posix()
        if path.is_file() and name not in pages and not name.startswith("_build/"):
            path.unlink()
    for name, content in pages.items():
        path = stage / name
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _jupyter_book(stage):
    command = [sys.executable, "-c", START, "build", str(stage), "-W", "-n", "--keep-going", "-q"]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        said = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout).replace(f"{stage}/", "")
        raise SiteError(f"Jupyter Book found problems:\n{said[-8000:]}")


def _complete_root(index):
    """Give the redirect a title, a link for those it does not move, and an empty icon: browsers would ask for one."""
    first = re.search(r"url=([^\s\"]+)", index.read_text())[1]
    index.write_text(
        '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>U-Net on medical images</title>\n'
        f'<link rel="icon" href="data:,">\n<meta http-equiv="refresh" content="0; url={first}">\n'
        f'<p><a href="{first}">To the first page</a></p>\n</html>\n'
    )


def _add_downloads(folder, executed):
    """Let the download buttons give each framework's own run, not the page that merges them."""
    for chapter, runs in executed.items():
        for position, (framework, path) in enumerate(runs.items()):
            ending = f"_{framework}" if position else ""
            shutil.copy(path, folder / f"{chapter}{ending}.ipynb")
