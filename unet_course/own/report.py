"""What a training came to, as one page that needs nothing else: scores with intervals, images to look at, curves."""

import html
import io

import matplotlib.pyplot as plt
import numpy as np

from .. import plotting
from ..datasets.resizing import resize_image
from ..widgets.parts import img, table
from . import scores, views

_SIDE = 256  # of a shown image, pixels
_FEW_GROUPS = 10
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ background: #fff; color: #111; font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 52rem;
  padding: 1rem; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 0.5rem 0; }}
:is(td, th) {{ border-bottom: 1px solid #bbb; padding: 0.2rem 0.8rem 0.2rem 0; text-align: left; vertical-align: top; }}
:is(h1, figcaption) {{ overflow-wrap: anywhere; }}
figure {{ margin: 1rem 0; }}
figure :is(img, svg) {{ height: auto; max-width: 100%; }}
.scroll {{ overflow-x: auto; }}
.pair img {{ image-rendering: pixelated; margin-right: 0.5rem; width: min(256px, 45%); }}
.sum {{ border-left: 0.3rem solid #0072B2; padding-left: 0.8rem; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p class="sum">{summary}</p>
<h2>Scores on the test images</h2>
<div class="scroll">{scores}</div>
<p>{conventions}</p>
<h2>Images to look at</h2>
<p>Left the image, brightened. Right the outlines: <span style="border-bottom:3px solid #0072B2">blue</span> is what was
drawn, <span style="border-bottom:3px solid #D55E00">orange</span> what the network found. Scores of all test images are
in <code>scores.csv</code>, beside this page.</p>
{cases}
<h2>How it learned</h2>
<figure role="img" aria-label="{curves_alt}">{curves}
<figcaption>{curves_says}</figcaption></figure>
<h2>What was there</h2>
<div class="scroll">{facts}</div>
<h2>How it was divided</h2>
<div class="scroll">{divided}</div>
<h2>What was chosen, and why</h2>
<div class="scroll">{plan}</div>
<h2>The files</h2>
<p>{onnx} <code>demo.html</code> runs the network in a browser. <code>model.npz</code> holds the weights
and this card:</p>
<div class="scroll">{card}</div>
</main>
</body>
</html>
"""


def page(card, judged, test, predictions, story):
    """One file of HTML with everything inside.

    Parameters
    ----------
    card : dict
    judged : dict
        `table`, from `scores.table`, and `lines`, one per test image.
    test : Dataset
    predictions : list of array of bool, (H, W)
    story : dict
        What was found, chosen and done: `facts`, `plan`, `divided`, `history`, `best` (epoch), `baseline`, `threshold`,
        `stopped`, `onnx`.

    Returns
    -------
    str
    """
    lines, history = judged["lines"], story["history"]
    return _PAGE.format(
        title=html.escape(card["name"]),
        summary=html.escape(summary(judged, story)),
        scores=_scores(judged["table"], story["baseline"]),
        conventions=html.escape(_conventions(lines, story["threshold"])),
        cases="\n".join(_case(title, lines.loc[row], test, predictions) for title, row in _chosen(lines.dice)),
        curves=_svg(history, story["best"]),
        curves_alt=f"Loss and Dice of training and validation over {len(history)} epochs",
        curves_says=html.escape(
            f"Training and validation, epoch by epoch. It ended {story['stopped']}. Kept were the weights of epoch "
            f"{story['best']}, where the validation loss was smallest. A gap between the lines that grows says that "
            "more images would help more than more epochs."
        ),
        facts=table(["what", "found"], story["facts"], label="What was there"),
        divided=table(["part", "images"], story["divided"], label="How it was divided"),
        plan=table(["name", "value", "reason"], story["plan"], label="What was chosen"),
        onnx=html.escape(story["onnx"]),
        card=table(["key", "value"], [(key, value) for key, value in card.items()], label="Card"),
    )


def summary(judged, story):
    """What to conclude, in two or three sentences.

    Parameters
    ----------
    judged, story : dict
        As `page` has them.

    Returns
    -------
    str
    """
    line, lines = judged["table"].loc["mean of the images"], judged["lines"]
    groups = lines["group"].nunique()
    of = "one group" if groups == 1 else f"{groups} groups"
    text = (
        f"On {len(lines)} test images of {of}, used for nothing else, the mean Dice is {line.dice:.3f}"
        f"{_span(line.low, line.high)}. The best answer that learns nothing, {story['baseline']}, reaches "
        f"{line.baseline:.3f}. "
    )
    if groups == 1:
        return text + "All of them are of one group: how it would do on another cannot be said."
    text += f"The difference is {line.gain:+.3f}{_span(line.gain_low, line.gain_high)}: {_verdict(line)}."
    few = f" With {groups} groups the intervals themselves are rough." if groups < _FEW_GROUPS else ""
    return text + few


def _verdict(line):
    if line.gain_low > 0:
        return "the network is better"
    if line.gain_high < 0:
        return "the network is worse, so take that answer"
    return "these images do not show which is better"


def _span(low, high):
    return "" if np.isnan(low) else f" (95 % interval {low:.3f} to {high:.3f})"


def _scores(found, baseline):
    rows = [
        (
            name,
            f"{line.dice:.3f}",
            "one group only" if np.isnan(line.low) else f"{line.low:.3f} to {line.high:.3f}",
            f"{line.baseline:.3f}",
            scores.CONVENTIONS[name],
        )
        for name, line in found.iterrows()
    ]
    head = ["Dice", "network", "95 % interval", f"learns nothing: {baseline}", "what counts"]
    return table(head, rows, label="Dice of the network and of the baseline")


def _conventions(lines, threshold):
    empty = int((lines.drawn_pixels == 0).sum())
    return (
        "The same masks give three numbers: say which one you quote. Nothing found where nothing is drawn counts as 1: "
        f"{empty} of the {len(lines)} test images have nothing drawn. A pixel is found where its probability is above "
        f"{threshold:g}, which was chosen on the validation images. Intervals come from {scores.DRAWS:,} draws of the "
        "groups (bootstrap), so they say what other groups of this kind would give, not what another scanner would."
    )


def _chosen(dice):
    """The best, the typical and the worst images: titles and rows, none of them twice."""
    order = list(dice.sort_values(kind="stable").index[::-1])
    middle = len(order) // 2
    picks = {"Best": order[:2], "Typical": order[middle : middle + 2], "Worst": order[::-1][:3]}
    shown = set()
    for title, rows in picks.items():
        for row in rows:
            if row not in shown:
                shown.add(row)
                yield title, row


def _case(title, line, test, predictions):
    image, mask = np.asarray(test.images[line.name]), np.asarray(test.masks[line.name])
    found = predictions[line.name]
    scale = min(1.0, 2 * _SIDE / max(mask.shape))
    sides = tuple(max(1, round(side * scale)) for side in mask.shape)
    small, drawn, seen = (resize_image(array, sides) for array in (image, _light(mask), _light(found)))
    small = views.brightened(small)
    outlined = np.rint(255 * plotting.outline(small, drawn[..., 0] > 127, seen[..., 0] > 127)).astype(np.uint8)
    says = f"{title}: {line.image}, Dice {line.dice:.3f} (learns nothing: {line.baseline_dice:.3f})"
    return (
        f'<figure class="pair">{img(small, f"Test image {line.image}")}'
        f"{img(outlined, f'The same with the outline that was drawn and the one that was found, Dice {line.dice:.3f}')}"
        f"<figcaption>{html.escape(says)}</figcaption></figure>"
    )


def _light(mask):
    return np.repeat(np.asarray(mask, np.uint8)[..., None] * np.uint8(255), 3, axis=-1)


def _svg(history, best):
    """The learning curves as text that a page can hold."""
    with plt.rc_context({"svg.hashsalt": "own"}):
        figure = plotting.learning_curves(history, ("loss", "dice"), best_epoch=best)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    plt.close(figure)
    return file.getvalue()[file.getvalue().index("<svg") :]
