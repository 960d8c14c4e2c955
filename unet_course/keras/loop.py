"""What hangs into Model.fit in Keras; `unet_course/torch/loop.py` is a loop that does the same."""

import math
import time

import keras
import numpy as np
from keras import ops
from tqdm.auto import tqdm

from ..common import checkpoints, inputs, messages
from ..common.batches import as_float
from ..common.history import History
from .augmentation import augment
from .checkpoints import get_optimizer, get_scores, get_weights, set_optimizer, set_scores, set_weights
from .devices import forget_peak_memory, peak_memory_gb
from .models import count_parameters


class Trainer(keras.callbacks.CallbackList):
    """One call of `fit`: the callbacks of Model.fit, and what a run carries from step to step.

    Hooks count updates, not pieces of batches, and get losses as tensors: turning them into numbers would make every
    step wait for the GPU. On the jax backend, asking for `self.model` brings its weights up to date.
    """

    def __init__(
        self, model, scores, callbacks, batches, validation, *,
        learning_rate, precision, checkpoint_dir, checkpoint_every,
    ):  # fmt: skip
        # What both twins have; the loss and the optimizer are compiled into the model here.
        super().__init__(callbacks, add_history=True, model=model)
        self.scores, self.own_callbacks = scores, list(callbacks)
        self.batches, self.validation = batches, validation
        self.learning_rate, self.precision = learning_rate, precision
        self.checkpoint_dir, self.checkpoint_every = checkpoint_dir, checkpoint_every
        # Where the run is: what comes next, and the time this epoch has taken so far.
        self.pieces = batches.pieces
        self.steps = len(batches) // self.pieces
        self.history = History()
        self.epoch, self.step, self.seconds = 0, 0, 0.0
        self.means = None  # what the epoch has counted so far, when a run goes on in its middle

    def train(self, epochs, resume):
        self.model.stop_training = False
        super().on_train_begin()
        if self.checkpoint_dir and resume:
            self._resume()
        self.before = get_weights(self.model)
        inputs.check_weights(self.before)
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
            validation_data=Sequence(self.validation),
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
        if self.means is not None:
            set_scores(self._scores(), self.means)
            self.means = None
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
        if self.checkpoint_dir and self.checkpoint_every and self.step % self.checkpoint_every == 0:
            self.seconds = time.perf_counter() - self.started
            self._save()

    def on_epoch_end(self, epoch, logs=None):
        names = [score.name for score in self._scores()]
        line = {name: float(logs[name]) for name in (*names, *(f"val_{name}" for name in names))}
        self._check("training", line["loss"])
        self._check("validation", line["val_loss"])
        line |= {"seconds": time.perf_counter() - self.started, "memory_gb": peak_memory_gb()}
        self.history.epochs.append(line)
        self.progress.set_postfix(self.history.newest())
        super().on_epoch_end(epoch, line)
        self.before = get_weights(self.model)
        self.epoch, self.step, self.seconds = self.epoch + 1, 0, 0.0
        self.sequence.first = 0
        if self.checkpoint_dir:
            self._save()

    def _scores(self):
        """Keras' own running mean of the loss, and the scores asked for."""
        loss = next(metric for metric in self.model.metrics if metric.name == "loss")
        return [loss, *self.scores]

    def _check(self, part, loss):
        """End a run that has come to NaN or infinity, with the weights from before this epoch."""
        if not math.isfinite(loss):
            advice = messages.not_a_number(part, self.epoch, self.learning_rate, get_weights(self.model))
            set_weights(self.model, self.before)
            raise FloatingPointError(advice)

    def _save(self):
        weights, own = get_weights(self.model), self.own_callbacks
        if self.step:
            # Weights that are not numbers are not worth keeping; the last update may have made them so.
            self._check("training", math.nan if inputs.spoilt(weights) else float(self._scores()[0].result()))
        state = {
            "settings": self._settings(),
            "epoch": self.epoch,
            "step": self.step,
            "seconds": self.seconds,
            "stopped": self.model.stop_training,
            "history": self.history.epochs,
            "model": weights,
            "optimizer": get_optimizer(self.model.optimizer),
            "means": get_scores(self._scores()) if self.step else None,
            "callbacks": [callback.get_state() if hasattr(callback, "get_state") else {} for callback in own],
        }
        checkpoints.write(self.checkpoint_dir, state)

    def _resume(self):
        state = checkpoints.read(self.checkpoint_dir)
        if state is None:
            return
        checkpoints.check_settings(state["settings"], self._settings(), self.checkpoint_dir)
        self.epoch, self.step, self.seconds = state["epoch"], state["step"], state["seconds"]
        self.model.stop_training = state["stopped"]
        self.history.epochs = state["history"]
        set_weights(self.model, state["model"])
        set_optimizer(self.model.optimizer, state["optimizer"])
        self.means = state["means"]
        for callback, saved in zip(self.own_callbacks, state["callbacks"], strict=True):
            if hasattr(callback, "set_state"):
                callback.set_state(saved)

    def _settings(self):
        return checkpoints.settings(
            self.batches,
            [score.name for score in self.scores],
            self.own_callbacks,
            framework=f"keras on {keras.backend.backend()}",
            learning_rate=self.learning_rate,
            precision=self.precision,
            trainable_parameters=count_parameters(self.model),
        )


class Sequence(keras.utils.PyDataset):
    """Hand the course's batches to Model.fit, masks with a channel axis: Keras squeezes logits of another rank.

    What was augmented on the device stays there, but for TensorFlow: its Model.fit reads batches through tf.data, which
    lives on the processor.
    """

    def __init__(self, batches, first=0):
        super().__init__()
        self.batches, self.epoch, self.first = batches, 0, first

    def __len__(self):
        return len(self.batches) - self.first

    def __getitem__(self, number):
        number += self.first
        images, masks = self.batches.raw(self.epoch, number)
        if self.batches.augmentation is None:
            return as_float(images), masks[..., None]
        scale = 255 if images.dtype == np.uint8 else 1
        images = ops.cast(ops.convert_to_tensor(images), "float32") / scale  # bytes travel as bytes
        images, masks = _augment(self.batches.augmentation, images, masks, self.batches.rng(self.epoch, number))
        return images, masks[..., None]


def _augment(augmentation, images, masks, rng):
    parameters = augmentation.sample(rng, *images.shape[:3])
    pixels = masks if masks.ndim == 3 else np.zeros(images.shape[:3], np.int32)  # a label does not move
    images, pixels = augment(images, ops.convert_to_tensor(pixels), parameters)
    return images, pixels if masks.ndim == 3 else masks
