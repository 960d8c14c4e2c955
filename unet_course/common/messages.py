"""What to tell a reader whose training run cannot go on: the same sentences in both twins."""

import contextlib

from . import inputs

# What PyTorch, TensorFlow and JAX write when a tensor does not fit, on any device, in lower case.
_NO_MEMORY = ("out of memory", "can't allocate memory", "oom when allocating", "resource_exhausted", "alloc_failed")


def not_a_number(part, epoch, learning_rate, weights):
    """Advice for a loss that is NaN or infinite: images and masks were sound, so it is the weights or the loss itself.

    Parameters
    ----------
    part : {"training", "validation"}
    epoch : int
        Counted from 0.
    learning_rate : float
    weights : dict of str to array
        What the model has come to.
    """
    rate = f"try a learning rate below {learning_rate:g}"
    cause = f"though the weights are: look at the loss function, or {rate}"
    if inputs.spoilt(weights):
        cause = f"nor are the weights: {rate}"
    return (
        f"The {part} loss is no longer a number in epoch {epoch + 1}, {cause}. "
        "The model has its weights from before this epoch again, and can be trained on."
    )


def out_of_memory(batch_size, shape, accumulate=None):
    """Advice for a batch that does not fit.

    Parameters
    ----------
    batch_size : int
    shape : tuple
        Of one image, (H, W, C) or (D, H, W, C).
    accumulate : int, optional
        As for `fit`; without it the advice is for prediction.
    """
    size = "x".join(str(length) for length in shape[:-1])
    at_once = batch_size // (accumulate or 1)
    message = f"The device has no memory left for a batch of {at_once} with images of {size}. "
    if at_once == 1 and accumulate is None:
        return message + f"Predict in tiles: tile={max(16, min(shape[:-1]) // 2)}."
    if at_once == 1:
        return message + "Make the images smaller, or the model: halving base_filters halves what it holds."
    if accumulate is None:
        return message + f"Try batch_size={at_once // 2}."
    pieces = next(pieces for pieces in range(2 * accumulate, batch_size + 1) if batch_size % pieces == 0)
    return message + (
        f"Try batch_size={at_once // 2}, or accumulate={pieces} with batch_size={batch_size} as it is: "
        f"the same update, computed {batch_size // pieces} at a time."
    )


@contextlib.contextmanager
def about_memory(batch_size, shape, accumulate=None):
    """Turn any framework's "out of memory" inside this block into a MemoryError that says what to try."""
    try:
        yield
    except Exception as error:
        if not any(words in str(error).lower() for words in _NO_MEMORY):
            raise
        raise MemoryError(out_of_memory(batch_size, shape, accumulate)) from error


def check_trainable(parameters):
    """Refuse to train a model of so many trainable parameters when there are none.

    Raises
    ------
    ValueError
    """
    if parameters == 0:
        raise ValueError("All layers of the model are frozen: there is nothing to train.")
