"""Rules of thumb: how large images, network, batches and steps of the optimizer should be, each with a reason."""

from dataclasses import dataclass

import numpy as np

from . import views

SIDES = (128, 256, 512)  # of what the network sees, pixels
SMALLEST_OBJECT = 12  # pixels of the network that the median object should be wide
PATIENCE, TRIED = 20, 400  # epochs without a better one, and updates, that must pass before training stops
EPOCHS, UPDATES = 200, 4000  # at most, whichever is more
SLOWER = 0.9  # times the learning rate, after every epoch that is not the best so far
CHOICES = ("size", "depth", "filters", "batch", "rate", "epochs")  # that a person can take over


@dataclass(frozen=True)
class Plan:
    """What is trained, and how; every value with its reason in `reasons`."""

    size: int
    scale: float
    channels: int
    filters: int
    depth: int
    batch: int
    rate: float
    epochs: int
    patience: int
    reasons: dict

    @property
    def network(self):
        """Arguments of `unet`."""
        return {"in_channels": self.channels, "out_channels": 1, "base_filters": self.filters, "depth": self.depth}

    @property
    def view(self):
        """Arguments of `views`."""
        return {"size": self.size, "scale": self.scale, "channels": self.channels}

    def lines(self):
        """One line for each choice: name, value, reason."""
        values = {**vars(self), "scale": f"{self.scale:.3g}", "rate": f"{self.rate:g}"}
        return [(name, str(values[name]), reason) for name, reason in self.reasons.items()]


def choose(survey, train, *, gpu, size=None, filters=None, depth=None, batch=None, rate=None, epochs=None):
    """Choose what was not given.

    Parameters
    ----------
    survey : Survey
    train : array of int
        Positions of the training images.
    gpu : bool
    size, filters, depth, batch, rate, epochs
        Given by the person; None is chosen here.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        If a given value makes no network.
    """
    index, looks = survey.data.index, survey.looks
    given = {"size": size, "filters": filters, "depth": depth, "batch": batch, "rate": rate, "epochs": epochs}
    _check(given)
    side = int(index[["height", "width"]].max(axis=1).median())
    reasons = {}

    def settle(name, value, reason):
        reasons[name] = reason if given[name] is None else f"as --{name} says"
        return value if given[name] is None else given[name]

    size = settle("size", *_size(side, looks.width.median(), gpu))
    depth = settle("depth", *_depth(size))
    if size % 2 ** (depth - 1):
        step = 2 ** (depth - 1)
        raise ValueError(
            f"--size {size} cannot be halved {depth - 1} times, as --depth {depth} does: take a multiple of {step}, "
            f"{max(step, round(size / step) * step)} for instance."
        )
    scale, reasons["scale"] = _scale(side, size, looks.width.median())
    channels = 1 if looks.grey.all() else 3
    reasons["channels"] = "no image has colours" if channels == 1 else "colours may tell what grey does not"
    filters = settle("filters", *_filters(len(train)))
    squares = _count(index.iloc[train], size, scale)
    batch = settle("batch", *_batch(squares))
    slow = filters > 16
    rate = settle(
        "rate",
        0.001 if slow else 0.003,
        f"a {'wide' if slow else 'narrow'} network with batch norm stands that much to begin with",
    )
    updates = -(-squares // batch)
    patience = max(PATIENCE, -(-TRIED // updates))
    reasons["patience"] = f"it stops when validation has not improved for so many epochs, {patience * updates} updates"
    most = max(EPOCHS, -(-UPDATES // updates))
    epochs = settle("epochs", most, f"at most, {most * updates:,} updates")
    return Plan(size, scale, channels, filters, depth, batch, rate, epochs, patience, reasons)


def _check(given):
    least = {"size": 16, "filters": 1, "depth": 2, "batch": 1, "epochs": 1}
    for name, value in given.items():
        if value is not None and value < least.get(name, 0):
            raise ValueError(f"--{name} {value} is too small: give {least[name]} or more.")
    if given["rate"] is not None and not 0 < given["rate"] < 1:
        raise ValueError(f"--rate {given['rate']:g} must lie between 0 and 1, 0.001 for instance.")
    if given["depth"] is not None and given["depth"] > 7:
        raise ValueError(f"--depth {given['depth']} halves the image too often: give 2 to 7.")


def _size(side, width, gpu):
    """Side of the square that the network sees."""
    allowed = [one for one in SIDES if gpu or one <= 256]
    whole = -(-side // 16) * 16
    for size in allowed:
        found = width * min(1, size / side)
        if size >= side:
            return min(size, whole), "the images are no larger"
        if found >= SMALLEST_OBJECT:
            return size, f"the median object is then {found:.0f} pixels wide; below {SMALLEST_OBJECT} shapes are lost"
    return size, "the largest" + ("" if gpu else " on a processor")


def _scale(side, size, width):
    """Network pixels for each of the image's: the whole image in one square, but for objects that would be lost."""
    whole, needed = min(1.0, size / side), min(1.0, SMALLEST_OBJECT / float(width))
    if whole >= needed:
        return whole, f"the longer side of the median image has {side} pixels, the network's square {size}"
    return needed, f"the median object is then {width * needed:.0f} pixels wide; images are seen in squares of {size}"


def _depth(size):
    depth = 3 if size < 96 else 4 if size <= 256 else 5
    return depth, f"the coarsest level then has {size // 2 ** (depth - 1)} pixels a side: it sees far, and knows where"


def _filters(images):
    filters = 8 if images < 100 else 16 if images < 1000 else 32
    return filters, f"for {images} training images; more are for more images, and four times as slow when doubled"


def _batch(squares):
    batch = int(np.clip(2 ** int(np.log2(max(1, squares / 8))), 4, 16))
    return batch, f"{squares} training squares then make {-(-squares // batch)} updates an epoch"


def _count(index, size, scale):
    """How many squares the images are cut into."""
    sides = np.maximum(index[["height", "width"]].to_numpy() * scale, size)
    return sum(len(views.places(height, size)) * len(views.places(width, size)) for height, width in sides)
