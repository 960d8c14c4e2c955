"""How the loader and the loss of the fifth report work, measured on the LGG set: `python benchmarks/batch_ruler.py`.

Three questions. Which slices does an epoch show when NumPy is seeded anew at each epoch's start? What does one and the
same answer cost when the Dice loss runs over batches of another size, or in another order? And how does a first epoch
go, with batch norm and truly without?

Prepared as the published program prepares it (FraCorti/U-Net-Brain-tumor-segmentation, src/main.py): ten patients held
out by seed 42, first and last slice dropped, cropped to voxels above a tenth of the brightest, padded to a square, 224
pixels. The first epochs use slices of 64 pixels, 8 filters, one thread and no augmentation.
"""

import json
import os
import random
from functools import partial

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait for work would take it from the others

import numpy as np
import torch
from skimage.transform import resize
from tqdm.auto import tqdm

from unet_course import results
from unet_course import torch as uc
from unet_course.datasets import lgg

WORKERS, SEED, BATCHES = 2, 42, (16, 32, 64)
EPOCHS = (1, 3, 10, 30, 100)
RATES, SEEDS = (0.1, 0.01), range(3)
SIDE, SMALL, FILTERS = 224, 64, 8


def prepared(dataset, positions):
    """Slices that the crop keeps, and their masks as the published program weighs them."""
    inner = positions[1:-1]
    images = dataset.images[inner]
    bright = ((images >= 0.1 * images.max()) & (images > 0)).any(axis=-1)
    occupied = [np.nonzero(bright.any(axis=others))[0] for others in ((1, 2), (0, 2), (0, 1))]
    z, y, x = (slice(found.min(), found.max() + 1) for found in occupied)
    masks = dataset.masks[inner][z, y, x].astype(float)
    missing = max(masks.shape[1:]) - np.array(masks.shape[1:])
    masks = np.pad(masks, ((0, 0), *((n // 2, n - n // 2) for n in missing)))
    return inner[z], resize(masks, (len(masks), SIDE, SIDE), order=0, mode="constant", anti_aliasing=False)


def weights(masks):
    """By tumour area, and a tenth of it shared equally."""
    area = masks.sum(axis=(1, 2))
    return (area + 0.1 * area.mean()) / (1.1 * area.sum())


class Loader(torch.utils.data.Dataset):
    """What the published data set draws for one slice: patient, slice, scale, angle, flip. Its position is kept."""

    def __init__(self, patients):
        self.patients = [(positions, weights(masks)) for positions, masks in patients]

    def __len__(self):
        return sum(len(positions) for positions, _ in self.patients)

    def __getitem__(self, _):
        return self.draw(np.random)

    def draw(self, rng):
        positions, share = self.patients[rng.randint(len(self.patients))]
        chosen = rng.choice(len(positions), p=share)
        rng.uniform(), rng.uniform(), rng.rand()
        return positions[chosen]


def epoch_of(loader, rngs, batch_size):
    """Positions in the order of their batches: the workers take turns."""
    batches = len(loader) // batch_size
    return np.array([loader.draw(rngs[b % WORKERS]) for b in range(batches) for _ in range(batch_size)])


def fresh():
    return [np.random.RandomState(SEED + worker) for worker in range(WORKERS)]


def reseed(worker):
    np.random.seed(SEED + worker)


def in_pytorch(loader, batch_size, epochs=3):
    """The same epochs from PyTorch's own workers."""
    options = {"shuffle": True, "drop_last": True, "num_workers": WORKERS, "worker_init_fn": reseed}
    batches = torch.utils.data.DataLoader(loader, batch_size=batch_size, **options)
    return [torch.cat(list(batches)).numpy() for _ in range(epochs)]


def seen(loader, tumour):
    """Slices that a training has seen after so many epochs, seeded anew each epoch or once."""
    again = epoch_of(loader, fresh(), BATCHES[0])
    rngs, so_far, once = fresh(), set(), []
    for epoch in tqdm(range(max(EPOCHS)), desc="epochs"):
        so_far |= set(epoch_of(loader, rngs, BATCHES[0]).tolist())
        if epoch + 1 in EPOCHS:
            once.append(len(so_far))
    different = np.unique(again)
    every = np.concatenate([positions for positions, _ in loader.patients])
    return {
        "draws": len(again),
        "different": len(different),
        "tumour_share_of_draws": tumour[again].mean(),
        "tumour_share_of_different": tumour[different].mean(),
        "slices": len(every),
        "with_tumour": int(tumour[every].sum()),
        "with_tumour_seen": int(tumour[different].sum()),
        "epochs": EPOCHS,
        "seen_if_seeded_each_epoch": [len(different)] * len(EPOCHS),
        "seen_if_seeded_once": once,
        "same_at_every_batch_size": all(sorted(again) == sorted(epoch_of(loader, fresh(), batch)) for batch in BATCHES),
        "pytorch_shows_the_same": all(
            np.array_equal(epoch_of(loader, fresh(), batch), epoch)
            for batch in BATCHES
            for epoch in in_pytorch(loader, batch)
        ),
    }


def loss(prediction, truth):
    return 1 - (2 * (prediction * truth).sum() + 1) / (prediction.sum() + truth.sum() + 1)


def in_batches(predictions, masks, batch_size):
    """Mean over batches in their order; a short last one counts as much as any other."""
    starts = range(0, len(masks), batch_size)
    parts = [(predictions[i : i + batch_size].astype(float), masks[i : i + batch_size]) for i in starts]
    return float(np.mean([loss(*part) for part in parts]))


def ruler(dataset, name, positions):
    """Lines of the table: answers without a network, under every batch size."""
    truth, groups = dataset.masks[positions], dataset.index["group"].to_numpy()
    before = np.maximum(positions - 1, 0)
    copied = dataset.masks[before] * (groups[before] == groups[positions])[:, None, None]
    answers = {"nothing": 0 * truth, "everything": 0 * truth + 1, "the slice before": copied}
    for answer, predictions in answers.items():
        sizes = {"each slice": 1, **{str(batch): batch for batch in BATCHES}, "all in one": len(truth)}
        losses = {label: in_batches(predictions, truth, batch) for label, batch in sizes.items()}
        yield {"slices": name, "answer": answer, **losses}


def without_norm(network):
    """Take every batch norm out: what is left is the published block that is never called, without biases."""
    for module in network.modules():
        for name, child in module.named_children():
            if isinstance(child, torch.nn.BatchNorm2d):
                setattr(module, name, torch.nn.Identity())
    return network


def network(norm, filters):
    """As published: 3x3 convolutions without bias, PyTorch's own first weights."""
    model = uc.unet(3, 1, base_filters=filters)
    for module in model.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return model if norm else without_norm(model)


def first_epoch(images, masks, norm, rate, seed):
    """Mean training loss over the batches of one epoch, and that of its last ten."""
    uc.set_seed(seed)
    model = network(norm, FILTERS)
    adam, dice_loss = torch.optim.Adam(model.parameters(), lr=rate), partial(uc.dice_loss, reduction="batch")
    losses = []
    for start in range(0, len(images), BATCHES[0]):
        batch = slice(start, start + BATCHES[0])
        found = dice_loss(model(torch.from_numpy(images[batch])), torch.from_numpy(masks[batch]))
        adam.zero_grad()
        found.backward()
        adam.step()
        losses.append(found.item())
    return {"batch_norm": norm, "rate": rate, "seed": seed, "mean": np.mean(losses), "end": np.mean(losses[-10:])}


def standardised(images, groups):
    """Each patient's channels with mean 0 and width 1."""
    images = images.astype(np.float32)
    for name in np.unique(groups):
        own = images[groups == name]
        images[groups == name] = (own - own.mean(axis=(0, 1, 2))) / own.std(axis=(0, 1, 2))
    return images


def main():
    torch.set_num_threads(1)
    dataset = lgg.load(source="real")
    index = dataset.index
    tumour, groups = index.has_tumour.to_numpy(), index["group"].to_numpy()
    names = sorted(set(groups))
    held_out = random.Random(SEED).sample(names, 10)
    kept = {name: prepared(dataset, np.flatnonzero(groups == name)) for name in tqdm(names, desc="patients")}
    loader = Loader([kept[name] for name in names if name not in held_out])
    drawn = epoch_of(loader, fresh(), BATCHES[0])
    record = {"slices": len(dataset), "content_hash": dataset.content_hash, "validation_patients": held_out}
    record["kept"] = {"training": len(loader), "validation": sum(len(kept[name][0]) for name in held_out)}
    record["loader"] = seen(loader, tumour)
    orders = {"validation": held_out, "validation, patients by name": sorted(held_out)}
    parts = {name: np.concatenate([np.flatnonzero(groups == p)[1:-1] for p in each]) for name, each in orders.items()}
    record["ruler"] = [row for part in {**parts, "training draws": drawn}.items() for row in ruler(dataset, *part)]
    small = lgg.load(source="real", size=SMALL)
    images, masks = standardised(small.images, groups)[drawn], small.masks[drawn]
    grid = [(norm, rate, seed) for rate in RATES for norm in (True, False) for seed in SEEDS]
    record["first_epoch"] = [first_epoch(images, masks, *settings) for settings in tqdm(grid, desc="first epochs")]
    record["parameters"] = {str(norm): uc.count_parameters(network(norm, 32)) for norm in (True, False)}
    record["torch"] = torch.__version__
    show(record)
    results.write_benchmark("batch_ruler", record)


def show(record):
    print(f"validation: {', '.join(sorted(record['validation_patients']))}")
    print(f"kept: {record['kept']}; parameters: {record['parameters']}")
    print(json.dumps(record["loader"], indent=1))
    for row in record["ruler"]:
        print(" | ".join(f"{value:.3f}" if isinstance(value, float) else value for value in row.values()))
    for row in record["first_epoch"]:
        print(row)


if __name__ == "__main__":
    main()
