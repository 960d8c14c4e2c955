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
from ..datasets.images import by_stem, files_in, read_pixels
from . import views
from .training import WEIGHTS

RESULTS = "results.csv"


def predict(model, images, out, *, threshold=None):
    """Segment images, and write what was found into `out`.

    Parameters
    ----------
    model : path
        The folder that `training.train` wrote, or the weights in it.
    images : sequence of path
        Files, and folders of them.
    out : path
        Must be new or empty; gets `masks/` (0 and 255), `overlays/` and `results.csv`.
    threshold : float, optional
        Default: the one on the card, chosen on validation images.

    Returns
    -------
    table : pandas.DataFrame
        One line per image: `image`, `height`, `width`, `area_pixels`, `share`, `objects` (connected areas, corners
        included, of five pixels or more).
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
    view = {name: card["own"][name] for name in ("size", "scale", "channels")}
    for name in ("masks", "overlays"):
        (out / name).mkdir(parents=True)
    rows, refused = [], {}
    for name, path in tqdm(files.items(), "segment"):
        try:
            image = read_pixels(path, "RGB")
        except DataError as error:
            refused[str(path)] = str(error)
            continue
        mask = views.probabilities(image, network, **view) > threshold
        Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).save(out / "masks" / f"{name}.png")
        overlay = plotting.outline(views.brightened(image), np.zeros(mask.shape), mask)
        Image.fromarray(np.rint(255 * overlay).astype(np.uint8)).save(out / "overlays" / f"{name}.png")
        rows.append({"image": name, "height": len(mask), "width": mask.shape[1], **_measured(mask)})
    table = pd.DataFrame(rows, columns=["image", "height", "width", "area_pixels", "share", "objects"])
    paths.write_whole(out / RESULTS, table.to_csv(index=False))
    return table, refused


def _files(images):
    """All files by the name their masks will have."""
    files = []
    for path in map(Path, images):
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: give image files, or folders of them.")
        inside = files_in(path) if path.is_dir() else [path]
        if not inside:
            raise FileNotFoundError(f"{path} holds no images.")
        files += inside
    return by_stem(files)


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
