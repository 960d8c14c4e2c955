"""The notebooks that are committed: what Colab opens, written from the chapters' texts and their executed runs."""

import copy

import nbformat

from .. import requirement
from ..results import PROVENANCE_MIME
from . import chapters, drawing, execution, exercises
from .markdown import Plain

SITE = "https://unet-course.github.io/unet-course"
# What the page folds away or leaves out stands folded in the notebook.
_FOLDED = {
    "hide-input": "Code that draws: click to read it",
    "remove-input": "Code that draws: click to read it",
    "remove-cell": "Bookkeeping: click to read it",
}

# Does nothing where everything is installed. The constraints keep every package that is there as it is: pip takes an
# older version of what is missing, or stops, rather than replace Colab's numpy, torch or tensorflow.
_INSTALL = r"""import importlib.metadata
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

if not all(map(importlib.util.find_spec, {needed})):
    # What has no metadata (an interrupted installation leaves such folders) has no name to constrain.
    found = [one for one in importlib.metadata.distributions() if any(map(one.read_text, ("METADATA", "PKG-INFO", "")))]
    here = {{one.name: f"{{one.name}}=={{one.version}}" for one in reversed(found)}}
    # Names and versions that pip can read; one that it cannot, such as Ubuntu's 1.1build1, would stop it.
    name = r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?"
    version = r"(\d+!)?\d+(\.\d+)*((a|b|rc|\.post|\.dev)\d+)*(\+[a-z\d]+([._-][a-z\d]+)*)?"
    kept = Path("installed_before.txt")
    lines = [line for line in here.values() if re.fullmatch(f"{{name}}=={{version}}", line, re.ASCII)]
    kept.write_text("".join(f"{{line}}\n" for line in lines))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint", str(kept)]
    subprocess.run([*install, "{package}"], check=True)"""
# What the beyond part needs besides, by the names under which Python imports it.
_BEYOND = ("accelerate", "distributed", "onnx", "onnxruntime", "onnxscript", "tf2onnx")

# The switch. Colab shows the two lines with "@param" as a form.
_CHOICE = """\
# @title Practice or a real run? {{display-mode: "form"}}
profile = "smoke"  # @param ["smoke", "laptop", "full"]
data_folder = ""  # @param ["", "/content/drive/MyDrive/unet_course"] {{allow-input: true}}

from unet_course import notebook

chosen = notebook.begin(
    {arguments},
    profile=profile, data_folder=data_folder,
)"""
_NO_CHOICE = """\
from unet_course import notebook

notebook.begin(
    {arguments},
)"""
_VALUES = """

globals().update(chosen)  # the values of the profile that you chose above; to change single ones, write them below"""


def export(profile="smoke"):
    """Write `notebooks/` anew: every chapter, executed with `profile`, once per framework it has.

    Returns
    -------
    list of Path
        `notebooks/<chapter>.ipynb` for the chapter's own framework or for none, `<chapter>_<framework>.ipynb` for the
        other.
    """
    written = []
    for chapter in chapters.listed():
        for framework in chapters.frameworks(chapter):
            executed = nbformat.read(execution.run(chapter, profile, framework), 4)
            path = chapter.root / "notebooks" / chapter.notebook(framework)
            path.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(for_colab(executed, chapter, framework), path)
            written.append(path)
    for source in sorted((chapters.root() / "book" / "forms").glob("*.py")):
        path = source.with_suffix(".ipynb")
        nbformat.write(form(source), path)
        written.append(path)
    return written


def form(source):
    """A notebook of forms for people who write no code, with the cell that installs the course filled in.

    Parameters
    ----------
    source : Path
        Jupytext's percent format; `# INSTALL` and `SITE` are placeholders.

    Returns
    -------
    NotebookNode
        Without outputs: it runs on Colab only, because it asks for files.
    """
    import jupytext

    notebook = jupytext.read(source)
    needed = ("unet_course", *_BEYOND)
    for position, cell in enumerate(notebook.cells):
        cell.id = f"cell-{position:03d}"
        cell.source = cell.source.replace("(SITE/", f"({SITE}/").replace(
            "# INSTALL", _INSTALL.format(needed=list(needed), package=requirement("beyond"))
        )
        if cell.cell_type == "code":
            cell.metadata = {"cellView": "form", "jupyter": {"source_hidden": True}}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "accelerator": "GPU",
    }
    return notebook


