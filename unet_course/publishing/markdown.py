"""MyST as plain Markdown: what Jupyter, Colab and slides can show without Jupyter Book."""

import re
from functools import cache

import pybtex.database
from pybtex.richtext import Text

from .. import paths
from . import chapters

_EQUATION_END = r"^\$\$ \((eq-[\w-]+)\)$"


class Plain:
    """MyST as the Markdown that Jupyter and Colab know; equations and figures are numbered through one page.

    Parameters
    ----------
    page : Path
        The text in `book/` that what follows is taken from: links and included files are looked for beside it.
    framework : str, optional
        Links lead to other chapters' notebooks in this framework, where they have it.
    """

    def __init__(self, page, framework=None):
        self.folder, self.framework = page.parent, framework
        self.works = _works(paths.repo_root() / "book" / "references.bib")
        text = page.read_text(encoding="utf-8")
        self.equations = re.findall(_EQUATION_END, text, re.MULTILINE)
        self.figures = re.findall(r"^ +name: (fig-[\w-]+)$", text, re.MULTILINE)

    def __call__(self, text):
        text = re.sub(r"```\{literalinclude\} (\S+)\n(.*?)```", self._include, text, flags=re.DOTALL)
        text = re.sub(r"^:{3,}\{tab-item\} (.+)\n(?::\w+:.*\n)*", r"**\1**\n\n", text, flags=re.MULTILINE)
        text = re.sub(r"^:{3,}(\{tab-set\})?$\n?", "", text, flags=re.MULTILINE)
        text = re.sub(r"```\{exercise-start\}\n(?::.*\n)*```", "### Exercise", text)
        text = re.sub(r"```\{solution-start\} \S+\n(?::.*\n)*```", "**A solution** (try first)", text)
        text = re.sub(r"```\{(exercise|solution)-end\}\n```", "", text)
        text = re.sub(r"\{cite:([pt])\}`([^`]+)`", self._cite, text)
        text = re.sub(r"\{numref\}`([^`]+)`", lambda match: self.figure(match[1]), text)
        text = re.sub(r"\{doc\}`(?:([^`<]+) <)?([^`<>]+)>?`", self._link, text)
        text = re.sub(_EQUATION_END, lambda m: f"\\tag{{{self._number(m[1])}}}\n$$", text, flags=re.MULTILINE)
        return re.sub(r"\{eq\}`([^`]+)`", lambda match: f"({self._number(match[1])})", text)

    def figure(self, name):
        """ "Figure 3" by its number on this page; figures of other pages have no number here."""
        return f"Figure {self.figures.index(name) + 1}" if name in self.figures else "another figure"

    def _number(self, equation):
        return self.equations.index(equation) + 1

    def _cite(self, match):
        """ "(Otsu 1979; Buda et al. 2019)" in passing, "Otsu (1979)" where the sentence speaks of the authors."""
        works = [self.works[key.strip()] for key in match[2].split(",")]
        if match[1] == "t":
            return " and ".join(f"{authors} ({year})" for authors, year in works)
        return "(" + "; ".join(f"{authors} {year}" for authors, year in works) + ")"

    def _link(self, match):
        """Lead to the notebook of another chapter, under the title given or its own."""
        target = match[2].replace("../notebooks/", "../book/")  # the text of an executed chapter
        page = (self.folder / f"{target}.md").resolve()
        text = page.read_text(encoding="utf-8")
        title = match[1] or chapters.heading(text)
        if "{code-cell}" not in text:
            return title
        folder = chapters.root()
        known = chapters.frameworks(chapters.Chapter(str(page.relative_to(folder / "book").with_suffix("")), folder))
        end = chapters.ending(self.framework, known[0]) if self.framework in known else ""
        return f"[{title}]({match[2]}{end}.ipynb)"

    def _include(self, match):
        """Write the included lines into the text: those that Sphinx would show on the site."""
        from sphinx.config import Config
        from sphinx.directives.code import LiteralIncludeReader

        path = (self.folder / match[1]).resolve()
        options = dict(re.findall(r"^:([\w-]+): (.+)$", match[2], re.MULTILINE))
        text, _ = LiteralIncludeReader(str(path), options, Config()).read()
        return f"```python\n{text.rstrip()}\n```"


@cache
def _works(bibliography):
    """("Otsu", "1979") for every key of a .bib file."""
    works = {}
    for key, entry in pybtex.database.parse_file(str(bibliography)).entries.items():
        authors = entry.persons["author"]
        first = Text.from_latex(" ".join(authors[0].prelast_names + authors[0].last_names))
        works[key] = (str(first) + (" et al." if len(authors) > 1 else ""), entry.fields["year"])
    return works
