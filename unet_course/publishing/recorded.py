"""Real runs, kept with their images in `book/recorded/`: a page shows one in the place of the practice run.

It does so as long as the run's code is the chapter's. Where a cell has changed since, the page goes back to the
practice run and says so, until somebody runs the chapter again.
"""

import base64
import copy
import re
import time
from pathlib import Path

from .. import paths, results
from ..datasets.published.sources import SOURCES
from ..results import PROVENANCE_MIME
from . import chapters, pictures

LARGEST = 1e6  # bytes of all images in a run
COLOURS = 64  # of every image: what two frameworks draw alike must stay alike, so that the page shows it once
_LABEL = re.compile(r"^\(([\w-]+)\)=$|^\$\$ \(([\w-]+)\)$|^:label: ([\w-]+)$", re.MULTILINE)
CREDIT = " Real images: "  # begins the end of a caption: whose, under which licence
PRACTICE = "_practice"  # ends the name of the page that shows the practice run
REAL = "real-images"  # tags a figure of real images from a record: its own caption says whose they are


def file(chapter, framework):
    """Where the real run of a chapter is kept."""
    return chapter.root / "book" / "recorded" / chapter.notebook(framework)


def keep(chapter, framework, notebook):
    """Keep a real run that has just been executed, if its images may be passed on.

    Parameters
    ----------
    chapter : chapters.Chapter
    framework : str
    notebook : NotebookNode
        Executed and tidied.

    Returns
    -------
    Path or None
        None, after a line that says why, where the terms of a set or phantoms speak against it.

    Raises
    ------
    chapters.BookError
        If the images are larger than a page can carry.
    """
    import nbformat

    for entry in data(notebook.metadata["unet_course"]):
        if entry["source"] == "phantom":
            print(f"{chapter.name}: a run on synthetic images ({entry['key']}), not kept for the site")
            return None
        if not SOURCES[entry["key"]].figures:
            print(f"{chapter.name}: images of {entry['key']} may not be passed on, not kept for the site")
            return None
    kept = copy.deepcopy(notebook)
    run = kept.metadata["unet_course"]
    run["recorded"] = time.strftime("%Y-%m-%d")
    record = results.read(chapter.name, run["profile"], framework, folder=chapter.root / "book" / "results")
    if record:  # it counts what a run that was cut off had trained before
        run["minutes"] = max(run["minutes"], record["minutes"])
    for cell in kept.cells:
        if cell.cell_type == "code":
            outputs = [each for each in cell.outputs if PROVENANCE_MIME not in each.get("data", {})]
            cell.outputs = [_public(each, chapter) for each in outputs]
    _shrink(kept, chapter)
    path = file(chapter, framework)
    paths.write_whole(path, nbformat.writes(kept) + "\n")
    return path


def shown(chapter, runs):
    """What a chapter's page shows: its real runs where they are up to date, its practice runs where not.

    Parameters
    ----------
    chapter : chapters.Chapter
    runs : dict of str to NotebookNode
        The practice run of each framework, as executed.

    Returns
    -------
    dict of str to NotebookNode
        Words, captions and tags are those of the practice run; outputs, the values of the parameters and the provenance
        are those of the real run. A practice run whose real run is out of date has that one's date as
        `metadata.unet_course.outdated`.
    """
    import nbformat

    page = {}
    for framework, run in runs.items():
        page[framework] = run
        if (path := file(chapter, framework)).exists():
            real = nbformat.read(path, 4)
            if same_code(run, real):
                page[framework] = _with_outputs(run, real)
            else:
                page[framework] = copy.deepcopy(run)
                page[framework].metadata["unet_course"]["outdated"] = real.metadata["unet_course"]["recorded"]
    return page


def same_code(run, real):
    """Whether two runs come from the same code cells; the values of the parameters may differ."""
    return _code(run) == _code(real)