def for_colab(executed, chapter, framework, *, pictures=False, hide_solutions=True):
    """Turn an executed notebook into one that runs on its own and reads well without Jupyter Book.

    Parameters
    ----------
    executed : NotebookNode
    chapter : chapters.Chapter
    framework : str
        That of the run, or `chapters.ONCE`.
    pictures : bool
        Keep images in the outputs.
    hide_solutions : bool
        Show the code of solutions only after a click, in Colab and in JupyterLab.

    Returns
    -------
    NotebookNode
        Starts with a cell that installs the package and one that chooses a profile. MyST directives become plain
        Markdown; captions follow their figures.
    """
    notebook = copy.deepcopy(executed)
    plain = Plain(chapter.source, framework)
    for exercise in exercises.find(notebook) if hide_solutions else []:
        for position in exercise.solution:
            _hide(notebook.cells[position], "A solution: click to read it")
    parameters = chapters.parameters_cell(chapter, notebook)
    if _has_choice(chapter):
        own = chapters.parameters_cell(chapter, chapters.read(chapter)).source
        parameters.source = execution.with_values(own, {"framework": framework}) + _VALUES
    drawing.fold(notebook.cells)
    for cell in notebook.cells:
        for tag, title in _FOLDED.items():
            if tag in cell.metadata.get("tags", []) and not cell.source.startswith("# @title"):
                _hide(cell, title)
        if cell.cell_type == "markdown":
            cell.source = plain(cell.source)
        if cell.cell_type == "code":  # a commit and a device belong to one run, not to the notebook
            cell.outputs = [output for output in cell.outputs if PROVENANCE_MIME not in output.get("data", {})]
        for output in cell.get("outputs", []):
            for kind in [kind for kind in output.get("data", {}) if kind.startswith("image/") and not pictures]:
                del output["data"][kind]
    notebook.cells = [
        nbformat.v4.new_markdown_cell(_welcome(chapter)),
        # Without a number nbval takes a cell for one that was never run.
        nbformat.v4.new_code_cell(install(chapter), execution_count=0),
        nbformat.v4.new_code_cell(choice(chapter, framework), execution_count=0),
        *_with_captions([cell for cell in notebook.cells if cell.cell_type == "code" or cell.source.strip()], plain),
    ]
    for position, cell in enumerate(notebook.cells):
        cell.id = f"cell-{position:03d}"
    notebook.metadata = {
        "kernelspec": notebook.metadata.kernelspec,
        "language_info": {"name": "python"},
        "accelerator": "GPU",
    }
    return notebook


def install(chapter):
    """The first code cell of a notebook: installs the package, and what else the chapter needs, where it is missing."""
    beyond = chapter.name.startswith("beyond/")
    needed = ("unet_course", *(_BEYOND if beyond else ()))
    return _INSTALL.format(needed=list(needed), package=requirement("beyond" if beyond else ""))


def choice(chapter, framework):
    """The second: chooses a profile where the chapter has a real run, and gets ready what it needs."""
    named = {"sets": chapters.data_sets(chapter), "framework": None if framework == chapters.ONCE else framework}
    if framework == "keras" and "import tensorflow" in chapters.text(chapter):
        named["backend"] = "tensorflow"
    others = ", ".join(f"{name}={value!r}" for name, value in named.items() if value)
    arguments = ",\n    ".join(filter(None, [repr(chapter.name), others])).replace("'", '"')
    return (_CHOICE if _has_choice(chapter) else _NO_CHOICE).format(arguments=arguments)


def _has_choice(chapter):
    return "data" in chapters.defaults(chapter)


def _hide(cell, title):
    """Fold the code away: Colab wants a title and a form, JupyterLab a mark of its own."""
    cell.source = f"# @title {title}\n{cell.source}"
    cell.metadata["cellView"] = "form"
    cell.metadata["jupyter"] = {"source_hidden": True}


def _with_captions(cells, plain):
    """Every figure followed by its number, its caption and, for those who cannot see it, what it shows."""
    for cell in cells:
        yield cell
        shown = cell.metadata.get("mystnb", {})
        if "figure" in shown:
            text = f"**{plain.figure(shown['figure']['name'])}.** {plain(shown['figure']['caption'])}"
            if alt := shown.get("image", {}).get("alt"):
                text += f"\n\n<details><summary>The figure in words</summary>{alt}</details>"
            yield nbformat.v4.new_markdown_cell(text)


def _welcome(chapter):
    welcome = f"""\
> This notebook belongs to the course [U-Net on medical images]({SITE}). The page with its images
> is [here]({SITE}/notebooks/{chapter.name}.html). The next cell installs what is missing of the package and of what it
> stands on, and changes nothing that is there."""
    if not _has_choice(chapter):
        return welcome
    return f"""\
{welcome}

As it stands, the notebook makes a practice run on synthetic images: seconds, in the longest chapters four minutes.
For a real run choose `laptop` (minutes on a processor) or `full` (the sizes of the report, on a GPU) in the cell after
it: it fetches the data sets that this chapter reads, sets all values, and says what to expect. On Colab choose a folder
of your Google Drive too: a run that was cut off then goes on at its next training."""
