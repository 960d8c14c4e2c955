"""Which MR sequences does a U-Net need? `python benchmarks/modalities.py`.

The question of the second report, on real patients: the LGG set has three sequences, before contrast agent, FLAIR, and
after contrast agent. Each alone, in pairs, and all three, for the patients who have all of them; some of the 110 lack
one, and FLAIR stands in its place. A seed draws the patients for training, validation and test, the same for every
input. A plain U-Net of 16 filters, 64 x 64; each patient's channels scaled; augmentation, Dice loss over the batch,
Adam at a rate that falls along a cosine, the epoch that validation patients like best. Scored is the Dice of a
patient's volume. Finished trainings are in --folder:

    python benchmarks/modalities.py --folder book/results/studies/modalities/torch --record
"""

import functools
import itertools
import json
import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait for work would take it from the others

import numpy as np
import pandas as pd
from ladder import AUGMENTATION, scaled
from pretraining import learn, parser_of, rounded, taken

from unet_course import results, studies
from unet_course.datasets import lgg, splits

SEQUENCES = ("before contrast", "FLAIR", "after contrast")  # as the channels of a slice
ALL = " + ".join(SEQUENCES)
INPUTS = [" + ".join(some) for n in (3, 2, 1) for some in itertools.combinations(SEQUENCES, n)]


@functools.cache
def complete(root, size):
    """Scaled images, masks and index of the patients who have all three sequences."""
    dataset = lgg.load(root, size=size)
    lacking = lgg.missing_sequences(dataset).any(axis=1)
    at = np.flatnonzero(~dataset.index["group"].map(lacking).to_numpy())
    return scaled(dataset)[at], np.asarray(dataset.masks[at]), dataset.index.iloc[at].reset_index(drop=True)


def train_one(options, *, inputs, seed):
    from unet_course import torch as uc

    images, masks, index = complete(options.root, options.size)
    channels = [SEQUENCES.index(name) for name in inputs.split(" + ")]
    parts = taken(images[..., channels], masks, index, splits.split(index, seed=seed))
    uc.set_seed(seed)
    model = uc.unet(len(channels), 1, base_filters=options.filters, depth=5)
    return learn(
        uc, model, parts, rate=options.rate, epochs=options.epochs, augment=AUGMENTATION, seed=seed, batch=options.batch
    )


def comparisons(table):
    """What all three sequences bring against each choice of fewer, seed by seed; finding nothing scores 0."""
    return {
        inputs: rounded(studies.difference(table, "volume_dice", "inputs", inputs, ALL, nothing=0))
        for inputs in INPUTS[1:]
    }


def main():
    parser = parser_of(__doc__, "modalities")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--filters", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1e-3)
    options = parser.parse_args()
    names = ("size", "filters", "epochs", "batch", "rate")
    protocol = {"content_hash": lgg.load(options.root, size=options.size).content_hash}
    protocol |= {name: getattr(options, name) for name in names}
    table = studies.sweep(
        functools.partial(train_one, options),
        {"seed": options.seeds, "inputs": INPUTS},
        protocol=protocol,
        folder=options.folder,
        label="inputs",
        n_jobs=options.jobs,
    )
    print(studies.summarise(table, "inputs", "volume_dice").round(3))
    compared = comparisons(table)
    print(pd.DataFrame(compared).T)
    if options.record:
        patients = complete(options.root, options.size)[2]["group"].nunique()
        rows = json.loads(table.drop(columns="volumes").to_json(orient="records"))
        results.write_benchmark(
            "modalities", {"protocol": protocol | {"patients": patients}, "rows": rows, "all_against": compared}
        )


if __name__ == "__main__":
    main()
