"""From executed notebooks to the site: two runs of a chapter become one page, pages become HTML."""

import ast
import copy
import hashlib
import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .. import REPOSITORY, paths, reports
from . import chapters, colab, drawing, gallery, pictures, recorded, status
from .branches import of_framework
from .chapters import LABELS
from .editions import html_page

# `python -m jupyter_book` does not exist.
START = "from jupyter_book.cli.main import main; main()"
TITLE = "U-Net on medical images"
PRACTICE = "smoke"  # the profile that shows that every cell works
STATUS = "book/appendix/status.md"  # its table is filled in here
# A change in one of these makes the site afresh: Sphinx would not see it, or not on every page.
FRAME = ("_config.yml", "_toc.yml", "book/_ext/", "book/_static/")


class SiteError(Exception):
    """The site cannot be built; the message says which page and what to do."""


def merge(notebooks, beside=""):
    """Make one page of the runs of a chapter.

    Parameters
    ----------
    notebooks : dict of str to NotebookNode
        Executed notebooks by framework, the chapter's own framework first.
    beside : str
        HTML of a link to the same page with other runs.

    Returns
    -------
    NotebookNode
        A cell that reads and prints the same in all runs appears once. Cells that differ appear once per
        framework, tagged `fw-keras` or `fw-torch`, without the other framework's code; neighbours stay together. Cells
        that only import or only draw are folded. The provenance strip follows the title.

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
    for versions in zip(*(_own_cells(name, notebook) for name, notebook in notebooks.items()), strict=True):
        if _same(versions):
            merged.cells += _by_framework(differing, frameworks) + [copy.deepcopy(versions[0])]
            differing = []
        else:
            differing.append(versions)
    merged.cells += _by_framework(differing, frameworks)
    drawing.fold(merged.cells)
    for position, cell in enumerate(merged.cells):
        cell.id = f"cell-{position:03d}"
        if any(map(pictures.is_plot, pictures.drawn(cell))):
            _tag(cell, "uc-plot")
        if cell.cell_type == "code" and _only_sets_up(cell.source):
            _tag(cell, "hide-input")
            cell.metadata["mystnb"] = {"code_prompt_show": "Set-up: what the chapter imports"}
        if "hide-input" in cell.metadata.get("tags", []) and "figure" in cell.metadata.get("mystnb", {}):
            cell.metadata["mystnb"]["code_prompt_show"] = "Code that draws this figure"

    runs = {name: notebooks[name].metadata["unet_course"] for name in frameworks}
    _insert_below_title(merged, provenance_strip(runs, beside))
    # The page needs the names only; the runs' own notebooks keep the rest.
    del merged.metadata["unet_course"]
    merged.metadata["frameworks"] = " ".join(name for name in frameworks if name in LABELS)
    return merged


def provenance_strip(runs, beside=""):
    """Say in one plain line what a reader looks at; what exactly produced the page unfolds below it.

    Parameters
    ----------
    runs : dict of str to dict
        For each framework, the provenance of its run; a page that runs once has one run under `chapters.ONCE`.
    beside : str
        HTML of a link to the same page with other runs.

    Returns
    -------
    str
        HTML.
    """
    lines = _told_once({name: [_plainly(run)] for name, run in runs.items()})
    summary = "".join(f"<span{own}>{line}</span>" for line, own in lines)
    told = sorted(_told_once({name: _facts(name, run) for name, run in runs.items()}), key=lambda one: one[0][0])
    facts = "".join(f"<div{own}><dt>{_TERMS[place]}</dt><dd>{value}</dd></div>" for (place, value), own in told)
    return (
        '<aside class="uc-provenance" aria-label="Where this page comes from"><details>'
        f"<summary>{summary}</summary><dl>{facts}</dl></details>{beside}</aside>"
    )


def _told_once(said):
    """What the runs say, each thing once, with the HTML that shows it to its framework's readers only."""
    for line in dict.fromkeys(line for lines in said.values() for line in lines):
        owners = [name for name, lines in said.items() if line in lines]
        yield line, f' class="uc-fw-{owners[0]}"' if len(owners) < len(said) else ""


