"""What a folder of images and masks holds, and what looks wrong in it: said before anything is trained."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ..datasets import DataError, duplicates, splits
from . import layouts, views

ITSELF = "^(.*)$"  # the --group of images that stand for themselves
# Groups that names suggest: all before the last separator, else all before the first.
_GUESSES = (r"^(.+)[_\-. ][^_\-. ]+$", r"^([^_\-. ]+)[_\-. ].+$")
_FEW_WORDS = 10
_ALIKE = 4  # bits in which the hashes of near duplicates differ, see `duplicate_groups`
_SPECK = 20  # pixels: fewer in a whole mask are a slip of the pen
_FULL = 0.95  # share of the image
_SHOWN = 8  # images named in a line


@dataclass(frozen=True)
class Survey:
    """What was found.

    Attributes
    ----------
    data : Dataset
        Images at their own sizes; in its index, `group` is what a split must not divide, copies joined.
    looks : pandas.DataFrame
        One line per image: `foreground` (share of pixels), `grey` (True without colour), `objects` (connected areas),
        `width` (of its objects, see `views.width`; NaN without), `finding` (what looks wrong, "" where nothing does).
    facts : list of (str, str)
        What to print, line by line: what is meant, and what it is.
    """

    data: Any
    looks: Any
    facts: list


def read(root, *, group=None, wanted=None, merge=False):
    """Read a folder, look at every image and mask, and decide what belongs together.

    Parameters
    ----------
    root : path
        In one of `layouts`.
    group : str, optional
        Regular expression for an image's name without ending; its first bracket, or all that it matches, is the group:
        the patient, the slide, the animal. Default: the volume that a slice is of, else what the names suggest, which
        is then said.
    wanted : str, optional
        The class that is foreground; all others are background.
    merge : bool
        Take all classes for foreground, as with numbered objects. Without it several classes are refused.

    Returns
    -------
    Survey

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no image in it.
    DataError
        If the layout is another one, a file is refused, or the masks hold classes and none is wanted.
    ValueError
        If `group` is no regular expression, a name does not fit it, or both a class and all of them are wanted.
    """
    if merge and wanted is not None:
        raise ValueError(f"--class {wanted} asks for one class and --merge for all of them: leave one out.")
    data = layouts.load(root, wanted)
    if wanted is None and not merge:
        _refuse_classes(data)
    looks = pd.DataFrame([_look(*pair) for pair in tqdm(zip(data.images, data.masks, strict=True), "look", len(data))])
    if not looks["objects"].any():
        raise DataError(f"{root}: nothing is drawn in any of the {len(data)} masks: there is nothing to learn.")
    _find_twins(data, looks)
    names = data.index["id"]
    volumes = (data.index["group"] != names).any()
    if volumes or wanted is not None:
        looks["finding"] = looks["finding"].replace("empty", "")  # as most slices are, and images without this class
    pattern = group or (None if volumes else guess(names))
    if pattern:
        data.index["group"] = groups(names, pattern)
    before = data.index["group"].nunique()
    alike = 0 if volumes else _ALIKE  # slices of two heads are alike without being copies
    hashes = [duplicates.perceptual_hash(image) for image in data.images]
    pairs = duplicates.near_duplicates(hashes, distance=alike)
    joined = duplicates.duplicate_groups(data, distance=alike) if pairs else data.index["group"]
    belonging = _belonging(pattern, group, volumes, before, joined.nunique())
    facts = [*_contents(data, looks), _classes(data.index, wanted), *_alike(names, pairs), belonging]
    data.index["group"] = joined
    if joined.nunique() < splits.MINIMUM:
        raise DataError(
            f"{root}: {len(data)} images make {joined.nunique()} group(s) of what must not part, and training, "
            f"validation and test need one each: add images, or say with --group what belongs together."
        )
    return Survey(data, looks, facts)


def guess(names):
    """A regular expression for the groups that names suggest; None where they suggest none.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    str or None
        Names such as p1_a, p1_b, p2_a suggest p1 and p2. At least three groups must come out, and no more than two for
        three images. A few words without a digit are kinds and not patients: "benign (1)", "malignant (1)".
    """
    for pattern in _GUESSES:
        found = {match[1] if (match := re.search(pattern, name)) else name for name in names}
        kinds = len(found) < _FEW_WORDS and not any(re.search(r"\d", name) for name in found)
        fits = not kinds and all(re.search(pattern, name) for name in names)
        if fits and splits.MINIMUM <= len(found) <= len(names) * 2 / 3:
            return pattern
    return None


def groups(names, pattern):
    """The group of each name: the first bracket of a regular expression, or all that it matches.

    Raises
    ------
    ValueError
        If it is no regular expression, or a name does not fit it.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"--group {pattern!r} is no regular expression ({error}): try {_GUESSES[0]!r}.") from None
    found = [compiled.search(name) for name in names]
    unknown = [name for name, match in zip(names, found, strict=True) if not (match and _taken(match))]
    if unknown:
        raise ValueError(
            f"--group {pattern!r} finds no group in {len(unknown)} of {len(found)} names, {unknown[0]!r} for instance: "
            f"a regular expression whose bracket holds the patient, {_GUESSES[1]!r} for all before the first separator."
        )
    return [_taken(match) for match in found]


