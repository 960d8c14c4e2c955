"""A slider through a list of images: one image for each value of a setting, or for each slice of a volume."""

import html

import numpy as np

from .explorer import Explorer, Slider
from .page import show
from .parts import img

_BODY = """
<p class="uc-explorer-controls uc-explorer-live">$frame</p>
<div class="uc-explorer-pictures uc-explorer-frames" id="$name-frames">
$figures
</div>
"""


def frame_explorer(frames, labels, *, name, title, alt, what="weight"):
    """A slider that shows one of several images; on paper and without JavaScript all of them, side by side.

    Parameters
    ----------
    frames : sequence of array of uint8, each of shape (H, W) or (H, W, 3)
        All of one shape. The slider starts at the middle one.
    labels : sequence of str
        One short text for each image, shown beside the slider and read aloud, such as "0.05" or "slice 12 of 24".
    name : str
        Unique on the page: it becomes the HTML id.
    title, alt : str
        Shown above; alternative text of the images, to which each one's label is added.
    what : str
        What the slider changes.

    Returns
    -------
    IPython.display.HTML
        Works with the keyboard (arrow keys on the slider), with a screen reader, and without a kernel. In a live
        notebook, ipywidgets of the same numbers.

    Raises
    ------
    ValueError
        If there is no image, they are no uint8 images of one shape, or labels are missing or too many.
    """
    frames = [np.asarray(frame) for frame in frames]
    _check(frames, labels)
    texts = [f"{alt}, {label}" for label in labels]
    figures = (
        f"<figure>{img(frame, text)}<figcaption>{html.escape(label)}</figcaption></figure>"
        for frame, text, label in zip(frames, texts, labels, strict=True)
    )
    explorer = Explorer(
        name=name,
        title=title,
        controls={"frame": Slider(what[:1].upper() + what[1:], labels, start=len(frames) // 2)},
        say=lambda values: {"picture": img(frames[values["frame"]], texts[values["frame"]], width=384)},
        rows=["frame", "picture"],
        body=_BODY,
        values={"figures": "\n".join(figures)},
        script="frames.js",
        data={},
    )
    return show(explorer)


def _check(frames, labels):
    if not frames:
        raise ValueError("frames is empty: an explorer needs one image at least.")
    if len(labels) != len(frames):
        raise ValueError(f"{len(labels)} labels do not fit {len(frames)} frames: give one label for each.")
    shape = frames[0].shape
    if not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)):
        raise ValueError(f"a frame of shape {shape} is no image: use (H, W) or (H, W, 3).")
    for number, picture in enumerate(frames):
        if picture.dtype != np.uint8:
            raise ValueError(f"frame {number} is {picture.dtype}, not uint8: scale it to 0 to 255 and convert it.")
        if picture.shape != shape:
            raise ValueError(f"frame {number} has shape {picture.shape}, frame 0 {shape}: resize them to one size.")
