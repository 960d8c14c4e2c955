"""A mask to drag over another: hits, misses and false alarms, and what five scores say about them."""

import html

import numpy as np

from .. import metrics
from .explorer import Button, Explorer, Slider, Switch
from .page import show
from .parts import COLOURS, LEGEND, SCORES, confusion_colours, headings, img, score_text, table

_PLACE = ("across", "down", "radius")
_HEAD, _LABEL = ("Score", "Pixels", "Value"), "Scores of the second mask"
# What the rule for 0/0 does is seen in a mean only: nine other images stand by.
_OTHERS, _MEAN = 9, 0.8
_AS_0, _AS_1 = ((_OTHERS * _MEAN + dice) / (_OTHERS + 1) for dice in (0, 1))

_TEXTS = {
    "position": "Centre {across} across, {down} down, radius {radius}: {tp} hits, {fp} false alarms, {fn} misses, "
    "{tn} rightly left out. Dice {dice}.",
    "unknown": "{score} is 0/0, undefined: there is nothing to divide by.",
    "rule": f"Both masks are empty, so Dice is 0/0, undefined. Say {_OTHERS} other images have a mean Dice of "
    f"{_MEAN:.3f}. Counted as 0, this one brings the mean of all {_OTHERS + 1} to {_AS_0:.3f}; "
    f"counted as 1, to {_AS_1:.3f}; left out, the mean stays {_MEAN:.3f}.",
}

_BODY = f"""
<div class="uc-explorer-live">
<p id="$name-hint">Drag the second mask, or click the image and use the arrow keys; + and &minus; change its size.</p>
<p class="uc-explorer-controls">
<button type="button" id="$name-smaller" aria-label="Smaller">&minus;</button>
<button type="button" id="$name-larger" aria-label="Larger">+</button>
$same
$none
$nothing
$again</p>
<div class="uc-explorer-pictures">
<figure><canvas id="$name-map" class="uc-explorer-drag" width="$size" height="$size" tabindex="0" role="application"
aria-label="$alt" aria-describedby="$name-hint"></canvas>
<figcaption>{LEGEND}</figcaption></figure>
<div class="uc-explorer-beside"><table aria-label="{_LABEL}">
{headings(_HEAD)}
<tbody id="$name-scores"></tbody></table>
<p id="$name-position" aria-live="polite"></p>
<p id="$name-rule" aria-live="polite"></p></div>
</div>
</div>
<div class="uc-explorer-static">
<p>$alt</p>
$static
<p>{_TEXTS["rule"]}</p>
</div>
"""


def overlap_explorer(*, name, title, alt, size=32):
    """A truth mask and a second mask to drag over it, with Dice, IoU, precision, recall and accuracy.

    Parameters
    ----------
    name : str
        Unique on the page: it becomes the HTML id.
    title, alt : str
        Shown above; what the image shows, for those who do not see it.
    size : int
        Side of the image in pixels, an even number of at least 16.

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
    truth, start = (dict(zip(_PLACE, where, strict=True)) for where in discs(size))
    places = {"across": size, "down": size, "radius": size // 2 + 1}
    sliders = {key: Slider(key.capitalize(), [str(n) for n in range(places[key])], start[key]) for key in _PLACE}
    # What each button sets, where the truth is there and where it is empty.
    sets = {
        "same": (truth, truth | {"radius": 0}),
        "none": ({"radius": 0}, {"radius": 0}),
        "again": (start | {"nothing": False}, start | {"nothing": False}),
    }
    labels = {"same": "Same mask", "none": "Empty prediction", "again": "Start again"}
    buttons = {key: Button(labels[key], lambda values, key=key: sets[key][values["nothing"]]) for key in sets}

    def say(values):
        place = [values[key] for key in _PLACE]
        true, mask = disc(*truth.values(), size) & (not values["nothing"]), disc(*place, size)
        counts = metrics.confusion(true[None], mask[None])[0]
        scores = table(_HEAD, _rows(counts), label=_LABEL)
        return {
            "map": img(confusion_colours(true, mask), alt, width=256),
            "scores": scores,
            **_sentences(values, counts),
        }

    static = table(["Case", *SCORES.values()], _cases(size), label="Scores of five cases")
    weights = {label: _weights(score) for score, label in SCORES.items()}
    explorer = Explorer(
        name=name,
        title=title,
        controls={**sliders, **buttons, "nothing": Switch("Empty truth")},
        say=say,
        rows=[["same", "none", "nothing", "again"], list(_PLACE), ["map", "scores"], LEGEND, "position", "rule"],
        body=_BODY,
        values={"alt": html.escape(alt), "size": size, "static": static},
        script="overlap.js",
        data={"size": size, "truth": truth, "sets": sets, "scores": weights, "texts": _TEXTS, "colours": COLOURS},
    )
    return show(explorer)


def discs(size):
    """The truth and where the second mask starts, each as (x, y, radius) in pixels."""
    if size < 16 or size % 2:
        raise ValueError(f"size={size} does not fit: use an even number of at least 16.")
    return (size // 2, size // 2, size // 4), (3 * size // 8, size // 2 + size // 16, 5 * size // 16)


def disc(x, y, radius, size):
    """A filled circle as a mask: an array of bool, shape (size, size), empty where `radius` is 0."""
    rows, columns = np.indices((size, size))
    return (columns - x) ** 2 + (rows - y) ** 2 < radius**2


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


def _weights(score):
    """How much one hit, false alarm, miss and pixel left out add to each side of a score's fraction."""
    return np.transpose([metrics.FORMULAS[score](*one) for one in np.eye(4, dtype=int)]).tolist()


def _rows(counts):
    for score, name in SCORES.items():
        above, below = metrics.FORMULAS[score](*counts)
        yield [name, f"{above} / {below}", score_text(score, counts)]


def _sentences(values, counts):
    """Where the second mask is and what it hits; which scores are 0/0 and what follows, empty when none is."""
    kinds = dict(zip(("tp", "fp", "fn", "tn"), counts, strict=True))
    position = _TEXTS["position"].format(**values, **kinds, dice=score_text("dice", counts))
    unknown = [name for score, name in SCORES.items() if metrics.undefined(score, counts)]
    reasons = (_TEXTS["unknown"].format(score=name) for name in unknown)
    return {"position": position, "rule": _TEXTS["rule"] if "Dice" in unknown else " ".join(reasons)}
