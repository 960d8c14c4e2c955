"""The slides of a chapter as one page: arrow keys turn them, notes stand below, printing gives one a page."""

import html

from . import html_page

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


def deck(slides):
    """One HTML file with the slides of a chapter.

    Parameters
    ----------
    slides : sequence of cut.Slide
        The title first.

    Returns
    -------
    str
        Arrow keys or buttons turn the slides, N shows the notes, printing gives one slide a page. Without JavaScript
        all slides follow one another.
    """
    title, *others = slides
    sections = [_section(title, "h1"), *(_section(slide, "h2") for slide in others)]
    return html_page.page(title.heading, _BODY.format(slides="\n".join(sections)), style=_STYLE)


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
    links = "\n".join(f"- [{title}]({name}.html), [to edit]({name}.pptx)" for name, title in decks)
    return html_page.document("Slides", f"# Slides\n\n{links}")


def _section(slide, level):
    texts = "".join(html_page.to_html(text) for text in slide.texts)
    notes = "".join(html_page.to_html(text) for text in slide.notes)
    below = notes and f'<aside class="notes" aria-label="Notes">{notes}</aside>'
    shown = _shown(slide.shown) if slide.shown else ""
    return f"<section><{level}>{html.escape(slide.heading)}</{level}>{texts}{shown}{below}</section>"


def _shown(shown):
    if shown.page:
        return shown.page
    return (
        f'<figure><img src="data:image/png;base64,{shown.png}" alt="{html.escape(shown.alt)}">'
        f"<figcaption>{html_page.to_html(shown.caption)}</figcaption></figure>"
    )
