"""A mask to drag over another: hits, misses and false alarms, and what five scores say about them."""

import html

import numpy as np

from .. import metrics
from .parts import CONFUSION_LEGEND, SCORES, frame, is_live, score_text, table

HEAD = ("Score", "Pixels", "Value")
# What the rule for 0/0 does is seen in a mean only: nine other pictures stand by.
OTHERS, OTHERS_DICE = 9, 0.8

_BODY = """
<div class="uc-explorer-live">
<p id="$name-hint">Drag the second mask, or click the picture and use the arrow keys; + and &minus; change its size.</p>
<p class="uc-explorer-controls">
<button type="button" id="$name-smaller" aria-label="Smaller">&minus;</button>
<button type="button" id="$name-larger" aria-label="Larger">+</button>
<button type="button" id="$name-same">Same mask</button>
<button type="button" id="$name-none">Empty prediction</button>
<button type="button" id="$name-nothing" aria-pressed="false">Empty truth</button>
<button type="button" id="$name-again">Start again</button></p>
<div class="uc-explorer-pictures">
<figure><canvas id="$name-map" class="uc-explorer-drag" width="$size" height="$size" tabindex="0" role="application"
aria-label="$alt" aria-describedby="$name-hint"></canvas>
$legend</figure>
<div class="uc-explorer-beside"><table aria-label="Scores of the second mask">
<tr><th scope="col">Score</th><th scope="col">Pixels</th><th scope="col">Value</th></tr>
<tbody id="$name-scores"></tbody></table>
<p id="$name-counts" aria-live="polite"></p>
<p id="$name-empty" aria-live="polite"></p></div>
</div>
</div>
<div class="uc-explorer-static">
<p>$alt</p>
$static
<p>$rule</p>
</div>
"""

_SCRIPT = """
  var size = $size, start = $start, truth = $truth, mask, present, held = null, map = find("map");
  var colours = { tp: [255, 255, 255], fp: [213, 94, 0], fn: [0, 114, 178], tn: [0, 0, 0] };
  function inside(disc, x, y) {
    return (x - disc.x) * (x - disc.x) + (y - disc.y) * (y - disc.y) < disc.radius * disc.radius;
  }
  function count() { // and paint
    var context = map.getContext("2d"), picture = context.createImageData(size, size);
    var c = { tp: 0, fp: 0, fn: 0, tn: 0 };
    for (var i = 0; i < size * size; i++) {
      var x = i % size, y = (i - x) / size, is = present && inside(truth, x, y), said = inside(mask, x, y);
      var kind = said ? (is ? "tp" : "fp") : (is ? "fn" : "tn");
      c[kind]++;
      picture.data.set(colours[kind].concat(255), 4 * i);
    }
    context.putImageData(picture, 0, 0);
    return c;
  }
  function fractions(c) {
    return [["Dice", 2 * c.tp, 2 * c.tp + c.fp + c.fn], ["IoU", c.tp, c.tp + c.fp + c.fn],
      ["Precision", c.tp, c.tp + c.fp], ["Recall", c.tp, c.tp + c.fn], ["Accuracy", c.tp + c.tn, size * size]];
  }
  function update() {
    var c = count(), dice = "", unknown = [];
    find("scores").innerHTML = fractions(c).map(function (row) {
      var value = row[2] ? (row[1] / row[2]).toFixed(3) : "undefined";
      if (!row[2]) unknown.push(row[0]);
      if (row[0] === "Dice") dice = value;
      var cells = '<th scope="row">' + row[0] + "</th><td>" + row[1] + " / " + row[2] + "</td><td>" + value + "</td>";
      return "<tr>" + cells + "</tr>";
    }).join("");
    find("counts").textContent = "Centre " + mask.x + " across, " + mask.y + " down, radius " + mask.radius + ": " +
      c.tp + " hits, " + c.fp + " false alarms, " + c.fn + " misses, " + c.tn + " rightly left out. Dice " + dice + ".";
    find("empty").textContent = dice === "undefined" ? "$rule" : unknown.map(function (score) {
      return score + " is 0/0, undefined: there is nothing to divide by.";
    }).join(" ");
    find("nothing").setAttribute("aria-pressed", String(!present));
  }
  function change(x, y, radius) {
    function within(value, least, most) { return Math.min(Math.max(value, least), most); }
    mask = { x: within(x, 0, size - 1), y: within(y, 0, size - 1), radius: within(radius, 0, size / 2) };
    update();
  }
  function move(x, y, larger) { change(mask.x + x, mask.y + y, mask.radius + larger); }
  function reset() { present = true; change(start.x, start.y, start.radius); }
  function pixel(event) {
    var box = map.getBoundingClientRect(), scale = size / box.width;
    return { x: Math.floor((event.clientX - box.left) * scale), y: Math.floor((event.clientY - box.top) * scale) };
  }
  var keys = { ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0],
    "+": [0, 0, 1], "=": [0, 0, 1], "-": [0, 0, -1] };
  map.addEventListener("keydown", function (event) {
    if (!(event.key in keys) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    move.apply(null, keys[event.key]);
  });
  map.addEventListener("pointerdown", function (event) {
    var at = pixel(event);
    held = { x: mask.x - at.x, y: mask.y - at.y };
    map.setPointerCapture(event.pointerId);
  });
  map.addEventListener("pointermove", function (event) {
    var at = pixel(event);
    if (held) change(at.x + held.x, at.y + held.y, mask.radius);
  });
  ["pointerup", "pointercancel"].forEach(function (end) { map.addEventListener(end, function () { held = null; }); });
  find("smaller").addEventListener("click", function () { move(0, 0, -1); });
  find("larger").addEventListener("click", function () { move(0, 0, 1); });
  find("same").addEventListener("click", function () { change(truth.x, truth.y, present ? truth.radius : 0); });
  find("none").addEventListener("click", function () { change(mask.x, mask.y, 0); });
  find("nothing").addEventListener("click", function () { present = !present; update(); });
  find("again").addEventListener("click", reset);
  reset();
"""


