"""One training run in a process of its own, which kills itself where it is told; `test_training_kills.py` starts it.

Arguments: framework, folder of the checkpoint, updates until the kill (0: never), "step" or "write" (in the middle of
writing a checkpoint), file for the weights and the history of a run that came to its end.
"""

import importlib
import json
import os
import signal
import sys

import numpy as np

from unet_course.augmentation import Augmentation
from unet_course.common import checkpoints

framework, folder, updates, place, result = sys.argv[1:]
uc = importlib.import_module(f"unet_course.{framework}")


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


class Kill(uc.Callback):
    def on_train_begin(self, logs=None):
        self.left = int(updates)

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0 and place == "write":
            checkpoints.os.fsync = die  # the new file is written, but not yet in the place of the old one
        elif self.left == 0:
            die()


rng = np.random.default_rng(0)
images = rng.integers(0, 256, (11, 16, 16, 1), dtype=np.uint8)
masks = (images[..., 0] > 128).astype(int)
uc.set_seed(1)
model = uc.unet(1, 1, base_filters=2, depth=2, dropout=0.3)
history = uc.fit(
    model,
    (images, masks),
    (images[:4], masks[:4]),
    loss=uc.bce_loss,
    learning_rate=0.1,  # large, so that some epochs get worse and the callbacks act
    epochs=6,
    batch_size=4,
    accumulate=2,
    callbacks=[uc.DwellLearningRate(0.5, dwell=True), uc.EarlyStopping(patience=5), Kill()],
    augment=Augmentation(),
    sampling_weights=1 + masks.mean(axis=(1, 2)),
    checkpoint_dir=folder,
    checkpoint_every=2,
    seed=3,
)
numbers = [{name: value for name, value in line.items() if "loss" in name or "dice" in name} for line in history.epochs]
weights = importlib.import_module(f"unet_course.{framework}.checkpoints").get_weights(model)
np.savez(result, history=json.dumps(numbers), **weights)
