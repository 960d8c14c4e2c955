"""From slices to the readers' agreement, one rung at a time, by patient: `python benchmarks/ladder.py`.

A plain U-Net (16 filters, 5 levels, 128 px) finds the lower-grade gliomas of all 110 patients of the LGG set. Five
folds: a fifth of the patients is tested, ten of the others choose the epoch, the rest teach. Each rung adds one thing
to the one before (`RUNGS`); three more need no training: the mean with the mirrored image, keeping the largest
component of the volume, and the mean of several networks. Scored is what the published work scores: the Dice of a
patient's whole volume, one number a patient, and the mean and the median of all of them. `native` is the same after
enlarging the probabilities to the masks' own 256 px.

Folds and validation patients are drawn in blocks: patients in the order of hospital and tumour volume, five (nine)
neighbours at a time, so that no fold has all small tumours. Two rungs are compared patient by patient; the patients of
one fold share a network, so the intervals are somewhat too narrow.

The threshold is one half, and beside it the one of `THRESHOLDS` with which a fold's own validation patients score best.

The whole ladder, killed and started again as often as needed (finished trainings are in --folder and their
probabilities in --answers, 0.3 MB each; the others go on from their last epoch; weights and checkpoints stay in --keep,
outside the repository):

    python benchmarks/ladder.py --folder book/results/studies/ladder/torch --keep ~/ladder --jobs 2 \
        --work d f g h a:0,1 b:0,1 c:0,1 e f::1 --record benchmarks/records/ladder.json

`--work d f a:0,1 f::1`: rungs d and f on all folds, a on the first two, f on all folds from seed 1. `--only-report`
prints the tables of what is finished.
"""

import argparse
import dataclasses
import functools
import hashlib
import json
import math
import os
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait for work would take it from the others

import numpy as np
import pandas as pd
from scipy import ndimage

from unet_course import metrics, postprocessing, preprocessing, studies
from unet_course.augmentation import Augmentation
from unet_course.common import hardware
from unet_course.datasets import lgg

FOLDS = 5
LACKING = 1 / 6  # share of slices in which rung h imitates what the set does where a sequence was not taken
SMOOTHING = 3  # pixels, of the FLAIR slices that are only thresholded: thin bright rims of the head vanish
BLOCK = 9  # one validation patient from so many
HEALTHY = 0.25  # how often a slice without a tumour is drawn where those with one are drawn once
AUGMENTATION = Augmentation.only(rotation=15, shift=0.05, zoom=0.1, flip="horizontal")
# Hospitals differ in contrast more than heads do in shape; this covers what the f networks failed on.
STRONG = Augmentation(
    rotation=20, shift=0.05, zoom=0.2, elastic=0.02, brightness=0.3, contrast=0.3, gamma=0.5, noise=0.05
)
AUGMENTATIONS = {False: False, True: AUGMENTATION, "grey values too": STRONG}

_A = {"scaling": "set", "weighted": False, "augment": False, "slices": 1, "schedule": "constant", "longer": 1.0}
_B = _A | {"scaling": "patient"}
_C = _B | {"weighted": True}
_D = _C | {"augment": True}
_E = _D | {"slices": 3}
_F = _E | {"schedule": "cosine"}
_G = _F | {"augment": "grey values too"}
_H = _G | {"missing": True}
RUNGS = {"a": _A, "b": _B, "c": _C, "d": _D, "e": _E, "f": _F, "g": _G, "h": _H}
WHAT = {
    "a": "all slices as they are",
    "b": "+ each patient's channels scaled",
    "c": "+ healthy slices drawn less often",
    "d": "+ augmentation",
    "e": "+ the slices before and after",
    "f": "+ a rate that falls along a cosine",
    "g": "+ brightness, contrast, gamma, noise and elastic changes",
    "h": "+ sequences left out here and there",
}
WAYS = ("plain", "flips", "clean", "flips_clean", "native", "native_flips", "native_flips_clean")
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
PUBLISHED = [
    ("Buda et al. 2019, paper, leave out five patients at a time", 0.82, 0.85),
    ("its repository, 22 folds", 0.836, 0.873),
    ("two readers with each other, 0.84 +- 0.02", 0.84, None),
]


def folds_of(index):
    """Which fold each patient is tested in: patient -> 0 to 4, five similar patients in five different folds."""
    rng = np.random.default_rng(0)
    names = similar_first(index)
    blocks = [names[start : start + FOLDS] for start in range(0, len(names), FOLDS)]
    return {name: int(k) for block in blocks for name, k in zip(block, rng.permutation(FOLDS), strict=False)}


