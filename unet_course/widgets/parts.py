"""What the explorers share: their look, the frame around each one, scores in words, and pictures as bytes and text."""

import base64
import html
import io
import os
from decimal import ROUND_HALF_UP, Decimal
from string import Template

import numpy as np

from .. import metrics

SCORES = {"dice": "Dice", "iou": "IoU", "precision": "Precision", "recall": "Recall", "accuracy": "Accuracy"}
CONFUSION_LEGEND = """<figcaption>hits white, <span style="border-bottom:3px solid #0072B2">misses blue</span>,
<span style="border-bottom:3px solid #D55E00">false alarms orange</span></figcaption>"""
# Background, false alarm, miss, hit: black, orange, blue, white.
_COLOURS = np.array([(0, 0, 0), (213, 94, 0), (0, 114, 178), (255, 255, 255)], np.uint8)

# A running script sets `data-live`: then the `-live` parts are shown, on paper and without a script the `-static` ones.
STYLE = """<style>
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
.uc-explorer table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
.uc-explorer :is(td, th) { border-bottom: 1px solid #8886; text-align: left;
  padding: 0.2rem clamp(0.3rem, 2vw, 0.7rem) 0.2rem 0; }
.uc-explorer-fields { display: flex; flex-wrap: wrap; gap: 0.4rem 1.2rem; align-items: baseline; }
.uc-explorer :is(select, input[type=number]) { font: inherit; max-width: 6rem; min-height: 2rem; }
.uc-explorer table { margin: 0 0 0.6rem; }
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
<div class="uc-explorer" id="$name" role="group" aria-labelledby="$name-title">
<p id="$name-title"><strong>$title</strong></p>
$body
$style
<script>
(function () {
  function find(part) { return document.getElementById("$name-" + part); }
$script
  find("title").parentNode.setAttribute("data-live", "");
})();
</script>
</div>
"""


def frame(body, script, *, name, title, **values):
    """One explorer as a string of HTML.

    Parameters
    ----------
    body, script : str
        Templates with `$` before the name of a value. In the script `find("x")` is the element with the id `$name-x`.
    name, title : str
        The HTML id, and what is shown above.
    **values : object
        What the templates name. Text from outside must have gone through `html.escape`.
    """
    values |= {"name": name, "title": html.escape(title), "style": STYLE}
    filled = {"body": Template(body).substitute(values), "script": Template(script).substitute(values).strip("\n")}
    return Template(_FRAME).substitute(values | filled)


def table(head, rows, *, label):
    """A small table as HTML; the first cell of each row is its heading. Cells are text and are escaped."""

    def cells(row, first):
        texts = [html.escape(str(cell)) for cell in row]
        return f'<tr><th scope="{first}">{texts[0]}</th>' + "".join(
            f'<th scope="col">{text}</th>' if first == "col" else f"<td>{text}</td>" for text in texts[1:]
        )

    lines = [cells(head, "col"), *(cells(row, "row") for row in rows)]
    return f'<table aria-label="{html.escape(label)}">\n' + "</tr>\n".join(lines) + "</tr>\n</table>"


def options(values, chosen):
    """The entries of a `<select>`, the chosen one marked."""
    return "".join(f"<option{' selected' if value == chosen else ''}>{value}</option>" for value in values)


def is_live():
    """Is there a kernel that answers while the page is read? Kernels that run chapters for the site say no."""
    from IPython import get_ipython

    return not os.environ.get("UNET_COURSE_STATIC") and getattr(get_ipython(), "kernel", None) is not None


def score_text(score, counts):
    """A score to three digits, or "undefined"; rounded as `toFixed` rounds in a browser."""
    if metrics.undefined(score, counts):
        return "undefined"
    value = Decimal(float(metrics.score(score, counts, empty="nan")))
    return str(value.quantize(Decimal("0.001"), ROUND_HALF_UP))


def confusion_colours(truth, prediction):
    """Hits white, misses blue, false alarms orange: an array of uint8, shape (H, W, 3), from two masks (H, W)."""
    return _COLOURS[2 * np.asarray(truth, int) + np.asarray(prediction, int)]


def as_png(picture):
    """A picture of uint8, (H, W) or (H, W, 3), as the bytes of a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def as_text(data):
    """Bytes in base64, which a page can hold."""
    return base64.b64encode(data).decode()
