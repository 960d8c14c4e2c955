"""A slider for the threshold: hits, misses and false alarms, with their scores."""

import html
import json

import numpy as np

from .. import metrics
from .parts import CONFUSION_LEGEND, as_text, frame, is_live, score_text, table

SHOWN = ("Precision", "Recall", "Dice")
_STATIC = range(10, 100, 10)  # per cent, on paper

_BODY = """
<div class="uc-explorer-live">
<p class="uc-explorer-controls"><label for="$name-threshold">Threshold</label>
<input id="$name-threshold" type="range" min="0" max="100" value="50" step="1" aria-describedby="$name-scores">
<output id="$name-value" for="$name-threshold">0.50</output></p>
<p id="$name-scores" aria-live="polite"></p>
<div class="uc-explorer-pictures">
<figure><canvas id="$name-image" width="$width" height="$height" role="img" aria-label="$alt"></canvas>
<figcaption>image</figcaption></figure>
<figure><canvas id="$name-map" width="$width" height="$height" role="img"
aria-label="Pixels above the threshold: hits white, misses blue, false alarms orange"></canvas>
$legend</figure>
</div>
</div>
<div class="uc-explorer-static">
$static
</div>
"""

_SCRIPT = """
  var data = $data;
  function bytes(text) { return Uint8Array.from(atob(text), function (c) { return c.charCodeAt(0); }); }
  var probability = bytes(data.probability), mask = bytes(data.mask), image = bytes(data.image);
  function paint(canvas, colour) {
    var context = canvas.getContext("2d"), picture = context.createImageData(canvas.width, canvas.height);
    for (var i = 0; i < mask.length; i++) picture.data.set(colour(i), 4 * i);
    context.putImageData(picture, 0, 0);
  }
  function ratio(a, b) { return b ? (a / b).toFixed(3) : "undefined"; }
  function update() {
    var threshold = find("threshold").value / 100, tp = 0, fp = 0, fn = 0;
    paint(find("map"), function (i) {
      var above = probability[i] / 255 > threshold;
      if (above && mask[i]) { tp++; return [255, 255, 255, 255]; }
      if (above) { fp++; return [213, 94, 0, 255]; }
      if (mask[i]) { fn++; return [0, 114, 178, 255]; }
      return [0, 0, 0, 255];
    });
    find("value").textContent = threshold.toFixed(2);
    find("threshold").setAttribute("aria-valuetext", threshold.toFixed(2));
    find("scores").textContent = "Precision " + ratio(tp, tp + fp) + ", recall " + ratio(tp, tp + fn) +
      ", Dice " + ratio(2 * tp, 2 * tp + fp + fn);
  }
  paint(find("image"), function (i) { return [image[3 * i], image[3 * i + 1], image[3 * i + 2], 255]; });
  find("threshold").addEventListener("input", update);
  update();
"""


def threshold_explorer(image, probability, mask, *, name, title, alt):
    """A slider that moves the threshold and shows hits, misses and false alarms with precision, recall and Dice.

    Parameters
    ----------
    image : array of uint8, shape (H, W, 3)
    probability : array of float, shape (H, W), in [0, 1]
    mask : array of int, shape (H, W)
        Truth, 0 or 1.
    name : str
        Unique on the page: it becomes the HTML id.
    title, alt : str
        Shown above; alternative text of the image.

    Returns
    -------
    IPython.display.HTML
        Works with the keyboard (arrow keys on the slider), with a screen reader, and without a kernel. In a live
        notebook, ipywidgets of the same numbers.
    """
    from IPython.display import HTML

    probability = np.round(np.asarray(probability) * 255).astype(np.uint8)
    if is_live():
        from . import live

        return live.threshold(image, probability, mask, title=title, alt=alt)
    height, width = mask.shape
    data = {"probability": _encode(probability), "mask": _encode(mask), "image": _encode(image)}
    rows = [[f"{percent / 100:.2f}", *texts(counts(probability, mask, percent))] for percent in _STATIC]
    page = frame(
        _BODY,
        _SCRIPT,
        name=name,
        title=title,
        alt=html.escape(alt),
        width=width,
        height=height,
        legend=CONFUSION_LEGEND,
        data=json.dumps(data),
        static=table(["Threshold", *SHOWN], rows, label="Scores at nine thresholds"),
    )
    return HTML(page)


def counts(probability, mask, percent):
    """TP, FP, FN and TN of the pixels whose probability, 0 to 255, lies above a threshold in per cent."""
    return metrics.confusion(np.asarray(mask)[None], (probability / 255 > percent / 100)[None])[0]


def texts(counts):
    """The scores of the four counts, each as text."""
    return [score_text(score.lower(), counts) for score in SHOWN]


def in_words(counts):
    """The scores of the four counts in one line, as the page writes it."""
    return "Precision {}, recall {}, Dice {}".format(*texts(counts))


def _encode(array):
    return as_text(np.ascontiguousarray(array, dtype=np.uint8))
