"""Training and prediction in PyTorch: a plain loop; `unet_course/keras/training.py` does the same with Model.fit."""

import copy
import math
import time

import numpy as np
import torch
from tqdm.auto import tqdm

from ..batches import Batches, as_float
from ..history import History
from ..preprocessing import pad_to_multiple
from .metrics import Confusion
from .models import save_weights


def fit(
    model,
    train,
    validation,
    *,
    loss,
    learning_rate=1e-3,
    epochs=10,
    batch_size=16,
    metrics=("accuracy", "dice"),
    callbacks=(),
    augment=False,
    seed=0,
):
    """Train a model with Adam.

    Parameters
    ----------
    model : torch.nn.Module
        Maps images (N, H, W, C) to logits.
    train, validation : tuple of arrays
        Images (N, H, W, C), uint8 or float in [0, 1], and masks (N, H, W).
    loss : callable
        `loss(logits, masks)`, for instance `bce_loss`.
    learning_rate : float
    epochs, batch_size : int
    metrics : sequence of str
        Names of pooled running scores, see `unet_course.metrics.NAMES`.
    callbacks : sequence
        `ModelCheckpoint`, `EarlyStopping`.
    augment : bool
        Random flips and quarter turns of the training images.
    seed : int
        Order of the images and dropout: two CPU runs with one seed and as many threads are identical.

    Returns
    -------
    History
        One line of numbers per epoch.

    Raises
    ------
    FloatingPointError
        If the training loss becomes NaN or infinite.
    """
    set_seed(seed)
    device = _device()
    model.to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
    train = Batches(*train, batch_size, seed=seed, augment=augment)
    validation = Batches(*validation, batch_size)
    history = History()

    for callback in callbacks:
        callback.start(model)
    progress = tqdm(range(epochs), desc="epochs")
    for epoch in progress:
        started = time.perf_counter()
        model.train()
        line = _pass(model, train, epoch, loss, metrics, device, optimiser)
        if not math.isfinite(line["loss"]):
            raise FloatingPointError(_nan_advice(epoch, learning_rate))
        model.eval()
        with torch.inference_mode():
            scores = _pass(model, validation, 0, loss, metrics, device)
        line |= {f"val_{name}": value for name, value in scores.items()}
        line["seconds"] = time.perf_counter() - started
        history.epochs.append(line)
        progress.set_postfix({name: f"{line[name]:.3f}" for name in ("loss", "val_loss")})
        if any([callback.end_of_epoch(epoch, line) for callback in callbacks]):  # a list: all of them must run
            break
    progress.close()
    for callback in callbacks:
        callback.stop()
    return history


def _pass(model, batches, epoch, loss, metrics, device, optimiser=None):
    """Go once through the batches, learning if there is an optimiser; the mean loss and the pooled scores."""
    scores = [Confusion(name) for name in metrics]
    total = 0.0
    for images, masks in batches.epoch(epoch):
        images = torch.from_numpy(images).to(device)
        masks = torch.from_numpy(masks).to(device)
        logits = model(images)
        value = loss(logits, masks)
        if optimiser is not None:
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
        total += value.item() * len(images)
        for score in scores:
            score.update_state(masks, logits.detach())
    return {"loss": total / len(batches.images)} | {score.name: score.result() for score in scores}


def predict(model, images, *, batch_size=16):
    """Foreground probabilities of images of one size, whatever that size is.

    Parameters
    ----------
    model : torch.nn.Module
        A network of `unet` with one output channel.
    images : array, shape (N, H, W, C)
        uint8 or float in [0, 1]. The border is repeated where the depth does not divide the size, and cut off again.
    batch_size : int

    Returns
    -------
    array of float32, shape (N, H, W)
        In [0, 1].
    """
    height, width = images.shape[1:3]
    device = next(model.parameters()).device
    multiple = 2 ** len(model.decoder)
    model.eval()
    probabilities = []
    with torch.inference_mode():
        for start in tqdm(range(0, len(images), batch_size), desc="predict", leave=False):
            batch = pad_to_multiple(as_float(images[start : start + batch_size]), multiple)
            logits = model(torch.from_numpy(batch).to(device))
            probabilities.append(torch.sigmoid(logits[:, :height, :width, 0]).cpu().numpy())
    return np.concatenate(probabilities)


class ModelCheckpoint:
    """Keep on disk the weights of the epoch with the smallest validation loss.

    Parameters
    ----------
    path : path-like
        Without suffix; the file is `self.path` after training.
    """

    def __init__(self, path):
        self.path = path

    def start(self, model):
        self.model, self.best, self.target = model, math.inf, self.path

    def end_of_epoch(self, epoch, line):
        if line["val_loss"] < self.best:
            self.best = line["val_loss"]
            self.path = save_weights(self.model, self.target)

    def stop(self):
        """Nothing to do: the best weights are on disk already."""


class EarlyStopping:
    """Stop when the validation loss has not improved for `patience` epochs, and go back to the best weights.

    Parameters
    ----------
    patience : int
        Epochs to wait.

    Attributes
    ----------
    best_epoch : int
        Number (from 1) of the epoch whose weights the model has after training.
    """

    def __init__(self, patience):
        self.patience = patience

    def start(self, model):
        self.model, self.best, self.best_epoch = model, math.inf, 0

    def end_of_epoch(self, epoch, line):
        if line["val_loss"] < self.best:
            self.best, self.best_epoch = line["val_loss"], epoch + 1
            self.weights = copy.deepcopy(self.model.state_dict())
        return epoch + 1 - self.best_epoch >= self.patience

    def stop(self):
        self.model.load_state_dict(self.weights)


def describe_device():
    """Framework, backend and device that train here, for the record of a run."""
    device = _device()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()
    return {"framework": "torch", "backend": f"torch {torch.__version__}", "device": name}


def set_seed(seed):
    """Fix the weights that the next model starts from; two runs on one machine are then identical."""
    torch.manual_seed(seed)


def _device():
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def _nan_advice(epoch, learning_rate):
    return (
        f"The training loss is no longer a number in epoch {epoch + 1}: try a learning rate below {learning_rate:g}, "
        "and check that images lie in [0, 1] and masks hold 0 and 1."
    )
