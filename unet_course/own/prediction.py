"""Use a network that `unet-course train` made on new images: masks, overlays, areas and counts."""

import importlib
import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from tqdm.auto import tqdm

from .. import paths, plotting, shipping
from ..datasets import DataError
from ..datasets.images import ENDINGS, files_in, left_behind
from . import stacks, views, volumes
from .training import WEIGHTS

RESULTS = "results.csv"
_COLUMNS = ["image", "page", "height", "width", "area_pixels", "share", "objects", "area_mm2"]
_SHOWN = 1000  # pixels of the longer side of an overlay, at most


def predict(model, images, out, *, threshold=None, spacing=None):
    """Segment images, and write what was found into `out`.

    Parameters
    ----------
    model : path
        The folder that `training.train` wrote, or the weights in it.
    images : sequence of path
        Image files, TIFF files of several pages, NIfTI files, folders of a DICOM series, and folders of all these.
    out : path
        Must be new or empty; gets `masks/`, `overlays/` and `results.csv`. A mask has the geometry of its image: PNG
        (0 and 255), TIFF with as many pages, NIfTI (0 and 1) at the same place in space.
    threshold : float, optional
        Default: the one on the card, chosen on validation images.
    spacing : float, optional
        Width of a pixel in mm, for images that do not say it.

    Returns
    -------
    table : pandas.DataFrame
        One line for each image, page or slice: `image`, `page` (from 1), `height`, `width`, `area_pixels`, `share`,
        `objects` (connected areas, corners included, of five pixels or more), `area_mm2` (NaN where no spacing is
        known).
    refused : dict of str to str
        Files that were not read rightly, and why; the others are done all the same.

    Raises
    ------
    ValueError, FileNotFoundError
        If the model is none of ours, an image is missing, two share a name, or `out` is not empty.
    """
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"--out {out} is not empty: choose another one, so that nothing of yours is written over.")
    files = _files(images)
    network, card = _load(Path(model))
    threshold = card["threshold"] if threshold is None else threshold
    if not 0 <= threshold < 1:
        raise ValueError(f"--threshold {threshold:g} must lie between 0 and 1: it is a probability.")
    if spacing is not None and not spacing > 0:
        raise ValueError(f"--spacing {spacing:g} must be above 0: it is the width of a pixel in mm.")
    view = {name: card["own"][name] for name in ("size", "scale", "channels")}
    for name in ("masks", "overlays"):
        (out / name).mkdir(parents=True)

    def find(image):
        return views.probabilities(image, network, **view) > threshold

    rows, refused = [], {}
    for name, path in tqdm(files.items(), "segment"):
        try:
            stack = stacks.read(path)
        except DataError as error:
            refused[str(path)] = str(error)
            continue
        rows += _segment(stack, name, out, find, spacing)
    table = pd.DataFrame(rows, columns=_COLUMNS)
    paths.write_whole(out / RESULTS, table.to_csv(index=False))
    return table, refused


def _segment(stack, name, out, find, spacing):
    """Write the masks and overlays of one file; one row for each of its planes."""
    masks, rows = [], []
    height, width = stack.spacing or (spacing or np.nan,) * 2
    for page, plane in enumerate(stack.planes, start=1):
        image = plane if plane.ndim == 3 else np.repeat(plane[..., None], 3, axis=-1)
        mask = find(image)
        masks.append(mask)
        numbered = f"{name}_{page:03d}" if len(stack.planes) > 1 else name
        _write_overlay(out / "overlays" / f"{numbered}.png", image, mask)
        row = {"image": name, "page": page, "height": len(mask), "width": mask.shape[1], **_measured(mask)}
        rows.append({**row, "area_mm2": row["area_pixels"] * height * width})
    stack.write(out / "masks", name, np.stack(masks))
    return rows


def _write_overlay(path, image, mask):
    step = -(-max(mask.shape) // _SHOWN)
    image, mask = image[::step, ::step], mask[::step, ::step]
    overlay = plotting.outline(views.brightened(image), np.zeros(mask.shape), mask)
    Image.fromarray(np.rint(255 * overlay).astype(np.uint8)).save(path)


def _files(images):
    """All files and series by the name their masks will have."""
    found = {}
    for path in map(Path, images):
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: give image files, or folders of them.")
        for one in _inside(path) if path.is_dir() and not volumes.is_volume(path) else [path]:
            name = stacks.name(one)
            if name in found:
                raise DataError(f"{found[name]} and {one} share the name {name!r}: rename one, or take it out.")
            found[name] = one
    return found


def _inside(folder):
    """The images of a folder, or its volumes."""
    found = [path for path in sorted(folder.iterdir()) if not left_behind(path.name) and volumes.is_volume(path)]
    if found and (others := [path for path in folder.iterdir() if path.suffix.lower() in ENDINGS]):
        raise DataError(f"{folder} holds volumes, and images such as {others[0].name}: give each kind a folder.")
    found = found or files_in(folder)
    if not found:
        raise FileNotFoundError(f"{folder} holds no images.")
    return found


def _load(path):
    """The network as a function, and its card."""
    path = path / WEIGHTS if path.is_dir() else path
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: give the folder that `unet-course train` wrote, or its {WEIGHTS}.")
    try:
        state, card = shipping.load(path)
        uc = _twin(card["own"]["framework"])
        model = shipping.set_state(uc.unet(**card["network"]["unet"]), state)
    except (ValueError, KeyError, TypeError, EOFError, OSError) as error:
        raise ValueError(f"{path} is no {WEIGHTS} that `unet-course train` wrote ({error}).") from None
    return lambda images, **options: uc.predict(model, images, batch_size=4, **options), card


def _twin(framework):
    """The twin that trained the network or, where it is not installed, the other one, which answers the same."""
    other = {"torch": "keras", "keras": "torch"}[framework]
    return importlib.import_module(f"unet_course.{framework if importlib.util.find_spec(framework) else other}")


def _measured(mask):
    return {
        "area_pixels": int(mask.sum()),
        "share": round(float(mask.mean()), 5),
        "objects": len(views.object_areas(mask)),
    }
