"""A slider for the threshold: hits, misses and false alarms, with their scores."""

import numpy as np

from .. import metrics
from .explorer import Explorer, Slider
from .page import show
from .parts import COLOURS, LEGEND, as_text, confusion_colours, img, score_text, table

SHOWN = ("Precision", "Recall", "Dice")
_STATIC = range(10, 100, 10)  # per cent, on paper
_MAP = "Pixels above the threshold: hits white, misses blue, false alarms orange"

_BODY = f"""
<div class="uc-explorer-live">
<p class="uc-explorer-controls">$threshold</p>
<p id="$name-scores" aria-live="polite"></p>
<div class="uc-explorer-pictures">
<figure>$image<figcaption>image</figcaption></figure>
<figure><canvas id="$name-map" width="$width" height="$height" role="img" aria-label="{_MAP}"></canvas>
<figcaption>{LEGEND}</figcaption></figure>
</div>
</div>
<div class="uc-explorer-static">
$static
</div>
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
    probability, mask = np.round(np.asarray(probability) * 255).astype(np.uint8), np.asarray(mask)
    scores = [texts(counts(probability, mask, percent)) for percent in range(101)]
    said = ["Precision {}, recall {}, Dice {}".format(*values) for values in scores]
    names = [f"{percent / 100:.2f}" for percent in range(101)]

    def say(values):
        above = probability / 255 > values["threshold"] / 100
        return {"scores": said[values["threshold"]], "map": img(confusion_colours(mask, above), _MAP, width=256)}

    rows = [[names[percent], *scores[percent]] for percent in _STATIC]
    static = table(["Threshold", *SHOWN], rows, label="Scores at nine thresholds")
    explorer = Explorer(
        name=name,
        title=title,
        controls={"threshold": Slider("Threshold", names, start=50)},
        say=say,
        rows=["threshold", "scores", [img(image, alt, width=256), "map"], LEGEND],
        body=_BODY,
        values={"image": img(image, alt), "width": mask.shape[1], "height": mask.shape[0], "static": static},
        script="threshold.js",
        data={"probability": as_text(probability), "mask": as_text(np.uint8(mask)), "said": said, "colours": COLOURS},
    )
    return show(explorer)


def counts(probability, mask, percent):
    """TP, FP, FN and TN of the pixels whose probability, 0 to 255, lies above a threshold in per cent."""
    return metrics.confusion(mask[None], (probability / 255 > percent / 100)[None])[0]


def texts(counts):
    """The scores of the four counts, each as text."""
    return [score_text(score.lower(), counts) for score in SHOWN]
