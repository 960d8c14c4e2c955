"""What explorers are made of: scores in words, tables, images with a text, and masks compared in colours."""

import base64
import html
import io
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from .. import metrics

SCORES = {"dice": "Dice", "iou": "IoU", "precision": "Precision", "recall": "Recall", "accuracy": "Accuracy"}
# Hit, false alarm, miss, rightly left out, as `metrics` counts them: white, orange, blue, black.
COLOURS = [(255, 255, 255), (213, 94, 0), (0, 114, 178), (0, 0, 0)]
LEGEND = """hits white, <span style="border-bottom:3px solid #0072B2">misses blue</span>,
<span style="border-bottom:3px solid #D55E00">false alarms orange</span>"""


def score_text(score, counts):
    """A score to three digits, or "undefined"; rounded as `toFixed` rounds in a browser."""
    if metrics.undefined(score, counts):
        return "undefined"
    value = Decimal(float(metrics.score(score, counts, empty="nan")))
    return str(value.quantize(Decimal("0.001"), ROUND_HALF_UP))


def table(head, rows, *, label):
    """A small table as HTML; the first cell of each row is its heading. Cells are text and are escaped."""
    lines = "\n".join([headings(head), *map(_row, rows)])
    return f'<table aria-label="{html.escape(label)}">\n{lines}\n</table>'


def headings(head):
    """The first row of a table, for a page that fills in the others."""
    cells = (f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    return f"<tr>{''.join(cells)}</tr>"


def _row(row):
    first, *rest = (html.escape(str(cell)) for cell in row)
    cells = "".join(f"<td>{cell}</td>" for cell in rest)
    return f'<tr><th scope="row">{first}</th>{cells}</tr>'


def confusion_colours(truth, prediction):
    """Hits white, misses blue, false alarms orange: an array of uint8, shape (H, W, 3), from two masks (H, W)."""
    return np.array(COLOURS, np.uint8)[3 - 2 * np.asarray(prediction, int) - np.asarray(truth, int)]


def img(picture, alt, width=None):
    """An image of uint8, (H, W) or (H, W, 3), as an element of HTML; `width` in pixels, where no style sets it."""
    style = f' style="width: {width}px; image-rendering: pixelated"' if width else ""
    return f'<img src="{as_url(picture)}" alt="{html.escape(alt)}"{style}>'


def as_url(picture):
    """An image of uint8, (H, W) or (H, W, 3), as the address that holds it."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.asarray(picture, np.uint8)).save(file, "PNG")
    return f"data:image/png;base64,{as_text(file.getvalue())}"


def as_text(data):
    """Bytes in base64, which a page can hold."""
    return base64.b64encode(data).decode()
