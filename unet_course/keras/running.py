"""What hangs into Model.fit in Keras; `unet_course/torch/running.py` is a loop that does the same."""

import math
import time

import keras
import numpy as np
from keras import ops
from tqdm.auto import tqdm

from .. import advice, checkpoints
from ..history import History
from .augmentation import augment
from .checkpoints import get_optimiser, get_scores, get_weights, set_optimiser, set_scores, set_weights
from .devices import forget_peak_memory, peak_memory_gb
from .models import count_parameters


class Run(keras.callbacks.CallbackList):
    """One call of `fit`: the callbacks of Model.fit, and what a run carries from step to step.

    Hooks count updates, not pieces of batches, and get losses as tensors: turning them into numbers would make every
    step wait for the GPU. On the jax backend, asking for `self.model` brings its weights up to date.
    """

    def __init__(self, model, callbacks, **parts):
        super().__init__(callbacks, add_history=True, model=model)
        vars(self).update(parts)
        self.watchers = list(callbacks)
        self.pieces = self.batches.pieces
        self.steps = len(self.batches) // self.pieces
        self.history = History()
        self.epoch, self.step, self.seconds = 0, 0, 0.0  # what comes next, and the time this epoch has taken so far
        self.tally = None  # what the epoch has counted so far, when a run goes on in its middle

    def train(self, epochs, resume):
        self.model.stop_training = False
        super().on_train_begin()
        if self.folder and resume:
            self._resume()
        done = self.epoch * self.steps + self.step
        with tqdm(total=epochs * self.steps, initial=done, unit="step") as self.progress:
            if self.step > 0:
                self._fit(self.epoch + 1)  # the rest of the epoch that was interrupted: Model.fit begins at step 0
            if self.epoch < epochs and not self.model.stop_training:
                self._fit(epochs)
        super().on_train_end()

    def _fit(self, epochs):
        self.sequence = Sequence(self.batches, first=self.step * self.pieces)
        self.model.fit(
            self.sequence,
            validation_data=Sequence(self.held_out),
            initial_epoch=self.epoch,
            epochs=epochs,
            shuffle=False,  # the batches are in their order already, the same as in PyTorch
            verbose=0,
            callbacks=self,
        )

    def on_train_begin(self, logs=None):
        """Nothing: `train` has called it, and Model.fit may run twice."""

    def on_train_end(self, logs=None):
        """Nothing: `train` calls it at the end."""

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter() - self.seconds
        self.progress.set_description(f"epoch {epoch + 1}")
        forget_peak_memory()
        self.sequence.epoch = epoch
        if self.tally is not None:
            set_scores(self._scores(), self.tally)
            self.tally = None
        super().on_epoch_begin(epoch)

    def on_train_batch_begin(self, batch, logs=None):
        if batch % self.pieces == 0:
            for callback in self.callbacks:
                callback.on_train_batch_begin(self.step)

    def on_train_batch_end(self, batch, logs=None):
        if (batch + 1) % self.pieces:
            return
        for callback in self.callbacks:
            callback.on_train_batch_end(self.step, logs)
        self.step += 1
        self.progress.update()
        if self.folder and self.every and self.step % self.every == 0:
            self.seconds = time.perf_counter() - self.started
            self._save()

    def on_epoch_end(self, epoch, logs=None):
        names = [score.name for score in self._scores()]
        line = self._finite({name: float(logs[name]) for name in (*names, *(f"val_{name}" for name in names))})
        line |= {"seconds": time.perf_counter() - self.started, "memory_gb": peak_memory_gb()}
        self.history.epochs.append(line)
        self.progress.set_postfix(self.history.newest())
        super().on_epoch_end(epoch, line)
        self.epoch, self.step, self.seconds = self.epoch + 1, 0, 0.0
        self.sequence.first = 0
        if self.folder:
            self._save()

    def _scores(self):
        """Keras' own running mean of the loss, and the scores asked for."""
        loss = next(metric for metric in self.model.metrics if metric.name == "loss")
        return [loss, *self.scores]

    def _finite(self, line):
        if not math.isfinite(line["loss"]):
            raise FloatingPointError(advice.not_a_number(self.epoch, self.learning_rate))
        return line

    def _save(self):
        if self.step:
            self._finite(
                {"loss": float(self._scores()[0].result())}
            )  # weights that are not numbers are not worth keeping
        state = {
            "settings": self._settings(),
            "epoch": self.epoch,
            "step": self.step,
            "seconds": self.seconds,
            "stopped": self.model.stop_training,
            "history": self.history.epochs,
            "model": get_weights(self.model),
            "optimiser": get_optimiser(self.model.optimizer),
            "tally": get_scores(self._scores()) if self.step else None,
            "callbacks": [callback.get_state() if hasattr(callback, "get_state") else {} for callback in self.watchers],
        }
        checkpoints.write(self.folder, state)

    def _resume(self):
        state = checkpoints.read(self.folder)
        if state is None:
            return
        checkpoints.check_settings(state["settings"], self._settings(), self.folder)
        self.epoch, self.step, self.seconds = state["epoch"], state["step"], state["seconds"]
        self.model.stop_training = state["stopped"]
        self.history.epochs = state["history"]
        set_weights(self.model, state["model"])
        set_optimiser(self.model.optimizer, state["optimiser"])
        self.tally = state["tally"]
        for callback, saved in zip(self.watchers, state["callbacks"], strict=True):
            if hasattr(callback, "set_state"):
                callback.set_state(saved)

    def _settings(self):
        return checkpoints.settings(
            self.batches,
            [score.name for score in self.scores],
            self.watchers,
            framework=f"keras on {keras.backend.backend()}",
            learning_rate=self.learning_rate,
            precision=self.precision,
            trainable_parameters=count_parameters(self.model),
        )


class Sequence(keras.utils.PyDataset):
    """Hand the course's batches to Model.fit, masks with a channel axis: Keras squeezes logits of another rank."""

    def __init__(self, batches, first=0):
        super().__init__()
        self.batches, self.epoch, self.first = batches, 0, first

    def __len__(self):
        return len(self.batches) - self.first

    def __getitem__(self, number):
        number += self.first
        images, masks = self.batches.batch(self.epoch, number)
        if self.batches.augmentation is not None:
            images, masks = _augment(self.batches.augmentation, images, masks, self.batches.rng(self.epoch, number))
        return images, masks[..., None]


def _augment(augmentation, images, masks, rng):
    parameters = augmentation.sample(rng, *images.shape[:3])
    pixels = masks if masks.ndim == 3 else np.zeros(images.shape[:3], np.int32)  # a label does not move
    images, pixels = augment(ops.convert_to_tensor(images), ops.convert_to_tensor(pixels), parameters)
    return ops.convert_to_numpy(images), ops.convert_to_numpy(pixels) if masks.ndim == 3 else masks
