"""The notebooks that are committed: what Colab opens, written from the chapters' texts and their executed runs."""

import copy
import re

import nbformat
import yaml

from . import book, execution
from .results import PROVENANCE_MIME

SITE = "https://unet-course.github.io/unet-course"
PACKAGE = "git+https://github.com/unet-course/unet-course"

_EQUATION_END = r"^\$\$ \((eq-[\w-]+)\)$"

# Does nothing where the package is installed. Without --no-deps pip might replace Colab's numpy, torch or tensorflow;
# the two packages named beside ours are those it needs that Colab may not have, and what they need is there.
INSTALL = f"""\
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("unet_course") is None:
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*install, "{PACKAGE}", "nibabel", "nilearn"], check=True)

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
        for position, framework in enumerate(book.frameworks(chapter)):
            executed = nbformat.read(execution.run(chapter, profile, framework), 4)
            ending = f"_{framework}" if position else ""
            path = chapter.root / "notebooks" / f"{chapter.name}{ending}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(for_colab(executed, chapter), path)
            written.append(path)
    return written


def for_colab(executed, chapter):
    """Turn an executed notebook into one that runs on its own and reads well without Jupyter Book.

    Parameters
    ----------
    executed : NotebookNode
    chapter : book.Chapter

    Returns
    -------
    NotebookNode
        Starts with the cell that installs the package. Pictures are left out of the outputs, MyST directives become
        plain Markdown.
    """
    notebook = copy.deepcopy(executed)
    plain = _Plain(chapter)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = plain(cell.source)
        if cell.cell_type == "code":  # a commit and a device belong to one run, not to the notebook
            cell.outputs = [output for output in cell.outputs if PROVENANCE_MIME not in output.get("data", {})]
        for output in cell.get("outputs", []):
            for kind in [kind for kind in output.get("data", {}) if kind.startswith("image/")]:
                del output["data"][kind]
    notebook.cells = [
        nbformat.v4.new_markdown_cell(_welcome(chapter)),
        nbformat.v4.new_code_cell(INSTALL, execution_count=0),  # without a number nbval takes a cell for one never run
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


class _Plain:
    """MyST as the Markdown that Jupyter and Colab know; keeps count of equations across the cells of one chapter."""

    def __init__(self, chapter):
        self.folder = chapter.source.parent
        self.works = _works((chapter.root / "book" / "references.bib").read_text())
        self.equations = re.findall(_EQUATION_END, chapter.source.read_text(), re.MULTILINE)

    def __call__(self, text):
        text = re.sub(r"```\{literalinclude\} (\S+)\n(.*?)```", self._include, text, flags=re.DOTALL)
        text = re.sub(r"^:{3,}\{tab-item\} (.+)\n(?::\w+:.*\n)*", r"**\1**\n\n", text, flags=re.MULTILINE)
        text = re.sub(r"^:{3,}(\{tab-set\})?$\n?", "", text, flags=re.MULTILINE)
        text = re.sub(r"```\{exercise-start\}\n(?::.*\n)*```", "### Exercise", text)
        text = re.sub(r"```\{solution-start\} \S+\n(?::.*\n)*```", "**A solution** (try first)", text)
        text = re.sub(r"```\{(exercise|solution)-end\}\n```", "", text)
        text = re.sub(r"\{cite:[pt]\}`([^`]+)`", self._cite, text)
        text = re.sub(r"\{doc\}`(?:([^`<]+) <)?([^`<>]+)>?`", self._link, text)
        text = re.sub(_EQUATION_END, lambda m: f"\\tag{{{self._number(m[1])}}}\n$$", text, flags=re.MULTILINE)
        return re.sub(r"\{eq\}`([^`]+)`", lambda match: f"({self._number(match[1])})", text)

    def _number(self, equation):
        return self.equations.index(equation) + 1

    def _cite(self, match):
        return "(" + "; ".join(self.works[key.strip()] for key in match[1].split(",")) + ")"

    def _link(self, match):
        """Lead to the notebook of another chapter, under the title given or its own."""
        page = (self.folder / f"{match[2]}.md").read_text()
        title = match[1] or re.search(r"^# (.+)$", page, re.MULTILINE)[1]
        return f"[{title}]({match[2]}.ipynb)" if "{code-cell}" in page else title

    def _include(self, match):
        """Write the included lines into the text: those that Sphinx would show on the site."""
        from sphinx.config import Config
        from sphinx.directives.code import LiteralIncludeReader

        path = (self.folder / match[1]).resolve()
        options = dict(re.findall(r"^:([\w-]+): (.+)$", match[2], re.MULTILINE))
        text, _ = LiteralIncludeReader(str(path), options, Config()).read()
        return f"```python\n{text.rstrip()}\n```"


def _works(bibliography):
    """ "Otsu 1979" for every key of a .bib file."""
    works = {}
    for key, entry in re.findall(r"@\w+\{([^,]+),(.*?)\n\}", bibliography, re.DOTALL):
        author = re.search(r"author\s*=\s*\{([^,]+),", entry)[1]
        several = " et al." if " and" in entry.split("title")[0] else ""
        year = re.search(r"year\s*=\s*\{(\d{4})", entry)[1]
        works[key] = f"{author}{several} {year}"
    return works
