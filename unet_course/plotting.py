"""Figures the chapters share: readable on white and dark pages, told apart without colour."""

import matplotlib.pyplot as plt
import numpy as np
from skimage import segmentation

from .augmentation import augment
from .batches import as_float

# Okabe and Ito's colours, safe for the common colour blindnesses.
BLUE, ORANGE, GREEN, BLACK = "#0072B2", "#D55E00", "#009E73", "#000000"


def rows(columns, *, titles, row_labels=None, size=2.4):
    """Show lists of pictures side by side, one list a column.

    Parameters
    ----------
    columns : sequence of sequences of arrays
        Each picture (H, W) or (H, W, 3). Two-dimensional ones are shown in grey.
    titles : sequence of str
        One per column.
    row_labels : sequence of str, optional
        Text on the left of each row.
    size : float
        Inches per picture.

    Returns
    -------
    matplotlib.figure.Figure
    """
    n_rows, n_columns = len(columns[0]), len(columns)
    figure, axes = plt.subplots(
        n_rows, n_columns, figsize=(size * n_columns, size * n_rows), squeeze=False, layout="constrained"
    )
    for column, (pictures, title) in enumerate(zip(columns, titles, strict=True)):
        for row, picture in enumerate(pictures):
            axis = axes[row, column]
            axis.imshow(picture, cmap="gray", interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            if row == 0:
                axis.set_title(title)
            if column == 0 and row_labels is not None:
                axis.set_ylabel(row_labels[row])
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
        Augmented versions, and pictures in a row; `n + 1` must be a multiple of `columns`.
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
    history : unet_course.history.History
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
    axes[0, 0].legend(frameon=False)
    axes[-1, 0].set_xlabel("epoch")
    return figure


def percentiles(real, phantom, *, width=5.2):
    """Draw the 10th to the 90th percentile of each statistic as a line with the median on it, real above phantom.

    Parameters
    ----------
    real, phantom : dict
        By kind and statistic, as from `phantoms.statistics.summary`.
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
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return figure


def _rgb(colour):
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
