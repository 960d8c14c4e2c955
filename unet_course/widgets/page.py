"""An explorer as HTML with a few lines of JavaScript, which needs no kernel; or as widgets where a kernel answers."""

import html
import json
import os
import re
from importlib import resources
from string import Template

from .explorer import Button, Choice, Guess, Number, Slider, Switch

# A running script sets `data-live`: then the `-live` parts are shown, on paper and without a script the `-static` ones.
STYLE = """<style>
.uc-explorer [hidden] { display: none; }
.uc-explorer input[type=range] { width: min(24rem, 70%); vertical-align: middle; }
.uc-explorer-pictures { display: flex; flex-wrap: wrap; gap: 1rem; }
.uc-explorer-pictures figure { margin: 0; }
.uc-explorer-pictures :is(canvas, img) { width: min(256px, 85vw); image-rendering: pixelated; border: 1px solid #888; }
.uc-explorer-frames :is(canvas, img) { width: min(384px, 85vw); }
.uc-explorer-frames[data-live] :is(figure:not([data-shown]), figcaption) { display: none; }
.uc-explorer:not([data-live]) .uc-explorer-live, .uc-explorer[data-live] .uc-explorer-static { display: none; }
.uc-explorer button { font: inherit; color: inherit; background: none; border: 1px solid #888; border-radius: 0.3rem;
  padding: 0.15rem 0.6rem; margin: 0 0.3rem 0.3rem 0; min-height: 2rem; cursor: pointer; }
.uc-explorer button[aria-pressed=true] { font-weight: 600; box-shadow: inset 0 0 0 2px currentColor; }
.uc-explorer :focus-visible { outline: 3px solid var(--pst-color-accent, #d55e00); outline-offset: 2px; }
.uc-explorer table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums;
  margin: 0 0 0.6rem; }
.uc-explorer :is(td, th) { border-bottom: 1px solid #8886; text-align: left;
  padding: 0.2rem clamp(0.3rem, 2vw, 0.7rem) 0.2rem 0; }
.uc-explorer-fields { display: flex; flex-wrap: wrap; gap: 0.4rem 1.2rem; align-items: baseline; }
.uc-explorer :is(select, input[type=number]) { font: inherit; max-width: 6rem; min-height: 2rem; }
.uc-explorer-beside { flex: 1 1 14rem; }
.uc-explorer-scroll { overflow-x: auto; }
.uc-explorer-drag { cursor: move; touch-action: none; }
.uc-explorer-paper { display: none; }
.uc-explorer-runs { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); gap: 1rem; }
.uc-explorer-run figure { margin: 0 0 0.4rem; }
.uc-explorer-run svg { display: block; width: 100%; max-width: 26rem; border: 1px solid #888; }
@media print {
  .uc-explorer-controls { display: none; }
  .uc-explorer-frames[data-live] :is(figure:not([data-shown]), figcaption) { display: block; }
  .uc-explorer-frames :is(figure, img) { width: 150px; }
  .uc-explorer[data-live] .uc-explorer-live { display: none; }
  .uc-explorer[data-live] .uc-explorer-static, .uc-explorer-paper { display: block; }
  .uc-explorer .uc-explorer-screen.uc-explorer-screen { display: none; }
  .uc-explorer-run { break-inside: avoid; }
}
</style>"""

_FRAME = """
<div class="uc-explorer" id="{name}" role="group" aria-labelledby="{name}-title">
<p id="{name}-title"><strong>{title}</strong></p>
{body}
{style}
<script>
(function () {{
"use strict";
const config = {config};
{script}
element.setAttribute("data-live", "");
}})();
</script>
</div>
"""


def show(explorer):
    """An `Explorer` in the form that is of use: `Live` widgets in a live notebook, else `IPython.display.HTML`."""
    from IPython.display import HTML

    if not is_live():
        return HTML(page(explorer))
    from .kernel_form import Live

    return Live(explorer)


def page(explorer):
    """An explorer as a string of HTML."""
    controls = explorer.controls.items()
    elements = {key: _element(control, f"{explorer.name}-{key}") for key, control in controls}
    body = Template(explorer.body).substitute(elements | explorer.values, name=explorer.name)
    sliders = {key: {"texts": one.texts, "start": one.start} for key, one in controls if isinstance(one, Slider)}
    return frame(explorer.name, explorer.title, body, [explorer.script], {"sliders": sliders, **explorer.data})


def frame(name, title, body, scripts, config, style=""):
    """What surrounds every explorer: its title and look, and the files of JavaScript behind `explorer.js`."""
    folder = resources.files(__package__)
    scripts = ((folder / file).read_text(encoding="utf-8") for file in ("explorer.js", *scripts))
    config = json.dumps({"name": name, **config}, separators=(",", ":")).replace("<", "\\u003c")
    return _FRAME.format(
        name=name,
        title=html.escape(title),
        body=body,
        style=STYLE + style,
        config=config,
        script=re.sub(r"^\s*//.*\n", "", "\n".join(scripts), flags=re.MULTILINE),  # comments are for the files' readers
    )


def is_live():
    """Is there a kernel that answers while the page is read? Kernels that run chapters for the site say no."""
    from IPython import get_ipython

    return not os.environ.get("UNET_COURSE_STATIC") and getattr(get_ipython(), "kernel", None) is not None


def _element(control, name):
    text = html.escape(control.label)
    label = f'<label for="{name}">{text}</label>'
    match control:
        case Slider(_, texts, start):
            span = f'min="0" max="{len(texts) - 1}" value="{start}" step="1"'
            return f'{label}\n<input id="{name}" type="range" {span}>\n<output id="{name}-value" for="{name}"></output>'
        case Choice(_, choices, start):
            marks = (" selected" if choice == start else "" for choice in choices)
            entries = "".join(f"<option{mark}>{choice}</option>" for mark, choice in zip(marks, choices, strict=True))
            return f'<span>{label} <select id="{name}">{entries}</select></span>'
        case Number(_, least, most, start):
            span = f'min="{least}" max="{most}" value="{start}"'
            return f'<span>{label}\n<input id="{name}" type="number" {span}></span>'
        case Guess(_, guesses):
            buttons = "\n".join(f'<button type="button">{html.escape(guess)}</button>' for guess in guesses)
            return f'<div id="{name}" class="uc-explorer-controls" role="group" aria-label="{text}">\n{buttons}</div>'
        case Switch():
            return f'<button type="button" id="{name}" aria-pressed="false">{text}</button>'
        case Button():
            return f'<button type="button" id="{name}">{text}</button>'
