"""Look at a data set before training on it: what is there, and which masks look wrong.

Explained in the chapter "Nuclei under the microscope".
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage
from skimage.filters import gaussian, threshold_otsu
from skimage.measure import label
from tqdm.auto import tqdm

# Limits found on the 170 mended images of the course's excerpt and three published images known to be wrong.
_SMALLEST = 20  # pixels; no nucleus of the published set is smaller
_LARGEST = 0.25  # share of the image
_SLENDER = 25  # area over squared inner radius: a disc has 3, a nucleus up to 15, a stray line of pen 50 and more
_SEEN = 0.4  # an object without a mask counts when it has this share of the median nucleus' area


def quality_report(dataset):
    """Look for masks that are missing, stray or broken.

    Parameters
    ----------
    dataset : Dataset
        Nuclei at their own sizes.

    Returns
    -------
    pandas.DataFrame
        One line per image: `id`, `image_type`, `height`, `width`, `n_masks`, `foreground` (share of pixels in a
        nucleus), `touching` (share of nuclei that touch another), `findings` (what looks wrong, in words; "" when
        nothing does) and `suspicious` (True when there is a finding).

    Notes
    -----
    Bright objects without a mask are looked for in fluorescence only: in stained tissue other things are dark too. A
    flag is a reason to look. Wrong outlines of a nucleus that has a mask are not found.
    """
    rows = []
    for i, line in enumerate(tqdm(dataset.index.itertuples(), "check masks", len(dataset))):
        image, labels = dataset.images[i], dataset.instances[i]
        findings = _findings(image, labels, line)
        rows.append(
            {
                "id": line.id,
                "image_type": line.image_type,
                "height": line.height,
                "width": line.width,
                "n_masks": line.n_masks,
                "foreground": float(np.mean(labels > 0)),
                "touching": touching_share(labels),
                "findings": "; ".join(findings),
                "suspicious": bool(findings),
            }
        )
    return pd.DataFrame(rows)


def metadata_log(dataset):
    """What a set consists of: counts, sizes, types and grey values, as a dict that can be written as JSON.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    dict
    """
    index = dataset.index
    sizes = (index.height.astype(str) + " x " + index.width.astype(str)).value_counts()
    means = [float(np.mean(image)) for image in dataset.images]
    areas = np.concatenate([np.bincount(np.ravel(labels))[1:] for labels in dataset.instances])
    return {
        "data": f"{dataset.key} ({dataset.source})",
        "content": dataset.content_hash[:16],
        "images": len(index),
        "masks": int(index.n_masks.sum()),
        "image types": index.image_type.value_counts().to_dict(),
        "sizes (height x width)": sizes.to_dict(),
        "nuclei per image (min, median, max)": [int(index.n_instances.quantile(q)) for q in (0, 0.5, 1)],
        "area of a nucleus in pixels (5 %, 50 %, 95 %)": [int(q) for q in np.percentile(areas, (5, 50, 95))],
        "mean grey value (5 %, 50 %, 95 %)": [round(float(q)) for q in np.percentile(means, (5, 50, 95))],
        "foreground": round(float(np.mean([np.mean(mask) for mask in dataset.masks])), 3),
    }


def directory_tree(root, *, depth=4, limit=3):
    """Draw a folder as text.

    Parameters
    ----------
    root : path
    depth : int
        Levels below `root`.
    limit : int
        Entries shown of each folder; the rest is counted. Long names are cut.

    Returns
    -------
    str
    """
    return "\n".join([f"{Path(root).name}/", *_branches(Path(root), depth, limit, "")])


def touching_share(labels):
    """Share of the nuclei of one image that touch another one.

    Parameters
    ----------
    labels : array of int, shape (H, W)
        0 is background, 1 to n are single nuclei.

    Returns
    -------
    float
        In [0, 1]; NaN without nuclei.
    """
    touching = set()
    for first, second in ((labels[:-1], labels[1:]), (labels[:, :-1], labels[:, 1:])):
        meet = (first != second) & (first > 0) & (second > 0)
        touching |= set(np.unique(first[meet])) | set(np.unique(second[meet]))
    return len(touching) / labels.max() if labels.max() else float("nan")


def _findings(image, labels, line):
    areas = np.bincount(np.ravel(labels), minlength=2)[1:]
    slender, parted = _shapes(labels)
    missing = _without_mask(image, labels, np.median(areas)) if line.image_type == "fluorescence" else 0
    counts = {
        "bright objects without a mask": missing,
        "masks thin as a line": slender,
        "masks in several parts": parted,
        "masks that are empty or hidden by others": line.n_masks - line.n_instances,
        "pixels claimed by more than one mask": line.overlap,
        f"masks below {_SMALLEST} pixels": int((areas < _SMALLEST).sum()),
        f"masks over {_LARGEST:.0%} of the image": int((areas > _LARGEST * labels.size).sum()),
    }
    return [f"{count} {what}" for what, count in counts.items() if count]


def _without_mask(image, labels, usual_area):
    grey = gaussian(image.mean(axis=-1), 1)
    near = ndimage.binary_dilation(labels > 0, iterations=3)  # the glow around a nucleus is no object of its own
    blobs = label((grey > threshold_otsu(grey)) & ~near)
    return int((np.bincount(blobs.ravel())[1:] > max(_SEEN * usual_area, _SMALLEST)).sum())


def _shapes(labels):
    """Count masks that are thin as a line, and masks with a second part worth the name."""
    slender = parted = 0
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        mask = np.pad(labels[box] == number, 1)
        area, radius = mask.sum(), ndimage.distance_transform_edt(mask).max()
        slender += area > 3 * _SMALLEST and area / radius**2 > _SLENDER
        parts = np.bincount(ndimage.label(mask, np.ones((3, 3)))[0].ravel())[1:]
        parted += np.count_nonzero(parts >= _SMALLEST) > 1
    return int(slender), int(parted)


def _branches(folder, depth, limit, indent):
    if depth == 0:
        return
    entries = sorted(folder.iterdir(), key=lambda path: (path.is_file(), path.name))
    shown = entries[:limit]
    for position, path in enumerate(shown):
        last = position == len(shown) - 1 and len(entries) <= limit
        yield f"{indent}{'└── ' if last else '├── '}{_short(path.name)}{'/' if path.is_dir() else ''}"
        if path.is_dir():
            yield from _branches(path, depth - 1, limit, indent + ("    " if last else "│   "))
    if len(entries) > limit:
        yield f"{indent}└── ... {len(entries) - limit} more"


def _short(name):
    return name if len(name) <= 24 else f"{name[:8]}...{name[-8:]}"
