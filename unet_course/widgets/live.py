"""The explorers as ipywidgets, for a notebook with a kernel behind it: the same settings, the same numbers."""

import html

import ipywidgets
import numpy as np

from .. import metrics
from . import curves, overlap, sizes
from .parts import as_png, as_text, confusion_colours, table
from .threshold import counts, in_words

_LEGEND = "Hits white, misses blue, false alarms orange"
_NARROW = {"style": {"description_width": "initial"}}


class Live(ipywidgets.VBox):
    """An explorer made of widgets.

    Parameters
    ----------
    title : str
    rows : sequence of Widget
        From top to bottom.
    controls, shown : dict of str to Widget
        What the reader moves, and what changes then, by name: a notebook can read and set them as well.
    """

    def __init__(self, title, rows, *, controls, shown):
        super().__init__([ipywidgets.HTML(f"<strong>{html.escape(title)}</strong>"), *rows])
        self.controls, self.shown = controls, shown


def threshold(image, probability, mask, *, title, alt):
    """`threshold_explorer` with a kernel; `probability` is uint8, as the page has it."""
    slider = ipywidgets.IntSlider(50, 0, 100, description="Threshold (%)", **_NARROW)
    found, said = ipywidgets.HTML(), ipywidgets.Label()

    def update(*_):
        found.value = _img(confusion_colours(mask, probability / 255 > slider.value / 100), _LEGEND)
        said.value = in_words(counts(probability, mask, slider.value))

    slider.observe(update, "value")
    update()
    pictures = ipywidgets.HBox([ipywidgets.HTML(_img(image, alt)), found])
    rows = [slider, said, pictures, ipywidgets.Label(_LEGEND)]
    return Live(title, rows, controls={"threshold": slider}, shown={"scores": said, "map": found})


def frames(pictures, labels, *, title, alt, what):
    """`frame_explorer` with a kernel."""
    options = [(label, position) for position, label in enumerate(labels)]
    slider = ipywidgets.SelectionSlider(options=options, index=len(options) // 2, description=what, **_NARROW)
    shown = ipywidgets.HTML()

    def update(*_):
        shown.value = _img(pictures[slider.value], f"{alt}, {labels[slider.value]}", width=384)

    slider.observe(update, "value")
    update()
    return Live(title, [slider, shown], controls={"frame": slider}, shown={"picture": shown})


def drag(size, *, title, alt):
    """`overlap_explorer` with a kernel: three sliders instead of a mask to drag."""
    truth, start = overlap.discs(size)
    limits = {"across": size - 1, "down": size - 1, "radius": size // 2}
    sliders = {
        name: ipywidgets.IntSlider(value, 0, limits[name], description=name.capitalize())
        for name, value in zip(limits, start, strict=True)
    }
    nothing = ipywidgets.ToggleButton(description="Empty truth")
    same, none, again = (
        ipywidgets.Button(description=text) for text in ("Same mask", "Empty prediction", "Start again")
    )
    shown, scores, said, rule = (ipywidgets.HTML() for _ in range(4))

    def update(*_):
        where = [slider.value for slider in sliders.values()]
        true, mask = overlap.disc(*truth, size) & (not nothing.value), overlap.disc(*where, size)
        counts = metrics.confusion(true[None], mask[None])[0]
        shown.value = _img(confusion_colours(true, mask), alt)
        scores.value = table(overlap.HEAD, overlap.rows(counts), label="Scores of the second mask")
        said.value, rule.value = overlap.position(*where, counts), f"<p>{overlap.explain(counts)}</p>"

    def place(across, down, radius):
        for slider, value in zip(sliders.values(), (across, down, radius), strict=True):
            slider.value = value

    def reset(_):
        nothing.value = False
        place(*start)

    for control in (*sliders.values(), nothing):
        control.observe(update, "value")
    same.on_click(lambda _: place(*truth[:2], 0 if nothing.value else truth[2]))
    none.on_click(lambda _: place(*(slider.value for slider in list(sliders.values())[:2]), 0))
    again.on_click(reset)
    update()
    buttons = {"same": same, "none": none, "nothing": nothing, "again": again}
    beside = ipywidgets.VBox([*sliders.values(), scores])
    rows = [
        ipywidgets.HBox([*buttons.values()]),
        ipywidgets.HBox([shown, beside]),
        ipywidgets.Label(_LEGEND),
        said,
        rule,
    ]
    texts = {"scores": scores, "position": said, "rule": rule, "map": shown}
    return Live(title, rows, controls=sliders | buttons, shown=texts)


def calculator(depth, side, base_filters, *, title, alt):
    """`size_explorer` with a kernel."""
    filters = sorted({*sizes.FILTERS, base_filters})
    controls = {
        "depth": ipywidgets.Dropdown(options=sizes.DEPTHS, value=depth, description="Levels"),
        "kernel": ipywidgets.Dropdown(options=sizes.KERNELS, description="Kernel"),
        "padding": ipywidgets.Dropdown(options=sizes.PADDINGS, description="Padding"),
        "side": ipywidgets.BoundedIntText(side, min=sizes.LEAST, max=sizes.MOST, description="Side"),
        "filters": ipywidgets.Dropdown(options=filters, value=base_filters, description="Filters"),
    }
    said, parts = ipywidgets.HTML(), ipywidgets.HTML()

    def update(*_):
        rows, said.value = sizes.report(*(control.value for control in controls.values()))
        parts.value = table(sizes.HEAD, rows, label=alt) if rows else ""

    for control in controls.values():
        control.observe(update, "value")
    update()
    return Live(title, [*controls.values(), said, parts], controls=controls, shown={"summary": said, "parts": parts})


def reader(runs, *, title, alt, what):
    """`curve_explorer` with a kernel."""
    verdicts, first = curves.verdicts(runs), {}
    score, controls, shown, rows = ipywidgets.Label(), {}, {}, []

    def count():
        score.value = f"{sum(first.values())} right at the first guess, {len(first)} of {len(runs)} runs judged."

    def answer(run, guess):
        first.setdefault(run["label"], guess == run["verdict"])
        shown[run["label"]].value = html.escape(curves.verdict(run, guess))
        count()

    for run in runs:
        label = run["label"]
        texts = {**{verdict: verdict for verdict in verdicts}, None: "Show the answer"}
        buttons = {
            guess: ipywidgets.Button(description=text, tooltip=f"{label}: {text}") for guess, text in texts.items()
        }
        for guess, button in buttons.items():
            button.layout.width = "auto"
            button.on_click(lambda _, run=run, guess=guess: answer(run, guess))
        controls[label], shown[label] = buttons, ipywidgets.HTML()
        picture = ipywidgets.HTML(curves.picture(run, alt=f"{alt}, {curves.describe(run, what)}"))
        picture.layout.width = f"{curves.WIDTH}px"
        caption = ipywidgets.Label(f"{label}: {what} of each epoch")
        rows += [picture, caption, ipywidgets.HBox([*buttons.values()]), shown[label]]
    count()
    return Live(title, [*rows, score], controls=controls, shown=shown | {"score": score})


def _img(picture, alt, width=256):
    """A picture of uint8 as an element of HTML: `ipywidgets.Image` can hold no alternative text."""
    png = as_text(as_png(np.asarray(picture, np.uint8)))
    style = f"width: {width}px; image-rendering: pixelated"
    return f'<img src="data:image/png;base64,{png}" alt="{html.escape(alt)}" style="{style}">'
