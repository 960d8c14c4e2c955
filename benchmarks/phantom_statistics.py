"""Numbers that say how hard an image is and what it looks like: real and synthetic sets are held side by side by them.

Lengths are measured in 256ths of an image's height, so that small phantoms compare with the real slices of 256 pixels.
Explained in the appendix "The four data sets", section "How far to trust a phantom".
"""

import numpy as np
import pandas as pd
from scipy import ndimage

from unet_course.datasets import quality
from unet_course.datasets.brats import MODALITIES, REGIONS
from unet_course.metrics import dice
from unet_course.postprocessing import otsu_mask

PERCENTILES = (10, 50, 90)
_SMALLEST = 50 / 256**2  # share of a slice; outline and contrast of a smaller patch of tumour are left to chance
_SCALP = 10  # 256ths: scalp and skull, which are as bright as a tumour and never one
_RING = (1, 8)  # 256ths: the tissue beside a tumour, without the pixels that the outline cuts
_HEAD = 10  # of 255: above it a pixel belongs to the head
_DARK = 20  # of 255: below it a pixel counts as dark background; JPEG leaves the air around a head not quite black


def lgg(dataset):
    """Measure every slice with a tumour worth measuring, on the FLAIR channel.

    Parameters
    ----------
    dataset : Dataset
        From `datasets.lgg.load`.

    Returns
    -------
    pandas.DataFrame
        One line per slice: `kind` ("tumour slices"), `best threshold Dice` inside the skull, `contrast` of the tumour
        against the ring around it, `area, %` of the slice, `outline` length over the root of the area, `mean grey`
        (0 to 255).
    """
    rows = []
    for i in np.flatnonzero(dataset.index.has_tumour):
        flair, mask = dataset.images[i][..., 1], dataset.masks[i] > 0
        if mask.mean() < _SMALLEST:
            continue
        rows.append(
            {
                "kind": "tumour slices",
                "best threshold Dice": best_threshold_dice(flair, mask, where=inside_skull(flair) | mask),
                "contrast": contrast(flair, mask),
                "area, %": 100 * mask.mean(),
                "outline": outline(mask),
                "mean grey": flair.mean(),
            }
        )
    return pd.DataFrame(rows)


def nuclei(dataset):
    """Measure every image of nuclei.

    Parameters
    ----------
    dataset : Dataset
        From `datasets.nuclei.load`, at its own sizes.

    Returns
    -------
    pandas.DataFrame
        One line per image: `kind` (the image type), `Otsu Dice` of `postprocessing.otsu_mask`, `foreground, %` of the
        image, the nuclei's median equivalent `diameter, pixels`, nuclei that are `touching, %` another, and mean
        `grey inside` and `grey outside` them (0 to 255).
    """
    rows = []
    for image, labels, kind in zip(dataset.images, dataset.instances, dataset.index.image_type, strict=True):
        mask, grey = labels > 0, image.mean(axis=-1)
        areas = np.bincount(np.ravel(labels))[1:]
        rows.append(
            {
                "kind": kind,
                "Otsu Dice": dice(mask[None].astype(int), otsu_mask(image)[None].astype(int), empty=1)[0],
                "foreground, %": 100 * mask.mean(),
                "diameter, pixels": np.median(np.sqrt(4 / np.pi * areas)),
                "touching, %": 100 * quality.touching_share(labels),
                "grey inside": grey[mask].mean(),
                "grey outside": grey[~mask].mean(),
            }
        )
    return pd.DataFrame(rows)


def brats(dataset):
    """Measure every axial slice with a tumour worth measuring.

    Parameters
    ----------
    dataset : Dataset
        From `datasets.brats.load`.

    Returns
    -------
    pandas.DataFrame
        One line per slice and `kind`, a region: WT, TC or ET, where it is there. `volume, %` is its share of the brain;
        `contrast flair`, `contrast t1`, ... is its median over that of the brain without tumour. WT has its
        `best threshold Dice` on FLAIR inside the brain and its `outline` besides.
    """
    rows = []
    for images, labels in zip(dataset.images, dataset.masks, strict=True):
        for image, drawn in zip(images, labels, strict=True):
            brain = (image > 0).any(axis=-1)
            healthy = brain & (drawn == 0)
            if (drawn > 0).mean() < _SMALLEST or not healthy.any():
                continue
            for kind, values in REGIONS.items():
                mask = np.isin(drawn, values)
                if mask.mean() >= _SMALLEST:
                    rows.append({"kind": kind, "volume, %": 100 * mask.sum() / brain.sum()})
                    rows[-1] |= _against_brain(image, mask, healthy)
                    if kind == "WT":
                        rows[-1]["best threshold Dice"] = best_threshold_dice(image[..., 0], mask, where=brain)
                        rows[-1]["outline"] = outline(mask)
    return pd.DataFrame(rows)


