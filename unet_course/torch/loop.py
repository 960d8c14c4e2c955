"""The training loop in PyTorch; `unet_course/keras/loop.py` hangs the same steps into Model.fit."""

import copy
import math
import time

import numpy as np
import torch
from tqdm.auto import tqdm

from ..common import checkpoints, inputs, messages
from ..common.history import History
from .augmentation import augment
from .checkpoints import get_optimizer, get_scores, get_weights, set_optimizer, set_scores, set_weights
from .devices import computing_in, forget_peak_memory, peak_memory_gb
from .models import count_parameters


class Trainer:
    """One call of `fit`: the loop, and what it carries from step to step."""

    def __init__(
        self, model, loss, scores, callbacks, batches, validation, *,
        learning_rate, precision, checkpoint_dir, checkpoint_every, network, optimizer, device,
    ):  # fmt: skip
        # What both twins have; the loss maps logits and masks to one number, scores are running metrics.
        self.model, self.loss, self.scores, self.callbacks = model, loss, scores, list(callbacks)
        self.batches, self.validation = batches, validation
        self.learning_rate, self.precision = learning_rate, precision
        self.checkpoint_dir, self.checkpoint_every = checkpoint_dir, checkpoint_every
        # What PyTorch leaves to the loop: the network is the model, compiled or not.
        self.network, self.optimizer, self.device = network, optimizer, device
        # Where the run is: what comes next, and the time this epoch has taken so far.
        self.pieces = batches.pieces
        self.steps = len(batches) // self.pieces
        self.history = History()
        self.epoch, self.step, self.seconds = 0, 0, 0.0
        self.means = RunningMeans(scores)

    def train(self, epochs, resume):
        self.model.stop_training = False
        for callback in self.callbacks:
            callback.model, callback.optimizer = self.model, self.optimizer
        self._tell("on_train_begin")
        if self.checkpoint_dir and resume:
            self._resume()
        self.before = get_weights(self.model)
        inputs.check_weights(self.before)
        done = self.epoch * self.steps + self.step
        with tqdm(total=epochs * self.steps, initial=done, unit="step") as self.progress:
            while self.epoch < epochs and not self.model.stop_training:
                self._one_epoch()
        self._tell("on_train_end")

    def _one_epoch(self):
        started = time.perf_counter() - self.seconds
        self.progress.set_description(f"epoch {self.epoch + 1}")
        forget_peak_memory()
        self._tell("on_epoch_begin", self.epoch)
        self.model.train()
        while self.step < self.steps:
            self._update()
            if self.checkpoint_dir and self.checkpoint_every and self.step % self.checkpoint_every == 0:
                self.seconds = time.perf_counter() - started
                self._save()
        line = self.means.result()
        self._check("training", line["loss"])
        line |= {f"val_{name}": value for name, value in self._validate().items()}
        self._check("validation", line["val_loss"])
        line |= {"seconds": time.perf_counter() - started, "memory_gb": peak_memory_gb()}
        self.history.epochs.append(line)
        self.progress.set_postfix(self.history.newest())
        self._tell("on_epoch_end", self.epoch, line)
        self.before = get_weights(self.model)
        self.epoch, self.step, self.seconds, self.means = self.epoch + 1, 0, 0.0, RunningMeans(self.scores)
        if self.checkpoint_dir:
            self._save()

    def _update(self):
        """One step of the optimizer: forward, loss and backward for each piece of a batch. Nothing waits for a GPU."""
        first = self.step * self.pieces
        torch.manual_seed(self.batches.draw_seed(self.epoch, first))  # dropout follows the place in the run alone
        self._tell("on_train_batch_begin", self.step)
        self.optimizer.zero_grad()
        for number in range(first, first + self.pieces):
            value = self._forward(self.batches, self.epoch, number, self.means)
            (value / self.pieces).backward()
        self.optimizer.step()
        self._tell("on_train_batch_end", self.step)
        self.step += 1
        self.progress.update()

    def _validate(self):
        means = RunningMeans(self.scores)
        self.model.eval()
        with torch.inference_mode():
            for number in range(len(self.validation)):
                self._forward(self.validation, 0, number, means)
        return means.result()

    def _forward(self, batches, epoch, number, means):
        """Loss of one batch, noted in the means."""
        images, masks = (torch.from_numpy(array).to(self.device) for array in batches.raw(epoch, number))
        images = images.float() / 255 if images.dtype == torch.uint8 else images.float()  # bytes travel as bytes
        if batches.augmentation is not None:
            images, masks = _augment(batches.augmentation, images, masks, batches.rng(epoch, number))
        with computing_in(self.model, self.precision):
            logits = self.network(images)
        logits = logits.float()
        value = self.loss(logits, masks)
        means.add(value.detach(), logits.detach(), masks)
        return value

    def _check(self, part, loss):
        """End a run that has come to NaN or infinity, with the weights from before this epoch."""
        if not math.isfinite(loss):
            advice = messages.not_a_number(part, self.epoch, self.learning_rate, get_weights(self.model))
            set_weights(self.model, self.before)
            raise FloatingPointError(advice)

    def _save(self):
        weights = get_weights(self.model)
        if self.step:
            # Weights that are not numbers are not worth keeping; the last update may have made them so.
            self._check("training", math.nan if inputs.spoilt(weights) else self.means.result()["loss"])
        state = {
            "settings": self._settings(),
            "epoch": self.epoch,
            "step": self.step,
            "seconds": self.seconds,
            "stopped": self.model.stop_training,
            "history": self.history.epochs,
            "model": weights,
            "optimizer": get_optimizer(self.optimizer),
            "means": self.means.get_state(),
            "callbacks": [callback.get_state() for callback in self.callbacks],
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
        set_optimizer(self.optimizer, state["optimizer"])
        self.means.set_state(state["means"], self.device)
        for callback, saved in zip(self.callbacks, state["callbacks"], strict=True):
            callback.set_state(saved)

    def _settings(self):
        return checkpoints.settings(
            self.batches,
            [score.name for score in self.scores],
            self.callbacks,
            framework="torch",
            learning_rate=self.learning_rate,
            precision=self.precision,
            trainable_parameters=count_parameters(self.model),
        )

    def _tell(self, hook, *arguments):
        for callback in self.callbacks:
            getattr(callback, hook)(*arguments)


class RunningMeans:
    """Mean loss and pooled scores of the batches of one pass; nothing is fetched from the device before the end."""

    def __init__(self, scores):
        self.losses, self.sizes = [], []
        self.scores = copy.deepcopy(scores)

    def add(self, loss, logits, masks):
        self.losses.append(loss)
        self.sizes.append(len(masks))
        for score in self.scores:
            score.update_state(masks, logits)

    def result(self):
        mean = np.average(torch.stack(self.losses).cpu().numpy().astype(np.float64), weights=self.sizes)
        return {"loss": float(mean)} | {score.name: score.result() for score in self.scores}

    def get_state(self):
        losses = [float(loss) for loss in self.losses]
        return {"losses": losses, "sizes": self.sizes, "scores": get_scores(self.scores)}

    def set_state(self, state, device):
        self.losses = [torch.tensor(loss, device=device) for loss in state["losses"]]
        self.sizes = state["sizes"]
        set_scores(self.scores, state["scores"], device)


def _augment(augmentation, images, masks, rng):
    parameters = augmentation.sample(rng, *images.shape[:3])
    pixels = masks if masks.dim() == 3 else masks.new_zeros(images.shape[:3])  # a label does not move
    images, pixels = augment(images, pixels, parameters)
    return images, pixels if masks.dim() == 3 else masks