def overlap_explorer(*, name, title, alt, size=32):
    """A truth mask and a second mask to drag over it, with Dice, IoU, precision, recall and accuracy.

    Parameters
    ----------
    name : str
        Unique on the page: it becomes the HTML id.
    title, alt : str
        Shown above; what the picture shows, for those who do not see it.
    size : int
        Side of the picture in pixels, an even number of at least 16.

    Returns
    -------
    IPython.display.HTML
        The mask follows the mouse, a finger and the arrow keys; + and - change its size. Buttons empty either mask and
        show what the rule for 0/0 does to a mean. On paper and without JavaScript a table holds five cases. In a live
        notebook, ipywidgets of the same numbers, with sliders for the place and the size.

    Raises
    ------
    ValueError
        If `size` is odd or below 16.
    """
    from IPython.display import HTML

    truth, start = discs(size)
    if is_live():
        from . import live

        return live.drag(size, title=title, alt=alt)
    page = frame(
        _BODY,
        _SCRIPT,
        name=name,
        title=title,
        alt=html.escape(alt),
        size=size,
        legend=CONFUSION_LEGEND,
        truth=_object(truth),
        start=_object(start),
        rule=RULE,
        static=table(["Case", *SCORES.values()], _cases(size), label="Scores of five cases"),
    )
    return HTML(page)


def discs(size):
    """The truth and where the second mask starts, each as (x, y, radius) in pixels."""
    if size < 16 or size % 2:
        raise ValueError(f"size={size} does not fit: use an even number of at least 16.")
    return (size // 2, size // 2, size // 4), (3 * size // 8, size // 2 + size // 16, 5 * size // 16)


def disc(x, y, radius, size):
    """A filled circle as a mask: an array of bool, shape (size, size), empty where `radius` is 0."""
    rows, columns = np.indices((size, size))
    return (columns - x) ** 2 + (rows - y) ** 2 < radius**2


def _rule():
    """What the three answers to 0/0 make of the mean of ten pictures."""
    total = OTHERS * OTHERS_DICE
    return (
        f"Both masks are empty, so Dice is 0/0, undefined. Say {OTHERS} other pictures have a mean Dice of "
        f"{OTHERS_DICE:.3f}. Counted as 0, this one brings the mean of all {OTHERS + 1} to {total / (OTHERS + 1):.3f}; "
        f"counted as 1, to {(total + 1) / (OTHERS + 1):.3f}; left out, the mean stays {OTHERS_DICE:.3f}."
    )


RULE = _rule()


def _cases(size):
    truth, start = (disc(*where, size) for where in discs(size))
    nothing = np.zeros_like(truth)
    cases = {
        "the masks overlap": (truth, start),
        "same mask": (truth, truth),
        "empty prediction": (truth, nothing),
        "empty truth": (nothing, start),
        "both empty": (nothing, nothing),
    }
    for case, (true, predicted) in cases.items():
        counts = metrics.confusion(true[None], predicted[None])[0]
        yield [case, *(score_text(score, counts) for score in SCORES)]


def rows(counts):
    """The table of scores: name, fraction in pixels, value, all as text; `counts` are TP, FP, FN, TN."""
    for score, name in SCORES.items():
        above, below = metrics.FORMULAS[score](*counts)
        yield [name, f"{above} / {below}", score_text(score, counts)]


def position(x, y, radius, counts):
    """Where the second mask is and what it hits, in a sentence."""
    tp, fp, fn, tn = counts
    return (
        f"Centre {x} across, {y} down, radius {radius}: {tp} hits, {fp} false alarms, {fn} misses, "
        f"{tn} rightly left out. Dice {score_text('dice', counts)}."
    )


def explain(counts):
    """Which scores are 0/0 and what follows; empty when none is."""
    if metrics.undefined("dice", counts):
        return RULE
    unknown = [name for score, name in SCORES.items() if metrics.undefined(score, counts)]
    return " ".join(f"{name} is 0/0, undefined: there is nothing to divide by." for name in unknown)


def _object(where):
    return "{{ x: {}, y: {}, radius: {} }}".format(*where)
