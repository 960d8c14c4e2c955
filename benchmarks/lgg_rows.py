"""The twelve rows of the fifth report, trained again on its own protocol: `python benchmarks/lgg_rows.py`.

Ten patients, drawn by seed 42, are for validation; the other hundred teach. First and last slice of each patient are
dropped, the rest is cropped to voxels above a tenth of the brightest and padded to a square. An epoch draws as many
slices as there are: a patient at random, then a slice of it, large tumours more often; scaled by 5 %, turned by 15
degrees, mirrored. The loss is 1 - Dice over a whole batch with a smoothing of 1, the optimizer Adam at a constant rate,
and what counts is the last epoch. Validation batches follow each other in order, and a short last one counts in full.

Two loaders. `reseeded` is the published one: its workers start with the same seed in every epoch, so the network sees
the same third of the slices, augmented once. `fresh` draws and augments anew. And two networks: with batch norm, as
the published class has it under both names, and truly without.

What differs: 64 pixels instead of 224, 8 filters instead of 32, each patient's channels to between -2 and 6 standard
deviations and then to bytes, and the batches of the repeated third come in a new order each epoch. Each row is stored
as it is finished and goes on from its last epoch after a kill:

    python benchmarks/lgg_rows.py --folder book/results/studies/lgg_rows/torch --keep ~/rows --tables 3 2 1

No choice is made on the ten patients, so the Dice of their volumes is a test of the last epoch's network.
"""

import argparse
import functools
import json
import os
import random
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait for work would take it from the others

import numpy as np
import pandas as pd
from batch_ruler import BATCHES, in_batches
from ladder import volume_dice
from skimage.transform import resize
from tqdm.auto import tqdm

from unet_course import reports, results, studies
from unet_course.augmentation import Augmentation, augment
from unet_course.datasets import lgg

GENTLE = Augmentation.only(rotation=15, zoom=0.05, flip="horizontal")
RATES = (0.1, 0.01, 0.0001)


def rows_of(tables, loaders, seeds):
    """Settings of every training: the report's tables 1 to 3 with each loader."""
    rows = {
        1: [{"batch_norm": False, "rate": rate, "batch": 16, "epochs": 100} for rate in RATES],
        2: [{"batch_norm": True, "rate": rate, "batch": 16, "epochs": 100} for rate in RATES],
        3: [
            {"batch_norm": True, "rate": rate, "batch": batch, "epochs": 30}
            for rate in (0.0001, 0.1)
            for batch in BATCHES
        ],
    }
    chosen = [(table, loader, seed) for seed in seeds for loader in loaders for table in tables]
    return [
        {"table": table, "loader": loader, "seed": seed, **row} for table, loader, seed in chosen for row in rows[table]
    ]


