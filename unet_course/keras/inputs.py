"""What a model takes, asked in Keras before images reach it; `unet_course/torch/inputs.py` is the same in PyTorch.

The checks themselves are in `unet_course/common/inputs.py`.
"""

from keras import ops

from ..common import inputs
from ..common.batches import as_float


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
        return loss(*(ops.convert_to_tensor(array) for array in (logits, truth)))

    inputs.check_labels(masks, channels, left_out, batches.names[1])


def _takes(model):
    """The shape of one image, None where any length will do; None where the model does not tell."""
    shape = getattr(model, "input_shape", None)  # a subclassed model has none, one of several inputs a list
    return shape[1:] if isinstance(shape, tuple) else None


def _channels(model, images):
    """Output channels, counted in an answer where the model does not tell."""
    if hasattr(model, "output_shape"):
        return model.output_shape[-1]
    return model(as_float(images), training=False).shape[-1]
