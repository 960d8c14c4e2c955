"""The trained network in a page of its own: it runs in the browser, offline, on images that the reader chooses."""

import html

from .. import shipping
from ..widgets import live_unet
from . import views

_SAMPLES = 4
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 48rem; padding: 1rem; }}
:is(h1, figcaption, .uc-live-choices span) {{ overflow-wrap: anywhere }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>The network runs here, in your browser, and what you open is sent nowhere. It sees a square, {size} pixels wide.
The first {samples} images are squares out of the test part, with things as large as it learned them: it has not
learned from these.</p>
{explorer}
<p><small>{limits}</small></p>
</main>
</body>
</html>
"""


def page(state, card, test):
    """One file of HTML with everything inside.

    Parameters
    ----------
    state : dict of str to array
        From `shipping.get_state`, of a plain `unet`.
    card : dict
    test : Dataset
        Its first images are shown as samples.

    Returns
    -------
    str
    """
    size, scale, name = card["own"]["size"], card["own"]["scale"], card["name"].partition(",")[0]
    rows = range(min(_SAMPLES, len(test)))
    samples = {test.index["id"][row]: views.square(test.images[row], size, scale) for row in rows}
    explorer = live_unet(
        shipping.fold_batch_norm(state),
        samples,
        name="demo",
        title="Choose an image, open one, or draw",
        alt=f"A test image of {name}",
        threshold=card["threshold"],
        found=("object", "objects"),
        fast=True,
    )
    return _PAGE.format(
        title=html.escape(name),
        size=size,
        samples=len(samples),
        explorer=explorer.data,
        limits=html.escape(card["limits"]),
    )