def _taken(match):
    return match[1] if match.re.groups else match[0]


def _refuse_classes(data):
    values = sorted({value for line in data.index["values"] for value in line}, key=lambda one: (len(one), one))
    if len(values) < 2:
        return
    most = data.index.loc[data.index["values"].map(len).idxmax()]
    raise DataError(
        f"The masks hold {len(values)} classes or more besides the background: {', '.join(values[:_SHOWN])}"
        f"{', ...' if len(values) > _SHOWN else ''}; see that of {most.path}. A network learns one. Are these numbers "
        "of objects, or do all of them mean foreground? Then add --merge. Are they classes? Then add --class "
        f"{values[0]}, and train one network for each."
    )


def _look(image, mask):
    areas = views.object_areas(mask)
    return {
        "foreground": float(mask.mean()),
        "grey": bool((image == image[..., :1]).all()),
        "objects": len(areas),
        "width": views.width(mask, areas),
        "finding": _finding(mask),
    }


def _finding(mask):
    area, border = int(mask.sum()), np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    if area == 0:
        return "empty"
    if area < _SPECK:
        return f"only {area} pixels"
    if area > _FULL * mask.size:
        return "covers the whole image"
    return "dark and bright swapped?" if border.mean() > _FULL and area > mask.size / 2 else ""


def _find_twins(data, looks):
    """Note masks that are drawn pixel for pixel as that of another image: often one was saved under two names."""
    hashes = pd.Series([duplicates.pixel_hash(mask) if mask.any() else None for mask in data.masks])
    same = hashes.notna() & hashes.duplicated(keep=False)
    first = data.index["id"].groupby(hashes).transform("first")
    for row in np.flatnonzero(same & (first != data.index["id"])):
        looks.loc[row, "finding"] = "; ".join(filter(None, [looks.finding[row], f"the very mask of {first[row]}"]))


def _contents(data, looks):
    index = data.index
    sizes = (index.height.astype(str) + " x " + index.width.astype(str)).value_counts()
    endings = index.path.map(lambda path: Path(path).suffix.lower().lstrip(".")).value_counts()
    share = looks.foreground.quantile([0, 0.5, 1]).map("{:.1%}".format).tolist()
    odd = looks[looks.finding != ""]
    named = [f"{index.id[row]}: {finding}" for row, finding in odd.finding.items()]
    return [
        ("images with a mask", str(len(index))),
        ("height x width in pixels", _counted(sizes)),
        ("files", _counted(endings)),
        ("colour", "all are grey" if looks.grey.all() else f"{(~looks.grey).sum()} of {len(looks)} have colours"),
        ("foreground, share of pixels", f"{share[0]} to {share[2]}, the median image {share[1]}"),
        ("objects", f"{int(looks.objects.median())} in the median image, about {looks.width.median():.0f} pixels wide"),
        ("masks worth a look", f"{len(odd)}" + (f" ({_some(named)})" if named else "")),
    ]


def _classes(index, wanted):
    found = index["values"].explode().dropna().value_counts()
    of = f"{wanted} is foreground, all others are background; " if wanted else ""
    return "drawn, in how many images", of + (_counted(found) or "JPEG has changed the values")


def _alike(names, pairs):
    text = [f"{names[i]} and {names[j]}" for i, j in pairs]
    found = f"{len(pairs)} pairs, kept in one part ({_some(text)})" if pairs else "none found"
    return [("copies, or nearly so", found)]


def _belonging(pattern, asked, volumes, before, after):
    if volumes and not asked:
        text = f"{before} volumes; are two of one patient? Then say so, --group '{_GUESSES[1]}' say"
    elif asked:
        text = f"{before} groups, as --group says"
    elif pattern:
        text = (
            f"{before} groups, GUESSED from the names: please confirm with --group '{pattern}', "
            f"or say that each image stands for itself with --group '{ITSELF}'"
        )
    else:
        text = f"each image for itself: do some show one patient or one slide? Then say so, --group '{_GUESSES[1]}' say"
    return "what must not part", text + (f"; {after} when copies are joined" if after < before else "")


def _counted(counts):
    shown = [f"{name} ({count})" for name, count in counts.head(_SHOWN).items()]
    return ", ".join(shown) + (f" and {len(counts) - _SHOWN} others" if len(counts) > _SHOWN else "")


def _some(texts):
    return "; ".join(texts[:_SHOWN]) + (f"; and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else "")