def similar_first(index):
    """Patients in the order of hospital, then volume of the tumour."""
    patients = index.groupby("group").agg(site=("site", "first"), volume=("tumour_area", "sum"))
    return patients.sort_values(["site", "volume"]).index.to_list()


def parts_of(index, fold):
    """Positions of the slices of one fold's "train", "validation" and "test" patients."""
    tested = folds_of(index)
    rest = [name for name in similar_first(index) if tested[name] != fold]
    rng = np.random.default_rng([1, fold])
    watched = {str(rng.choice(rest[start : start + BLOCK])) for start in range(0, len(rest), BLOCK)}
    part = index["group"].map(
        lambda name: "test" if tested[name] == fold else "validation" if name in watched else "train"
    )
    return {name: np.flatnonzero(part == name) for name in ("train", "validation", "test")}


def scaled(dataset):
    """Each patient's channels with the 1st to 99.5th percentile of the head as 0 to 255; uint8."""
    result = np.empty(dataset.images.shape, np.uint8)
    for at in dataset.index.groupby("group").indices.values():
        volume = dataset.images[at].astype(np.float32)
        for channel in range(volume.shape[-1]):
            values = volume[..., channel]
            head = values[values > 0.1 * np.percentile(values, 99.5)]
            low, high = np.percentile(head, (1, 99.5)) if head.size else (0, 1)
            volume[..., channel] = 255 * ((values - low) / max(high - low, 1)).clip(0, 1)
        result[at] = np.rint(volume)
    return result


