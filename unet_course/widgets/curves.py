"""Learning curves to judge: look at each run, guess what happened, then see the answer."""

import html
import math

from .explorer import Button, Explorer, Guess
from .page import show

WIDTH, HEIGHT, LEFT, BOTTOM, MARGIN = 340, 216, 48, 42, 14  # of an image, in its own units
ASK = "Show the answer"
_QUESTION = "What happened in {label}?"
_SCORE = "{{right}} right at the first guess, {{judged}} of {runs} runs judged."

_BODY = """
<div class="uc-explorer-runs">
{runs}
</div>
<p class="uc-explorer-live"><span id="$name-score" aria-live="polite"></span>
<span class="uc-explorer-controls">$again</span></p>
<div class="uc-explorer-paper"><p><strong>Answers</strong></p><ol>
{answers}
</ol></div>
"""

_RUN = """<div class="uc-explorer-run">
<figure>{picture}<figcaption>{caption}</figcaption></figure>
<div class="uc-explorer-live">
${key}
<p id="$name-{key}-said" aria-live="polite"></p></div>
<details class="uc-explorer-static uc-explorer-screen"><summary>{question}</summary>
<p><strong>{verdict}</strong>. {because}</p></details>
</div>"""

_ANSWER = "<li>{label}: <strong>{verdict}</strong>. {because}</li>"


def curve_explorer(runs, *, name, title, alt, what="loss"):
    """Learning curves, one image a run: the reader guesses what happened in each, and is told why.

    Parameters
    ----------
    runs : sequence of dict
        `label`; `training` and `validation`, one number an epoch, NaN where there is none; `verdict`, a few words such
        as "overfitting"; `because`, a sentence or two. The verdicts of all runs are what can be guessed.
    name : str
        Unique on the page: it becomes the HTML id.
    title, alt : str
        Shown above; alternative text of the images, to which each run's label and numbers are added.
    what : str
        What the curves show.

    Returns
    -------
    IPython.display.HTML
        Guessed with buttons, by mouse, finger or keyboard. Without JavaScript the answers unfold; on paper they follow.
        In a live notebook, ipywidgets that say the same.

    Raises
    ------
    ValueError
        If there is no run, or a run lacks a key, has the label of another one, or has no two curves of one length, two
        epochs at least.
    """
    check(runs)
    named = {f"run{number}": run for number, run in enumerate(runs)}
    options = [*dict.fromkeys(run["verdict"] for run in runs), ASK]
    said = {key: {guess: verdict(run, guess) for guess in options} for key, run in named.items()}
    guesses = {key: Guess(_QUESTION.format(**run), options) for key, run in named.items()}
    shown = [_shown(run, alt, what) | {"key": key} for key, run in named.items()]
    score = _SCORE.format(runs=len(runs))
    first = {}

    def say(values):
        for key, run in named.items():
            if values[key] is None:
                first.pop(key, None)
            else:
                first.setdefault(key, values[key] == run["verdict"])
        answers = {f"{key}-said": html.escape(said[key].get(values[key], "")) for key in named}
        return answers | {"score": score.format(right=sum(first.values()), judged=len(first))}

    fields = [f'<div style="width: {WIDTH}px">{run["picture"]}</div>{run["caption"]}' for run in shown]
    rows = [row for field, key in zip(fields, named, strict=True) for row in (field, key, f"{key}-said")]
    explorer = Explorer(
        name=name,
        title=title,
        controls=guesses | {"again": Button("Start again", lambda values: dict.fromkeys(named))},
        say=say,
        rows=[*rows, ["score", "again"]],
        body=_BODY.format(
            runs="\n".join(_RUN.format(**_template(run)) for run in shown),
            answers="\n".join(_ANSWER.format(**_template(run)) for run in shown),
        ),
        values={},
        script="curves.js",
        data={"score": score, "runs": {key: {"verdict": named[key]["verdict"], "said": said[key]} for key in named}},
    )
    return show(explorer)


def verdict(run, guess):
    """What is said to a guess, or to who asks for the answer."""
    if guess not in (ASK, run["verdict"]):
        return f"Not {guess}. Look again, or show the answer."
    return f"{'It is' if guess == ASK else 'Right'}: {run['verdict']}. {run['because']}"