def patient(dataset, at, size):
    """Slices of one patient as the network sees them (uint8), and their masks."""
    inner = at[1:-1]
    images, masks = np.asarray(dataset.images[inner], np.float32), np.asarray(dataset.masks[inner])
    bright = (images >= 0.1 * images.max()).any(axis=-1)
    occupied = [np.flatnonzero(bright.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    z, y, x = (slice(found.min(), found.max() + 1) for found in occupied)
    images, masks = images[z, y, x], masks[z, y, x]
    missing = [(n // 2, n - n // 2) for n in max(masks.shape[1:]) - np.array(masks.shape[1:])]
    images = np.pad(images, ((0, 0), *missing, (0, 0)))
    masks = np.pad(masks, ((0, 0), *missing))
    images = np.stack([resize(image, (size, size), order=1, anti_aliasing=True) for image in images])
    masks = np.stack([resize(mask, (size, size), order=0, anti_aliasing=False) for mask in masks.astype(float)])
    z_scores = (images - images.mean(axis=(0, 1, 2))) / np.maximum(images.std(axis=(0, 1, 2)), 1e-6)
    return np.rint(255 * (z_scores.clip(-2, 6) + 2) / 8).astype(np.uint8), (masks > 0.5).astype(np.uint8)


def prepared(options):
    """Training and validation slices with the patient of each; read once, then from --keep."""
    dataset = lgg.load(options.root)
    path = options.keep / f"rows-{options.size}-{dataset.content_hash[:8]}.npz"
    if not path.exists():
        groups = dataset.index["group"].to_numpy()
        names = sorted(set(groups))
        both = [patient(dataset, np.flatnonzero(groups == name), options.size) for name in tqdm(names, desc="patients")]
        images, masks = (np.concatenate(arrays) for arrays in zip(*both, strict=True))
        part = path.with_suffix(f".{os.getpid()}.npz")
        np.savez(part, images=images, masks=masks, groups=np.repeat(names, [len(one[1]) for one in both]))
        part.replace(path)
    with np.load(path) as stored:
        images, masks, groups = (stored[name] for name in ("images", "masks", "groups"))
    stated = reports.read(5)
    held_out = random.Random(stated["seed"]).sample(sorted(set(groups)), stated["patients"]["validation"])
    watched = np.concatenate([np.flatnonzero(groups == name) for name in held_out])
    train = np.flatnonzero(~np.isin(groups, held_out))
    return (images[train], masks[train], groups[train]), (images[watched], masks[watched], groups[watched])


def draws_of(masks, groups):
    """How often each slice is drawn: every patient as often, of its slices those with more tumour."""
    area = pd.Series(masks.sum(axis=(1, 2), dtype=float))
    own = area.groupby(groups)
    return ((area + 0.1 * own.transform("mean")) / (1.1 * own.transform("sum")) / own.ngroups).to_numpy()


def validation_losses(answers, truth):
    """The report's validation loss of the same answers under each batch size."""
    return {str(size): round(in_batches(answers, truth, size), 4) for size in BATCHES}


def train_one(options, *, table, loader, seed, batch_norm, rate, batch, epochs):
    if options.framework == "keras":
        from unet_course import keras as uc
    else:
        from unet_course import torch as uc
    (images, masks, groups), (seen_by_none, truth, patients) = prepared(options)
    weights, how = draws_of(masks, groups), {"augment": GENTLE}
    if loader == "reseeded":
        rng = np.random.default_rng(42)
        drawn = rng.choice(len(images), len(images), p=weights)
        parameters = GENTLE.sample(rng, len(drawn), *masks.shape[1:])
        moved, masks = augment(images[drawn].astype(np.float32) / 255, masks[drawn].astype(np.int32), parameters)
        images, weights, how = np.rint(255 * moved).astype(np.uint8), None, {}
    uc.set_seed(seed)
    model = uc.unet(3, 1, base_filters=options.filters, depth=5, batch_norm=batch_norm)
    name = f"{options.framework}-{table}-{loader}-{seed}-{rate:g}-{batch}"
    try:
        history = uc.fit(
            model,
            (images, masks),
            (seen_by_none, truth),
            loss=functools.partial(uc.dice_loss, reduction="batch"),
            learning_rate=rate,
            epochs=epochs if options.epochs is None else options.epochs,
            batch_size=batch,
            metrics=("dice",),
            sampling_weights=weights,
            precision="auto",
            checkpoint_dir=options.keep / "checkpoints" / name,
            seed=seed,
            **how,
        )
    except FloatingPointError as error:
        return {"outcome": "not a number", "why": str(error)[:200]}
    answers = uc.predict(model, seen_by_none, batch_size=64, precision="auto")
    found = answers > 0.5
    lines = history.frame()
    return {
        "outcome": "nothing" if found.mean() < 0.001 else "everything" if found.mean() > 0.9 else "learned",
        "training": round(float(lines.loss.iloc[-1]), 4),
        "validation": validation_losses(answers, truth),
        "volumes": volume_dice(truth, found, patients),
        "updates": len(lines) * -(-len(images) // batch),
        **{column: lines[column].round(4).tolist() for column in ("loss", "val_loss", "val_dice")},
        "minutes": round(float(lines.seconds.sum()) / 60, 1),
        "images_per_second": round(len(images) * len(lines) / float(lines.seconds.sum()), 1),
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
        **uc.describe_device(),
    }


def without_network(options):
    """What answers that learn nothing cost under each batch size, and their volume Dice."""
    _, (_, truth, patients) = prepared(options)
    same = np.r_[False, patients[1:] == patients[:-1]]
    before = np.roll(truth, 1, axis=0) * same[:, None, None]
    answers = {"nothing": 0 * truth, "the slice before": before}
    return {
        name: {
            "validation": validation_losses(answer, truth),
            "volumes": float(np.mean(list(volume_dice(truth, answer, patients).values()))),
        }
        for name, answer in answers.items()
    }


def stated(row):
    """What the report prints for a row."""
    tables = reports.read(5)[f"table_{row.table}"]
    return tables[row.rate][row.batch] if row.table == 3 else tables[row.rate]


def show(table):
    """Every row beside its row."""
    lines = [
        {
            "table": row.table,
            "rate": row.rate,
            "batch": row.batch,
            "loader": row.loader,
            "seed": row.seed,
            "report": f"{stated(row)['training']:.3f} / {stated(row)['validation']:.3f}",
            "ours": row.outcome
            if row.outcome == "not a number"
            else f"{row.training:.3f} / {row.validation[str(row.batch)]:.3f}",
            "volumes": np.mean(list(row.volumes.values())) if isinstance(row.volumes, dict) else np.nan,
            "minutes": row.minutes,
        }
        for row in table.itertuples()
    ]
    print(pd.DataFrame(lines).round(3).to_string(index=False))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", required=True, type=Path, help="keep the JSON of each finished training here")
    parser.add_argument("--keep", required=True, type=Path, help="prepared slices and checkpoints")
    parser.add_argument("--root", help="folder of the LGG set; default: where the course finds it")
    parser.add_argument("--framework", default="torch", choices=["torch", "keras"])
    parser.add_argument("--tables", type=int, nargs="+", default=[3, 2, 1])
    parser.add_argument("--loaders", nargs="+", default=["reseeded", "fresh"], choices=["reseeded", "fresh"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--filters", type=int, default=8)
    parser.add_argument("--epochs", type=int, help="fewer, to try this script")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time, one thread each")
    parser.add_argument("--record", action="store_true", help="write benchmarks/records/lgg_rows.json")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    prepared(options)  # before the processes that share it
    dataset = lgg.load(options.root)
    protocol = {"content_hash": dataset.content_hash, "size": options.size, "filters": options.filters, "depth": 5}
    if options.epochs is not None:
        protocol["epochs"] = options.epochs
    table = studies.sweep(
        functools.partial(train_one, options),
        rows_of(options.tables, options.loaders, options.seeds),
        protocol=protocol,
        folder=options.folder,
        label="rows",
        n_jobs=options.jobs,
    )
    show(table)
    bare = without_network(options)
    print(json.dumps(bare, indent=1))
    if options.record:
        rows = json.loads(table.to_json(orient="records"))
        results.write_benchmark("lgg_rows", {"protocol": protocol, "without_network": bare, "rows": rows})


if __name__ == "__main__":
    main()
