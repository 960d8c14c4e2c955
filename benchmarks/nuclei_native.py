"""Nuclei at their own size, with a class for their edges: `python benchmarks/nuclei_native.py`.

The chapter shrinks every image to 128 by 128 pixels, as the report did; touching nuclei melt together and those of
tissue are a few pixels wide. Here the network learns from crops of 128 pixels out of the images as they are, and tells
three classes apart: background, the inside of a nucleus, and its edge. Inside and edge together are the mask; pieces of
inside are the seeds of a watershed, which gives the nuclei one by one. Images narrower than `NARROW` pixels, whose
nuclei are the smallest, are enlarged first: their edge is then half a pixel wide, and nuclei of all images are more
alike in size. What is found comes back to the image's own size before it is scored.

Beside it, on the same test images at their own size: Otsu's threshold, and the watershed on the distance to the
background of the same network's mask, so that what the edges bring is seen by itself. The split is that of the chapter
for the same seed. Thresholds are chosen on the validation images, one pair for images whose background is dark and one
for those whose background is bright, which anybody sees without a label. Writes
`benchmarks/records/nuclei_native.json`, a line a framework and seed, each added as it is finished.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import pandas as pd
from PIL import Image
from skimage import measure
from skimage.color import label2rgb
from skimage.transform import resize
from tqdm.auto import tqdm

from unet_course import metrics, postprocessing, preprocessing
from unet_course.augmentation import Augmentation
from unet_course.datasets import nuclei, splits
from unet_course.postprocessing import edges

AUGMENTATION = Augmentation(
    rotation=180, shift=0, zoom=0.3, elastic=0.02, flip="both", brightness=0.15, contrast=0.2, gamma=0.3, noise=0.02
)
RECORD = Path(__file__).parent / "records" / "nuclei_native.json"
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SEEDS_ABOVE = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
NARROW = 300
MIN_AREA = 15  # pixels of an image's own size; what is smaller is no nucleus


def stretched(image):
    """Full range of grey values, and whether the background is dark or bright."""
    image = preprocessing.rescale_percentiles(image[None], low=0.1, high=99.9)[0]
    return image, "bright" if np.median(image) > 127 else "dark"


def prepared(image):
    """Full range of grey values, nuclei bright: what the chapter does to its small images."""
    image, field = stretched(image)
    return 255 - image if field == "bright" else image


def field_of(image):
    return stretched(image)[1]


def enlarged(image, times):
    """A prepared image as the network sees it: so many times larger if it is narrow."""
    height, width = image.shape[:2]
    if times == 1 or min(height, width) >= NARROW:
        return image
    larger = resize(image, (times * height, times * width), order=1, preserve_range=True)
    return larger.round().astype(image.dtype)


def scale_between(seen, own):
    return len(seen) // len(own)


def crops_of(dataset, at, views, side, most, rng):
    """Crops of some images, and how often each is drawn: every image of a type as often, rare types more often."""
    of_type = dataset.index.image_type.iloc[at]
    weight_of = 1 / np.sqrt(of_type.map(of_type.value_counts()))
    images, classes, weights = [], [], []
    for i, weight in zip(tqdm(at, desc="crops", leave=False), weight_of, strict=True):
        image, truth = views[i], dataset.instances[i]
        times = scale_between(image, truth)
        truth = edges.classes(truth.repeat(times, axis=0).repeat(times, axis=1))
        height, width = truth.shape
        n = int(np.clip(round(height * width / side**2), 1, most))
        for _ in range(n):
            y, x = rng.integers(height - side + 1), rng.integers(width - side + 1)
            images.append(image[y : y + side, x : x + side])
            classes.append(truth[y : y + side, x : x + side])
            weights.append(weight / n)
    return np.stack(images), np.stack(classes), np.array(weights)


def scores_of(truth, found):
    return metrics.instance_average_precision(truth, found, empty="nan")


def choose_by_field(dataset, at, answers):
    """What `choose` finds on the validation images of each field: field -> name -> threshold."""
    fields = np.array([field_of(dataset.images[i]) for i in at])
    chosen = {}
    for field in np.unique(fields):
        of_field = np.flatnonzero(fields == field)
        chosen[str(field)] = choose(dataset, at[of_field], [answers[k] for k in of_field])
    return chosen


def choose(dataset, at, answers):
    """On validation images: the mask's threshold by mean Dice; that of the seeds, then of nuclei, by mean score."""
    pairs = [(dataset.instances[i], p) for i, p in zip(at, answers, strict=True)]
    foregrounds = [(t > 0, foreground_in(p, t)) for t, p in pairs]

    def dice(threshold):
        return np.mean([dice_of(mask, foreground > threshold) for mask, foreground in foregrounds])

    def score(threshold, seeds_above):
        tried = {"nuclei": threshold, "seeds_above": seeds_above}
        return np.nanmean([scores_of(t, nuclei_in(p, t, tried)) for t, p in pairs])

    mask = max(THRESHOLDS, key=dice)
    seeds_above = max(SEEDS_ABOVE, key=lambda value: score(mask, value))
    return {"mask": mask, "seeds_above": seeds_above, "nuclei": max(THRESHOLDS, key=lambda t: score(t, seeds_above))}