def check(runs):
    """Refuse runs that cannot be drawn; say which and why."""
    if not runs:
        raise ValueError("runs is empty: an explorer needs one run at least.")
    for number, run in enumerate(runs):
        missing = {"label", "training", "validation", "verdict", "because"} - run.keys()
        if missing:
            raise ValueError(f"run {number} lacks {', '.join(sorted(missing))}.")
        lengths = len(run["training"]), len(run["validation"])
        if lengths[0] != lengths[1] or lengths[0] < 2:
            raise ValueError(f"run {number} has {lengths[0]} and {lengths[1]} epochs: give both curves two or more.")
        if not any(map(math.isfinite, [*run["training"], *run["validation"]])):
            raise ValueError(f"run {number} holds no finite number.")
    labels = [run["label"] for run in runs]
    if len(set(labels)) < len(labels):
        raise ValueError(f"Two runs have the same label: {', '.join(labels)}.")


def describe(run, what="loss"):
    """The curves of a run in words, without the verdict."""
    lines = []
    for curve in ("training", "validation"):
        values = [(value, epoch) for epoch, value in enumerate(run[curve], start=1) if math.isfinite(value)]
        if not values:
            lines.append(f"{curve} {what}: no finite number")
            continue
        (least, at), (most, top) = min(values), max(values, key=lambda pair: pair[0])
        lines.append(
            f"{curve} {what} from {values[0][0]:.3g} to {values[-1][0]:.3g}, "
            f"lowest {least:.3g} at epoch {at}, highest {most:.3g} at epoch {top}"
        )
    return f"{run['label']}, {len(run['training'])} epochs: {'; '.join(lines)}"


def picture(run, *, alt):
    """The two curves of a run as SVG: training solid and blue, validation dashed and orange, on white."""
    epochs, finite = len(run["training"]), [v for v in [*run["training"], *run["validation"]] if math.isfinite(v)]
    least, most = min(0, *finite), max(finite)
    most = most if most > least else least + 1

    def place(epoch, value):
        x = LEFT + (WIDTH - LEFT - MARGIN) * epoch / (epochs - 1)
        y = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - MARGIN) * (value - least) / (most - least)
        return f"{x:.1f},{y:.1f}"

    def path(values):
        pen, steps = "M", []
        for epoch, value in enumerate(values):
            if math.isfinite(value):
                steps.append(pen + place(epoch, value))
            pen = "L" if math.isfinite(value) else "M"
        return " ".join(steps)

    floor = HEIGHT - BOTTOM
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(alt)}" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n'
        f'<path d="M{LEFT},{MARGIN} V{floor} H{WIDTH - MARGIN}" fill="none" stroke="#333"/>\n'
        f'<path d="{path(run["training"])}" fill="none" stroke="#0072B2" stroke-width="2"/>\n'
        f'<path d="{path(run["validation"])}" fill="none" stroke="#D55E00" stroke-width="2" stroke-dasharray="6 3"/>\n'
        f'<text x="{LEFT - 5}" y="{MARGIN + 4}" text-anchor="end">{most:.3g}</text>\n'
        f'<text x="{LEFT - 5}" y="{floor + 4}" text-anchor="end">{least:.3g}</text>\n'
        f'<text x="{LEFT}" y="{floor + 16}">1</text>\n'
        f'<text x="{WIDTH - MARGIN}" y="{floor + 16}" text-anchor="end">epoch {epochs}</text>\n'
        f'<path d="M110,{HEIGHT - 8} h28" stroke="#0072B2" stroke-width="2"/>'
        f'<text x="142" y="{HEIGHT - 4}">training</text>\n'
        f'<path d="M210,{HEIGHT - 8} h28" stroke="#D55E00" stroke-width="2" stroke-dasharray="6 3"/>'
        f'<text x="242" y="{HEIGHT - 4}">validation</text>\n</svg>'
    )


def _shown(run, alt, what):
    """A run as HTML."""
    texts = {key: html.escape(run[key]) for key in ("label", "verdict", "because")}
    return texts | {
        "picture": picture(run, alt=f"{alt}, {describe(run, what)}"),
        "caption": f"{texts['label']}: {html.escape(what)} of each epoch",
        "question": _QUESTION.format(**texts),
    }


def _template(texts):
    return {key: text.replace("$", "$$") for key, text in texts.items()}
