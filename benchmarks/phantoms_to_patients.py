"""How far does a network get on patients that has seen only phantoms? `python benchmarks/phantoms_to_patients.py`.

The U-Net of the second case study, four modalities, 64 x 64, learns on 60 synthetic heads; the fifth of them that it
has not seen is the first test. The second are real patients: cases of the Medical Segmentation Decathlon (Task 1, CC
BY-SA 4.0, as the record is that shows a slice of each; `unet-course data brats`). In both frameworks, without and with
augmentation of shape and grey values. Beside it two thresholds, chosen on the phantoms, and finding nothing.

    python benchmarks/phantoms_to_patients.py --folder book/results/studies/phantoms_to_patients --record
"""

import argparse
import functools
import importlib
import json
import os
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait for work would take it from the others

import numpy as np
import pandas as pd
from ladder import STRONG, volume_dice

from unet_course import metrics, paths, results, studies
from unet_course.datasets import brats, splits
from unet_course.phantoms.brats import write

CASES = 60
LICENCE = "Medical Segmentation Decathlon, Antonelli et al. 2022, CC BY-SA 4.0"  # the record shows a slice of each
LABELS = np.array(brats.LABELS)
AUGMENTATIONS = {"none": False, "shape and grey values": STRONG}


@functools.cache
def sets(patients, size):
    """Slices of the phantoms and of the patients."""
    phantoms = write(paths.data_root() / "cache" / f"brats-phantoms-{CASES}", n_cases=CASES)
    return brats.load_slices(phantoms, size=size), brats.load_slices(patients, size=size)


def region_dice(dataset, at, found):
    """Dice of each region of each case: case -> region -> Dice; 1 where a region is empty and nothing was found."""
    cases, masks = dataset.index["group"].to_numpy()[at], dataset.masks[at]
    by_region = {
        region: volume_dice(np.isin(masks, labels), np.isin(found, labels), cases)
        for region, labels in brats.REGIONS.items()
    }
    return {case: {region: dice[case] for region, dice in by_region.items()} for case in np.unique(cases).tolist()}


def means_of(scores):
    return pd.DataFrame(scores).T.mean().round(4).to_dict()


def train_one(options, *, framework, augmentation, seed):
    uc = importlib.import_module(f"unet_course.{framework}")
    phantoms, patients = sets(options.patients, options.size)
    parts = splits.split(phantoms.index, seed=seed)
    useful = phantoms.index["has_tumour"].to_numpy() | (np.arange(len(phantoms)) % 3 == 0)  # as in the chapter
    classes = np.searchsorted(LABELS, phantoms.masks).astype(np.uint8)
    train = parts["train"][useful[parts["train"]]]
    seen, held_out = ((phantoms.images[at], classes[at]) for at in (train, parts["validation"]))
    uc.set_seed(seed)
    model = uc.unet(4, 4, base_filters=options.filters, depth=5)
    history = uc.fit(
        model, seen, held_out,
        loss=functools.partial(uc.dice_loss, reduction="batch"), learning_rate=options.rate, epochs=options.epochs,
        batch_size=options.batch, metrics=("dice",), callbacks=[uc.DwellLearningRate(0.5)],
        augment=AUGMENTATIONS[augmentation], precision="auto", seed=seed,
    )  # fmt: skip

    def answer(dataset, at):
        return LABELS[uc.predict(model, dataset.images[at], precision="auto").argmax(axis=-1)]

    everything = np.arange(len(patients))
    found = answer(patients, everything)
    scores = region_dice(patients, everything, found)
    drawn = {case: found[largest_slice(patients, case)].astype(np.uint8).tobytes().hex() for case in scores}
    lines = history.frame()
    return {
        "phantoms": means_of(region_dice(phantoms, parts["test"], answer(phantoms, parts["test"]))),
        "patients": scores,
        "pictures": drawn,
        "best_val_loss": round(float(lines.val_loss.min()), 4),
        "minutes": round(float(lines.seconds.sum()) / 60, 1),
        "images_per_second": round(len(train) * len(lines) / float(lines.seconds.sum()), 1),
        **uc.describe_device(),
    }


def largest_slice(dataset, case):
    """Position of the slice of a case that shows most tumour."""
    at = np.flatnonzero(dataset.index["group"] == case)
    return int(at[(dataset.masks[at] > 0).sum(axis=(1, 2)).argmax()])


