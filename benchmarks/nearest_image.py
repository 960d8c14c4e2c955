"""What answers without a network score on the brain tumour images: `python benchmarks/nearest_image.py`.

The same division as in the chapter's laptop runs, which see images of 64 x 64: a fifth of Training held out, near
duplicates kept on one side. A constant answer names the largest class of the part that is scored. The nearest image is
that of the smallest root mean squared difference at 64 x 64 grey pixels, among those that a network would train on.
"""

import numpy as np
import pandas as pd
from PIL import Image

from unet_course import results
from unet_course.datasets import brain_tumor, duplicates, splits

SIDE, COPY = 64, 3  # pixels; grey levels of 255 below which two images count as copies


def thumbnail(image):
    grey = Image.fromarray(image).convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(grey, np.float32).ravel()


def distances(a, b):
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0) / a.shape[1])


def divide(training):
    """Images to learn from and to hold out, as positions in Training."""
    groups = duplicates.duplicate_groups(training, distance=4)
    index = training.index.assign(group=groups)
    held_out = splits.split(index, group="group", stratify="class", seed=0)["test"]
    return np.setdiff1d(np.arange(len(index)), held_out), held_out


def main():
    images = brain_tumor.load(source="real")
    is_test = (images.index.part == "Testing").to_numpy()
    names = images.index["class"].to_numpy()
    small = np.array([thumbnail(image) for image in images.images])
    kept, held = divide(brain_tumor.load(source="real", size=SIDE).take(np.flatnonzero(~is_test)))
    known = small[~is_test][kept], names[~is_test][kept]
    test = distances(small[is_test], known[0])
    seen = test.min(axis=1) < COPY
    right = known[1][test.argmin(axis=1)] == names[is_test]
    near = known[1][distances(small[~is_test][held], known[0]).argmin(axis=1)] == names[~is_test][held]
    parts = {"validation": (near, names[~is_test][held])}
    parts |= {name: (right[part], names[is_test][part]) for name, part in (("seen", seen), ("unseen", ~seen))}
    rows = {
        name: {
            "images": len(truth),
            "best constant": float(pd.Series(truth).value_counts().max() / len(truth)),
            "nearest neighbour": float(hits.mean()),
        }
        for name, (hits, truth) in parts.items()
    }
    print(pd.DataFrame(rows).T.round(3).to_string())
    record = {"images": len(images), "content_hash": images.content_hash, "parts": rows}
    results.write_benchmark("nearest_image", record)


if __name__ == "__main__":
    main()
