"""Train on a folder of your own, go on after a kill, judge once, and leave all that is needed to use the network."""

import importlib
import importlib.util
import json
import math
import time
from pathlib import Path

import numpy as np
import pandas as pd

from .. import metrics, paths, shipping
from ..augmentation import Augmentation
from ..datasets import splits
from . import demo, plan, report, scores, survey, views

WEIGHTS, RUN, CHECKPOINT = "model.npz", "run.json", "checkpoint"
ONNX, SCORES, CARD = "model.onnx", "scores.csv", "card.json"
AGREE = 1e-4  # between the network and its copies, in probability
# Turns and mirror images are right for cells and for skin; they cost little where up is always up.
AUGMENTATION = Augmentation(rotation=20, flip="both", zoom=0.2, brightness=0.1, contrast=0.1, gamma=0.2, noise=0.02)


def train(
    folder, out, *, framework=None, group=None, wanted=None, merge=False, minutes=None, resume=False, seed=None, **given
):
    """Train a U-Net on a folder of images and masks, and write what stays into `out`.

    Parameters
    ----------
    folder : path
        In one of `layouts`.
    out : path
        Must be new or empty unless `resume`; gets weights with their card, an ONNX file, scores, and two pages.
    framework : {"torch", "keras"}, optional
        Default: PyTorch where it is installed.
    group, wanted, merge
        As `survey.read` has them.
    minutes : float, optional
        Of training; a started epoch is the last one when the next would not fit.
    resume : bool
        Go on with the run in `out`, which loses at most one epoch: all settings are those it began with.
    seed : int, optional
        Of the split, the weights and the order of the images. Default: 0.
    **given
        `size`, `filters`, `depth`, `batch`, `rate`, `epochs`: what `plan.choose` shall not choose.

    Returns
    -------
    dict
        `table` (see `scores.table`), `lines` (one per test image), `baseline` (its name), `threshold`, `files` (paths).

    Raises
    ------
    ValueError, FileNotFoundError
        If anything does not fit; says what, and what to do.
    """
    folder, out = Path(folder), Path(out)
    _check_places(folder, out, resume)
    if minutes is not None and minutes <= 0:
        raise ValueError(f"--minutes {minutes:g} must be above 0; without it training ends when nothing improves.")
    asked = {"framework": framework, "seed": seed, "group": group, "class": wanted, "merge": merge or None}
    asked |= dict.fromkeys(plan.CHOICES) | given
    settings = _same_settings(out, asked) if resume else _first_settings(asked)
    uc = importlib.import_module(f"unet_course.{settings['framework']}")
    found = survey.read(folder, group=settings["group"], wanted=settings["class"], merge=bool(settings["merge"]))
    _say("What is there", found.facts)
    parts = splits.split(found.data.index, test=0.2, validation=0.2, seed=settings["seed"])
    # Noted with the settings: a run may go on where there is none.
    settings.setdefault("gpu", not uc.describe_device()["device"].upper().startswith("CPU"))
    chosen = plan.choose(found, parts["train"], gpu=settings["gpu"], **{name: settings[name] for name in plan.CHOICES})
    _say("What is chosen, and why", [(name, f"{value:8} {reason}") for name, value, reason in chosen.lines()])
    divided = _divided(found.data.index, parts)
    _say("How it is divided", divided)
    _remember(out, settings, found.data.content_hash, resume)

    held = {name: found.data.take(rows) for name, rows in parts.items()}
    model, history, best = _fit(uc, chosen, held, out, settings["seed"], minutes)

    def predict(images, **options):
        return uc.predict(model, images, batch_size=4, **options)

    def probabilities(data):
        return [views.probabilities(image, predict, **chosen.view) for image in data.images]

    threshold = scores.best_threshold(held["validation"].masks, probabilities(held["validation"]))
    baseline = scores.best_baseline(held["validation"])
    predictions = [one > threshold for one in probabilities(held["test"])]
    judged = _judge(held["test"], predictions, baseline)
    card = _card(folder, chosen, threshold, found.data, held, judged["table"], settings)
    story = {
        "facts": found.facts, "plan": chosen.lines(), "divided": divided, "history": history, "best": best,
        "baseline": baseline, "threshold": threshold, "stopped": _why_stopped(history, chosen, best, minutes),
    }  # fmt: skip
    files = _write(out, model, card, judged, held["test"], predictions, story, predict)
    return {**judged, "baseline": baseline, "threshold": threshold, "files": files}