def two_thresholds(options):
    """Bright on FLAIR is tumour, bright on T1ce inside it is enhancing; levels chosen on all phantoms."""
    phantoms, patients = sets(options.patients, options.size)

    def answer(dataset, flair, t1ce):
        grey = np.asarray(dataset.images)
        return np.where(grey[..., 0] > flair, np.where(grey[..., 2] > t1ce, 4, 2), 0)

    def dice(found, truth):
        return metrics.score("dice", metrics.confusion(truth, found).sum(axis=0), empty=1)

    levels, truth = range(100, 256, 5), np.asarray(phantoms.masks)
    flair = max(levels, key=lambda level: dice(answer(phantoms, level, 255) > 0, truth > 0))
    t1ce = max(levels, key=lambda level: dice(answer(phantoms, flair, level) == 4, truth == 4))
    everything = np.arange(len(patients))
    return {
        "two thresholds": region_dice(patients, everything, answer(patients, flair, t1ce)),
        "nothing": region_dice(patients, everything, np.zeros(patients.masks.shape, np.uint8)),
    }


def pictures(options, table):
    """Each patient's largest slice, hexadecimal bytes: FLAIR, T1ce, label, what each twin's first network found."""
    _, patients = sets(options.patients, options.size)
    first = table[(table.seed == table.seed.min()) & (table.augmentation == list(AUGMENTATIONS)[-1])]
    found_by = first.set_index("framework").pictures
    sheets = {}
    for case in found_by.iloc[0]:
        z = largest_slice(patients, case)
        image = patients.images[z]
        arrays = {"FLAIR": image[..., 0], "T1ce": image[..., 2], "truth": patients.masks[z]}
        drawn = {name: np.ascontiguousarray(array, np.uint8).tobytes().hex() for name, array in arrays.items()}
        sheets[case] = drawn | {framework: found[case] for framework, found in found_by.items()}
    return sheets


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", required=True, type=Path, help="keep the JSON of each finished training here")
    parser.add_argument("--patients", type=Path, default=paths.data_root() / "brats", help="folder of Decathlon cases")
    parser.add_argument("--frameworks", nargs="+", default=["torch", "keras"], choices=["torch", "keras"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--filters", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=0.003)
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time, one thread each")
    parser.add_argument("--record", action="store_true", help="write benchmarks/records/phantoms_to_patients.json")
    options = parser.parse_args()
    phantoms, patients = sets(options.patients, options.size)
    protocol = {"phantoms": phantoms.content_hash, "patients": patients.content_hash, "cases": CASES}
    protocol |= {name: getattr(options, name) for name in ("size", "filters", "epochs", "batch", "rate")}
    table = studies.sweep(
        functools.partial(train_one, options),
        {"seed": options.seeds, "augmentation": list(AUGMENTATIONS), "framework": options.frameworks},
        protocol=protocol,
        folder=options.folder,
        label="phantoms to patients",
        n_jobs=options.jobs,
    )
    baselines = two_thresholds(options)
    rows = json.loads(table.drop(columns="pictures").to_json(orient="records"))
    print(summary(rows, baselines).round(3).to_string())
    if options.record:
        facts = {"slices": len(patients), "licence": LICENCE}
        record = {"protocol": protocol, "patients": facts, "rows": rows, "baselines": baselines}
        record["pictures"] = pictures(options, table)
        results.write_benchmark("phantoms_to_patients", record)


def summary(rows, baselines):
    """Mean Dice of each region on unseen phantoms and on patients, by framework and augmentation."""
    scored = [(row["framework"], row["augmentation"], "phantoms", row["phantoms"]) for row in rows]
    scored += [(row["framework"], row["augmentation"], "patients", means_of(row["patients"])) for row in rows]
    scored += [(name, "", "patients", means_of(scores)) for name, scores in baselines.items()]
    lines = [(*where, region, dice) for *where, scores in scored for region, dice in scores.items()]
    table = pd.DataFrame(lines, columns=["network", "augmentation", "tested on", "region", "Dice"])
    return table.pivot_table("Dice", ["network", "augmentation"], ["tested on", "region"], sort=False)


if __name__ == "__main__":
    main()
