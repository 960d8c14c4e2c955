"""A slider through a list of pictures: one picture for each value of a setting, or for each slice of a volume."""

import html

import numpy as np

from .parts import as_png, as_text, frame, is_live

_BODY = """
<p class="uc-explorer-controls uc-explorer-live"><label for="$name-slider">$what</label>
<input id="$name-slider" type="range" min="0" max="$last" value="$middle" step="1">
<output id="$name-value" for="$name-slider"></output></p>
<div class="uc-explorer-pictures uc-explorer-frames" id="$name-frames">
$figures
</div>
"""

_SCRIPT = """
  var frames = find("frames").querySelectorAll("figure"), slider = find("slider");
  function update() {
    frames.forEach(function (frame, i) { frame.toggleAttribute("data-shown", i === Number(slider.value)); });
    var label = frames[slider.value].querySelector("figcaption").textContent;
    find("value").textContent = label;
    slider.setAttribute("aria-valuetext", label);
  }
  find("frames").setAttribute("data-live", "");
  slider.addEventListener("input", update);
  update();
"""

_FIGURE = '<figure><img src="data:image/png;base64,{png}" alt="{alt}"><figcaption>{label}</figcaption></figure>'


def frame_explorer(frames, labels, *, name, title, alt, what="weight"):
    """A slider that shows one of several pictures; on paper and without JavaScript all of them, side by side.

    Parameters
    ----------
    frames : sequence of array of uint8, each of shape (H, W) or (H, W, 3)
        All of one shape. The slider starts at the middle one.
    labels : sequence of str
        One short text for each picture, shown beside the slider and read aloud, such as "0.05" or "slice 12 of 24".
    name : str
        Unique on the page: it becomes the HTML id.
    title, alt : str
        Shown above; alternative text of the pictures, to which each one's label is added.
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
        If there is no picture, they are no uint8 pictures of one shape, or labels are missing or too many.
    """
    from IPython.display import HTML

    frames, what = [np.asarray(frame) for frame in frames], what[:1].upper() + what[1:]
    _check(frames, labels)
    if is_live():
        from . import live

        return live.frames(frames, labels, title=title, alt=alt, what=what)
    figures = [
        _FIGURE.format(png=as_text(as_png(picture)), alt=html.escape(f"{alt}, {label}"), label=html.escape(label))
        for picture, label in zip(frames, labels, strict=True)
    ]
    page = frame(
        _BODY,
        _SCRIPT,
        name=name,
        title=title,
        what=html.escape(what),
        last=len(frames) - 1,
        middle=len(frames) // 2,
        figures="\n".join(figures),
    )
    return HTML(page)


def _check(frames, labels):
    if not frames:
        raise ValueError("frames is empty: an explorer needs one picture at least.")
    if len(labels) != len(frames):
        raise ValueError(f"{len(labels)} labels do not fit {len(frames)} frames: give one label for each.")
    shape = frames[0].shape
    if not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)):
        raise ValueError(f"a frame of shape {shape} is no picture: use (H, W) or (H, W, 3).")
    for number, picture in enumerate(frames):
        if picture.dtype != np.uint8:
            raise ValueError(f"frame {number} is {picture.dtype}, not uint8: scale it to 0 to 255 and convert it.")
        if picture.shape != shape:
            raise ValueError(f"frame {number} has shape {picture.shape}, frame 0 {shape}: resize them to one size.")