def practice(notebook):
    """The page of the practice run beside the one of the real run: a title and labels of its own, and no search."""
    notebook = copy.deepcopy(notebook)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    figures = [cell.metadata.get("mystnb", {}).get("figure", {}) for cell in notebook.cells]
    names = {figure["name"] for figure in figures if "name" in figure}
    names |= {name for found in _LABEL.findall(text) for name in found if name}
    # Where a label is used, or where it is given; the same word in a sentence stays.
    used = re.compile(rf"([`<(]|:label: |-start\}} )({'|'.join(map(re.escape, names))})(?=[`>)\n]|$)")
    for cell, figure in zip(notebook.cells, figures, strict=True):
        if "name" in figure:
            figure["name"] += "-practice"
        if cell.cell_type == "markdown":
            cell.source = used.sub(r"\1\2-practice", cell.source) if names else cell.source
            if cell.source.startswith("# "):
                cell.source = cell.source.replace("\n", ": practice run\n", 1)
    notebook.metadata["nosearch"] = "true"
    return notebook


def labelled(notebook):
    """A practice run that says so under each image, where nobody remembers the strip; a real run as it is."""
    if is_real(notebook.metadata["unet_course"]):
        return notebook
    page = copy.deepcopy(notebook)
    _credit(page, " Practice run on synthetic images.")
    return page


def is_real(run):
    """Whether provenance is that of a kept real run."""
    return "recorded" in run


def licences(run):
    """Whose images a real run shows, under which licences."""
    return sorted({SOURCES[entry["key"]].figures for entry in data(run)})


def data(run):
    """What a run was made on, one entry a set: provenance has a list only where there are several."""
    return run["data"] if isinstance(run["data"], list) else [run["data"]]


def _code(notebook):
    """The code cells; of the parameters cell the names only."""
    code = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            given = "parameters" in cell.metadata.get("tags", [])
            code.append(list(chapters.assigned(cell.source)) if given else cell.source)
    return code


def _with_outputs(run, real):
    """The practice run's text with what the real run printed and drew."""
    page = copy.deepcopy(run)
    page.metadata["unet_course"] = copy.deepcopy(real.metadata["unet_course"])
    cells, others = ([cell for cell in each.cells if cell.cell_type == "code"] for each in (page, real))
    for cell, other in zip(cells, others, strict=True):
        cell.outputs = copy.deepcopy(other.outputs)
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = other.source
    _credit(page, f"{CREDIT}{'; '.join(licences(real.metadata['unet_course']))}.")
    return page


def _credit(page, words):
    """End the captions of images, not those of plots, with these words."""
    for cell in page.cells:
        figure = REAL not in cell.metadata.get("tags", []) and cell.metadata.get("mystnb", {}).get("figure")
        if figure and not all(map(pictures.is_plot, pictures.drawn(cell))):
            figure["caption"] += words


def _public(output, chapter):
    """An output without the paths of the machine that ran it."""
    for place, name in ((chapter.root, "."), (paths.data_root(), "DATA"), (Path.home(), "~")):
        output = _replaced(output, str(place), name)
    return output


def _replaced(node, old, new):
    if isinstance(node, dict):
        for key, value in node.items():
            node[key] = _replaced(value, old, new)
        return node
    if isinstance(node, list):
        return [_replaced(value, old, new) for value in node]
    return node.replace(old, new) if isinstance(node, str) else node


def _shrink(notebook, chapter):
    """Give all images few colours; refuse more than a page can carry."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    total = 0
    for drawn in (output.data for output in outputs if "image/png" in output.get("data", {})):
        png = pictures.few_colours(base64.b64decode(drawn["image/png"]), COLOURS)
        drawn["image/png"] = base64.b64encode(png).decode()
        total += len(png)
    if total > LARGEST:
        raise chapters.BookError(
            f"{chapter.name}: its images take {total / 1e6:.1f} MB, and a run may have {LARGEST / 1e6:.1f}: draw "
            "smaller or fewer figures."
        )
