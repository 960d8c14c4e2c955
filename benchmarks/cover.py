"""The picture of the first page and of shared links, from real images: `python benchmarks/cover.py --nuclei DIR`.

Two pairs: nuclei under a fluorescence microscope, and a slice of a head with a lower-grade glioma; each as it is, and
with what a trained network marks in orange. On the slice, blue is what an expert drew. Nobody chose them by eye: of the
test images with fifteen nuclei or more, and of the ladder's patients, each is the one with the median Dice; of the
patient, the slice with the largest tumour. DIR is what `nuclei_native.py` kept of one training in PyTorch; the ladder's
answers are in the clone. Writes `book/_static/cover.png`, and which images these are to `records/cover.json`.
"""

import argparse
import json
from pathlib import Path

import ladder
import nuclei_native
import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image
from scipy import ndimage
from skimage.transform import resize
from tqdm.auto import tqdm

from unet_course import plotting, preprocessing
from unet_course import torch as uc
from unet_course.common import checkpoints
from unet_course.datasets import lgg, nuclei, splits
from unet_course.torch.checkpoints import set_weights

SIDE, GAP = 288, 16  # of a panel and between two, pixels
COLOURS = 255  # number 255 of the palette is seen through
ROOT = Path(__file__).parents[1]
RUNG = "g"


def field(kept, root):
    """Two panels of nuclei, and what they show."""
    dataset = nuclei.load(root)
    test = splits.split(dataset.index, test=0.2, validation=0.2, stratify="image_type", seed=0)["test"]
    wanted = dataset.index.image_type.eq("fluorescence").to_numpy()
    test = [i for i in test if wanted[i] and dataset.instances[i].max() >= 15 and min(dataset.masks[i].shape) < 400]
    state = checkpoints.read(kept)["model"]
    model = uc.unet(3, 3, base_filters=16, depth=5)
    set_weights(model, state)
    found = {i: uc.predict(model, nuclei_native.prepared(dataset.images[i])[None])[0] for i in tqdm(test, "nuclei")}
    masks = {i: 1 - p[..., 0] > 0.5 for i, p in found.items()}
    dice = {i: nuclei_native.dice_of(dataset.instances[i] > 0, mask) for i, mask in masks.items()}
    i = sorted(dice, key=dice.get)[len(dice) // 2]
    image = nuclei_native.prepared(dataset.images[i])
    middle = square_around(*(side // 2 for side in image.shape[:2]), 160)
    large, mask = enlarged(image[middle]), enlarged(masks[i][middle]) > 0.5
    about = {"image": dataset.index.id[i], "dice": round(dice[i], 4), "median_of_test_images": len(dice)}
    return [large, marked(large, mask, plotting.ORANGE)], about


def slice_of_a_head(root):
    """Two panels of the patient with the median volume Dice, and what they show."""
    dataset = lgg.load(root, size=128)
    patients, masks = dataset.index["group"].to_numpy(), np.asarray(dataset.masks)
    answers, dice = np.zeros(masks.shape, bool), {}
    for path in sorted((ROOT / "benchmarks" / "ladder_answers").glob(f"{RUNG}-*.npz")):
        stored = np.load(path)
        at = stored["test_at"]
        answers[at] = ladder.largest(stored["test"] > 127, patients[at])
        dice |= ladder.volume_dice(masks[at], answers[at], patients[at])
    patient = sorted(dice, key=dice.get)[len(dice) // 2]
    i = max(np.flatnonzero(patients == patient), key=lambda row: masks[row].sum())
    flair = preprocessing.rescale_percentiles(np.repeat(dataset.images[i][None, ..., 1:2], 3, axis=-1))[0]
    head = np.argwhere(flair[..., 0] > 60)
    centre = (head.min(axis=0) + head.max(axis=0)) // 2
    square = square_around(*centre, np.ptp(head, axis=0).max() + 8)
    large = enlarged(flair[square])
    truth, found = (enlarged(one[i][square]) > 0.5 for one in (masks, answers))
    outlined = marked(marked(large, truth, plotting.BLUE), found, plotting.ORANGE)
    score = round(float(dice[patient]), 4)
    return [large, outlined], {"image": dataset.index.id[i], "volume_dice": score, "median_of_patients": len(dice)}


def square_around(y, x, side):
    top, left = max(0, y - side // 2), max(0, x - side // 2)
    return np.s_[top : top + side, left : left + side]


def enlarged(image):
    """An image or a mask in the size of a panel; float in [0, 1]."""
    return resize(image.astype(float) / max(1, image.max()), (SIDE, SIDE), order=1).clip(0, 1)


def marked(image, mask, colour):
    """The image with a rim of two pixels along the mask's border."""
    rim = ndimage.binary_dilation(mask) & ~ndimage.binary_erosion(mask)
    return np.where(rim[..., None], to_rgb(colour), image)


def sheet(panels):
    """The panels beside each other, the gaps seen through; PNG."""
    rows = np.zeros((SIDE, 4 * SIDE + 3 * GAP, 3))
    gaps = np.ones(rows.shape[:2], bool)
    for place, panel in enumerate(panels):
        columns = slice(place * (SIDE + GAP), place * (SIDE + GAP) + SIDE)
        rows[:, columns], gaps[:, columns] = panel, False
    few = Image.fromarray(np.rint(255 * rows).astype(np.uint8)).quantize(COLOURS)
    few.putpalette([*few.getpalette(), *[0] * 768][:768])
    few.paste(COLOURS, mask=Image.fromarray(gaps))
    return few


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nuclei", type=Path, required=True, metavar="DIR", help="a training of nuclei_native.py")
    parser.add_argument("--root", help="folder of the data; default: where the course finds them")
    parser.add_argument("--out", type=Path, default=ROOT / "book" / "_static" / "cover.png")
    options = parser.parse_args()
    left, micrograph = field(options.nuclei, options.root)
    right, head = slice_of_a_head(options.root)
    sheet([*left, *right]).save(options.out, optimize=True, transparency=COLOURS)
    record = json.dumps({"nuclei": micrograph, "lgg": {"rung": RUNG, **head}}, indent=1)
    (ROOT / "benchmarks" / "records" / "cover.json").write_text(record + "\n", encoding="utf-8")
    print(options.out, record, sep="\n")


if __name__ == "__main__":
    main()
