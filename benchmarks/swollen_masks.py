"""How much do nuclei swell when a resized mask is stored as true and false? `python benchmarks/swollen_masks.py`.

Resizing by interpolation gives shares between 0 and 1. Storing them as bool keeps every pixel that a nucleus touches;
cutting at one half keeps those that nuclei mostly cover. Both rules are applied to the same resized mask, all nuclei of
an image in one: a pixel of it is above 0 exactly where that of a single nucleus is. Scores are means over images.
The smoothing that comes before shrinking (anti-aliasing) is what scikit-image does of itself since version 0.15; the
figures without it show what the same call did before.
"""

import argparse
import importlib.metadata
import json

import pandas as pd
from skimage.measure import label
from skimage.transform import resize

from unet_course import metrics
from unet_course.datasets import nuclei

SCORES = (
    "full_size",
    "cut_at_half",
    "any_touch",
    "any_touch_without_smoothing",
    "dice",
    "accuracy",
    "dice_without_smoothing",
)
COUNTS = ("nuclei", "objects_cut_at_half", "objects_any_touch")


def shares(mask, size, smoothing=True):
    """The share of each small pixel that nuclei cover, as interpolation has it."""
    return resize(mask.astype(float), (size, size), mode="constant", anti_aliasing=smoothing)


def measure(mask, n_nuclei, size):
    """One image: shares of foreground, agreement of the two rules, objects that are left."""
    smooth, plain = shares(mask, size), shares(mask, size, smoothing=False)
    half, touch, plain_half, plain_touch = smooth > 0.5, smooth > 0, plain > 0.5, plain > 0
    counts = metrics.confusion(half[None], touch[None])
    return {
        "full_size": mask.mean(),
        "cut_at_half": half.mean(),
        "any_touch": touch.mean(),
        "any_touch_without_smoothing": plain_touch.mean(),
        "dice": metrics.score("dice", counts, empty=1)[0],
        "accuracy": metrics.score("accuracy", counts, empty=1)[0],
        "dice_without_smoothing": metrics.dice(plain_half[None], plain_touch[None], empty=1)[0],
        "nuclei": n_nuclei,
        "objects_cut_at_half": label(half).max(),
        "objects_any_touch": label(touch).max(),
    }


def summarise(table):
    """Means of the scores, sums of the counts, and the number of images."""
    means, sums = table[list(SCORES)].mean(), table[list(COUNTS)].sum()
    return {
        "pictures": len(table),
        **{name: round(float(value), 4) for name, value in means.items()},
        **{name: int(value) for name, value in sums.items()},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", choices=("real", "phantom"), default="real")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--record", help="write the figures here (JSON)")
    options = parser.parse_args()
    dataset = nuclei.load(source=options.source)
    index = dataset.index
    rows = [measure(*pair, options.size) for pair in zip(dataset.masks, index.n_instances, strict=True)]
    table = pd.DataFrame(rows, index=index.index)
    shapes = [f"{height} x {width}" for height, width in zip(index.height, index.width, strict=True)]
    groups = {"image_type": index.image_type, "shape": pd.Series(shapes, index=index.index)}
    summary = {"all": summarise(table)}
    for name, values in groups.items():
        summary[name] = {str(value): summarise(part) for value, part in table.groupby(values)}
    for name, lines in {"all": {"all images": summary["all"]}, **{k: summary[k] for k in groups}}.items():
        print(f"\n{name}")
        print(pd.DataFrame(lines).T.to_string())
    if options.record:
        record = {
            "size": options.size,
            "source": dataset.source,
            "content_hash": dataset.content_hash,
            "versions": {"scikit-image": importlib.metadata.version("scikit-image")},
            **summary,
        }
        with open(options.record, "w", encoding="utf-8") as file:
            file.write(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
