"""Running scores for training, in Keras; `unet_course/torch/metrics.py` is the same file in PyTorch."""

import keras
from keras import ops

from ..metrics import FORMULAS


class Confusion(keras.metrics.Metric):
    """Add up TP, FP, FN and TN over the batches of an epoch and turn them into one pooled score.

    Pooled means: all pixels of all images in one count, so the result does not depend on the batch size. 0/0 is 0.

    Parameters
    ----------
    name : {"accuracy", "precision", "recall", "dice", "f1", "iou"}
    threshold : float
        A pixel is foreground where the sigmoid of its logit is above it.
    """

    def __init__(self, name, threshold=0.5):
        super().__init__(name=name)
        self.threshold = threshold
        # In images, not pixels: Keras counts in float32, which cannot add one to 16,777,216.
        self.counts = self.add_weight(shape=(4,), initializer="zeros", name="counts")

    def update_state(self, masks, logits, sample_weight=None):
        prediction = ops.cast(ops.sigmoid(logits[..., 0]) > self.threshold, "float32")
        truth = ops.reshape(ops.cast(masks, "float32"), ops.shape(prediction))  # Model.fit adds a channel axis
        self.counts.assign_add(
            ops.stack(
                [
                    ops.mean(truth * prediction),
                    ops.mean((1 - truth) * prediction),
                    ops.mean(truth * (1 - prediction)),
                    ops.mean((1 - truth) * (1 - prediction)),
                ]
            )
            * ops.cast(ops.shape(truth)[0], "float32")
        )

    def result(self):
        numerator, denominator = FORMULAS[self.name](*(self.counts[i] for i in range(4)))
        return ops.divide_no_nan(numerator, denominator)

    def reset_state(self):
        self.counts.assign(ops.zeros((4,)))
