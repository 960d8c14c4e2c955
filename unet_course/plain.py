"""MyST as plain Markdown: what Jupyter, Colab and slides can show without Jupyter Book."""

import re

from . import paths

_EQUATION_END = r"^\$\$ \((eq-[\w-]+)\)$"


class Plain:
    """MyST as the Markdown that Jupyter and Colab know; keeps count of equations across the cells of one page.

    Parameters
    ----------
    page : Path
        The text in `book/` that what follows is taken from: links and included files are looked for beside it.
    """

    def __init__(self, page):
        self.folder = page.parent
        self.works = _works((paths.repo_root() / "book" / "references.bib").read_text())
        self.equations = re.findall(_EQUATION_END, page.read_text(), re.MULTILINE)

    def __call__(self, text):
        text = re.sub(r"```\{literalinclude\} (\S+)\n(.*?)```", self._include, text, flags=re.DOTALL)
        text = re.sub(r"^:{3,}\{tab-item\} (.+)\n(?::\w+:.*\n)*", r"**\1**\n\n", text, flags=re.MULTILINE)
        text = re.sub(r"^:{3,}(\{tab-set\})?$\n?", "", text, flags=re.MULTILINE)
        text = re.sub(r"```\{exercise-start\}\n(?::.*\n)*```", "### Exercise", text)
        text = re.sub(r"```\{solution-start\} \S+\n(?::.*\n)*```", "**A solution** (try first)", text)
        text = re.sub(r"```\{(exercise|solution)-end\}\n```", "", text)
        text = re.sub(r"\{cite:[pt]\}`([^`]+)`", self._cite, text)
        text = re.sub(r"\{numref\}`[^`]+`", "another figure", text)  # numbers are the site's
        text = re.sub(r"\{doc\}`(?:([^`<]+) <)?([^`<>]+)>?`", self._link, text)
        text = re.sub(_EQUATION_END, lambda m: f"\\tag{{{self._number(m[1])}}}\n$$", text, flags=re.MULTILINE)
        return re.sub(r"\{eq\}`([^`]+)`", lambda match: f"({self._number(match[1])})", text)

    def _number(self, equation):
        return self.equations.index(equation) + 1

    def _cite(self, match):
        return "(" + "; ".join(self.works[key.strip()] for key in match[1].split(",")) + ")"

    def _link(self, match):
        """Lead to the notebook of another chapter, under the title given or its own."""
        target = match[2].replace("../notebooks/", "../book/")  # the text of an executed chapter
        page = (self.folder / f"{target}.md").read_text()
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
