"""A drawing of a U-Net from the shapes that went through it."""

from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.patches import Patch, Rectangle

from .plotting import BLACK, BLUE, GREEN, ORANGE

_SAYS = {BLUE: "way down, and its copies", ORANGE: "enlarged", GREEN: "way up", BLACK: "picture, logits"}
_HATCHES = {BLUE: "", ORANGE: "///", GREEN: "...", BLACK: ""}  # told apart without colour, too
_SMALL = 8  # points


class _Box(NamedTuple):
    left: float
    right: float
    top: float
    bottom: float

    @property
    def centre(self):
        return (self.left + self.right) / 2


def unet_diagram(shapes, *, skips=True):
    """Draw the U: one box for each array, the higher the more pixels, the wider the more channels.

    Numbers above a box are channels, those below it pixels.

    Parameters
    ----------
    shapes : dict of str to tuple of int
        Height, width and channels after `input`, `encoder_0`, ..., `up_...`, `decoder_...`, `head`.
    skips : bool
        Whether copies of the way down come to the way up.

    Returns
    -------
    matplotlib.figure.Figure

    Notes
    -----
    Explained in the chapter on the U-Net, section "Deeper".
    """
    depth = sum(name.startswith("encoder_") for name in shapes)
    figure, axis = plt.subplots(figsize=(8.4, 1.15 * depth + 0.5), layout="constrained")
    tallest, widest = shapes["input"][0], max(channels for *_, channels in shapes.values())

    def box(shape, x, level, colour, says="{2}", side="{0} x {1}"):
        height, width = 0.62 * (shape[0] / tallest) ** 0.5, 0.1 + 0.4 * (shape[2] / widest) ** 0.5
        drawn = _Box(x, x + width, -level + height / 2, -level - height / 2)
        style = {"facecolor": colour, "alpha": 0.55, "edgecolor": BLACK, "hatch": _HATCHES[colour]}
        axis.add_patch(Rectangle((x, drawn.bottom), width, height, **style))
        axis.text(drawn.centre, drawn.top + 0.03, says.format(*shape), ha="center", va="bottom", fontsize=_SMALL)
        axis.text(drawn.centre, drawn.bottom - 0.04, side.format(*shape), ha="center", va="top", fontsize=_SMALL)
        return drawn

    def arrow(start, end, **style):
        axis.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": BLACK, **style})

    encoder, here = {}, box(shapes["input"], -0.9, 0, BLACK)
    for level in range(depth):
        encoder[level] = there = box(shapes[f"encoder_{level}"], level, level, BLUE)
        if level == 0:
            arrow((here.right, 0), (there.left, 0))
        else:
            arrow((here.centre, here.bottom - 0.2), (there.centre, there.top + 0.18))
        here = there
    for level in reversed(range(depth - 1)):
        x, up = 2 * (depth - 1) - level, shapes[f"up_{level}"]
        start, says = x, "{2}"
        if skips:
            copied = (*up[:2], shapes[f"encoder_{level}"][2])
            arrow((encoder[level].right, -level), (x, -level), linestyle="--")
            x, says = box(copied, x, level, BLUE, says="", side="").right, f"{copied[2]} + {{2}}"
        there = box(up, x, level, ORANGE, says="", side="")
        axis.text(
            (start + there.right) / 2, there.top + 0.03, says.format(*up), ha="center", va="bottom", fontsize=_SMALL
        )
        arrow((here.centre, here.top + 0.18), (there.centre, there.bottom - 0.02))
        here = box(shapes[f"decoder_{level}"], there.right + 0.22, level, GREEN)
        arrow((there.right, -level), (here.left, -level))
    there = box(shapes["head"], here.right + 0.6, 0, BLACK)
    arrow((here.right, 0), (there.left, 0))
    handles = [
        Patch(facecolor=colour, alpha=0.55, edgecolor=BLACK, hatch=_HATCHES[colour], label=says)
        for colour, says in _SAYS.items()
    ]
    axis.legend(handles=handles, loc="lower left", fontsize=_SMALL, frameon=False)
    axis.set(xlim=(-1.1, there.right + 0.3), ylim=(-depth + 0.4, 0.55))
    axis.axis("off")
    return figure
