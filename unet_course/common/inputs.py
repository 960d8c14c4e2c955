"""The one door: whatever goes into a network, a score or a split is checked here, before anything is computed.

====================== ============================================================= ==================================
what comes             what is refused                                               who asks
====================== ============================================================= ==================================
images                 another number of axes, channels or (where the model fixes    `fit`, `find_learning_rate`,
                       it) pixels than the model takes; several sizes; none at all;  `predict`, `predict_ensemble`,
                       NaN, infinity, values outside [0, 1] that are not uint8, in   `grad_cam`, tiles and mirror
                       any image                                                     images, `Batches`
masks, labels          another size than the images; values that are no whole        `fit`, `find_learning_rate`,
                       numbers; labels the model has no output for, unless the loss  `Batches`; scores of classes check
                       leaves them out                                               the whole numbers
a model's weights      NaN and infinity                                              `fit`, `find_learning_rate`
a model's answers      NaN; members of an ensemble that answer in several shapes     `predict`, `predict_ensemble`,
                                                                                     `grad_cam`
probabilities          NaN, and values outside [0, 1]                                calibration, `threshold_table`,
                                                                                     `instances`
patients, other groups None, NaN, NA, NaT and empty text                             splits, leakage, copies, scores by
                                                                                     patient, `stack_neighbours`
====================== ============================================================= ==================================

It costs next to nothing: bytes need no look, masks of an integer type one for their smallest and largest label, and
what is mapped from a file is read in pieces. Every refusal is a ValueError that names the value and what to do.
"""

import numpy as np

# How far floats may lie outside [0, 1]: what rounding and interpolation do.
ROUNDING = 1e-3
# Values looked at together: few enough to stay in the processor's cache from the first look to the second.
_TOGETHER = 1 << 20


def as_pair(data, part):
    """Images and masks of one part of the data, "train" for instance; refuses what is no pair."""
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise ValueError(f"{part} must be a pair (images, masks), not {type(data).__name__}.")
    return data


def as_images(images, takes=None, name="images"):
    """Images or volumes as an array that a network can be given.

    Parameters
    ----------
    images : array, shape (N, H, W, C), or (N, D, H, W, C) for volumes
        uint8, or numbers in [0, 1]; a sequence of arrays of one size is put together.
    takes : tuple, optional
        What the model takes: the shape of one image, None where any length will do.
    name : str
        What to call them in an error.

    Returns
    -------
    array
        Of the dtype they came in.

    Raises
    ------
    ValueError
        For images of several sizes, a missing axis, other channels than the model takes, NaN, infinity, or another
        range.
    """
    images = _as_array(images, name)
    if images.ndim not in (4, 5):
        raise ValueError(
            f"{name} must have shape (N, H, W, C), or (N, D, H, W, C) for volumes, not {images.shape}: one image "
            "alone needs the axis of the batch, images[None], and grey ones that of the channel, images[..., None]."
        )
    check_takes(images, takes, name)
    if not images.size:
        raise ValueError(f"there are no {name}: the split or the folder is empty.")
    _check_range(images, name)
    return images


def check_takes(images, takes, name="images"):
    """Refuse images that are not as the model takes them; `takes` as for `as_images`."""
    if takes is None:
        return
    shape = images.shape[1:]
    if len(shape) != len(takes) or any(wanted not in (None, side) for side, wanted in zip(shape, takes, strict=True)):
        letters = ("D", "H", "W")[-len(takes) + 1 :]
        wanted = [letter if side is None else str(side) for letter, side in zip((*letters, "C"), takes, strict=True)]
        alone = images.ndim == len(takes)
        raise ValueError(
            f"{name} have shape {images.shape}, but this model takes (N, {', '.join(wanted)}): "
            + ("one image alone needs the axis of the batch, images[None]." if alone else "bring them there first.")
        )


def as_masks(masks, images, name="masks"):
    """Masks, or one label per image, as an array of whole numbers that belongs to these images.

    Parameters
    ----------
    masks : array, shape (N, H, W), (N, D, H, W) or (N,)
    images : array
        From `as_images`.
    name : str
        What to call them in an error.

    Returns
    -------
    array
        Of the dtype they came in.

    Raises
    ------
    ValueError
        If the shapes do not belong together, or a value is no whole number.
    """
    masks = _as_array(masks, name)
    if masks.shape not in (images.shape[:-1], images.shape[:1]):
        raise ValueError(
            f"{name} must have shape {images.shape[:-1]} to match the images, or {images.shape[:1]} for one label per "
            f"image, not {masks.shape}."
        )
    check_whole(masks, name, "make masks smaller by nearest neighbour, or decide where the outline lies: masks > 0.5")
    return masks


