"""Everything a network computes goes to the device that the twin chose, tried without a GPU.

Tensors of PyTorch's device "meta" have shapes and no numbers. A network there refuses an input that was left behind on
the processor, and the first step that fetches a number fails: as far as that, all has gone to the device.
"""

import contextlib

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from unet_course import torch as uc  # noqa: E402
from unet_course.torch import devices, loop, prediction  # noqa: E402

IMAGES = np.zeros((4, 16, 16, 1), np.float32)
MASKS = np.zeros((4, 16, 16), np.int64)


@pytest.fixture
def meta(monkeypatch):
    monkeypatch.setattr(devices, "best_device", lambda: torch.device("meta"))
    for module in (loop, prediction):
        monkeypatch.setattr(module, "computing_in", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(loop, "get_weights", lambda model: {})  # fetched before the first step, to be put back
    # The fused optimizer has no kernels for it.
    plain = torch.optim.Adam
    monkeypatch.setattr(torch.optim, "Adam", lambda parameters, lr=1e-3, fused=False: plain(parameters, lr=lr))


def segment():
    return uc.unet(in_channels=1, base_filters=2, depth=2)


def classify():
    return uc.unet_classifier(in_channels=1, out_channels=3, base_filters=2, depth=2, head="average")


CALLS = {
    "predict": lambda: uc.predict(segment(), IMAGES),
    "predict with flips": lambda: uc.predict(segment(), IMAGES, flips=True),
    "grad_cam": lambda: uc.grad_cam(classify(), IMAGES, 0),
    "find_learning_rate": lambda: uc.find_learning_rate(segment(), (IMAGES, MASKS), loss=uc.bce_loss, batch_size=2),
    "fit": lambda: uc.fit(segment(), (IMAGES, MASKS), (IMAGES, MASKS), loss=uc.bce_loss, epochs=1, batch_size=2),
    "fit with augmentation": lambda: uc.fit(
        segment(), (IMAGES, MASKS), (IMAGES, MASKS), loss=uc.dice_loss, epochs=1, batch_size=2, augment=True
    ),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_nothing_is_left_behind_on_the_processor(meta, call):
    with pytest.raises((NotImplementedError, RuntimeError), match="meta tensor"):
        call()
