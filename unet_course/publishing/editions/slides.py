"""Slides cut from an executed chapter: its headings, what to look at, its figures, tables and explorers."""

import html
import re

from .. import exercises
from ..markdown import Plain
from . import html_page

_MOST_ROWS = 12  # of a table on one slide
_MOST_LINES = 14  # of code on one slide
_MOST_WORDS = 70  # of a section's opening
_STYLE = """
body { font-size: clamp(1rem, 1.9vw, 1.7rem); }
section { box-sizing: border-box; min-height: 100vh; padding: 2vh 5vw 8vh; }
section > h2 { color: var(--accent); font-size: 1.5em; margin: .3em 0; }
section > h1 { font-size: 2em; margin-top: 12vh; }
[data-live] section:not([data-shown]) { display: none; }
figure { margin: 0; text-align: center; }
figure > img { max-height: 62vh; }
figcaption { font-size: .7em; text-align: left; }
section table { font-size: .75em; }
.notes { border-top: 2px solid var(--accent); font-size: .65em; margin-top: 1em; }
[data-live]:not([data-notes]) .notes { display: none; }
nav { align-items: center; background: var(--paper); bottom: 0; display: none; font-size: 1rem; gap: .6rem;
  padding: .4rem 5vw; position: fixed; right: 0; }
[data-live] nav { display: flex; }
nav button { font: inherit; min-height: 2rem; min-width: 2.5rem; }
@media print {
  @page { size: 297mm 167mm; margin: 8mm; }
  body { font-size: 15pt; }
  nav, .notes { display: none !important; }
  [data-live] section:not([data-shown]) { display: block; }
  section { break-after: page; min-height: 0; padding: 0; }
}
"""
_BODY = """<main style="max-width:none;padding:0">
{slides}
</main>
<nav aria-label="Slides"><button type="button" data-step="-1" aria-label="Previous slide">←</button>
<output aria-live="polite"></output>
<button type="button" data-step="1" aria-label="Next slide">→</button>
<button type="button" data-notes-switch aria-pressed="false">Notes</button></nav>
<script>
(function () {{
  var root = document.body, slides = document.querySelectorAll("section"), place = 0;
  function show(number, hash) {{
    place = Math.max(0, Math.min(slides.length - 1, number));
    slides.forEach(function (slide, i) {{ slide.toggleAttribute("data-shown", i === place); }});
    document.querySelector("nav output").textContent = (place + 1) + " of " + slides.length;
    if (hash) history.replaceState(null, "", "#" + (place + 1));
    window.scrollTo(0, 0);
  }}
  function notes() {{
    var on = root.toggleAttribute("data-notes");
    document.querySelector("[data-notes-switch]").setAttribute("aria-pressed", on);
  }}
  document.addEventListener("keydown", function (event) {{
    // The arrow keys of an explorer belong to the explorer.
    if (event.target.closest(".uc-explorer, button") && event.key !== "PageDown" && event.key !== "PageUp") return;
    var all = slides.length;
    var steps = {{ ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1, Home: -all, End: all }};
    if (event.key in steps) {{ show(place + steps[event.key], true); event.preventDefault(); }}
    if (event.key === "n" || event.key === "N") notes();
  }});
  document.querySelectorAll("[data-step]").forEach(function (button) {{
    button.addEventListener("click", function () {{ show(place + Number(button.dataset.step), true); }});
  }});
  document.querySelector("[data-notes-switch]").addEventListener("click", notes);
  window.addEventListener("hashchange", function () {{ show(Number(location.hash.slice(1)) - 1); }});
  root.setAttribute("data-live", "");
  show((Number(location.hash.slice(1)) || 1) - 1);
}})();
</script>
"""


def deck(executed, chapter):
    """One HTML file with the slides of a chapter; the chapter's other text stands below each as speaker's notes.

    Parameters
    ----------
    executed : NotebookNode
        With images in its outputs.
    chapter : chapters.Chapter

    Returns
    -------
    str
        Arrow keys or buttons turn the slides, N shows the notes, printing gives one slide a page. Without JavaScript
        all slides follow one another.
    """
    plain = Plain(chapter.source)
    title, sections = _sections(executed)
    slides = [_title_slide(title, plain)]
    for heading, cells in sections:
        if heading == "Exercises":
            slides += [
                _slide(f"Exercise {number}", html_page.to_html(plain(exercise.statement)))
                for number, exercise in enumerate(exercises.find(executed), 1)
            ]
        else:
            slides += _section_slides(heading, cells, plain)
    return html_page.page(re.match("# (.+)", title)[1], _BODY.format(slides="\n".join(slides)), style=_STYLE)


def contents(decks):
    """The page that leads to all decks.

    Parameters
    ----------
    decks : sequence of (str, str)
        Path of a deck without its ending, and its title.

    Returns
    -------
    str
    """
    links = "\n".join(f"- [{title}]({name}.html)" for name, title in decks)
    return html_page.document("Slides", f"# Slides\n\n{links}")


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
    name = heading.removeprefix("# ")
    text = html_page.to_html(plain("\n".join([opening, "", *goals])))
    return f"<section><h1>{html.escape(name)}</h1>{text}</section>"


def _section_slides(heading, cells, plain):
    """A slide with the section's opening, then one for every figure, table, explorer and short listing in it."""
    texts = [paragraph for cell in cells if isinstance(cell, str) for paragraph in _paragraphs(cell)]
    if not texts:
        return []
    opening = texts if heading == "Summary" else _opening(texts)
    below = "".join(html_page.to_html(plain(text)) for text in texts if text not in opening)
    notes = below and f'<aside class="notes" aria-label="Notes">{below}</aside>'
    slides = [_slide(heading, *(_block(text, plain) for text in opening), notes)]
    look = ""
    for cell in cells:
        if isinstance(cell, str):
            look = (_paragraphs(cell) or [""])[-1]
        else:
            slides += [_slide(heading, _block(look, plain), shown) for shown in _shown(cell, plain)]
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
    """What of a code cell's outputs belongs on a slide, as HTML."""
    settings = cell.metadata.get("mystnb", {})
    alt = settings.get("image", {}).get("alt", "")
    caption = html_page.to_html(plain(settings.get("figure", {}).get("caption", "")))
    for output in cell.outputs:
        data = output.get("data", {})
        page = data.get("text/html", "")
        if "image/png" in data:
            yield (
                f'<figure><img src="data:image/png;base64,{data["image/png"].strip()}" alt="{html.escape(alt)}">'
                f"<figcaption>{caption}</figcaption></figure>"
            )
        elif "uc-explorer" in page or ("<table" in page and page.count("<tr") <= _MOST_ROWS + 1):
            yield page


def _block(text, plain):
    shown = re.sub(r"```python\n.*?```", _short_code, plain(text), flags=re.DOTALL)
    return html_page.to_html(shown)


def _short_code(match):
    return match[0] if match[0].count("\n") <= _MOST_LINES else "*(code: see the chapter)*"


def _slide(heading, *blocks):
    return f"<section><h2>{html.escape(heading)}</h2>{''.join(blocks)}</section>"


def _paragraphs(text):
    """Blocks between blank lines; a fenced block stays whole, lines that only mark something are left out."""
    blocks = re.findall(r"^```.*?^```$|^:{3,}.*?^:{3,}$|(?:^(?!\s*$)[^\n]+\n?)+", text, flags=re.MULTILINE | re.DOTALL)
    return [
        block.strip()
        for block in blocks
        if block.strip() and not re.match(r"\(\S+\)=$|```\{(exercise|solution)", block)
    ]