def _check_places(folder, out, resume):
    if out.resolve() == folder.resolve() or folder.resolve() in out.resolve().parents:
        raise ValueError(f"--out {out} lies inside {folder}: what is written must not come between your images.")
    if resume and not (out / RUN).exists():
        raise FileNotFoundError(f"{out} holds no run to go on with ({RUN} is missing): leave out --resume.")
    if not resume and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(
            f"--out {out} is not empty: --resume goes on with a run that is there, another --out begins a new one."
        )


def _first_settings(asked):
    framework = asked["framework"]
    if framework not in (None, "torch", "keras"):
        raise ValueError(f"--framework {framework!r} is unknown: choose torch or keras.")
    framework = framework or ("torch" if importlib.util.find_spec("torch") else "keras")
    return {**asked, "framework": framework, "seed": asked["seed"] or 0}


def _same_settings(out, asked):
    """The settings a run began with; refuses others."""
    saved = json.loads((out / RUN).read_text(encoding="utf-8"))["settings"]
    for name, value in asked.items():
        if value is not None and value != saved[name]:
            raise ValueError(
                f"The run in {out} began with --{name} {saved[name]}, not {value}: leave it out, or begin anew in "
                "another --out."
            )
    return saved


def _remember(out, settings, content, resume):
    """Note what the run begins with, or refuse to go on with other images."""
    if resume and (was := json.loads((out / RUN).read_text(encoding="utf-8"))["content_hash"]) != content:
        raise ValueError(
            f"The images or masks have changed since the run in {out} began ({was[:8]} then, {content[:8]} now): put "
            "them back, or begin anew in another --out."
        )
    if not resume:
        note = {"settings": settings, "content_hash": content}
        paths.write_whole(out / RUN, json.dumps(note, indent=1, sort_keys=True) + "\n")


def _divided(index, parts):
    return [(name, f"{len(rows)} images, {index.group.iloc[rows].nunique()} group(s)") for name, rows in parts.items()]


def _fit(uc, chosen, held, out, seed, minutes):
    uc.set_seed(seed)
    model = uc.unet(**chosen.network)
    stopping, slower = uc.EarlyStopping(patience=chosen.patience), uc.DwellLearningRate(plan.SLOWER)
    history = uc.fit(
        model,
        views.tiles(held["train"], **chosen.view),
        views.tiles(held["validation"], **chosen.view),
        loss=uc.bce_dice_loss,
        learning_rate=chosen.rate,
        epochs=chosen.epochs,
        batch_size=chosen.batch,
        metrics=("dice",),
        callbacks=[slower, stopping, _deadline(uc, minutes)],
        augment=AUGMENTATION,
        precision="auto",
        checkpoint_dir=out / CHECKPOINT,
        seed=seed,
    )
    return model, history, stopping.best_epoch


def _deadline(uc, minutes):
    """A callback of this twin that ends the run when the next epoch would not fit into the minutes.

    A run that it ended can go on with more minutes; those of the epochs before a kill are counted.
    """
    limit = math.inf if minutes is None else 60 * minutes

    class Deadline(uc.Callback):
        def on_train_begin(self, logs=None):
            self.spent, self.ended = 0.0, False

        def on_epoch_begin(self, epoch, logs=None):
            self.started = time.monotonic()

        def on_epoch_end(self, epoch, logs=None):
            took = time.monotonic() - self.started
            self.spent += took
            if self.spent + took > limit and not self.model.stop_training:
                self.model.stop_training = self.ended = True

        def get_state(self):
            return {"spent": self.spent, "ended": self.ended}

        def set_state(self, state):
            self.spent, self.ended = state["spent"], state["ended"]
            if self.ended and self.spent < limit:
                self.model.stop_training = self.ended = False

    return Deadline()


def _why_stopped(history, chosen, best, minutes):
    if len(history) >= chosen.epochs:
        return f"after {chosen.epochs} epochs, as planned"
    if len(history) - best >= chosen.patience:
        return f"when validation had not improved for {chosen.patience} epochs"
    return f"when the {minutes:g} minutes were over; with --resume and more of them it goes on"


