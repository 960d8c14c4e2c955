"""What a model takes, asked in PyTorch before images reach it; `unet_course/keras/inputs.py` is the same in Keras.

The checks themselves are in `unet_course/common/inputs.py`.
"""

import torch

from ..common import inputs
from ..common.batches import as_float
from ..common.config import UNetConfig


def as_images(model, images):
    """Images that this model takes, as an array; ValueError for others."""
    return inputs.as_images(images, _takes(model))


def check_batches(model, loss, batches):
    """Refuse `Batches` with any image or label that this model cannot be trained on with this loss."""
    images, masks = batches.images, batches.masks
    inputs.check_takes(images, _takes(model), batches.names[0])

    def channels():
        return _channels(model, images[:1])

    def left_out(label):
        return inputs.leaves_out(on_device, label, masks.shape[1:], channels())

    def on_device(logits, truth):
        return loss(*(torch.from_numpy(array).to(_device(model)) for array in (logits, truth)))

    inputs.check_labels(masks, channels, left_out, batches.names[1])


def _takes(model):
    """The shape of one image, None where any length will do; None where the model does not tell."""
    config = getattr(model, "config", None)
    if not isinstance(config, UNetConfig):
        return None
    return (*[getattr(model, "size", None)] * config.dimensions, config.in_channels)


@torch.no_grad()
def _channels(model, images):
    """Output channels, counted in an answer: any module has one."""
    training = model.training
    logits = model.eval()(torch.from_numpy(as_float(images)).to(_device(model)))
    model.train(training)
    return logits.shape[-1]


def _device(model):
    return next(model.parameters()).device
