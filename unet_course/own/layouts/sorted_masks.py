"""Masks sorted into folders: one folder a class, or one folder an image with one mask an object."""

import numpy as np

from ...datasets import DataError
from ...datasets.images import by_stem, files_in, left_behind, read_mask
from .entries import Entry, images_in, read_image

OBJECT = "object"  # what a mask without a class shows


def fits(root):
    """True for `images/` beside `masks/` with folders in it, and for folders that hold both."""
    return bool(_folders(root / "masks") and (root / "images").is_dir()) or bool(_cases(root))


def read(root):
    """One image after the other.

    Yields
    ------
    Entry

    Raises
    ------
    DataError
        If folders of masks are neither named like images nor hold files named like images, a mask is missing, belongs
        to no image or has another size.
    """
    if cases := _cases(root):
        for case in cases:
            images = images_in(case / "images")
            if len(images) != 1:
                raise DataError(f"{case / 'images'} holds {len(images)} images, and one is read: give each a folder.")
            yield _objects(case.name, *images.values(), case / "masks")
        return
    images, folders = images_in(root / "images"), _folders(root / "masks")
    if stray := [path for path in (root / "masks").iterdir() if path.is_file() and not left_behind(path.name)]:
        raise DataError(f"{stray[0]} lies beside folders of masks: move it into one of them, or away.")
    if any(folder.name in images for folder in folders):
        yield from _by_image(root, images, {folder.name: folder for folder in folders})
    else:
        yield from _by_class(images, folders)


def _cases(root):
    """Folders with `images/` and `masks/` in them."""
    return [folder for folder in _folders(root) if (folder / "images").is_dir() and (folder / "masks").is_dir()]


def _folders(place):
    inside = sorted(place.iterdir()) if place.is_dir() else []
    return [path for path in inside if path.is_dir() and not left_behind(path.name)]


def _by_image(root, images, folders):
    for name, folder in folders.items():
        if name not in images:
            raise DataError(f"{folder} is named like no image in {root / 'images'}: rename it, or take it out.")
    for name, path in images.items():
        if name not in folders:
            raise DataError(f"{path} has no folder {root / 'masks' / name}: make it, empty where nothing is drawn.")
        yield _objects(name, path, folders[name])


def _objects(name, path, folder):
    image = read_image(path)
    masks = [_mask(file, image) for file in files_in(folder)]
    return Entry(name, path, image, {OBJECT: np.logical_or.reduce(masks)} if masks else {})


def _by_class(images, folders):
    classes = {folder.name: by_stem(files_in(folder)) for folder in folders}
    for label, files in classes.items():
        for name, file in files.items():
            if name not in images:
                raise DataError(f"{file} is named like no image, and {label!r} is not either: name it as its image is.")
    for name, path in images.items():
        files = {label: masks[name] for label, masks in classes.items() if name in masks}
        if not files:
            raise DataError(
                f"{path} has no mask in any of {', '.join(classes)}: draw one, black where nothing is, "
                "or take the image out."
            )
        image = read_image(path)
        yield Entry(name, path, image, {label: _mask(file, image) for label, file in files.items()})


def _mask(path, image):
    mask = read_mask(path)
    if mask.shape != image.shape[:2]:
        sides = [" x ".join(map(str, shape)) for shape in (mask.shape, image.shape[:2])]
        raise DataError(f"{path} has {sides[0]} pixels, its image {sides[1]}: draw it on the image's own size.")
    return mask
