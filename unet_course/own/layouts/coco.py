"""COCO: one JSON file with the outlines of all images, as most drawing tools export it."""

import numpy as np

from ...datasets import DataError
from .entries import Entry, read_image
from .polygons import check_size, inside, read_json

_PARTS = ("images", "annotations", "categories")


def fits(root):
    """True where a folder, or `annotations/` in it, holds a JSON file with `annotations`."""
    return bool(_files(root))


def read(root):
    """The images that the file lists, one after the other.

    Yields
    ------
    Entry

    Raises
    ------
    DataError
        If there are several such files, one lacks a part, an image is missing or has another size, a class is unknown,
        or an object has no outline.
    """
    files = _files(root)
    if len(files) > 1:
        raise DataError(f"{root} holds {len(files)} COCO files, {files[0].name} and {files[1].name}: keep one.")
    path, content = files[0], read_json(files[0])
    missing = [part for part in _PARTS if not isinstance(content.get(part), list)]
    if missing:
        raise DataError(f"{path} has no list {missing[0]!r}: export it as COCO, for instance segmentation.")
    try:
        classes = {one["id"]: str(one["name"]) for one in content["categories"]}
        objects = {one["id"]: [] for one in content["images"]}
        for one in content["annotations"]:
            if one["image_id"] not in objects:
                raise DataError(f"{path}: annotation {one['id']} is of image {one['image_id']}, which is not listed.")
            if one["category_id"] not in classes:
                raise DataError(f"{path}: annotation {one['id']} has the unknown category {one['category_id']}.")
            objects[one["image_id"]].append(one)
        for one in content["images"]:
            yield _entry(root, path, one, objects[one["id"]], classes)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} lacks {error}, or holds it in another form: export it as COCO again.") from None


def _files(root):
    """JSON files of this kind: the rest may be notes."""
    paths = [*root.glob("*.json"), *(root / "annotations").glob("*.json")]
    return sorted(path for path in paths if '"annotations"' in path.read_text(encoding="utf-8", errors="replace"))


def _entry(root, path, listed, objects, classes):
    name = listed["file_name"]
    places = [folder / name for folder in (root / "images", path.parent, root)]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        raise DataError(f"{path} lists {name}, which is not in {places[0].parent} or {root}: put it there.")
    if root.resolve() not in file.resolve().parents:
        raise DataError(f"{path} lists {name}, outside {root}: put the image into {places[0].parent}.")
    image = read_image(file)
    check_size(file, image, listed.get("width"), listed.get("height"))
    drawn = {}
    for one in objects:
        mask = _inside(one, image.shape[:2], f"{path}: annotation {one['id']} of {name}")
        label = classes[one["category_id"]]
        drawn[label] = drawn.get(label, False) | mask
    return Entry(file.stem, file, image, drawn)


def _inside(one, shape, what):
    outline = one.get("segmentation")
    if isinstance(outline, dict):
        return _counted(outline, shape, what)
    if not outline:
        raise DataError(f"{what} has a box and no outline: export segmentation, or take it out.")
    return np.logical_or.reduce([inside(polygon, shape, what) for polygon in outline])


def _counted(runs, shape, what):
    """Runs of pixels outside and inside by turns, down the columns: COCO's form for crowds."""
    counts = runs.get("counts")
    if isinstance(counts, str):
        raise DataError(f"{what} is packed (RLE as text): export polygons.")
    if list(runs.get("size", ())) != list(shape) or sum(counts) != shape[0] * shape[1]:
        raise DataError(f"{what} has runs for an image of another size than {shape[0]} x {shape[1]}: export it again.")
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(shape[::-1]).T
