"""Are the phantoms like the real sets, and about as hard? `python benchmarks/phantoms.py [KEY ...]`.

Measures each real set that is on this machine and a phantom written for the purpose, and prints the 10th, 50th and 90th
percentile of each statistic side by side. Where a real set is not here, or only a smaller part of it, the recorded
figures stand; so do those of sets that are not named.
"""

import importlib
import json
import os
import sys
import tempfile
from pathlib import Path

import phantom_statistics as statistics

from unet_course import paths, results
from unet_course.datasets import brain_tumor, brats, lgg, nuclei
from unet_course.datasets.published import download

READERS = {"nuclei": nuclei, "lgg": lgg, "brats": brats, "brain_tumor": brain_tumor}
# Sizes of the real images; few enough to be drawn in some minutes.
PHANTOMS = {
    "nuclei": {"n_images": 335, "seed": 0},
    "lgg": {"n_patients": 24, "n_slices": 20, "size": 256, "seed": 0},
    "brats": {"n_cases": 8, "shape": (240, 240, 40), "seed": 0},
    "brain_tumor": {"n_images": 320, "size": 512, "seed": 0},
}
FEW = 10  # with fewer patients, the range of the real images is not known
RECORD = paths.benchmarks_root() / "phantoms.json"


def measure(dataset):
    """The record of one set: what it is, and its statistics by kind."""
    table = statistics.MEASURES[dataset.key](dataset)
    index = dataset.index
    return {
        "pictures": len(dataset),
        "groups": int(index["group"].nunique()),
        "heights": [int(index.height.min()), int(index.height.max())],
        "content_hash": dataset.content_hash,
        "statistics": statistics.summary(table),
    }


def real(key, recorded):
    """Measure the real set, or return what was recorded of more images."""
    if not (paths.data_root() / key).is_dir():
        return recorded
    dataset = READERS[key].load(source="real")
    if recorded and recorded["pictures"] > len(dataset):
        return recorded
    record = {"which": download.release(key, dataset.root) or "an excerpt", **measure(dataset)}
    return {**record, "few": record["groups"] < FEW}


def phantom(key):
    """Write a phantom into a folder of its own and measure it."""
    writer, arguments = importlib.import_module(f"unet_course.phantoms.{key}"), PHANTOMS[key]
    before = os.environ.get("UNET_COURSE_DATA")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["UNET_COURSE_DATA"] = folder  # the cache goes there too, and with it
        try:
            dataset = READERS[key].load(writer.write(Path(folder) / key, **arguments))
            return {"arguments": arguments, **measure(dataset)}
        finally:
            os.environ.pop("UNET_COURSE_DATA") if before is None else os.environ.update(UNET_COURSE_DATA=before)


def markdown(record):
    """The record as a Markdown table."""
    lines = ["| set | kind | statistic | real, p10 / p50 / p90 | phantom |", "|---" * 5 + "|"]
    for key, pair in record.items():
        for kind, measured in pair["phantom"]["statistics"].items():
            truth = pair["real"]["statistics"][kind]
            names = [name for name in measured if name != "n"]
            lines += [f"| {key} | {kind} | {n} | {_three(truth[n])} | {_three(measured[n])} |" for n in names]
    return "\n".join(lines)


def _three(values):
    return " / ".join(f"{value:.3g}" for value in values)


def main():
    record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    for key in sys.argv[1:] or PHANTOMS:
        record[key] = {"real": real(key, record.get(key, {}).get("real")), "phantom": phantom(key)}
        counts = [record[key][side]["pictures"] for side in ("real", "phantom")]
        print(f"{key}: {counts[0]} real images ({record[key]['real']['which']}) and {counts[1]} of the phantom")
    print(markdown(record))
    for key, pair in record.items():
        sides = (pair[side]["statistics"] for side in ("real", "phantom"))
        for sentence in statistics.outside(*sides, few=pair["real"]["few"]):
            print(f"OUTSIDE: {key}, {sentence}")
    results.write_benchmark("phantoms", record)


if __name__ == "__main__":
    main()