def foreground_in(answer, own):
    """Probability of a nucleus at the image's own size."""
    times = scale_between(answer, own)
    return 1 - measure.block_reduce(answer[..., 0], times, np.mean)


def nuclei_in(answer, own, chosen):
    """Nuclei one by one: told apart as the network sees them, then at the image's own size."""
    times = scale_between(answer, own)
    area = MIN_AREA * times**2
    found = edges.instances(answer, threshold=chosen["nuclei"], seeds_above=chosen["seeds_above"], min_area=area)
    return found[::times, ::times]


def dice_of(mask, found):
    return float(metrics.dice(mask[None], found[None], empty=1)[0])


def examine(dataset, at, answers, chosen):
    """Scores of all ways, by type: means over images."""
    lines = []
    for i, p in zip(tqdm(at, desc="test", leave=False), answers, strict=True):
        truth, kind = dataset.instances[i], dataset.index.image_type.iloc[i]
        of_field = chosen[field_of(dataset.images[i])]
        otsu = postprocessing.otsu_mask(dataset.images[i])
        foreground = foreground_in(p, truth)
        mask = foreground > of_field["mask"]
        found = {
            "Otsu, blobs": measure.label(otsu),
            "mask, blobs": measure.label(mask),
            "mask, watershed": postprocessing.instances(foreground, threshold=of_field["mask"]),
            "edges, watershed": nuclei_in(p, truth, of_field),
        }
        lines.append(
            {"type": kind, "Dice, Otsu": dice_of(truth > 0, otsu), "Dice": dice_of(truth > 0, mask)}
            | {name: scores_of(truth, labels) for name, labels in found.items()}
        )
    table = pd.DataFrame(lines)
    by_type = table.groupby("type").mean()
    by_type.loc["all"] = table.drop(columns="type").mean()
    return by_type.assign(images=[*table.groupby("type").size(), len(table)])


def picture(dataset, at, answers, chosen, path, side=400):
    """The crop of a test image where most nuclei touch: as it is, its mask in pieces, and nucleus by nucleus; PNG."""

    def found_in(i, p):
        of_field, truth = chosen[field_of(dataset.images[i])], dataset.instances[i]
        return measure.label(foreground_in(p, truth) > of_field["mask"]), nuclei_in(p, truth, of_field)

    def gained(i, p):
        pieces, found = found_in(i, p)
        truth = dataset.instances[i]
        score = scores_of(truth, found) - scores_of(truth, pieces)
        return score if min(truth.shape) >= 256 and truth.max() >= 15 else -1

    i, p = max(zip(at, answers, strict=True), key=lambda pair: gained(*pair))
    height, width = dataset.instances[i].shape
    edge = min(height, width, side)
    top, left = (height - edge) // 2, (width - edge) // 2
    cut = np.s_[top : top + edge, left : left + edge]
    pieces, found = found_in(i, p)
    image = prepared(dataset.images[i])[cut] / 255
    panels = [image, *(label2rgb(labels[cut], bg_label=0, bg_color=(0, 0, 0)) for labels in (pieces, found))]
    gap = np.ones((edge, 12, 3))
    sheet = np.concatenate([panels[0], gap, panels[1], gap, panels[2]], axis=1)
    scaled = Image.fromarray((255 * sheet).round().astype(np.uint8)).resize((1200, round(1200 * edge / sheet.shape[1])))
    scaled.quantize(200).save(path, optimize=True)
    print(path, dataset.index.id.iloc[i])


