"""LabelMe: beside each image a JSON file with its outlines."""

from ...datasets import DataError
from ...datasets.images import ENDINGS, left_behind
from .entries import Entry, images_in, read_image
from .polygons import check_size, inside, inside_circle, inside_rectangle, read_json

_SHAPES = {"polygon": inside, "rectangle": inside_rectangle, "circle": inside_circle}


def fits(root):
    """True where a folder, or `images/` in it, holds images and JSON files with `shapes`."""
    return _folder(root) is not None


def read(root):
    """One image after the other.

    Yields
    ------
    Entry

    Raises
    ------
    DataError
        If an image has no JSON file or a file no image, sizes differ, or a shape is no area.
    """
    folder = _folder(root)
    images, files = images_in(folder), _files(folder)
    for name, path in files.items():
        if name not in images:
            raise DataError(f"{path} has no image {name} ({', '.join(ENDINGS)}) beside it: put it there.")
    for name, path in images.items():
        if name not in files:
            raise DataError(
                f"{path} has no {name}.json beside it: open and save it in LabelMe, even if nothing is to be drawn, "
                "or take the image out."
            )
        yield _entry(name, path, files[name])


def _folder(root):
    return next((folder for folder in (root, root / "images") if _files(folder)), None)


def _files(folder):
    """JSON files of this kind by name: the rest may be notes."""
    paths = sorted(path for path in folder.glob("*.json") if not left_behind(path.name))
    return {path.stem: path for path in paths if '"shapes"' in path.read_text(encoding="utf-8", errors="replace")}


def _entry(name, path, file):
    content, image, drawn = read_json(file), read_image(path), {}
    try:
        check_size(path, image, content.get("imageWidth"), content.get("imageHeight"))
        for number, shape in enumerate(content["shapes"], start=1):
            kind, what = shape.get("shape_type", "polygon"), f"{file}: shape {number} ({shape['label']})"
            if kind not in _SHAPES:
                raise DataError(f"{what} is a {kind}, which has no area: draw a {', '.join(_SHAPES)}, or remove it.")
            label = str(shape["label"])
            drawn[label] = drawn.get(label, False) | _SHAPES[kind](shape["points"], image.shape[:2], what)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{file} lacks {error}, or holds it in another form: save it in LabelMe again.") from None
    return Entry(name, path, image, drawn)
