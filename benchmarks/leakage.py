"""What dividing slices instead of patients gives away, on the LGG set: `python benchmarks/leakage.py`.

Splits as the case study did (10 % test, a fifth of the rest validation), five seeds. "Copy" predicts a slice by the
mask of the nearest training slice of the same patient; Dice is per slice, empty on empty counts 1.
"""

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from unet_course import metrics, results
from unet_course.datasets import leakage, lgg, splits

SEEDS = range(5)


def measure(dataset, group, seed):
    """One line of the table: leaks and baselines of one split."""
    parts = splits.split(dataset.index, test=0.1, group=group, seed=seed)
    test, tumour = parts["test"], dataset.index.has_tumour.to_numpy()[parts["test"]]
    truth = dataset.masks[test]
    copied = metrics.dice(truth, leakage.copy_neighbour(dataset, parts["train"], test), empty=1)
    nothing = metrics.dice(truth, np.zeros_like(truth), empty=1)
    return {
        "split": "by patient" if group else "by slice",
        "seed": seed,
        **leakage.leakage_report(dataset.index, parts).loc["test"].to_dict(),
        "copy, all slices": copied.mean(),
        "copy, slices with tumour": copied[tumour].mean(),
        "nothing, all slices": nothing.mean(),
    }


def main():
    dataset = lgg.load(source="real")
    rows = [measure(dataset, group, seed) for group in (None, "group") for seed in tqdm(SEEDS)]
    table = pd.DataFrame(rows)
    print(f"{len(dataset)} slices of {dataset.index['group'].nunique()} patients, content {dataset.content_hash[:16]}")
    print(table.drop(columns="seed").groupby("split").agg(["mean", "std"]).round(3).T.to_string())
    record = {"slices": len(dataset), "content_hash": dataset.content_hash, "rows": rows}
    results.write_benchmark("leakage", record)


if __name__ == "__main__":
    main()