def brain_tumor(dataset):
    """Measure every image of the four classes.

    Parameters
    ----------
    dataset : Dataset
        From `datasets.brain_tumor.load`, at its own sizes.

    Returns
    -------
    pandas.DataFrame
        One line per image: `kind` (such as "Training glioma"), `mean grey` (0 to 255), pixels that are `dark, %`, and
        `height, pixels`.
    """
    rows = []
    for image, line in zip(dataset.images, dataset.index.to_dict("records"), strict=True):
        grey = image[..., 0]
        rows.append(
            {
                "kind": f"{line['part']} {line['class']}",
                "mean grey": grey.mean(),
                "dark, %": 100 * (grey < _DARK).mean(),
                "height, pixels": grey.shape[0],
            }
        )
    return pd.DataFrame(rows)


MEASURES = {"nuclei": nuclei, "lgg": lgg, "brats": brats, "brain_tumor": brain_tumor}


def summary(table):
    """Sum a table of one of the functions above up by kind.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    dict
        By kind, in the order of the table, and statistic: the percentiles `PERCENTILES`, without the slices where it is
        not defined. `n` is the number of lines. All of it can be written as JSON.
    """
    result = {}
    for kind, part in table.groupby("kind", sort=False):
        columns = part.drop(columns="kind").dropna(axis="columns", how="all")
        rounded = columns.quantile([q / 100 for q in PERCENTILES]).round(4)
        result[kind] = {"n": len(part), **{name: rounded[name].tolist() for name in rounded}}
    return result


def outside(real, phantom, *, few=False):
    """Find what a phantom has wrong: statistics whose median is not between the real 10th and 90th percentile.

    Parameters
    ----------
    real, phantom : dict
        From `summary`.
    few : bool
        The real images come from too few patients to know their range: ask only that the two ranges overlap.

    Returns
    -------
    list of str
        One sentence each, with the numbers; empty when the phantom is in order.
    """
    wrong = []
    for kind, measured in phantom.items():
        for name in measured.keys() - {"n"}:
            low, _, high = real[kind][name]
            lowest, median, highest = measured[name]
            if not (lowest <= high and highest >= low if few else low <= median <= high):
                wrong.append(f"{kind}: median {name} is {median:.3g}, real {low:.3g} to {high:.3g}")
    return sorted(wrong)


def best_threshold_dice(grey, mask, *, where=None):
    """Dice of the best single threshold, found with the mask in hand: how far grey values alone can get.

    Parameters
    ----------
    grey : array of integers, (H, W)
    mask : array of bool, (H, W)
        Not empty.
    where : array of bool, (H, W), optional
        Pixels that may be chosen; all by default.

    Returns
    -------
    float
        0 to 1: the largest Dice of `(grey >= t) & where` over all t.
    """
    where = np.ones(mask.shape, dtype=bool) if where is None else where
    levels, rank = np.unique(grey[where], return_inverse=True)
    chosen = np.bincount(rank, minlength=len(levels))[::-1].cumsum()
    hits = np.bincount(rank, weights=mask[where], minlength=len(levels))[::-1].cumsum()
    return float((2 * hits / (chosen + mask.sum())).max())


def contrast(grey, mask):
    """Mean grey value in a mask over that of the ring around it.

    Parameters
    ----------
    grey : array, (H, W)
    mask : array of bool, (H, W)

    Returns
    -------
    float
        1 when they are equal; nan when the ring is black, or when the mask leaves no room for it.
    """
    unit = mask.shape[0] / 256
    distance = ndimage.distance_transform_edt(~mask)
    ring = grey[(distance > max(1, _RING[0] * unit)) & (distance <= max(2, _RING[1] * unit))]
    return float(grey[mask].mean() / ring.mean()) if ring.any() else float("nan")


def outline(mask):
    """Pixels on the outline of a mask over the root of its area: 3 for a disc, more for a ragged or a parted one.

    Parameters
    ----------
    mask : array of bool, (H, W)
        Not empty. Where it is cut by the edge of the image there is no outline.

    Returns
    -------
    float
    """
    kept = ndimage.binary_erosion(mask, border_value=1)
    return float((mask & ~kept).sum() / np.sqrt(mask.sum()))


def inside_skull(grey):
    """The head without its outermost layer, scalp and skull.

    Parameters
    ----------
    grey : array, (H, W)
        0 to 255; the head is bright on black.

    Returns
    -------
    array of bool, (H, W)
    """
    unit = grey.shape[0] / 256
    head = ndimage.binary_opening(grey > _HEAD, iterations=max(1, round(2 * unit)))
    return ndimage.distance_transform_edt(ndimage.binary_fill_holes(head)) > _SCALP * unit


def _against_brain(image, mask, healthy):
    """Ratio of medians for each modality; nan when the healthy median is not above 0."""
    ratios = {}
    for channel, modality in enumerate(MODALITIES):
        usual = np.median(image[..., channel][healthy])
        ratios[f"contrast {modality}"] = np.median(image[..., channel][mask]) / usual if usual > 0 else np.nan
    return ratios
