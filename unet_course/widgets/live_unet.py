"""A trained U-Net that runs in the reader's browser, on images they draw or choose: no kernel, no network access."""

import html

import numpy as np

from .. import shipping
from ..shipping import numpy_unet
from .page import frame
from .parts import as_text, as_url

_BODY = """
<div class="uc-explorer-live uc-live">
<fieldset><legend>Image</legend>
<div class="uc-live-choices">
{choices}
<label><input type="radio" name="{name}-picture" value="#000"> <span>nothing, on black</span></label>
<label><input type="radio" name="{name}-picture" value="#fff"> <span>nothing, on white</span></label>
</div>
<p><label for="{name}-file">Or an image of your own:</label> <input type="file" id="{name}-file" accept="image/*"><br>
<small>PNG or JPEG; it stays in your browser. Zoom until things are as large as in the samples.</small></p>
<p><label>zoom <input type="range" id="{name}-zoom" min="1" max="8" step="0.25" value="1"></label>
<label>across <input type="range" id="{name}-across" min="0" max="100" value="50"></label>
<label>down <input type="range" id="{name}-down" min="0" max="100" value="50"></label>
<label><input type="checkbox" id="{name}-invert"> dark on bright: invert</label></p>
</fieldset>
<fieldset><legend>Brush</legend>
<label><input type="radio" name="{name}-ink" value="#fff" checked> white</label>
<label><input type="radio" name="{name}-ink" value="#888"> grey</label>
<label><input type="radio" name="{name}-ink" value="#000"> black</label>
<label>width <input type="range" id="{name}-width" min="2" max="24" value="12"></label>
</fieldset>
<p id="{name}-help"><small>Draw on the left image with the mouse or a finger. With the keyboard: Tab to the image,
arrow keys move the brush (with Shift in small steps), Space draws.</small></p>
<p><output id="{name}-result" aria-live="polite"></output> <small id="{name}-place" aria-live="polite"></small><br>
<small>The network knows only the {several} it learned from: it marks something on any image.</small></p>
<div class="uc-explorer-pictures">
<figure><canvas id="{name}-input" width="{size}" height="{size}" tabindex="0" role="application"
aria-label="Image to draw on" aria-describedby="{name}-help"></canvas><figcaption>draw here</figcaption></figure>
<figure><canvas id="{name}-map" width="{size}" height="{size}" role="img"
aria-label="Probability of {found} in each pixel, white is certain"></canvas>
<figcaption>probability</figcaption></figure>
<figure><canvas id="{name}-overlay" width="{size}" height="{size}" role="img"
aria-label="The image as the network sees it, with an orange line around what it found"></canvas>
<figcaption>found: above {threshold}</figcaption></figure>
</div>
</div>
<div class="uc-explorer-static">
<div class="uc-explorer-pictures">
<figure><img src="{first}" alt="{alt}"><figcaption>image</figcaption></figure>
<figure><img src="{answer}" alt="{alt}: probability of {found} in each pixel, white is certain"><figcaption>
probability</figcaption></figure>
</div>
<p><small>With JavaScript, the network runs here, on images that you draw or choose.</small></p>
</div>
"""

_CHOICE = """<label><input type="radio" name="{name}-picture" value="{number}"{checked}>
<img src="{png}" data-sample="{number}" alt=""> <span>{label}</span></label>"""

_STYLE = """<style>
.uc-live fieldset { border: 1px solid #888; border-radius: 0.3rem; margin: 0 0 0.5rem; padding: 0.3rem 0.8rem; }
.uc-live legend { float: none; font-size: 1em; font-weight: 600; margin: 0; padding: 0 0.3rem; width: auto; }
.uc-live label { align-items: center; display: inline-flex; gap: 0.3rem; margin-right: 1rem; }
.uc-live fieldset p { margin: 0.5rem 0 0; }
.uc-live input[type=range] { width: 7rem; }
.uc-live input[type=file] { max-width: 100%; }
.uc-live-choices { display: flex; flex-wrap: wrap; gap: 0.3rem 0; }
.uc-live-choices img { height: 40px; width: 40px; }
.uc-live .uc-explorer-pictures { display: grid; gap: 0.5rem; grid-template-columns: repeat(2, minmax(0, 1fr)); }
.uc-live .uc-explorer-pictures figure { margin: 0; }
.uc-live .uc-explorer-pictures canvas { width: 100%; }
@media (min-width: 600px) {
  .uc-live .uc-explorer-pictures { grid-template-columns: minmax(0, 2fr) minmax(0, 1fr); }
  .uc-live .uc-explorer-pictures figure:first-child { grid-row: span 2; }
}
.uc-live [role=application] { cursor: crosshair; touch-action: none; }
</style>"""