def run(uc, options, seed):
    dataset = nuclei.load(options.root)
    parts = splits.split(dataset.index, test=0.2, validation=0.2, stratify="image_type", seed=seed)
    train, watched, test = (at[:: options.every] for at in parts.values())
    rng = np.random.default_rng(seed)
    views = {i: enlarged(prepared(dataset.images[i]), options.enlarge) for i in (*train, *watched, *test)}
    images, classes, weights = crops_of(dataset, train, views, options.side, options.most, rng)
    few = crops_of(dataset, watched, views, options.side, 4, rng)[:2]
    uc.set_seed(seed)
    model = uc.unet(3, 3, base_filters=options.filters, depth=5)
    half = options.epochs * int(np.ceil(len(images) / options.batch)) // 2
    history = uc.fit(
        model,
        (images, classes),
        few,
        loss=uc.bce_dice_loss,
        learning_rate=options.rate,
        epochs=options.epochs,
        batch_size=options.batch,
        metrics=("accuracy", "dice"),
        callbacks=[uc.CyclicalLearningRate(options.rate / 50, options.rate, half_cycle=half)],
        augment=AUGMENTATION,
        sampling_weights=weights,
        precision="auto",
        checkpoint_dir=options.keep / f"{uc.__name__.split('.')[-1]}-{seed}" if options.keep else None,
        seed=seed,
    )
    started = time.perf_counter()
    answers = {
        name: [uc.predict(model, views[i][None], flips=True, precision="auto")[0] for i in tqdm(at)]
        for name, at in (("validation", watched), ("test", test))
    }
    chosen = choose_by_field(dataset, watched, answers["validation"])
    if options.picture:
        picture(dataset, test, answers["test"], chosen, options.picture)
    table = examine(dataset, test, answers["test"], chosen)
    print(table.round(3).to_string())
    seconds = history.frame().seconds.sum()
    return {
        "seed": seed,
        "chosen": chosen,
        "by_type": table.round(4).to_dict("index"),
        "crops": len(images),
        "minutes": round(seconds / 60, 1),
        "minutes_of_test": round((time.perf_counter() - started) / 60, 1),
        "images_per_second": round(len(images) * len(history) / seconds, 1),
        **{name: history.frame()[name].round(4).tolist() for name in ("loss", "val_loss", "val_dice")},
        **uc.describe_device(),
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
        "content_hash": dataset.content_hash,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", help="folder of the nuclei; default: where the course finds them")
    parser.add_argument("--framework", default="torch", choices=["torch", "keras"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--most", type=int, default=12, help="crops of one image at most")
    parser.add_argument("--enlarge", type=int, default=2, help=f"images narrower than {NARROW} pixels, so many times")
    parser.add_argument("--filters", type=int, default=16)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--every", type=int, default=1, help="take every so many images, to try this script")
    parser.add_argument("--keep", type=Path, help="folder for checkpoints: a killed run goes on from its last epoch")
    parser.add_argument("--picture", type=Path, help="draw one test image here (PNG)")
    parser.add_argument("--record", type=Path, default=RECORD)
    options = parser.parse_args()
    if options.framework == "keras":
        from unet_course import keras as uc
    else:
        from unet_course import torch as uc
    for seed in options.seeds:
        line = {"framework": options.framework} | run(uc, options, seed)
        record = json.loads(options.record.read_text(encoding="utf-8")) if options.record.exists() else {"runs": []}
        names = ("epochs", "side", "most", "enlarge", "filters", "batch", "rate", "every")
        shared = {name: getattr(options, name) for name in names}
        record["runs"].append(shared | line)
        options.record.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
