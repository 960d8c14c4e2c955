"""What Dice says when its sums run over the wrong axis, on the LGG set: `python benchmarks/pixel_dice.py`.

Three answers without a network: "nothing", "everything", and "the slice before" (the mask of the same patient's slice
before; the first slice is left empty). Each is scored by several recipes that all go by the name of Dice. "pixel" is
what Keras code gives when it sums over the last axis of (N, H, W, 1) with a smoothing constant of 1: one Dice for each
pixel, then the mean of these.
"""

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from unet_course import metrics, results
from unet_course.datasets import lgg

AT_ONCE = 128  # slices


def before(index):
    """For each slice, the position of the same patient's slice before; -1 for the first."""
    order = index.sort_values(["group", "slice"])
    previous = pd.Series(order.index, order.index).groupby(order["group"]).shift(1, fill_value=-1)
    return previous.sort_index().to_numpy()


def answers(dataset):
    """For each chunk of slices: the truth, and what each answer without a network marks."""
    previous = before(dataset.index)
    for start in range(0, len(dataset), AT_ONCE):
        truth = dataset.masks[start : start + AT_ONCE]
        copied = dataset.masks[previous[start : start + AT_ONCE]]
        copied[previous[start : start + AT_ONCE] < 0] = 0
        everything = np.ones_like(truth)
        yield truth, {"nothing": np.zeros_like(truth), "everything": everything, "the slice before": copied}


def smoothed(truth, guess, axis, constant=1):
    """The much-copied recipe: `constant` above and below, sums over `axis`, then the mean."""
    truth, guess = truth[..., None].astype("float32"), guess[..., None].astype("float32")
    shared = (truth * guess).sum(axis=axis)
    return ((2 * shared + constant) / (truth.sum(axis=axis) + guess.sum(axis=axis) + constant)).mean()


def recipes(counts):
    """Scores that follow from the counts (tp, fp, fn, tn) of each slice."""
    total = counts.sum(axis=0)
    background = total[[3, 2, 1, 0]]
    dice = float(metrics.score("dice", total, empty=0))
    of_background = float(metrics.score("dice", background, empty=0))
    return {
        "accuracy": float((total[0] + total[3]) / total.sum()),
        "tumour, all pixels": dice,
        "IoU, all pixels": float(metrics.score("iou", total, empty=0)),
        "background, all pixels": of_background,
        "mean of both classes": (dice + of_background) / 2,
    }


def measure(dataset):
    """One line of the table for each answer."""
    counts, means = {}, {}
    for truth, guesses in tqdm(answers(dataset), total=-(-len(dataset) // AT_ONCE)):
        for name, guess in guesses.items():
            counts.setdefault(name, []).append(metrics.confusion(truth, guess))
            pair = [smoothed(truth, guess, axis) for axis in ((1, 2, 3), -1)]
            means.setdefault(name, []).append([*pair, len(truth)])
    rows = []
    for name in counts:
        *found, sizes = np.transpose(means[name])
        by_slice, by_pixel = (float(np.average(each, weights=sizes)) for each in found)
        scores = recipes(np.concatenate(counts[name]))
        rows.append({"answer": name, **scores, "each slice, smoothing 1": by_slice, "pixel": by_pixel})
    return rows


def main():
    dataset = lgg.load(source="real")
    rows = measure(dataset)
    print(f"{len(dataset)} slices, content {dataset.content_hash[:16]}")
    print(pd.DataFrame(rows).set_index("answer").T.round(5).to_string())
    share = 1 - next(row["accuracy"] for row in rows if row["answer"] == "nothing")
    record = {"slices": len(dataset), "content_hash": dataset.content_hash, "tumour_share": share, "rows": rows}
    results.write_benchmark("pixel_dice", record)


if __name__ == "__main__":
    main()
