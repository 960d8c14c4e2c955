"""The table of results in README.md: `python -m unet_course.publishing.readme` writes it anew from the records."""

import re

import numpy as np
import pandas as pd

from .. import paths, reports, results

MARKS = "<!-- from the records -->", "<!-- end -->"
COLUMNS = ("case study", "the report", "published", "ours, Keras / PyTorch", "no network", "tested on", "minutes")


def table():
    """Each case study in one line, in Markdown: what was reported, what was published, and what our records hold.

    Returns
    -------
    str
        Every number of a report is read from `book/reports`, every number of ours from `book/results` or `benchmarks`.
    """
    lines = [_tumours(), _brats(), _nuclei(), _encoders(), _knobs(), _ladder()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (COLUMNS, ["---"] * len(COLUMNS), *lines))


def filled(text):
    """README.md with the table of today's records between the marks."""
    start, end = MARKS
    return re.sub(f"{start}.*?{end}", lambda _: f"{start}\n{table()}\n{end}", text, flags=re.DOTALL)


def _both(chapter):
    """The records of a chapter in both frameworks."""
    return [results.best(chapter, framework) for framework in ("keras", "torch")]


def _pair(records, find, setting="epochs", unit="epochs"):
    """What was found in both frameworks, and a setting: after each where the two runs had another one."""
    values = [f"{find(record['metrics']):.2f}" for record in records]
    told = [f"{record['protocol'][setting] or 'all'} {unit}" for record in records]
    if len(set(told)) == 1:
        return f"{' / '.join(values)}, {told[0]}"
    return " / ".join(f"{value} ({how})" for value, how in zip(values, told, strict=True))


def _minutes(records):
    return " + ".join(f"{record['minutes']:.0f}" for record in records)


def _tumours():
    records = _both("01_brain_tumour_classification")
    nearest = records[0]["metrics"]["nearest_neighbour_in_what_we_train_on"]["unseen"]
    n = sum(records[0]["metrics"]["test_pictures"][part] for part in ("copied", "new"))

    def unseen(final):
        return np.mean([run["unseen"] for run in final["networks"] if run["network"] == "flatten"])

    return (
        "1. Brain tumours, one word for each image",
        f"test accuracy {reports.read(1)['in_words']['test_accuracy']:.2f}, of what is not shown",
        "accuracy 0.96, copies on both sides (VGG19)",
        f"accuracy on images without a copy in training, mean over runs {_pair(records, unseen)}",
        f"nearest neighbour {nearest:.2f}",
        f"{n} images",
        _minutes(records),
    )


def _brats():
    records = _both("02_brats")
    return (
        "2. Brain tumours in four modalities",
        "no numbers",
        "Dice WT 0.89, TC 0.85, ET 0.82 (nnU-Net)",
        f"**synthetic patients**: Dice WT {_pair(records, lambda m: m['dice']['WT'])}",
        "mark nothing: Dice 0 for WT",
        "synthetic patients",
        _minutes(records),
    )


def _nuclei():
    records = _both("03_nuclei")
    counts = pd.Series(records[0]["metrics"]["test_images_by_type"])
    otsu = (pd.Series(records[0]["metrics"]["otsu_dice_by_type"]) * counts).sum() / counts.sum()
    return (
        "3. Nuclei",
        "no numbers",
        "IoU 0.84, validation images (U-Net, 96 px)",
        f"Dice {_pair(records, lambda m: m['dice'])}; IoU {_pair(records, lambda m: m['iou'])}",
        f"Otsu: Dice {otsu:.2f}",
        f"{counts.sum()} images",
        _minutes(records),
    )


def _encoders():
    records = _both("04_lgg_encoders")

    def plain(final):
        runs = [run for run in final["runs"] if (run["model"], run["division"]) == ("plain", "by patient")]
        return np.mean([run["dice_volume"] for run in runs])

    return (
        "4. LGG, four encoders",
        f"IoU {reports.read(4)['figure_11']['resnet50']['iou']:.2f} by slice (ResNet50)",
        "Dice of volumes 0.82 (U-Net)",
        f"Dice of volumes, plain U-Net {_pair(records, plain, 'train_slices', 'slices')}",
        "copy the neighbour, by patient: 0",
        "patients apart",
        _minutes(records),
    )


def _knobs():
    records = _both("05_lgg_batchnorm")
    losses = reports.read(5)["table_3"]
    lowest, highest = losses[0.1][64]["validation"], losses[0.0001][64]["validation"]

    def best(final):
        rates = pd.DataFrame([run for run in final["runs"] if run["study"] == "rates"])
        return rates[rates.batch_norm & (rates.rate == 0.01)].volumes.mean()

    return (
        "5. LGG, batch norm, rate, batch",
        f"validation loss {lowest:.2f} to {highest:.2f}",
        "Dice of volumes 0.82 (U-Net)",
        f"Dice of volumes, rate 0.01 {_pair(records, best, 'train_slices', 'slices')}",
        "mark nothing: 0",
        "patients apart",
        _minutes(records),
    )


def _ladder():
    record = results.read_benchmark("ladder")
    rows = pd.DataFrame(record["rows"])
    whole = [rung for rung, some in rows.groupby("rung") if some.fold.nunique() == record["protocol"]["folds"]]
    rows = rows[rows.rung == whole[-1]]
    dice = pd.Series({patient: value for row in rows.test for patient, value in row["flips_clean"].items()})
    bright = np.mean(list(record["baselines"]["bright FLAIR, largest component"].values()))
    return (
        "LGG, all patients, five folds",
        "",
        "Dice of volumes: mean 0.82, median 0.85 (U-Net); two readers 0.84",
        f"PyTorch: mean {dice.mean():.2f}, median {dice.median():.2f}",
        f"bright on FLAIR: {bright:.2f}",
        f"{len(dice)} patients",
        f"{rows.minutes.sum():.0f}",
    )


if __name__ == "__main__":
    path = paths.repo_root() / "README.md"
    paths.write_whole(path, filled(path.read_text(encoding="utf-8")))