def inputs(dataset, keep, scaling, slices):
    """All slices as a rung sees them, memory-mapped: the processes share them."""
    path = Path(keep) / f"inputs-{scaling}-{slices}-{dataset.images.shape[1]}-{dataset.content_hash[:8]}.npy"
    if not path.exists():
        images = scaled(dataset) if scaling == "patient" else np.asarray(dataset.images)
        if slices > 1:
            index = dataset.index
            images = preprocessing.stack_neighbours(images, index["group"], index["slice"], reach=slices // 2)
        part = path.with_suffix(f".{os.getpid()}.npy")
        np.save(part, images)
        part.replace(path)
    return np.load(path, mmap_mode="r")


def volume_dice(masks, found, patients):
    """Dice of each patient's volume, by name."""
    names, where = np.unique(patients, return_inverse=True)
    counts = metrics.pool(metrics.confusion(masks, found), "patient", where)
    return dict(zip(names.tolist(), metrics.score("dice", counts, empty=1).round(4).tolist(), strict=True))


def largest(found, patients):
    """Of every patient's volume the largest component."""
    cleaned = np.zeros_like(found)
    for at in pd.Series(patients).groupby(np.asarray(patients)).indices.values():
        if found[at].any():
            cleaned[at] = postprocessing.keep_largest(found[at])
    return cleaned


def enlarge(probabilities, side):
    """Probability maps at another side, between the pixels."""
    import torch

    maps = torch.from_numpy(np.ascontiguousarray(probabilities, np.float32))[:, None]
    return torch.nn.functional.interpolate(maps, size=(side, side), mode="bilinear")[:, 0].numpy()


def score(dataset, native, at, plain, flipped):
    """Volume Dice of all patients in all `WAYS`: way -> patient -> Dice."""
    patients = dataset.index["group"].to_numpy()[at]
    masks, whole = np.asarray(dataset.masks[at]), np.asarray(native.masks[at])
    found = {"plain": plain > 0.5, "flips": flipped > 0.5}
    found |= {f"native{way}": enlarge(maps, whole.shape[1]) > 0.5 for way, maps in (("", plain), ("_flips", flipped))}
    for way, name in (("plain", "clean"), ("flips", "flips_clean"), ("native_flips", "native_flips_clean")):
        found[name] = largest(found[way], patients)
    return {way: volume_dice(whole if "native" in way else masks, found[way], patients) for way in WAYS}


def callbacks_for(uc, images, masks, patients, *, rate, updates, cosine):
    """Keep the epoch with the best mean volume Dice of the validation patients; let the rate fall along a cosine."""
    from unet_course.torch.callbacks import Callback
    from unet_course.torch.checkpoints import get_weights, set_learning_rate, set_weights

    class BestEpoch(Callback):
        def on_train_begin(self, logs=None):
            self.best, self.best_epoch, self.curve, self.weights = -1.0, 0, [], get_weights(self.model)

        def on_epoch_end(self, epoch, logs=None):
            found = uc.predict(self.model, images, batch_size=32, precision="auto") > 0.5
            self.curve.append(round(float(np.mean(list(volume_dice(masks, found, patients).values()))), 4))
            if self.curve[-1] > self.best:
                self.best, self.best_epoch, self.weights = self.curve[-1], epoch + 1, get_weights(self.model)

        def on_train_end(self, logs=None):
            set_weights(self.model, self.weights)

        def get_state(self):
            return {name: getattr(self, name) for name in ("best", "best_epoch", "curve", "weights")}

        def set_state(self, state):
            vars(self).update(state)

    class Cosine(Callback):
        def on_train_begin(self, logs=None):
            self.done = 0

        def on_train_batch_begin(self, batch, logs=None):
            set_learning_rate(self.optimizer, rate * (1 + math.cos(math.pi * self.done / updates)) / 2)
            self.done += 1

        def get_state(self):
            return {"done": self.done}

        def set_state(self, state):
            self.done = state["done"]

    return [BestEpoch(), *([Cosine()] if cosine else [])]


def without_sequences(images, seed):
    """A sixth of the slices as in patients who lack a sequence: FLAIR in the place of one of the others, or of both."""
    rng = np.random.default_rng([2, seed])
    images = np.array(images)
    lacking = {0: [0], 1: [2], 2: [0, 2]}
    for i in np.flatnonzero(rng.random(len(images)) < LACKING):
        channels = images[i].reshape(*images.shape[1:3], -1, 3)  # a view: the slices before, here and after
        channels[..., lacking[int(rng.integers(3))]] = channels[..., [1]]
    return images


def train_and_score(options, *, rung, fold, seed, scaling, weighted, augment, slices, schedule, longer, missing=False):
    """One training: per-patient Dice of its test patients, and all that led there."""
    from unet_course import torch as uc

    dataset, native = (lgg.load(options.root, size=size) for size in (options.size, None))
    images, masks = inputs(dataset, options.keep, scaling, slices), dataset.masks
    parts = parts_of(dataset.index, fold)
    train, watched, test = (parts[name][:: options.every] for name in ("train", "validation", "test"))
    epochs = math.ceil(longer * options.epochs)
    updates = epochs * math.ceil(len(train) / options.batch)
    patients = dataset.index["group"].to_numpy()
    uc.set_seed(seed)
    model = uc.unet(3 * slices, 1, base_filters=options.filters, depth=options.depth)
    callbacks = callbacks_for(
        uc, images[watched], np.asarray(masks[watched]), patients[watched],
        rate=options.rate, updates=updates, cosine=schedule == "cosine",
    )  # fmt: skip
    name = key_of(options, rung, fold, seed)
    history = uc.fit(
        model,
        (without_sequences(images[train], seed) if missing else images[train], np.asarray(masks[train])),
        (images[watched], np.asarray(masks[watched])),
        loss=uc.bce_dice_loss,
        learning_rate=options.rate,
        epochs=epochs,
        batch_size=options.batch,
        metrics=("dice",),
        callbacks=callbacks,
        augment=AUGMENTATIONS[augment],
        sampling_weights=np.where(dataset.index.has_tumour.to_numpy()[train], 1, HEALTHY) if weighted else None,
        precision="auto",
        checkpoint_dir=Path(options.keep) / "checkpoints" / name,
        seed=seed,
    )
    result = {}
    for part, at in (("validation", watched), ("test", test)):
        answer = functools.partial(uc.predict, model, batch_size=32, precision="auto")
        plain = answer(images[at])
        flipped = (plain + answer(images[at][:, :, ::-1])[:, :, ::-1]) / 2
        found = score(dataset, native, at, plain, flipped)
        result[part] = found if part == "test" else {way: found[way] for way in ("plain", "flips", "flips_clean")}
        store(options.answers, name, **{part: np.rint(255 * flipped).astype(np.uint8), f"{part}_at": at})
    store(options.keep, f"{name}-weights", **{k: half(v) for k, v in model.state_dict().items()})
    return result | story(uc, history, callbacks[0], len(train), updates)


def key_of(options, rung, fold, seed):
    """Name of one training's files in --keep."""
    protocol = json.dumps([RUNGS[rung], protocol_of(options)], sort_keys=True)
    return f"{rung}-fold{fold}-seed{seed}-{hashlib.sha256(protocol.encode()).hexdigest()[:6]}"


def store(folder, name, **arrays):
    """Add arrays to `name.npz` in the folder, in one move."""
    path = Path(folder) / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and "weights" not in name:
        with np.load(path) as old:
            arrays = dict(old) | arrays
    part = path.with_suffix(f".{os.getpid()}.npz")
    np.savez_compressed(part, **arrays)
    part.replace(path)


def half(tensor):
    """A weight in float16; counters stay whole."""
    array = tensor.detach().cpu().contiguous().numpy()
    return array.astype(np.float16) if array.dtype == np.float32 else array


def story(uc, history, best, slices, updates):
    """How the training went: curves to three digits, updates, minutes, speed."""
    lines = pd.DataFrame(history.epochs)
    seconds = float(lines.seconds.sum())
    return {
        "best_epoch": best.best_epoch,
        "validation_curve": best.curve,
        **{name: lines[name].round(4).tolist() for name in ("loss", "dice", "val_loss", "val_dice")},
        "epochs": len(lines),
        "updates": updates,
        "train_slices": slices,
        "minutes": round(seconds / 60, 1),
        "images_per_second": round(slices * len(lines) / seconds, 1),
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
        "peak_memory_gb": round(float(lines.memory_gb.max()), 2),
        **uc.describe_device(),
    }


def protocol_of(options):
    """What all trainings share."""
    names = ("content_hash", "size", "filters", "depth", "batch", "rate", "epochs", "every")
    shared = {name: getattr(options, name) for name in names}
    return shared | {
        "healthy": HEALTHY,
        "augmentation": dataclasses.asdict(AUGMENTATION),
        "folds": FOLDS,
        "loss": "BCE + Dice",
        "choice": "volume",
    }


def trainings(work):
    """`["d", "a:0,1", "f::1"]` as settings, each once."""
    chosen = {}
    for text in work:
        rung, folds, seed = (text + "::").split(":")[:3]
        for fold in map(int, folds.split(",") if folds else range(FOLDS)):
            settings = {"rung": rung, "fold": fold, "seed": int(seed or 0)}
            chosen[tuple(settings.values())] = settings | RUNGS[rung]
    return list(chosen.values())


def by_patient(table, way="flips_clean"):
    """One line for each rung, seed and test patient."""
    return pd.DataFrame(
        {"rung": line.rung, "seed": line.seed, "fold": line.fold, "patient": patient, "dice": dice}
        for line in table.itertuples()
        for patient, dice in line.test[way].items()
    )


def baselines(options):
    """What needs no network, by name: patient -> Dice. Their thresholds are chosen on the other folds' patients."""
    dataset = lgg.load(options.root, size=options.size)
    masks, patients = np.asarray(dataset.masks), dataset.index["group"].to_numpy()
    flair = inputs(dataset, options.keep, "patient", 1)[..., 1]
    smooth = np.stack([ndimage.gaussian_filter(image.astype(np.float32), SMOOTHING) for image in flair])
    bright = {t: volume_dice(masks, largest(smooth > t, patients), patients) for t in range(40, 250, 15)}
    tested, threshold = folds_of(dataset.index), {}
    for fold in range(FOLDS):
        others = {t: np.mean([d for name, d in dice.items() if tested[name] != fold]) for t, dice in bright.items()}
        threshold[fold] = max(others, key=others.get)
    copied = np.zeros_like(masks)
    same = patients[1:] == patients[:-1]
    copied[1:][same] = masks[:-1][same]
    names = sorted(tested)
    return {
        "nothing": dict.fromkeys(names, 0.0),
        "bright FLAIR, largest component": {name: bright[threshold[tested[name]]][name] for name in names},
        "the mask of the slice below (knows the answer)": volume_dice(masks, copied, patients),
    }


def about_patients(options):
    """What may make a patient hard: patient -> slices, tumour pixels, different sequences, contrast on FLAIR."""
    dataset = lgg.load(options.root, size=options.size)
    facts = {}
    for patient, at in dataset.index.groupby("group").indices.items():
        images, tumour = np.asarray(dataset.images[at], np.float32), np.asarray(dataset.masks[at]) > 0
        flair = images[..., 1]
        head = flair > 0.1 * np.percentile(flair, 99.5)
        facts[patient] = {
            "slices": len(at),
            "tumour_slices": int(tumour.any(axis=(1, 2)).sum()),
            "tumour_pixels": int(tumour.sum()),
            "sequences": 1 + sum(bool((images[..., other] != flair).any()) for other in (0, 2)),
            "contrast": round(float(flair[tumour].mean() / flair[head & ~tumour].mean()), 2),
        }
    return facts


def answers_of(options, line):
    """Where the probabilities of one training lie."""
    return Path(options.answers) / f"{key_of(options, line.rung, line.fold, line.seed)}.npz"


def at_chosen_threshold(options, table):
    """Each rung with the threshold that a fold's validation patients like best: rung -> {"threshold", "dice"}, by fold.

    Mirror images and the largest component, as in "flips_clean". Only for trainings whose probabilities are there.
    """
    dataset = lgg.load(options.root, size=options.size)
    masks, patients = np.asarray(dataset.masks), dataset.index["group"].to_numpy()
    found = {}
    for line in table.itertuples():
        if not answers_of(options, line).exists():
            continue
        stored = np.load(answers_of(options, line))
        scores = {
            (part, t): volume_dice(masks[at], largest(stored[part] > 255 * t, patients[at]), patients[at])
            for part in ("validation", "test")
            for at in [stored[f"{part}_at"]]
            for t in THRESHOLDS
        }
        best = max(THRESHOLDS, key=lambda t: np.mean(list(scores["validation", t].values())))
        one = found.setdefault(line.rung, {"threshold": {}, "dice": {}})
        one["threshold"][f"fold {line.fold}, seed {line.seed}"] = best
        for patient, dice in scores["test", best].items():
            one["dice"].setdefault(patient, []).append(dice)
    return {rung: one | {"dice": {k: float(np.mean(v)) for k, v in one["dice"].items()}} for rung, one in found.items()}


def ensembles(options, table):
    """Means of several networks, on the folds that all of them have: name -> way -> patient -> Dice."""
    dataset, native = (lgg.load(options.root, size=size) for size in (options.size, None))
    together = {"g, all seeds": ["g"], "f and g": ["f", "g"], "g and h": ["g", "h"], "f, g and h": ["f", "g", "h"]}
    result = {}
    for name, rungs in together.items():
        found = {way: {} for way in ("flips", "flips_clean", "native_flips", "native_flips_clean")}
        for _, lines in table[table.rung.isin(rungs)].groupby("fold"):
            paths = [answers_of(options, line) for line in lines.itertuples()]
            if len(paths) < 2 or {*rungs} != {*lines.rung} or not all(path.exists() for path in paths):
                continue
            stored = [np.load(path) for path in paths]
            mean = np.mean([one["test"] / np.float32(255) for one in stored], axis=0)
            scores = score(dataset, native, stored[0]["test_at"], mean, mean)
            for way in found:
                found[way] |= scores[way]
        if found["flips"]:
            result[name] = found
    return result


def line_of(name, folds, dice):
    """One line of the table: mean, median, zeros and the worst five of patient -> Dice."""
    values = pd.Series(dice).sort_values()
    worst = ", ".join(f"{patient.removeprefix('TCGA_')} {value:.2f}" for patient, value in values.head(5).items())
    return f"| {name} | {folds} | {len(values)} | {values.mean():.3f} | {values.median():.3f} | {worst} |"


def show(table, others, members, way):
    """Print rungs, baselines, ensembles and published figures, and what each rung adds."""
    print(f"\nVolume Dice of test patients, {way.replace('_', ' and ')}\n")
    print("| | folds | patients | mean | median | worst five |\n|---|---|---|---|---|---|")
    for name, dice in others.items():
        print(line_of(name, FOLDS, dice))
    for rung, some in table.groupby("rung"):
        dice = by_patient(some, way).groupby("patient").dice.mean()
        print(line_of(f"{rung}: {WHAT[rung]}", some.fold.nunique(), dice))
    for name, found in members.items():
        if found.get(way):
            print(line_of(f"mean of {name}", "", found[way]))
    for name, mean, median in PUBLISHED:
        print(f"| {name} | | 110 | {mean:.3f} | {'' if median is None else format(median, '.3f')} | |")


def gains(table, way):
    """Each trained rung against the one before it, patient by patient, on the folds that both have: list of dicts."""
    lines = by_patient(table, way).groupby(["rung", "fold", "patient"], as_index=False).dice.mean()
    found = []
    climbed = [rung for rung in RUNGS if rung in set(table.rung)]
    for first, second in zip(climbed[:-1], climbed[1:], strict=True):
        both = set(lines.fold[lines.rung == first]) & set(lines.fold[lines.rung == second])
        if both:
            some = lines[lines.fold.isin(both)]
            gain = studies.difference(some, "dice", "rung", first, second, pair="patient", nothing=0)
            found.append({"rung": second, "against": first, "folds": len(both)} | gain)
    return found


def afterwards(table):
    """What mirroring and cleaning add to the same networks, patient by patient: list of dicts."""
    found = []
    for first, second in (("plain", "flips"), ("flips", "flips_clean"), ("native_flips", "native_flips_clean")):
        for rung, some in table.groupby("rung"):
            two = pd.concat([by_patient(some, way).assign(way=way) for way in (first, second)])
            two = two.groupby(["way", "patient"], as_index=False).dice.mean()
            gain = studies.difference(two, "dice", "way", first, second, pair="patient", nothing=0)
            found.append({"rung": rung, "way": second, "against": first} | gain)
    return found


def report(options, table):
    """Print the tables of what is finished; return them for the record."""
    others, members = baselines(options), ensembles(options, table)
    chosen = at_chosen_threshold(options, table)
    print("\nVolume Dice of test patients, flips and clean, threshold chosen on each fold's validation patients\n")
    print("| | folds | patients | mean | median | worst five |\n|---|---|---|---|---|---|")
    for rung, one in chosen.items():
        print(line_of(f"{rung}: {WHAT[rung]}", len(one["threshold"]), one["dice"]))
    for way in ("plain", "flips_clean", "native_flips_clean"):
        show(table, others, members, way)
    compared = {way: gains(table, way) for way in ("plain", "flips_clean")}
    print("\nwhat a rung adds, plain, patient by patient:")
    for one in compared["plain"]:
        span = f"{one['mean']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})"
        print(f"{one['rung']} against {one['against']}, {one['folds']} folds: {span}, {one['verdict']}")
    print("\nwhat comes after training:")
    after = afterwards(table)
    for one in after:
        span = f"{one['mean']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})"
        print(f"{one['rung']}, {one['way']} against {one['against']}: {span}, {one['verdict']}")
    print(f"\n{table.minutes.sum():.0f} minutes of training, {table.images_per_second.mean():.0f} images a second each")
    return {
        "baselines": others,
        "ensembles": members,
        "at_chosen_threshold": chosen,
        "gains": compared,
        "afterwards": after,
    }


def finished(options, settings):
    """The table of the trainings that are stored, without starting any."""
    rows = []
    for one in settings:
        path = studies._path(options.folder, one, protocol_of(options))
        result = studies._stored(path)
        rows += [] if result is None else [{**one, **result}]
    return pd.DataFrame(rows)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", nargs="+", default=["d", "f", "e", "c", "b", "a", "g"], metavar="RUNG[:FOLDS[:SEED]]")
    parser.add_argument("--folder", required=True, help="keep the JSON of each finished training here")
    parser.add_argument(
        "--answers", default="benchmarks/ladder_answers", help="probabilities of each finished training"
    )
    parser.add_argument("--keep", required=True, help="weights and checkpoints, outside the repository")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time, one thread each")
    parser.add_argument("--record", help="write the tables here (JSON)")
    parser.add_argument("--only-report", action="store_true", help="train nothing")
    parser.add_argument("--source", choices=("real", "phantom"), default="real")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--filters", type=int, default=16)
    parser.add_argument("--depth", type=int, default=5)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--every", type=int, default=1, help="only every so many slices, to try the script")
    return parser.parse_args()


def main():
    options = parse()
    dataset = lgg.load(source=options.source, size=options.size)
    options.root, options.content_hash = str(dataset.root), dataset.content_hash
    Path(options.keep).mkdir(parents=True, exist_ok=True)
    settings = trainings(options.work)
    if not options.only_report:
        for scaling, slices in sorted({(one["scaling"], one["slices"]) for one in settings}):
            inputs(dataset, options.keep, scaling, slices)  # before the processes that share them
        studies.sweep(
            functools.partial(train_and_score, options),
            settings,
            protocol=protocol_of(options),
            folder=options.folder,
            label="ladder",
            n_jobs=options.jobs,
        )
    table = finished(options, settings)
    if table.empty:
        raise SystemExit("No training is finished yet.")
    found = report(options, table)
    if options.record:
        record = {
            "protocol": protocol_of(options),
            "machine": hardware.machine(),
            "published": PUBLISHED,
            "patients": about_patients(options),
            "rows": table.to_dict("records"),
            **found,
        }
        Path(options.record).write_text(json.dumps(record, indent=1, default=float) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
