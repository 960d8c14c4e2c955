"""Prediction in PyTorch; `unet_course/keras/prediction.py` is the same file in Keras."""

import numpy as np
import torch
from tqdm.auto import tqdm

from ..common import inference, inputs, messages
from ..common.batches import as_float
from .devices import choose_precision, computing_in, place
from .inputs import as_images


def predict(model, images, *, batch_size=16, flips=False, tile=None, overlap=None, precision="float32"):
    """Probabilities of images of one size, whatever that size is.

    Parameters
    ----------
    model : torch.nn.Module
        Maps images to logits.
    images : array, shape (N, H, W, C), or (N, D, H, W, C) for volumes
        uint8 or float in [0, 1].
    batch_size : int
    flips : bool
        Average over the image and its mirror images, 4 predictions for images and 8 for volumes (test-time
        augmentation).
    tile : int, optional
        Take images that are too large for the memory in tiles of this side, and blend them; see
        `unet_course.common.inference.sliding_window`.
    overlap : int, optional
        Pixels that neighbouring tiles share; a quarter of `tile` without it.
    precision : {"float32", "bfloat16", "auto"}
        As for `fit`.

    Returns
    -------
    array of float32 in [0, 1]
        Shape (N, H, W) for a model with one output channel: foreground, by the sigmoid. Shape (N, H, W, K) for one with
        K channels, which sum to 1 (softmax). Shape (N, K) for a classifier.

    Raises
    ------
    MemoryError
        If a batch does not fit on the device; says what to try.
    ValueError
        If any image is not as the model takes it, see `unet_course.common.inputs`, or the model answers NaN.
    """
    images = as_images(model, images)
    inputs.check_batch_size(batch_size)
    function = _network(model, choose_precision(precision))
    if flips:
        function = _with(function, inference.mean_over_flips)
    if tile is not None:
        function = _with(function, inference.sliding_window, tile=tile, overlap=overlap, batch_size=batch_size)
    step = batch_size if tile is None else 1
    training = model.training
    model.eval()
    with messages.about_memory(batch_size, images.shape[1:]):
        found = [
            function(as_float(images[start : start + step]))
            for start in tqdm(range(0, len(images), step), desc="predict", leave=False)
        ]
    model.train(training)
    probabilities = np.concatenate(found)
    inputs.check_answers(probabilities)
    return probabilities[..., 0] if probabilities.shape[-1] == 1 else probabilities


def predict_ensemble(models, images, **options):
    """Mean of the probabilities of several models; options as for `predict`.

    Parameters
    ----------
    models : sequence of torch.nn.Module
        For instance the same network trained from several seeds.
    images : array
        As `predict` takes them.

    Returns
    -------
    array of float32 in [0, 1]
        Shaped as `predict` returns it.

    Raises
    ------
    ValueError
        As `predict`; if there is no model, or their numbers of output channels differ.
    """
    return inference.mean_over_models(predict(model, images, **options) for model in models)


def _network(model, precision):
    """The model as a function from NumPy images to NumPy probabilities."""
    device = place(model)

    @torch.inference_mode()
    def function(images):
        with computing_in(model, precision):
            logits = model(torch.from_numpy(np.ascontiguousarray(images)).to(device)).float()
        probabilities = torch.sigmoid(logits) if logits.shape[-1] == 1 else torch.softmax(logits, dim=-1)
        return probabilities.cpu().numpy()

    return function


def _with(function, method, **options):
    return lambda images: method(images, function, **options)
