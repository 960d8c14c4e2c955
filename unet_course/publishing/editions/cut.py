"""What of an executed chapter belongs on slides: its headings, what to look at, its figures, tables and explorers.

The same cut is written as a page that turns its slides (`slides`) and as a file to edit (`powerpoint`).
"""

import re
from dataclasses import dataclass

from .. import exercises
from ..markdown import Plain

_MOST_ROWS = 12  # of a table on one slide
_MOST_LINES = 14  # of code on one slide
_MOST_WORDS = 70  # of a section's opening


@dataclass(frozen=True)
class Shown:
    """What a cell put out: a figure (base64 of a PNG, alt text, caption), or HTML of a table or an explorer."""

    png: str = ""
    alt: str = ""
    caption: str = ""
    page: str = ""


@dataclass(frozen=True)
class Slide:
    """One slide; texts and notes are plain Markdown."""

    heading: str
    texts: tuple = ()
    shown: Shown | None = None
    notes: tuple = ()


def cut(executed, chapter):
    """The slides of a chapter, the title first.

    Parameters
    ----------
    executed : NotebookNode
        With images in its outputs.
    chapter : chapters.Chapter

    Returns
    -------
    list of Slide
        The chapter's other text stands with each slide as speaker's notes.
    """
    plain = Plain(chapter.source)
    title, sections = _sections(executed)
    slides = [_title_slide(title, plain)]
    for heading, cells in sections:
        if heading == "Exercises":
            slides += [
                Slide(f"Exercise {number}", (plain(exercise.statement),))
                for number, exercise in enumerate(exercises.find(executed), 1)
            ]
        else:
            slides += _section_slides(heading, cells, plain)
    return slides


def _sections(notebook):
    """The text above the first second-level heading, and for each heading the pieces below it, in order."""
    title, sections = "", []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            if sections:
                sections[-1][1].append(cell)
            continue
        first, *others = re.split(r"^## ", cell.source, flags=re.MULTILINE)
        if sections:
            sections[-1][1].append(first)
        elif not title:
            title = first
        for piece in others:
            heading, _, text = piece.partition("\n")
            sections.append((heading.strip(), [text]))
    return title, sections


def _title_slide(title, plain):
    """The chapter's name, its first paragraph and what readers will be able to do."""
    heading, opening, *paragraphs = _paragraphs(title)
    goals = [text for text in paragraphs if text.startswith("- ")][:1]
    return Slide(heading.removeprefix("# "), tuple(plain(text) for text in (opening, *goals)))


def _section_slides(heading, cells, plain):
    """A slide with the section's opening, then one for every figure, table, explorer and short listing in it."""
    texts = [paragraph for cell in cells if isinstance(cell, str) for paragraph in _paragraphs(cell)]
    if not texts:
        return []
    opening = texts if heading == "Summary" else _opening(texts)
    below = tuple(plain(text) for text in texts if text not in opening)
    slides = [Slide(heading, tuple(_block(text, plain) for text in opening), notes=below)]
    look = ""
    for cell in cells:
        if isinstance(cell, str):
            look = (_paragraphs(cell) or [""])[-1]
        else:
            slides += [Slide(heading, (_block(look, plain),), shown) for shown in _shown(cell, plain)]
            look = ""
    return slides


def _opening(texts):
    """The first paragraph, those after it while they are few words, and every formula that stands alone."""
    opening, words = [], 0
    for text in texts:
        words += len(text.split())
        if not opening or words <= _MOST_WORDS or text.startswith("$$"):
            opening.append(text)
    return opening


def _shown(cell, plain):
    """What of a code cell's outputs belongs on a slide."""
    settings = cell.metadata.get("mystnb", {})
    alt = settings.get("image", {}).get("alt", "")
    caption = plain(settings.get("figure", {}).get("caption", ""))
    for output in cell.outputs:
        data = output.get("data", {})
        page = data.get("text/html", "")
        if "image/png" in data:
            yield Shown(data["image/png"].strip(), alt, caption)
        elif "uc-explorer" in page or ("<table" in page and page.count("<tr") <= _MOST_ROWS + 1):
            yield Shown(page=page)


def _block(text, plain):
    return re.sub(r"```python\n.*?```", _short_code, plain(text), flags=re.DOTALL)


def _short_code(match):
    return match[0] if match[0].count("\n") <= _MOST_LINES else "*(code: see the chapter)*"


def _paragraphs(text):
    """Blocks between blank lines; a fenced block stays whole, lines that only mark something are left out."""
    blocks = re.findall(r"^```.*?^```$|^:{3,}.*?^:{3,}$|(?:^(?!\s*$)[^\n]+\n?)+", text, flags=re.MULTILINE | re.DOTALL)
    return [
        block.strip()
        for block in blocks
        if block.strip() and not re.match(r"\(\S+\)=$|```\{(exercise|solution)", block)
    ]