def _plainly(run):
    """What a reader should know before any number on the page."""
    sources = {entry["source"] for entry in recorded.data(run)}
    if recorded.is_real(run):
        took = f"{run['minutes']:.0f} minutes on {'a GPU' if 'cuda' in str(run['device']).lower() else 'a processor'}"
        return f"<strong>Real data</strong>, recorded on {run['recorded']} in {took}."
    kind = "Practice run" if run["profile"] == PRACTICE else "Full run"
    if sources == {"phantom"}:
        line = f"<strong>{kind}</strong> on synthetic images: it shows how, and proves nothing about patients."
    else:
        kinds = " and ".join(name for key, name in (("real", "real"), ("phantom", "synthetic")) if key in sources)
        line = f"<strong>{kind}</strong>{f' on {kinds} images' * bool(kinds)}."
    if "outdated" in run:
        line += f" The code of this page has changed since its run on real data of {run['outdated']}."
    return line


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
    sources = _sources(root)
    runs = {f"{name} {framework}": path.read_bytes() for name, framework, path in _each(executed)}
    frame = _digest({name: text for name, text in sources.items() if name.startswith(FRAME)})
    everything = _digest(sources | runs)
    stamp_file = out.parent / "site.json"
    stamp = json.loads(stamp_file.read_text(encoding="utf-8")) if stamp_file.exists() else {}
    index = out / "index.html"
    if stamp.get("everything") != everything or not index.exists():
        if stamp.get("frame") != frame:
            shutil.rmtree(stage, ignore_errors=True)
        # Without a stamp the next build starts afresh: Sphinx does not repeat warnings of unchanged pages.
        stamp_file.unlink(missing_ok=True)
        print("site: Jupyter Book is building the pages", flush=True)
        _stage(stage, _pages(sources, executed, light=out.parent / "light"))
        _jupyter_book(stage)
        built = stage / "_build" / "html"
        _complete_root(built)
        page = built / STATUS.replace(".md", ".html")
        if page.exists():
            page.write_text(status.with_sizes(page.read_text(encoding="utf-8"), built), encoding="utf-8")
        _add_downloads(built / "_downloads" / "notebooks", executed)
        with paths.whole_folder(out) as fresh:
            shutil.copytree(built, fresh, dirs_exist_ok=True)
        stamp_file.write_text(json.dumps({"frame": frame, "everything": everything}), encoding="utf-8")
    print(index)
    return index


def _own_cells(framework, notebook):
    """A run's cells without the code of the other framework."""
    cells = copy.deepcopy(notebook.cells)
    for cell in cells:
        if cell.cell_type == "code" and framework in LABELS:
            cell.source = of_framework(cell.source, framework)
    return cells


def _same(versions):
    first = versions[0]
    shown = (first.cell_type, first.source, _outputs(first))
    return all((cell.cell_type, cell.source, _outputs(cell)) == shown for cell in versions[1:])


def _only_sets_up(source):
    """Does this code import, start the clock and name the chapter, and nothing else?"""
    try:
        lines = ast.parse(source).body
    except SyntaxError:
        return False
    imports = [line for line in lines if isinstance(line, ast.Import | ast.ImportFrom)]
    others = {line.targets[0].id for line in lines if isinstance(line, ast.Assign) and hasattr(line.targets[0], "id")}
    return bool(imports) and others <= {"started", "CHAPTER"} and len(imports) + len(others) == len(lines)


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
            if cell.cell_type == "code" and not cell.source and not cell.outputs:
                continue  # it is the other framework's alone
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


def _look_ahead(chapter, cell, plot):
    """A chapter begins with a piece of one of its figures: what the pages below are about."""
    figure = cell.metadata.get("mystnb", {}).get("figure", {})
    where = f" {{numref}}`{figure['name']}`, further down." if "name" in figure else ""
    up, kind = "../" * (chapter.count("/") + 1), "uc-ahead uc-plot" if plot else "uc-ahead"
    image = f"```{{image}} {up}book/cards/{chapter}.png\n:alt: A piece of a figure of this chapter\n:class: {kind}\n```"
    return f"{image}\n\n<small>A look ahead.{where}</small>"


_TERMS = ("profile", "recorded", "framework", "device", "time", "commit", "data", "licence")


def _facts(framework, run):
    """All that is known of a run: (place in `_TERMS`, HTML)."""
    commit, minutes = html.escape(run["commit"]), run["minutes"]
    if commit.rstrip("+") != "unknown":
        commit = f'<a href="{REPOSITORY}/commit/{commit.rstrip("+")}">{commit}</a>'
    facts = {"profile": html.escape(run["profile"]), "commit": commit}
    facts["time"] = f"{minutes:.1f} min" if minutes >= 1 else f"{60 * minutes:.0f} s"
    if framework in LABELS:
        facts["framework"] = html.escape(run["backend"].replace(framework, LABELS[framework], 1))
        facts["device"] = html.escape(str(run["device"]))
    if recorded.is_real(run):
        facts["recorded"] = run["recorded"]
        facts["licence"] = html.escape("; ".join(recorded.licences(run)))
    return [(_TERMS.index(term), value) for term, value in facts.items()] + [
        (_TERMS.index("data"), _data_fact(entry)) for entry in recorded.data(run)
    ]


def _data_fact(data):
    what = "phantom (synthetic) data" if data["source"] == "phantom" else "real data"
    details = f"{html.escape(data['key'])}, {data['n']} images, <code>{html.escape(data['content_hash'][:8])}</code>"
    return f'<strong class="uc-{data["source"]}">{what}</strong> {details}'


