"""The training loop in PyTorch; `unet_course/keras/running.py` hangs the same things into Model.fit."""

import copy
import math
import time

import numpy as np
import torch
from tqdm.auto import tqdm

from .. import advice, checkpoints
from ..history import History
from .augmentation import augment
from .checkpoints import get_optimiser, get_scores, get_weights, set_optimiser, set_scores, set_weights
from .devices import computing_in, forget_peak_memory, peak_memory_gb
from .metrics import Confusion
from .models import count_parameters


class Run:
    """One call of `fit`: the loop, and what it carries from step to step."""

    def __init__(self, **parts):
        vars(self).update(parts)
        self.pieces = self.batches.pieces
        self.steps = len(self.batches) // self.pieces
        self.history = History()
        self.epoch, self.step, self.seconds = 0, 0, 0.0  # what comes next, and the time this epoch has taken so far
        self.tally = Tally(self.metrics)

    def train(self, epochs, resume):
        self.model.stop_training = False
        for callback in self.callbacks:
            callback.model, callback.optimizer = self.model, self.optimiser
        self._tell("on_train_begin")
        if self.folder and resume:
            self._resume()
        done = self.epoch * self.steps + self.step
        with tqdm(total=epochs * self.steps, initial=done, unit="step") as self.progress:
            while self.epoch < epochs and not self.model.stop_training:
                self._one_epoch()
        self._tell("on_train_end")

    def _one_epoch(self):
        started = time.perf_counter() - self.seconds
        self.progress.set_description(f"epoch {self.epoch + 1}")
        forget_peak_memory(self.device)
        self._tell("on_epoch_begin", self.epoch)
        self.model.train()
        while self.step < self.steps:
            self._update()
            if self.folder and self.every and self.step % self.every == 0:
                self.seconds = time.perf_counter() - started
                self._save()
        line = self._finite(self.tally.result())
        line |= {f"val_{name}": value for name, value in self._validate().items()}
        line |= {"seconds": time.perf_counter() - started, "memory_gb": peak_memory_gb(self.device)}
        self.history.epochs.append(line)
        self.progress.set_postfix(self.history.newest())
        self._tell("on_epoch_end", self.epoch, line)
        self.epoch, self.step, self.seconds, self.tally = self.epoch + 1, 0, 0.0, Tally(self.metrics)
        if self.folder:
            self._save()

    def _update(self):
        """One step of the optimiser: forward, loss and backward for each piece of a batch. Nothing waits for a GPU."""
        first = self.step * self.pieces
        torch.manual_seed(self.batches.draw_seed(self.epoch, first))  # dropout follows the place in the run alone
        self._tell("on_train_batch_begin", self.step)
        self.optimiser.zero_grad()
        for number in range(first, first + self.pieces):
            value = self._forward(self.batches, self.epoch, number, self.tally)
            (value / self.pieces).backward()
        self.optimiser.step()
        self._tell("on_train_batch_end", self.step)
        self.step += 1
        self.progress.update()

    def _validate(self):
        tally = Tally(self.metrics)
        self.model.eval()
        with torch.inference_mode():
            for number in range(len(self.held_out)):
                self._forward(self.held_out, 0, number, tally)
        return tally.result()

    def _forward(self, batches, epoch, number, tally):
        """Loss of one batch, noted in the tally."""
        images, masks = (torch.from_numpy(array).to(self.device) for array in batches.raw(epoch, number))
        images = images.float() / 255 if images.dtype == torch.uint8 else images.float()  # bytes travel as bytes
        if batches.augmentation is not None:
            images, masks = _augment(batches.augmentation, images, masks, batches.rng(epoch, number))
        with computing_in(self.precision, self.device):
            logits = self.network(images)
        logits = logits.float()
        value = self.loss(logits, masks)
        tally.add(value.detach(), logits.detach(), masks)
        return value

    def _finite(self, line):
        if not math.isfinite(line["loss"]):
            raise FloatingPointError(advice.not_a_number(self.epoch, self.learning_rate))
        return line

    def _save(self):
        if self.step:
            self._finite(self.tally.result())  # weights that are not numbers are not worth keeping
        state = {
            "settings": self._settings(),
            "epoch": self.epoch,
            "step": self.step,
            "seconds": self.seconds,
            "stopped": self.model.stop_training,
            "history": self.history.epochs,
            "model": get_weights(self.model),
            "optimiser": get_optimiser(self.optimiser),
            "tally": self.tally.get_state(),
            "callbacks": [callback.get_state() for callback in self.callbacks],
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
        set_optimiser(self.optimiser, state["optimiser"])
        self.tally.set_state(state["tally"], self.device)
        for callback, saved in zip(self.callbacks, state["callbacks"], strict=True):
            callback.set_state(saved)

    def _settings(self):
        return checkpoints.settings(
            self.batches,
            [score.name for score in self.tally.scores],
            self.callbacks,
            framework="torch",
            learning_rate=self.learning_rate,
            precision=self.precision,
            trainable_parameters=count_parameters(self.model),
        )

    def _tell(self, hook, *arguments):
        for callback in self.callbacks:
            getattr(callback, hook)(*arguments)


class Tally:
    """Mean loss and pooled scores of the batches of one pass; nothing is fetched from the device before the end."""

    def __init__(self, metrics):
        self.losses, self.sizes = [], []
        self.scores = [Confusion(one) if isinstance(one, str) else copy.deepcopy(one) for one in metrics]

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
