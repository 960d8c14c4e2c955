"""A calculator for the U-Net: sizes, receptive field and parameters of each part, for settings the reader chooses."""

import html
from functools import cache
from itertools import product

from .. import receptive_field as arithmetic
from .explorer import Choice, Explorer, Number
from .page import show
from .parts import headings, table

DEPTHS, KERNELS, PADDINGS, FILTERS = (2, 3, 4, 5, 6), (3, 5, 7), ("valid", "same"), (8, 16, 32, 64)
LEAST, MOST = 8, 4096  # pixels of the input's side
IN_CHANNELS, OUT_CHANNELS = 1, 2  # those of the network of 2015
HEAD = ("Part", "Side", "Channels", "Sees", "Parameters")

_TEXTS = {
    "summary": "{side} pixels in, {out} out; an output pixel sees at most {sees}; {total} parameters.",
    "padded": "The input is padded to {size} pixels and the output cut back to {side}.",
    "odd": "{layer} leaves out the last of {size} rows and columns.",
    "small": "The input is too small: at {layer} a kernel of {kernel} meets {size} pixels.",
    "refused": f"The side of the input is a whole number from {LEAST} to {MOST}.",
}

_BODY = f"""
<div class="uc-explorer-live">
<p class="uc-explorer-controls uc-explorer-fields" id="$name-controls">
$depth
$kernel
$padding
$side
$filters</p>
<p id="$name-summary" aria-live="polite"></p>
<div class="uc-explorer-scroll" tabindex="0" role="region" aria-label="$alt"><table>
{headings(HEAD)}
<tbody id="$name-parts"></tbody></table></div>
</div>
<div class="uc-explorer-static">
<p>$alt</p>
<p>$said</p>
$static
</div>
"""


def size_explorer(*, name, title, alt, depth=5, side=572, base_filters=64):
    """A calculator for sizes, receptive field and parameters of a U-Net; it begins with the network of 2015.

    Parameters
    ----------
    name : str
        Unique on the page: it becomes the HTML id.
    title, alt : str
        Shown above; what the table holds, for those who do not see it.
    depth : int
        Levels, the deepest included, as `unet` counts them; 2 to 6.
    side : int
        Pixels of the input's side.
    base_filters : int
        Filters of level 0.

    Returns
    -------
    IPython.display.HTML
        The reader chooses levels, kernel, padding, side and filters. On paper and without JavaScript the table of the
        settings it begins with. In a live notebook, ipywidgets of the same numbers.
    """
    filters = sorted({*FILTERS, base_filters})
    controls = {
        "depth": Choice("Levels", DEPTHS, depth),
        "kernel": Choice("Kernel", KERNELS, KERNELS[0]),
        "padding": Choice("Padding", PADDINGS, PADDINGS[0]),
        "side": Number("Side of the input", LEAST, MOST, side),
        "filters": Choice("Filters of level 0", filters, base_filters),
    }

    def say(values):
        rows, summary = report(*(values[name] for name in controls))
        return {"summary": summary, "parts": table(HEAD, rows, label=alt) if rows else ""}

    start = say({name: control.start for name, control in controls.items()})
    explorer = Explorer(
        name=name,
        title=title,
        controls=controls,
        say=say,
        rows=[*controls, "summary", "parts"],
        body=_BODY,
        values={"alt": html.escape(alt), "said": start["summary"], "static": start["parts"]},
        script="sizes.js",
        # The page only follows the sizes; sight and parameters are counted here, for all that can be chosen.
        data={
            "layers": {"{} {} {}".format(*one): _layers(*one) for one in product(DEPTHS, KERNELS, PADDINGS)},
            "parts": {"{} {}".format(*one): _parts(max(DEPTHS), *one) for one in product(KERNELS, filters)},
            "texts": _TEXTS,
            "least": LEAST,
            "most": MOST,
        },
    )
    return show(explorer)


@cache
def _layers(depth, kernel, padding):
    """Each layer as a list of name, kernel, stride, padding, up, and the input pixels that are seen behind it."""
    layers = arithmetic.unet_layers(depth, kernel=kernel, padding=padding)
    return [[*layer, arithmetic.receptive_field(layers[:end])] for end, layer in enumerate(layers, start=1)]


def _parts(depth, kernel, filters):
    """Channels and parameters of each part, by name."""
    counts = arithmetic.unet_parameters(
        IN_CHANNELS, OUT_CHANNELS, base_filters=filters, depth=depth, batch_norm=False, kernel=kernel
    )
    channels = {part: OUT_CHANNELS if part == "head" else filters * 2 ** int(part[-1]) for part in counts}
    return {part: (channels[part], counts[part]) for part in counts}


def report(depth, kernel, padding, side, filters):
    """What the explorer says: the rows of its table as texts, and the sentences above it."""
    parts = _parts(depth, kernel, filters)
    size = side + -side % 2 ** (depth - 1) if padding == "same" else side
    notes = [_TEXTS["padded"].format(size=size, side=side)] if size > side else []
    rows = []
    for name, *layer, sees in _layers(depth, kernel, padding):
        layer = arithmetic.Layer(name, *layer)
        if size + 2 * layer.padding < layer.kernel:
            return [], _TEXTS["small"].format(layer=name, kernel=layer.kernel, size=size)
        if layer.stride == 2 and size % 2:
            notes.append(_TEXTS["odd"].format(layer=name, size=size))
        size = arithmetic.output_sizes([layer], size)[name]
        part = name.removesuffix("_conv2")
        if part in parts:
            channels, parameters = parts[part]
            rows.append([part, *(f"{number:,}" for number in (size, channels, sees, parameters))])
    total = sum(parameters for _, parameters in parts.values())
    numbers = {"side": side, "out": side if padding == "same" else size, "sees": sees, "total": total}
    summary = _TEXTS["summary"].format(**{word: f"{number:,}" for word, number in numbers.items()})
    return rows, " ".join([summary, *notes])
