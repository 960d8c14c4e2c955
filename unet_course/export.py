"""The notebooks that are committed: what Colab opens, written from the chapters' texts and their executed runs."""

import copy

import nbformat
import yaml

from . import book, execution, exercises, requirement
from .plain import Plain
from .results import PROVENANCE_MIME

SITE = "https://unet-course.github.io/unet-course"

# Does nothing where the package is installed. The constraints keep every package that is there as it is: pip takes an
# older version of what is missing, or stops, rather than replace Colab's numpy, torch or tensorflow.
_INSTALL = """\
import importlib.metadata
import importlib.util
import subprocess
import sys
from pathlib import Path

if importlib.util.find_spec("unet_course") is None:
    here = {{one.name: one.version for one in reversed([*importlib.metadata.distributions()])}}
    kept = Path("installed_before.txt")
    kept.write_text("".join(f"{{name}}=={{version}}\\n" for name, version in here.items() if name))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint", str(kept)]
    subprocess.run([*install, "{package}"], check=True)

from unet_course import paths, phantoms

written = phantoms.write_all(paths.data_root() / "phantoms")"""


def export(profile="smoke"):
    """Write `notebooks/` anew: every chapter, executed with `profile`, once per framework it has.

    Returns
    -------
    list of Path
        `notebooks/<chapter>.ipynb` for the chapter's own framework or for none, `<chapter>_<framework>.ipynb` for the
        other.
    """
    written = []
    for chapter in book.chapters():
        for framework in book.frameworks(chapter):
            executed = nbformat.read(execution.run(chapter, profile, framework), 4)
            path = chapter.root / "notebooks" / chapter.notebook(framework)
            path.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(for_colab(executed, chapter), path)
            written.append(path)
    return written


def for_colab(executed, chapter, *, pictures=False, hide_solutions=True):
    """Turn an executed notebook into one that runs on its own and reads well without Jupyter Book.

    Parameters
    ----------
    executed : NotebookNode
    chapter : book.Chapter
    pictures : bool
        Keep pictures in the outputs.
    hide_solutions : bool
        Show the code of solutions only after a click, in Colab and in JupyterLab.

    Returns
    -------
    NotebookNode
        Starts with the cell that installs the package. MyST directives become plain Markdown.
    """
    notebook = copy.deepcopy(executed)
    plain = Plain(chapter.source)
    for exercise in exercises.find(notebook) if hide_solutions else []:
        for position in exercise.solution:
            _hide(notebook.cells[position])
    for cell in notebook.cells:
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
        *[cell for cell in notebook.cells if cell.cell_type == "code" or cell.source.strip()],
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
    """The first code cell of a notebook: installs the package where it is missing, and draws phantoms."""
    return _INSTALL.format(package=requirement("beyond" if chapter.name.startswith("beyond/") else ""))


def _hide(cell):
    """Fold the code away: Colab wants a title and a form, JupyterLab a mark of its own."""
    cell.source = f"# @title A solution: click to read it\n{cell.source}"
    cell.metadata["cellView"] = "form"
    cell.metadata["jupyter"] = {"source_hidden": True}


def _welcome(chapter):
    profiles = {}
    for path in sorted((chapter.root / "book" / "profiles").glob("*.yaml")):
        values = (yaml.safe_load(path.read_text()) or {}).get(chapter.name) or {}
        values.pop("save_record", None)
        profiles[path.stem] = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    welcome = f"""\
> This notebook belongs to the course [U-Net on medical images]({SITE}). The page with its pictures
> is [here]({SITE}/notebooks/{chapter.name}.html). The next cell installs the package, if it is missing, and nothing
> else, and draws a few synthetic pictures."""
    if not (profiles["laptop"] or profiles["full"]):  # there is nothing to choose
        return welcome
    blocks = "\n\n".join(f"**{name}**\n\n```python\n{profiles[name]}\n```" for name in ("laptop", "full"))
    return f"""\
{welcome}

As it stands, the notebook runs in seconds on synthetic pictures. For a real run, fetch the real data in a new cell with
`!unet-course data nuclei`, and copy one of these blocks to the end of the cell "everything you may want to change".

<details><summary>Values for longer runs</summary>

{blocks}

</details>"""