def check_whole(labels, name, remedy="compare probabilities with a threshold, x > 0.5, or take their argmax"):
    """Refuse labels that are no whole numbers: probabilities, masks shrunk with interpolation, NaN."""
    if labels.dtype.kind in "bui":
        return
    if labels.dtype.kind != "f":
        raise ValueError(f"{name} must hold whole numbers, one for each class, not {labels.dtype}.")
    for first, some in _pieces(labels):
        whole = np.isfinite(some) & (some == np.rint(some))
        if not whole.all():
            place = _place(~whole, first)
            raise ValueError(f"{name} must hold whole numbers, but there is {labels[place]:g} at {place}: {remedy}.")


def check_labels(masks, classes, left_out, name="masks"):
    """Refuse labels that a model has no output for.

    Parameters
    ----------
    masks : array of whole numbers
    classes : callable
        Tells how many output channels the model has. Only asked when a label is neither 0 nor 1.
    left_out : callable
        Tells of a label whether the loss leaves it out, see `leaves_out`. Only asked about labels without an output.
    name : str
        What to call them in an error.

    Raises
    ------
    ValueError
        Names the label, an image that has it, and what the model knows.
    """
    lows, highs = zip(*((some.min(), some.max()) for _, some in _pieces(masks)), strict=True)
    if min(lows) >= 0 and max(highs) <= 1:
        return
    channels = classes()
    top = max(channels, 2) - 1  # one channel tells two classes apart
    if min(lows) >= 0 and max(highs) <= top:
        return
    for label in sorted(set().union(*(np.unique(some).tolist() for _, some in _pieces(masks)))):
        if not 0 <= label <= top and not left_out(int(label)):
            place = next(_place(some == label, first) for first, some in _pieces(masks) if (some == label).any())
            raise ValueError(
                f"{name} hold the label {label:g}, image {place[0]} for instance, but {channels} output channels know "
                f"only 0 to {top}: "
                + ("compare masks of 0 and 255 first, masks > 0." if top == 1 else "renumber the labels.")
            )


def leaves_out(loss, label, shape, channels):
    """Whether a loss leaves a label out: it is the same number whatever the model says where the masks have it.

    Parameters
    ----------
    loss : callable
        From logits (1, ..., channels) and masks (1, ...), both NumPy, to one number.
    label : int
    shape : tuple
        Of one mask; () for a classifier.
    channels : int
        Of the logits.

    Returns
    -------
    bool
    """
    masks = np.full((1, *shape), label, np.int32)
    said = np.random.default_rng(0).standard_normal((2, 1, *shape, channels), dtype=np.float32)
    try:
        one, other = (float(loss(logits, masks)) for logits in said)
    except Exception:  # a loss that cannot be computed there does not leave it out, whatever it raises
        return False
    return one == other  # never for NaN


def as_classes(class_index, answer):
    """The class asked about in each image, as an array (N,), for a model whose answer has this shape.

    Raises
    ------
    ValueError
        If the model is no classifier, or has no such class.
    """
    if len(answer) != 2:
        raise ValueError(f"this model answers with shape {tuple(answer)}: Grad-CAM asks classifiers, (N, K).")
    chosen, (n, channels) = np.asarray(class_index), answer
    if chosen.shape not in ((), (n,)):
        raise ValueError(f"class_index has shape {chosen.shape}: give one class, or one for each of the {n} images.")
    check_whole(np.atleast_1d(chosen), "class_index")
    if chosen.min() < 0 or chosen.max() >= channels:
        raise ValueError(f"class_index={class_index} must lie between 0 and {channels - 1}, the classes of the model.")
    return np.broadcast_to(chosen, n).astype(np.int64)


def check_batch_size(batch_size):
    """Refuse batches of no image."""
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}.")


