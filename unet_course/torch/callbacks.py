"""What can watch and steer a training run, in PyTorch; `unet_course/keras/callbacks.py` is the same file in Keras."""

import math

from ..common.schedules import triangle
from .checkpoints import get_optimizer, get_weights, set_learning_rate, set_optimizer, set_weights
from .models import save_weights


class Callback:
    """What `fit` calls while it trains; the hooks have the names they have in Keras.

    Attributes
    ----------
    model, optimizer
        Set by `fit` before the first hook. `model.stop_training = True` ends the run after the epoch.
    """

    def on_train_begin(self, logs=None):
        """Before the first epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        """Before an epoch, counted from 0."""

    def on_train_batch_begin(self, batch, logs=None):
        """Before an update of the weights, counted from 0 in every epoch."""

    def on_train_batch_end(self, batch, logs=None):
        """After an update of the weights."""

    def on_epoch_end(self, epoch, logs=None):
        """After an epoch and its validation; `logs` is its line of the history."""

    def on_train_end(self, logs=None):
        """After the last epoch."""

    def get_state(self):
        """What a run that goes on after a kill must know again: numbers, arrays, and dicts of them."""
        return {}

    def set_state(self, state):
        """Take back what `get_state` returned; comes after `on_train_begin`."""


class ModelCheckpoint(Callback):
    """Keep on disk the weights of the epoch with the smallest validation loss.

    Parameters
    ----------
    path : path-like
        Without suffix; the file is `self.path` after training.
    """

    def __init__(self, path):
        self.path = self.target = path

    def on_train_begin(self, logs=None):
        self.best = math.inf

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best:
            self.best = logs["val_loss"]
            self.path = save_weights(self.model, self.target)

    def get_state(self):
        return {"best": self.best, "path": str(self.path)}

    def set_state(self, state):
        self.best, self.path = state["best"], state["path"]


class EarlyStopping(Callback):
    """Stop when the validation loss has not improved for `patience` epochs, and go back to the best weights.

    Parameters
    ----------
    patience : int
        Epochs to wait.

    Attributes
    ----------
    best_epoch : int
        Number (from 1) of the epoch whose weights the model has after training; 0 when no epoch had a finite loss.
    """

    def __init__(self, patience):
        self.patience = patience

    def on_train_begin(self, logs=None):
        self.best, self.best_epoch, self.weights = math.inf, 0, get_weights(self.model)

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best:
            self.best, self.best_epoch, self.weights = logs["val_loss"], epoch + 1, get_weights(self.model)
        if epoch + 1 - self.best_epoch >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        set_weights(self.model, self.weights)

    def get_state(self):
        return {"best": self.best, "best_epoch": self.best_epoch, "weights": self.weights}

    def set_state(self, state):
        self.best, self.best_epoch, self.weights = state["best"], state["best_epoch"], state["weights"]


class DwellLearningRate(Callback):
    """Reduce the learning rate after every epoch whose validation loss is not the best so far.

    Parameters
    ----------
    factor : float
        The rate is multiplied by it, 0 < factor < 1.
    dwell : bool
        After such an epoch also go back to where the best epoch ended: its weights, and the optimizer's moments of that
        time. Moments kept from the worse epoch would push the weights along the way just taken back.

    Attributes
    ----------
    best_epoch : int
        Number (from 1) of the epoch whose weights the model has after training; 0 for the weights it began with.

    Notes
    -----
    Explained in the BraTS chapter, section "Training".
    """

    def __init__(self, factor, *, dwell=False):
        if not 0 < factor < 1:
            raise ValueError(f"factor={factor} must lie between 0 and 1: the learning rate is multiplied by it.")
        self.factor, self.dwell = factor, dwell

    def on_train_begin(self, logs=None):
        # Defined from the start: the first epoch may be worse than none, and then there is a way back.
        self.best, self.best_epoch = math.inf, 0
        self.learning_rate = get_optimizer(self.optimizer)["learning_rate"]
        self._keep()

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best:
            self.best, self.best_epoch = logs["val_loss"], epoch + 1
            self._keep()
            return
        self.learning_rate *= self.factor
        if self.dwell:
            set_weights(self.model, self.weights)
            set_optimizer(self.optimizer, self.moments)
        set_learning_rate(self.optimizer, self.learning_rate)

    def on_train_end(self, logs=None):
        set_weights(self.model, self.weights)

    def get_state(self):
        names = ("best", "best_epoch", "learning_rate", "weights", "moments")
        return {name: getattr(self, name) for name in names}

    def set_state(self, state):
        vars(self).update(state)

    def _keep(self):
        self.weights = get_weights(self.model)
        self.moments = get_optimizer(self.optimizer)


class CyclicalLearningRate(Callback):
    """Let the learning rate climb and fall in a triangle, step by step.

    Parameters
    ----------
    lowest, highest : float
        Limits of the rate; `find_learning_rate` helps to choose the upper one.
    half_cycle : int
        Updates from the lowest to the highest rate: 2 to 10 epochs' worth.

    References
    ----------
    Smith (2017), Cyclical learning rates for training neural networks, section 3.1, https://arxiv.org/abs/1506.01186.
    Explained in the chapter on encoders, section "A learning rate that goes round".
    """

    def __init__(self, lowest, highest, half_cycle):
        if not 0 < lowest < highest or half_cycle < 1:
            raise ValueError(f"lowest={lowest}, highest={highest} and half_cycle={half_cycle} give no triangle.")
        self.lowest, self.highest, self.half_cycle = lowest, highest, half_cycle

    def on_train_begin(self, logs=None):
        self.updates = 0

    def on_train_batch_begin(self, batch, logs=None):
        set_learning_rate(self.optimizer, triangle(self.updates, self.lowest, self.highest, self.half_cycle))
        self.updates += 1

    def get_state(self):
        return {"updates": self.updates}

    def set_state(self, state):
        self.updates = state["updates"]