def _judge(test, predictions, baseline):
    """Counts and scores of the network and of the baseline, and one line per test image."""
    answer = scores.NOTHING_LEARNED[baseline]
    found = scores.counts(test.masks, predictions)
    nothing = scores.counts(test.masks, map(answer, test.images))
    dice, baseline_dice = (metrics.score("dice", one, empty=scores.EMPTY) for one in (found, nothing))
    lines = pd.DataFrame(
        {
            "image": test.index["id"],
            "group": test.index["group"],
            "height": test.index["height"],
            "width": test.index["width"],
            "drawn_pixels": found[:, 0] + found[:, 2],
            "found_pixels": found[:, 0] + found[:, 1],
            "dice": dice.round(4),
            "baseline_dice": baseline_dice.round(4),
        }
    )
    return {"table": scores.table(found, nothing, test.index["group"]), "lines": lines}


def _card(folder, chosen, threshold, data, held, table, settings):
    line = table.loc["mean of the images"]
    of = f" as {settings['class']}" if settings["class"] else ""
    colours = "one grey channel" if chosen.channels == 1 else "three channels, red, green, blue"
    return {
        "name": f"{folder.resolve().name}, trained by unet-course",
        "task": f"Marks the pixels that were drawn{of} in the masks of {folder.resolve().name}.",
        "network": {"unet": chosen.network},
        "input": f"{colours}, 0 to 1, channels last; trained on squares of {chosen.size} x {chosen.size} pixels",
        "pixel_spacing": f"not known; images are made smaller, {chosen.scale:.4g} pixels for each of theirs",
        "preprocessing": (
            f"make smaller by {chosen.scale:.4g}"
            + ("; grey = 0.299 R + 0.587 G + 0.114 B" if chosen.channels == 1 else "")
            + "; percentile 1 of the image becomes 0 and percentile 99 becomes 1"
        ),
        "output": "one logit a pixel; its sigmoid is the probability of foreground, the other label is background",
        "threshold": threshold,
        "data": (
            f"{len(data)} images of your own, content {data.content_hash[:16]}, divided by group: "
            + ", ".join(f"{len(part)} {name}" for name, part in held.items())
        ),
        "scores": {"test images": len(held["test"]), "mean Dice of the images": round(float(line.dice), 4)},
        "limits": "Images like those it was trained on, and no others. Not a medical device; decide nothing by it.",
        "licence": "as the images allow: whoever trained it must say",
        "own": {**chosen.view, "framework": settings["framework"]},
    }


def _write(out, model, card, judged, test, predictions, story, predict):
    """Everything that stays; returns the paths."""
    state = shipping.get_state(model)
    shipping.save(out / WEIGHTS, state, card)
    paths.write_whole(out / CARD, json.dumps(card, indent=1) + "\n")
    paths.write_whole(out / SCORES, judged["lines"].to_csv(index=False))
    example = views.seen(test.images[0], scale=card["own"]["scale"], channels=card["own"]["channels"])[None]
    size = card["own"]["size"]
    example = example[:, :size, :size]
    onnx = _write_onnx(out / ONNX, model, card, example, predict)
    paths.write_whole(out / "demo.html", demo.page(state, card, test))
    paths.write_whole(out / "report.html", report.page(card, judged, test, predictions, {**story, "onnx": onnx}))
    names = [WEIGHTS, CARD, SCORES, *([ONNX] if (out / ONNX).exists() else []), "demo.html", "report.html"]
    return [out / name for name in names]


def _write_onnx(path, model, card, example, predict):
    """The network as ONNX, kept only if it answers as its source does; a sentence about that."""
    from ..shipping import onnx_files

    try:
        onnx_files.export(model, path, card=card)
        apart = float(np.abs(onnx_files.OnnxModel(path).predict(example) - predict(example)).max())
    except ModuleNotFoundError as error:
        return f"There is no {ONNX}: the package {error.name} is not installed; the course's extra `beyond` brings it."
    except ValueError as error:
        return f"There is no {ONNX}: {error}"
    if apart > AGREE:
        path.unlink()
        return f"There is no {ONNX}: its answers lay up to {apart:.1e} from the network's, more than {AGREE:g}."
    return f"{ONNX} answers as the network does: on a test image the two differ by {apart:.1e} at most."


def _say(title, lines):
    print(f"\n{title}")
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        print(f"  {name:{width}}  {text}")