def check_weights(weights):
    """Refuse a model, given as a dict of name and array, that an earlier training has spoilt."""
    if name := spoilt(weights):
        raise ValueError(f"the model's weights hold NaN or infinity ({name}): build the model anew.")


def spoilt(weights):
    """Name of the first array of weights, a dict, that holds NaN or infinity; None where all are numbers."""
    return next((name for name, array in weights.items() if not np.isfinite(array).all()), None)


def check_answers(answers):
    """Refuse to hand out NaN as a model's answer: nothing is above a threshold then, and the tumour is gone."""
    if np.isnan(answers).any():
        raise ValueError("the model answers NaN to sound images: its weights are spoilt, so build it anew.")


def as_probabilities(values, name="probabilities"):
    """Probabilities as an array; refuses NaN and values outside [0, 1]."""
    values = np.asarray(values)
    if np.isnan(values).any():
        raise ValueError(f"{name} hold NaN, but must lie in [0, 1]: find out where it comes from.")
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(
            f"{name} go from {values.min():g} to {values.max():g}, but must lie in [0, 1]: "
            "apply the sigmoid or the softmax to logits first."
        )
    return values


def check_known(values, name):
    """Refuse groups, patients for instance, or classes of which some are not known.

    Parameters
    ----------
    values : sequence
    name : str
        Of the column, or of what the values are.

    Raises
    ------
    ValueError
        For None, NaN, NA, NaT and text without a letter. Counted as one group, strangers would be one patient; left
        out, they would be in no part.
    """
    import pandas as pd  # only a part of the package needs it, and it is slow to load

    values = pd.Series(list(values), dtype=object)
    unknown = values.isna() | values.map(lambda one: isinstance(one, str) and not one.strip())
    if unknown.any():
        first = int(np.argmax(unknown))
        raise ValueError(
            f"{name!r} is not known for {unknown.sum()} of {len(values)} lines, line {first} for instance "
            f"({values[first]!r}): fill it in, with a value of its own for each such line, or leave these lines out."
        )


def _as_array(values, name):
    """One array of what may be a tensor, a list, or images that keep their own sizes."""
    if values is None:
        raise ValueError(f"there are no {name}: None was handed over.")
    if hasattr(values, "__array__"):
        values = np.asarray(values)
        if values.dtype != object:
            return values
    shapes = sorted({np.shape(one) for one in values})
    if len(shapes) > 1:
        raise ValueError(
            f"{name} have several sizes, {shapes[0]} and {shapes[-1]} for instance: bring them to one where you load "
            "them, size=128 for instance, or hand them over one by one."
        )
    return np.stack([np.asarray(one) for one in values]) if shapes else np.empty((0, 0, 0, 0))


def _check_range(images, name):
    if images.dtype == np.uint8:
        return
    if images.dtype.kind not in "buif":
        raise ValueError(f"{name} are of type {images.dtype}: hand over uint8, or floats in [0, 1].")
    for first, some in _pieces(images):
        low, high = some.min(), some.max()
        if low >= -ROUNDING and high <= 1 + ROUNDING:  # false for NaN
            continue
        if not np.isfinite(some).all():
            place = _place(~np.isfinite(some), first)
            value = "NaN" if np.isnan(images[place]) else "infinity"
            raise ValueError(
                f"{name} hold {value} at {place}: repair such pixels first, or leave out such images; "
                "outside the head of an MR image 0 will do."
            )
        number = _place((some < -ROUNDING) | (some > 1 + ROUNDING), first)[0]
        raise ValueError(
            f"{name} of type {images.dtype} must lie in [0, 1], but number {number} goes from "
            f"{images[number].min():g} to {images[number].max():g}: {_remedy(low, high)}."
        )


def _remedy(low, high):
    if low < -ROUNDING:
        return "rescale them, with preprocessing.mr.rescale for instance"
    if high <= 255:
        return "divide by 255, or hand over uint8"
    return "divide by the largest value that such files can hold, 65535 for 16 bits"


def _pieces(array):
    """The array in pieces, each with the number of its first element."""
    step = max(1, _TOGETHER * len(array) // max(1, array.size))
    for first in range(0, len(array), step):
        yield first, array[first : first + step]


def _place(wrong, first):
    """Where the first wrong value lies, in the whole array."""
    place = np.argwhere(wrong)[0]
    return (int(place[0]) + first, *map(int, place[1:]))
