"""Training and prediction in Keras: Model.fit underneath; `unet_course/torch/training.py` does the same by hand."""

import math
import time

import keras
import numpy as np
from keras import ops
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
    model : keras.Model
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
        `ModelCheckpoint`, `EarlyStopping`, or any Keras callback.
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
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate, epsilon=1e-8),  # PyTorch's epsilon; Keras' own is 1e-7
        loss=lambda masks, logits: loss(logits, masks[..., 0]),
        metrics=[Confusion(name) for name in metrics],
    )
    recorder = _Recorder(metrics, epochs, learning_rate)
    model.fit(
        _Sequence(Batches(*train, batch_size, seed=seed, augment=augment)),
        validation_data=_Sequence(Batches(*validation, batch_size)),
        epochs=epochs,
        verbose=0,
        callbacks=[recorder, *callbacks],
    )
    return recorder.history


class _Sequence(keras.utils.PyDataset):
    """Hand the course's batches to Model.fit, masks with a channel axis: Keras squeezes logits of another rank."""

    def __init__(self, batches):
        super().__init__()
        self.batches, self.epoch = batches, 0

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, number):
        images, masks = self.batches.batch(self.epoch, number)
        return images, masks[..., None]

    def on_epoch_end(self):
        self.epoch += 1


class _Recorder(keras.callbacks.Callback):
    """Write the history, move the progress bar, and stop on a loss that is not a number."""

    def __init__(self, metrics, epochs, learning_rate):
        super().__init__()
        self.history, self.epochs, self.learning_rate = History(), epochs, learning_rate
        names = ("loss", *metrics)
        self.columns = (*names, *(f"val_{name}" for name in names))

    def on_train_begin(self, logs=None):
        self.progress = tqdm(total=self.epochs, desc="epochs")

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        line = {name: float(logs[name]) for name in self.columns}
        if not math.isfinite(line["loss"]):
            raise FloatingPointError(_nan_advice(epoch, self.learning_rate))
        line["seconds"] = time.perf_counter() - self.started
        self.history.epochs.append(line)
        self.progress.update()
        self.progress.set_postfix({name: f"{line[name]:.3f}" for name in ("loss", "val_loss")})

    def on_train_end(self, logs=None):
        self.progress.close()


def predict(model, images, *, batch_size=16):
    """Foreground probabilities of images of one size, whatever that size is.

    Parameters
    ----------
    model : keras.Model
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
    multiple = 2 ** sum(isinstance(layer, keras.layers.MaxPooling2D) for layer in model.layers)
    probabilities = []
    for start in tqdm(range(0, len(images), batch_size), desc="predict", leave=False):
        batch = pad_to_multiple(as_float(images[start : start + batch_size]), multiple)
        logits = model.predict_on_batch(batch)
        probabilities.append(ops.convert_to_numpy(ops.sigmoid(logits[:, :height, :width, 0])))
    return np.concatenate(probabilities)


class ModelCheckpoint(keras.callbacks.Callback):
    """Keep on disk the weights of the epoch with the smallest validation loss.

    Parameters
    ----------
    path : path-like
        Without suffix; the file is `self.path` after training.
    """

    def __init__(self, path):
        super().__init__()
        self.path = self.target = path

    def on_train_begin(self, logs=None):
        self.best = math.inf

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best:
            self.best = logs["val_loss"]
            self.path = save_weights(self.model, self.target)


class EarlyStopping(keras.callbacks.Callback):
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
        super().__init__()
        self.patience = patience

    def on_train_begin(self, logs=None):
        self.best, self.best_epoch = math.inf, 0

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best:
            self.best, self.best_epoch = logs["val_loss"], epoch + 1
            self.weights = self.model.get_weights()
        self.model.stop_training = epoch + 1 - self.best_epoch >= self.patience

    def on_train_end(self, logs=None):
        self.model.set_weights(self.weights)


def describe_device():
    """Framework, backend and device that train here, for the record of a run."""
    # What the backend itself calls the place of a new tensor: "cpu", "cuda:0", "/job:localhost/.../device:GPU:0".
    place = str(ops.zeros(1).device).rpartition("device:")[2]
    return {
        "framework": "keras",
        "backend": f"keras {keras.__version__} on {keras.backend.backend()}",
        "device": place.upper().removesuffix(":0"),
    }


def set_seed(seed):
    """Fix the weights that the next model starts from; two runs on one machine are then identical."""
    keras.utils.set_random_seed(seed)


def _nan_advice(epoch, learning_rate):
    return (
        f"The training loss is no longer a number in epoch {epoch + 1}: try a learning rate below {learning_rate:g}, "
        "and check that images lie in [0, 1] and masks hold 0 and 1."
    )
