"""Does a network that has seen the slices next door find more of a tumour? `python benchmarks/neighbours.py`.

A split by slice and one by patient differ in more than the leak: other test slices, other patients, so the luck of the
draw lies on top. Here the test is the same. Of every test patient each second slice is scored, and two networks are
trained, equal in first weights, rate and number of slices:

- "strangers" sees slices of other patients only;
- "neighbours" sees the slices between the scored ones, too. As many slices of others are left out.

The plain U-Net of chapter 4 on the whole LGG set at 64 x 64: augmentation, Dice loss over the batch, Adam at a rate
that falls along a cosine, the epoch that validation patients like best. The five folds of `ladder.py` test every one
of the 110 patients once. "Copy" takes the mask of the slice before or after and needs no network.
Finished trainings are in --folder:

    python benchmarks/neighbours.py --folder book/results/studies/neighbours/torch --record
"""

import functools
import json
import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait for work would take it from the others

import numpy as np
import pandas as pd
from ladder import FOLDS, parts_of, volume_dice
from pretraining import GENTLE, learn, parser_of, rounded, taken

from unet_course import results, studies
from unet_course.datasets import leakage, lgg

SEEN = ("strangers", "neighbours")


def parts_seen(index, fold, seen):
    """Positions for training, validation and test: of every test patient each second slice is tested."""
    parts = parts_of(index, fold)
    held = index.iloc[parts["test"]]
    second = (held.groupby("group")["slice"].rank().to_numpy().astype(int) % 2).astype(bool)
    parts["test"], between = parts["test"][second], parts["test"][~second]
    if seen == "neighbours":
        kept = np.random.default_rng(fold).permutation(parts["train"])[len(between) :]
        parts["train"] = np.sort(np.r_[kept, between])
    return parts


def train_one(options, *, fold, seen):
    from unet_course import torch as uc

    dataset = lgg.load(options.root, size=options.size)
    parts = taken(dataset.images, dataset.masks, dataset.index, parts_seen(dataset.index, fold, seen))
    uc.set_seed(fold)
    model = uc.unet(3, 1, base_filters=16, depth=5)
    return learn(uc, model, parts, rate=1e-3, epochs=options.epochs, augment=GENTLE, seed=fold)


def copied(dataset):
    """Volume Dice of every patient's scored slices with the mask from next door."""
    groups, found = dataset.index["group"].to_numpy(), {}
    for fold in range(FOLDS):
        parts = parts_seen(dataset.index, fold, "neighbours")
        test = parts["test"]
        masks = leakage.copy_neighbour(dataset, parts["train"], test)
        found |= volume_dice(dataset.masks[test], masks, groups[test])
    return found


def patients_of(table, copies):
    """One line for each patient: Dice of the network that has seen the neighbours, of the other, and of the copy."""
    lines = {seen: {} for seen in SEEN}
    for seen, volumes in zip(table.seen, table.volumes, strict=True):
        lines[seen] |= volumes
    return pd.DataFrame({**lines, "copy": copies}).rename_axis("patient")


def summary(table, patients):
    """What the neighbours are worth: by fold, with its interval, and by patient."""
    gain = patients["neighbours"] - patients["strangers"]
    return {
        "mean": patients.mean().round(4).to_dict(),
        "median": patients.median().round(4).to_dict(),
        "below_0.1": (patients < 0.1).sum().to_dict(),
        "difference": rounded(studies.difference(table, "volume_dice", "seen", *SEEN, pair="fold", nothing=0)),
        "better_with_neighbours": int((gain > 0).sum()),
        "worse_with_neighbours": int((gain < 0).sum()),
    }


def main():
    parser = parser_of(__doc__, "neighbours")
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    dataset = lgg.load(options.root, size=options.size)
    protocol = {
        "content_hash": dataset.content_hash,
        "size": options.size,
        "base_filters": 16,
        "batch_size": 16,
        "epochs": options.epochs,
    }
    table = studies.sweep(
        functools.partial(train_one, options),
        {"fold": list(range(FOLDS)), "seen": list(SEEN)},
        protocol=protocol,
        folder=options.folder,
        label="neighbours",
        n_jobs=options.jobs,
    )
    patients = patients_of(table, copied(dataset))
    found = summary(table, patients)
    print(json.dumps(found, indent=1))
    if options.record:
        rows = json.loads(table.drop(columns="volumes").to_json(orient="records"))
        lines = json.loads(patients.reset_index().to_json(orient="records"))
        results.write_benchmark("neighbours", {"protocol": protocol, **found, "rows": rows, "patients": lines})


if __name__ == "__main__":
    main()
