"""Looks at the images that chapters draw: which are plots, and small ones for the cards of the first page."""

import base64
import hashlib
import io
from functools import cache

import numpy as np

from ..plotting import BLACK, BLUE, ORANGE

CARD = (480, 220)  # width and height of a card's image, pixels
HEAVY, COLOURS = 40_000, 96  # an image of more bytes gets so many colours


def drawn(cell):
    """The images in the outputs of a notebook's cell, as PNG."""
    for output in cell.get("outputs", []):
        if "image/png" in output.get("data", {}):
            yield base64.b64decode(output["data"]["image/png"])


@cache  # a build asks several times, and looking takes a while
def is_plot(png):
    """Whether an image is a drawing on white, with lines, bars and words only.

    Such a drawing may be turned to light on dark at night; a scan or a mask must keep its grey values.

    Parameters
    ----------
    png : bytes

    Returns
    -------
    bool
    """
    pixels = np.asarray(_open(png).convert("RGB")).reshape(-1, 3).astype(int)
    brightness = pixels.sum(axis=1)
    _, often = np.unique(pixels @ [65536, 256, 1], return_counts=True)
    # Flat colours and thin smooth edges make a drawing; wide dark areas and many shades make an image.
    shades = 1 - np.sort(often)[-24:].sum() / len(pixels)
    return bool((brightness > 760).mean() > 0.5 and (brightness < 150).mean() < 0.06 and shades < 0.12)


def few_colours(png, colours):
    """An image with at most so many colours, as it is where that makes it no smaller.

    Outlines stay blue and orange, as captions call them, though they have so few pixels that a scan in colour would
    outvote them; and white stays white.
    """
    from PIL import Image, ImageColor

    image = _open(png).convert("RGB")
    own = [ImageColor.getrgb(colour) for colour in (BLUE, ORANGE, BLACK, "white")]
    common = image.quantize(colours - len(own), dither=Image.Dither.NONE)
    palette, numbers, pixels = common.getpalette(), np.array(common), np.asarray(image)
    for colour in own:
        numbers[(pixels == colour).all(axis=-1)] = len(palette) // 3
        palette += colour
    few = Image.fromarray(numbers)
    few.putpalette(palette)
    file = io.BytesIO()
    few.save(file, "PNG", optimize=True)
    return min(png, file.getvalue(), key=len)


def lighten(notebook, folder):
    """Give the heavy images of a notebook few colours, in place.

    Parameters
    ----------
    notebook : NotebookNode
    folder : Path
        Keeps what has been made: it takes a fifth of a second for each image.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        png = base64.b64decode(output.get("data", {}).get("image/png", ""))
        if len(png) > HEAVY:
            kept = folder / f"{hashlib.sha256(png).hexdigest()[:16]}.png"
            if not kept.exists():
                part = kept.with_suffix(".part")
                part.write_bytes(few_colours(png, COLOURS))
                part.replace(kept)
            output.data["image/png"] = base64.b64encode(kept.read_bytes()).decode()


def card(png):
    """The upper left part of an image, without its white margin, in the size of a card.

    Parameters
    ----------
    png : bytes

    Returns
    -------
    bytes
        PNG, `CARD` pixels.
    """
    from PIL import Image, ImageChops, ImageOps

    picture = _open(png).convert("RGB")
    drawn = ImageChops.difference(picture, Image.new("RGB", picture.size, "white")).getbbox()
    picture = picture.crop(drawn or (0, 0, *picture.size))
    small = ImageOps.fit(picture, CARD, centering=(0, 0))
    file = io.BytesIO()
    small.quantize(40).save(file, "PNG", optimize=True)
    return file.getvalue()


def _open(png):
    from PIL import Image

    return Image.open(io.BytesIO(png))
