"""Figures the chapters share: readable on white and dark pages, told apart without colour."""

import textwrap
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.patches import Patch, Rectangle
from skimage import segmentation

from .augmentation import augment
from .common.batches import as_float

# Okabe and Ito's colours, safe for the common colour blindnesses.
BLUE, ORANGE, GREEN, BLACK = "#0072B2", "#D55E00", "#009E73", "#000000"
# In the drawing of a U-Net.
_SAYS = {BLUE: "way down, and its copies", ORANGE: "enlarged", GREEN: "way up", BLACK: "image, logits"}
_HATCHES = {BLUE: "", ORANGE: "///", GREEN: "...", BLACK: ""}  # told apart without colour, too

WIDEST = 6.4  # inches: shown as wide as a phone, 390 pixels, text of 11 points still has 9 pixels
_TEXT = 11  # points
# How all figures of the course look. Importing this module puts it in force; chapters set no looks of their own.
STYLE = {
    "axes.axisbelow": True,
    "axes.labelsize": _TEXT,
    "axes.prop_cycle": cycler(color=[BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#E69F00", BLACK]),
    "axes.titlesize": _TEXT,
    "figure.dpi": 100,
    "figure.figsize": (WIDEST, 3.2),
    "figure.labelsize": _TEXT,
    "figure.titlesize": _TEXT,
    "font.size": _TEXT,
    "legend.fontsize": _TEXT,
    "legend.frameon": False,
    "lines.markersize": 5,
    "xtick.labelsize": _TEXT,
    "ytick.labelsize": _TEXT,
}
plt.rcParams.update(STYLE)
_ACROSS = 3  # images side by side where a single row would have more


def rows(columns, *, titles, row_labels=None, size=2.4):
    """Show lists of images side by side, one list a column.

    Parameters
    ----------
    columns : sequence of sequences of arrays
        Each image (H, W) or (H, W, 3). Two-dimensional ones are shown in grey. A single row of more than three images
        goes on below.
    titles : sequence of str
        One per column; long lines are broken.
    row_labels : sequence of str, optional
        Text on the left of each row.
    size : float
        Inches per image, less where the figure would become wider than `WIDEST`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    n_rows, n_columns = len(columns[0]), len(columns)
    if n_rows == 1 and n_columns > _ACROSS:
        n_columns = 2 if n_columns == 4 else _ACROSS
        n_rows = -(-len(columns) // n_columns)
        shown = [(images[0], title) for images, title in zip(columns, titles, strict=True)]
    else:
        titled = list(zip(columns, titles, strict=True))
        shown = [(images[row], title * (row == 0)) for row in range(n_rows) for images, title in titled]
    size = min(size, WIDEST / n_columns)
    letters = int(size * 72 / (0.55 * _TEXT))  # of average width in a line above an image
    figure, axes = plt.subplots(
        n_rows, n_columns, figsize=(size * n_columns, size * n_rows), squeeze=False, layout="constrained"
    )
    for axis, (image, title) in zip(axes.flat, shown, strict=False):
        axis.imshow(image, cmap="gray", interpolation="nearest")
        lines = [textwrap.fill(line, letters) for line in title.splitlines()]
        axis.set(xticks=[], yticks=[], title="\n".join(lines))
    for axis, label in zip(axes[:, 0], row_labels or [], strict=False):
        axis.set_ylabel(label)
    for axis in axes.flat[len(shown) :]:
        axis.remove()
    return figure


def outline(image, truth, prediction=None):
    """Draw the outline of the truth (blue) and of a prediction (orange) into a copy of an image.

    Parameters
    ----------
    image : array of uint8, shape (H, W, 3)
    truth, prediction : array of int, shape (H, W)
        Masks or instance labels.

    Returns
    -------
    array of float, shape (H, W, 3), in [0, 1]
    """
    picture = segmentation.mark_boundaries(image, np.asarray(truth, dtype=int), color=_rgb(BLUE), mode="inner")
    if prediction is not None:
        prediction = np.asarray(prediction, dtype=int)
        picture = segmentation.mark_boundaries(picture, prediction, color=_rgb(ORANGE), mode="inner")
    return picture


def gallery(image, mask, augmentation, *, n=7, columns=4, seed=0):
    """Show an image and `n` augmented versions of it, each with the outline of its mask.

    Parameters
    ----------
    image : array, shape (H, W, C)
        uint8, or float in [0, 1].
    mask : array of int, shape (H, W)
    augmentation : unet_course.augmentation.Augmentation
    n, columns : int
        Augmented versions, and images in a row; `n + 1` must be a multiple of `columns`.
    seed : int

    Returns
    -------
    matplotlib.figure.Figure
    """
    images, masks = (np.repeat(array[None], n, axis=0) for array in (as_float(image), np.asarray(mask)))
    parameters = augmentation.sample(np.random.default_rng(seed), *masks.shape)
    images, masks = augment(images, masks, parameters)
    pairs = [(as_float(image), mask), *zip(images, masks, strict=True)]
    pictures = [outline(picture[..., 0] if picture.shape[-1] == 1 else picture, truth) for picture, truth in pairs]
    titles = ["original", *[""] * (columns - 1)]
    return rows([pictures[column::columns] for column in range(columns)], titles=titles)


def learning_curves(history, names, *, best_epoch=None):
    """Plot training (solid, dots) and validation (dashed, squares) values of each name against the epoch.

    Parameters
    ----------
    history : unet_course.common.history.History
    names : sequence of str
        One panel per name, for instance `("loss", "accuracy")`.
    best_epoch : int, optional
        Marked with a vertical line.

    Returns
    -------
    matplotlib.figure.Figure
    """
    epochs = np.arange(1, len(history) + 1)
    # Panels above one another stay readable on a phone.
    size = (6.4, 2.1 * len(names))
    figure, axes = plt.subplots(len(names), 1, figsize=size, sharex=True, squeeze=False, layout="constrained")
    for axis, name in zip(axes[:, 0], names, strict=True):
        axis.plot(epochs, history[name], "o-", color=BLUE, markersize=3, label="training")
        axis.plot(epochs, history[f"val_{name}"], "s--", color=ORANGE, markersize=3, label="validation")
        if best_epoch is not None:
            axis.axvline(best_epoch, color=BLACK, linestyle=":", label="weights kept")
        axis.set_ylabel(name)
        axis.xaxis.get_major_locator().set_params(integer=True)
    axes[0, 0].legend()
    axes[-1, 0].set_xlabel("epoch")
    return figure


def percentiles(real, phantom, *, width=5.2):
    """Draw the 10th to the 90th percentile of each statistic as a line with the median on it, real above phantom.

    Parameters
    ----------
    real, phantom : dict
        By kind and statistic, as `benchmarks/phantom_statistics.py` makes them.
    width : float
        Inches.

    Returns
    -------
    matplotlib.figure.Figure
        One panel per statistic, two in a row.
    """
    names = list(dict.fromkeys(name for measured in phantom.values() for name in measured if name != "n"))
    n_rows, kinds = -(-len(names) // 2), list(phantom)
    size = (width, n_rows * (0.75 + 0.36 * len(kinds)) + 0.3)
    figure, axes = plt.subplots(n_rows, 2, figsize=size, squeeze=False, sharey=True, layout="constrained")
    for axis, name in zip(axes.flat, names, strict=False):
        for side, marker, colour, shift in ((real, "o", BLUE, -0.17), (phantom, "s", ORANGE, 0.17)):
            there = [(row + shift, side[kind][name]) for row, kind in enumerate(kinds) if name in side[kind]]
            rows, values = [row for row, _ in there], np.array([value for _, value in there])
            axis.hlines(rows, values[:, 0], values[:, 2], color=colour, linewidth=2)
            label = {"o": "real", "s": "phantom"}[marker]
            axis.plot(values[:, 1], rows, marker, color=colour, markersize=6, label=label)
        axis.set(xlabel=name, yticks=range(len(kinds)), ylim=(len(kinds) - 0.5, -0.5))
        axis.set_yticklabels(kinds if len(kinds) > 1 else [""])
        axis.margins(x=0.08)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def unet_diagram(shapes, *, skips=True):
    """Draw the U: one box for each array, the higher the more pixels, the wider the more channels.

    Numbers above a box are channels, those below a level's first box pixels. Every arrow is named by what is done on
    its way.

    Parameters
    ----------
    shapes : dict of str to tuple of int
        Height, width and channels after `input`, `encoder_0`, `pool_1`, `encoder_1`, ..., `up_...`, `decoder_...`,
        `head`.
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
    figure, axis = plt.subplots(figsize=(WIDEST, 1.15 * depth + 0.5), layout="constrained")
    tallest, widest = shapes["input"][0], max(channels for *_, channels in shapes.values())

    def box(shape, x, level, colour, says="{2}", side="{0} x {1}"):
        height, width = 0.62 * (shape[0] / tallest) ** 0.5, 0.1 + 0.4 * (shape[2] / widest) ** 0.5
        drawn = _Box(x, x + width, -level + height / 2, -level - height / 2)
        style = {"facecolor": colour, "alpha": 0.55, "edgecolor": BLACK, "hatch": _HATCHES[colour]}
        axis.add_patch(Rectangle((x, drawn.bottom), width, height, **style))
        axis.text(drawn.centre, drawn.top + 0.03, says.format(*shape), ha="center", va="bottom")
        axis.text(drawn.centre, drawn.bottom - 0.04, side.format(*shape), ha="center", va="top")
        return drawn

    def across(start, end, says, **style):
        ends = (end.left, start.middle), (start.right, start.middle)
        axis.annotate("", *ends, arrowprops={"arrowstyle": "->", "color": BLACK, **style})
        place = (start.right + end.left) / 2, start.middle
        axis.text(*place, says, ha="center", va="center")

    def along(start, end, says):
        axis.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": BLACK})
        middle = (start[0] + end[0]) / 2 + 0.08, (start[1] + end[1]) / 2
        axis.text(*middle, says, ha="left", va="center")

    encoder, here = {}, box(shapes["input"], -1, 0, BLACK)
    for level in range(depth):
        if level > 0:
            pooled = box(shapes[f"pool_{level}"], here.left, level, BLUE)
            along((here.centre, here.bottom - 0.16), (pooled.centre, pooled.top + 0.16), "pool")
            here = pooled
        encoder[level] = there = box(shapes[f"encoder_{level}"], here.right + 0.7, level, BLUE, side="")
        across(here, there, "2\nconv")
        here = there
    x = here.right
    for level in reversed(range(depth - 1)):
        up = shapes[f"up_{level}"]
        start, says = x, "{2}"
        if skips:
            copied = (*up[:2], shapes[f"encoder_{level}"][2])
            there = box(copied, x, level, BLUE, says="", side="")
            across(encoder[level], there, "copy\n", linestyle="--")
            x, says = there.right, f"{copied[2]} + {{2}}"
        there = box(up, x, level, ORANGE, says="", side="")
        axis.text((start + there.right) / 2, there.top + 0.03, says.format(*up), ha="center", va="bottom")
        along((here.centre, here.top + 0.18), (there.centre, there.bottom - 0.03), "up")
        here = box(shapes[f"decoder_{level}"], there.right + 0.7, level, GREEN)
        across(there, here, "2\nconv")
        x = here.left
    there = box(shapes["head"], here.right + 0.7, 0, BLACK, side="")
    across(here, there, "1 x 1\n")
    handles = [
        Patch(facecolor=colour, alpha=0.55, edgecolor=BLACK, hatch=_HATCHES[colour], label=says)
        for colour, says in _SAYS.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    axis.set(xlim=(-1.25, there.right + 0.3), ylim=(-depth + 0.4, 0.55))
    axis.axis("off")
    return figure


class _Box(NamedTuple):
    left: float
    right: float
    top: float
    bottom: float

    @property
    def centre(self):
        return (self.left + self.right) / 2

    @property
    def middle(self):
        return (self.top + self.bottom) / 2


def _rgb(colour):
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