def live_unet(weights, pictures, *, name, title, alt, threshold=0.5, found=("nucleus", "nuclei"), fast=False):
    """A trained U-Net in the page: the reader chooses, opens or draws an image, and sees what the network finds.

    Parameters
    ----------
    weights : dict of str to array
        State of a `unet` with one grey channel in or three of colour, one out, and `upsampling="transpose"`, batch norm
        folded in: `shipping.fold_batch_norm(state)`. 46,000 parameters make 250 KB of page.
    pictures : dict of str to array of uint8
        Samples by label; all of one shape, (S, S) or (S, S, 3), where S is a multiple of 2 ** (depth - 1).
    name : str
        Unique on the page: it becomes the HTML id.
    title, alt : str
        Shown above; what the first image shows, for those who cannot see it.
    threshold : float
        Above which probability a pixel counts.
    found : (str, str)
        What one connected area is called, and several.
    fast : bool
        Ten times the speed for 6 KB: the page then computes in WebAssembly where the browser can. For large networks.

    Returns
    -------
    IPython.display.HTML
        Everything is inside: it works without a kernel and from a file. Keys draw as the mouse does. On paper and
        without JavaScript the first image and its probability map are shown. The element has `unetInput` and
        `unetLogits` for whoever wants to check them.

    Raises
    ------
    ValueError
        If the weights are of another network, or the images are of different or unfit shapes.
    """
    from IPython.display import HTML

    depth, channels = numpy_unet.depth_of(weights), weights["encoder.0.conv1.weight"].shape[1]
    size = _side(pictures, 2 ** (depth - 1))
    urls = [as_url(picture) for picture in pictures.values()]
    first = next(iter(pictures.values())).reshape(1, size, size, -1)
    logits = numpy_unet.logits(weights, _prepare(first, channels))[0, ..., 0]
    config = {
        "size": size,
        "depth": depth,
        "threshold": threshold,
        "channels": channels,
        "found": found,
        "fast": fast,
        "lengths": [[key, int(value.size)] for key, value in weights.items()],
        "weights": as_text(b"".join(np.ascontiguousarray(value, "<f4").tobytes() for value in weights.values())),
    }
    choices = [
        _CHOICE.format(name=name, number=i, png=url, label=html.escape(label), checked="" if i else " checked")
        for i, (label, url) in enumerate(zip(pictures, urls, strict=True))
    ]
    body = _BODY.format(
        name=name,
        alt=html.escape(alt),
        found=html.escape(found[0]),
        several=html.escape(found[1]),
        size=size,
        threshold=f"{threshold:.2f}",
        choices="\n".join(choices),
        first=urls[0],
        answer=as_url(np.rint(255 / (1 + np.exp(-logits)))),
    )
    scripts = ("live_unet.js", *(["live_unet_fast.js"] if fast else []), "live_unet_page.js")
    return HTML(frame(name, title, body, scripts, config, style=_STYLE))


def _prepare(images, channels):
    if channels == 3 and images.shape[-1] == 1:
        images = np.repeat(images, 3, axis=-1)
    return shipping.prepare(images, colour=channels == 3)


def _side(pictures, multiple):
    """Height and width of all images; ValueError where they do not fit."""
    if not pictures:
        raise ValueError("pictures is empty: give one sample at least.")
    shapes = {label: np.shape(picture) for label, picture in pictures.items()}
    size = next(iter(shapes.values()))[0]
    for label, shape in shapes.items():
        if shape not in ((size, size), (size, size, 3)):
            raise ValueError(
                f"{label!r} has shape {shape}: every image must be ({size}, {size}) or ({size}, {size}, 3)."
            )
        if pictures[label].dtype != np.uint8:
            raise ValueError(f"{label!r} is {pictures[label].dtype}: images must be uint8, 0 to 255.")
    if size % multiple:
        raise ValueError(f"a side of {size} pixels cannot be halved to the bottom: use a multiple of {multiple}.")
    return size