def _each(executed):
    """Chapter, framework and path of every run."""
    return [(name, framework, Path(path)) for name, runs in executed.items() for framework, path in runs.items()]


def _sources(root):
    """The files that the staged book takes from the clone, as bytes by their path."""
    files = [root / "_config.yml", root / "_toc.yml", *(root / "book").rglob("*"), *(root / "unet_course").rglob("*")]
    kept = sorted(path for path in files if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in kept}


def _pages(sources, executed, light):
    """Every file of the staged book as bytes, by its path there; `light` keeps images that were made lighter."""
    import nbformat

    pages = {
        name: reports.fill_in(content.decode()).encode() if name.endswith(".md") else content
        for name, content in sources.items()
    }
    real = {}
    for name, runs in executed.items():
        notebooks = {framework: nbformat.read(path, 4) for framework, path in runs.items()}
        for notebook in notebooks.values():
            pictures.lighten(notebook, light)
        try:
            page, practice = _page_and_practice(name, notebooks)
        except SiteError as error:
            raise SiteError(f"{name}: {error}") from error
        except KeyError as error:
            raise SiteError(f"{name}: the run's provenance lacks {error}: run the chapter again.") from error
        drawn = [(png, cell) for cell in page.cells for png in pictures.drawn(cell)]
        if drawn:
            scan, cell = next((one for one in drawn if not pictures.is_plot(one[0])), drawn[0])
            pages[f"book/cards/{name}.png"] = pictures.card(scan)
            _insert_below_title(page, _look_ahead(name, cell, plot=pictures.is_plot(scan)))
        pages[f"notebooks/{name}.ipynb"] = nbformat.writes(page).encode()
        if practice:
            real[name] = page
            pages[f"notebooks/{name}{recorded.PRACTICE}.ipynb"] = nbformat.writes(practice).encode()
    beside = [f"notebooks/{name}{recorded.PRACTICE}" for name in real]
    pages["_toc.yml"] = chapters.with_pages(pages["_toc.yml"].decode(), beside).encode()
    if gallery.PAGE in pages:
        text, images = gallery.fill(pages[gallery.PAGE].decode(), real)
        pages |= {gallery.PAGE: text.encode(), **images}
    if STATUS in pages:
        pages[STATUS] = pages[STATUS].replace(status.MARK.encode(), status.table(executed).encode())
    return pages


def _page_and_practice(name, notebooks):
    """The page of a chapter; and, where it shows real runs, the page of the practice runs beside it."""
    shown = recorded.shown(chapters.Chapter(name, paths.repo_root()), notebooks)
    if name.startswith("case_studies/"):  # elsewhere no figure is anybody's result
        shown, notebooks = (
            {framework: recorded.labelled(run) for framework, run in runs.items()} for runs in (shown, notebooks)
        )
    real = [framework for framework, run in shown.items() if recorded.is_real(run.metadata["unet_course"])]
    if not real:
        return merge(shown), None
    own = Path(name).name
    link = '<p><a href="{}.html">The same page {}</a></p>'.format
    page = merge(shown, link(f"{own}{recorded.PRACTICE}", "as a practice run on synthetic images"))
    page.metadata["opens_in"] = real[0]  # where only one framework has a real run, who has not chosen sees that one
    return page, recorded.practice(merge(notebooks, link(own, "on real data")))


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


def _complete_root(built):
    """Give the redirect the first page's head, for chats that show what is behind a link; and say what is not here."""
    index = built / "index.html"
    first = re.search(r"url=([^\s\"]+)", index.read_text(encoding="utf-8"))[1]
    head = re.findall(
        r"<(?:meta (?:name|property)|link rel=\"canonical\").*>", (built / first).read_text(encoding="utf-8")
    )
    index.write_text(
        f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{TITLE}</title>\n'
        '<link rel="icon" href="data:,">\n'  # the redirect would break off the loading of a real one
        + "\n".join(head)
        + f'\n<meta http-equiv="refresh" content="0; url={first}">\n'
        f'<p><a href="{first}">To the first page</a></p>\n</html>\n',
        encoding="utf-8",
    )
    # The host shows this page at any address, however deep: it needs nothing beside it, and its links are whole.
    ways = f"Go to the [first page]({colab.SITE}/{first}), or [search]({colab.SITE}/search.html)."
    missing = f"# There is no page here\n\n{ways}"
    (built / "404.html").write_text(html_page.document(f"No page here: {TITLE}", missing), encoding="utf-8")


def _add_downloads(folder, executed):
    """What the download buttons hand out: the notebooks that Colab opens, which run anywhere."""
    import nbformat

    for name, runs in executed.items():
        chapter = chapters.Chapter(name, paths.repo_root())
        for framework, path in runs.items():
            file = folder / f"{name}{chapters.ending(framework, next(iter(runs)))}.ipynb"
            file.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(colab.for_colab(nbformat.read(path, 4), chapter, framework), file)
