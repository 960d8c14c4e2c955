"""Features of segmented regions as a tidy table: grey values, texture and shape, each with its unit."""

import numpy as np
import pandas as pd

from .intensity import ANGLES, first_order, glcm, quantise, texture
from .shape import shape

__all__ = ["ANGLES", "COLUMNS", "first_order", "glcm", "quantise", "region_features", "shape", "texture", "wide"]
COLUMNS = ("region", "modality", "family", "feature", "value", "unit")
_UNITS = {
    "area": "mm2",
    "volume": "mm3",
    "perimeter": "mm",
    "surface": "mm2",
    "diameter": "mm",
    "skewness": "1",
    "kurtosis": "1",
    "entropy": "bit",
    "glcm_entropy": "bit",
    "contrast": "level2",
}


def region_features(
    images, labels, regions, *, modalities, spacing, levels=32, limits=None, distance=1, angles=ANGLES, unit="1"
):
    """Measure every region of one case in every modality.

    Parameters
    ----------
    images : array, shape (H, W, C) or (Z, H, W, C)
        Best normalised before, see `mr.zscore`: grey values of MR have no fixed scale.
    labels : array of int, shape (H, W) or (Z, H, W)
        True or predicted labels.
    regions : dict of str to tuple of int
        Labels that make up each region, for instance `datasets.brats.REGIONS`, which has WT, TC and ET. Regions may
        overlap.
    modalities : sequence of str
        Names of the C channels.
    spacing : float or sequence of float
        Millimetres from pixel to pixel, along each axis of the labels.
    levels : int
        Grey levels of the texture and bins of the entropy, 2 to 255.
    limits : (float, float), optional
        Grey values that the texture's levels go from and to. Default: the range of each region, see `quantise`.
    distance : int
        Between the pixels of a pair, see `glcm`.
    angles : sequence of float
        Directions of the pairs, radians.
    unit : str
        Of the grey values; "1" says that they have none, as after `zscore`.

    Returns
    -------
    pandas.DataFrame
        One line per number, with `COLUMNS`: `region`, `modality` ("" for shape), `family` ("first order", "texture" or
        "shape"), `feature`, `value` and `unit` ("1" for a number without one). `first_order`, `texture` and `shape`
        define the features. Of an empty region sizes are 0 and all other values NaN. `wide` turns it into one line per
        region.

    Raises
    ------
    ValueError
        If shapes or names do not fit each other.

    References
    ----------
    Zwanenburg et al. (2020), Radiology 295, 328-338, https://doi.org/10.1148/radiol.2020191145.
    Explained in the chapter on masks and numbers, section "From mask to measurement".
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if images.shape != (*labels.shape, len(modalities)):
        raise ValueError(
            f"images of shape {images.shape} do not fit labels of shape {labels.shape} and the {len(modalities)} "
            f"modalities {', '.join(modalities)}: modalities come last."
        )
    rows = []
    for region, members in regions.items():
        mask = np.isin(labels, members)
        rows += _rows(region, "", "shape", shape(mask, spacing=spacing), unit)
        for channel, modality in enumerate(modalities):
            image = images[..., channel]
            rows += _rows(region, modality, "first order", first_order(image[mask], bins=levels), unit)
            grey = np.zeros(mask.shape, int)
            grey[mask] = quantise(image[mask], levels, limits)
            matrix = glcm(grey, mask, levels=levels, distance=distance, angles=angles)
            rows += _rows(region, modality, "texture", texture(matrix), unit)
    return pd.DataFrame(rows, columns=COLUMNS)


def wide(table):
    """One line per region and one column per feature, called `modality feature`, or `feature` for shape.

    Parameters
    ----------
    table : pandas.DataFrame
        From `region_features`; further columns in front, such as `case`, stay what lines are told apart by.

    Returns
    -------
    pandas.DataFrame
        In the order of the table, `region` being a column. Units are left to the tidy table.
    """
    keys = [column for column in table if column not in COLUMNS[1:]]
    names = (table["modality"] + " " + table["feature"]).str.strip()
    values = table.assign(name=names).pivot(index=keys, columns="name", values="value").reset_index()
    return table[keys].drop_duplicates().merge(values[[*keys, *names.unique()]], on=keys)


def _rows(region, modality, family, values, unit):
    other = unit if family == "first order" else "1"
    return [(region, modality, family, name, value, _UNITS.get(name, other)) for name, value in values.items()]
