"""Are the phantoms like the real sets, and about as hard? `python benchmarks/phantoms.py`.

Measures each real set that is on this machine and a phantom written for the purpose, and prints the 10th, 50th and 90th
percentile of each statistic side by side. Where a real set is not here, the recorded figures stand.
"""

import json
import os
import tempfile
from pathlib import Path

from unet_course import paths
from unet_course.datasets import brain_tumor, brats, lgg, nuclei
from unet_course.phantoms import lgg as lgg_phantom
from unet_course.phantoms import nuclei as nuclei_phantom
from unet_course.phantoms import statistics

READERS = {"nuclei": nuclei, "lgg": lgg, "brats": brats, "brain_tumor": brain_tumor}
WRITERS = {
    "nuclei": (nuclei_phantom, {"n_images": 200, "seed": 0}),
    "lgg": (lgg_phantom, {"n_patients": 24, "n_slices": 20, "size": 256, "seed": 0}),
}
WHOLE = {"nuclei": 664, "lgg": 3929, "brats": 369, "brain_tumor": 3264}  # the mended release of nuclei
RECORD = Path(__file__).with_suffix(".json")


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
    """Measure the real set, or return what was recorded."""
    if not (paths.data_root() / key).is_dir():
        return recorded
    dataset = READERS[key].load(source="real")
    return {"which": "whole" if len(dataset) >= WHOLE[key] else "excerpt", **measure(dataset)}


def phantom(key):
    """Write a phantom into a folder of its own and measure it."""
    writer, arguments = WRITERS[key]
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
    lines = ["| set | kind | statistic | real, p10 / p50 / p90 | phantom | median inside |", "|---" * 6 + "|"]
    for key, pair in record.items():
        for kind, measured in pair["phantom"]["statistics"].items():
            truth = pair["real"]["statistics"][kind]
            for name in [name for name in measured if name != "n"]:
                inside = "yes" if truth[name][0] <= measured[name][1] <= truth[name][2] else "**no**"
                lines.append(
                    f"| {key} | {kind} | {name} | {_three(truth[name])} | {_three(measured[name])} | {inside} |"
                )
    return "\n".join(lines)


def _three(values):
    return " / ".join(f"{value:.3g}" for value in values)


def main():
    recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    record = {}
    for key in WRITERS:
        truth = real(key, recorded.get(key, {}).get("real"))
        record[key] = {"real": truth, "phantom": phantom(key)}
        counts = [record[key][side]["pictures"] for side in ("real", "phantom")]
        print(f"{key}: {truth['which']} real set, {counts[0]} pictures, and {counts[1]} of the phantom")
    print(markdown(record))
    RECORD.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
