"""Running scores for training, in Keras; `unet_course/torch/metrics.py` is the same file in PyTorch."""

import keras
from keras import ops

from ..metrics import FORMULAS, NAMES


@keras.saving.register_keras_serializable("unet_course")
class PooledScore(keras.metrics.Metric):
    """Add up TP, FP, FN and TN over the batches of an epoch and turn them into one pooled score.

    Pooled means: all pixels of all images in one count, so the result does not depend on the batch size. 0/0 is 0.

    Parameters
    ----------
    name : {"accuracy", "precision", "recall", "sensitivity", "specificity", "dice", "f1", "iou"}
    threshold : float
        With one channel of logits, a pixel is foreground where the sigmoid is above it. With more, the largest counts.
    classes : sequence of int, optional
        With one channel per class, the classes over whose scores the mean is taken. Default: all but 0, the
        background. Accuracy does not ask: it is the share of pixels whose class is right.
    ignore_label : int, optional
        Pixels with this label in the masks are not counted.

    Notes
    -----
    Masks that are no whole numbers make the score NaN, so that they are noticed; `fit` refuses them before.
    """

    def __init__(self, name, *, threshold=0.5, classes=None, ignore_label=None):
        if name not in NAMES:
            raise ValueError(f"metric {name!r} is not known: use one of {', '.join(NAMES)}.")
        super().__init__(name=name)
        self.threshold, self.classes, self.ignore_label = threshold, classes, ignore_label
        self.counts = None  # the first batch tells how many channels there are, where `make_room` did not

    def make_room(self, channels):
        """Start to count for logits with so many channels. Done before a step is traced, it saves tracing it twice."""
        if self.counts is None:
            self.counts = self.add_weight(shape=(4, channels), initializer="zeros", name="counts", dtype="float32")

    def update_state(self, masks, logits, sample_weight=None):
        """Count a batch: masks (N, H, W) and logits (N, H, W, C), or volumes, or labels (N,) and logits (N, C)."""
        channels = logits.shape[-1]
        self.make_room(channels)
        given = ops.convert_to_tensor(masks)
        masks = ops.cast(ops.reshape(given, ops.shape(logits)[:-1]), "int32")  # Model.fit adds a channel axis
        if channels == 1:
            truth, prediction = (masks > 0)[..., None], ops.sigmoid(ops.cast(logits, "float32")) > self.threshold
        else:
            classes = ops.arange(channels, dtype="int32")
            truth = masks[..., None] == classes
            prediction = ops.cast(ops.argmax(logits, axis=-1), "int32")[..., None] == classes
        counted = ops.ones_like(truth) if self.ignore_label is None else (masks != self.ignore_label)[..., None]
        outcomes = (truth & prediction, ~truth & prediction, truth & ~prediction, ~truth & ~prediction)
        pixels = tuple(range(len(masks.shape)))
        # In images, not pixels: Keras counts in float32, which cannot add one to 16,777,216.
        means = ops.stack([ops.mean(ops.cast(outcome & counted, "float32"), axis=pixels) for outcome in outcomes])
        if keras.backend.is_float_dtype(given.dtype):
            means = ops.where(ops.all(ops.equal(given, ops.round(given))), means, float("nan"))
        self.counts.assign_add(means * ops.cast(ops.shape(logits)[0], "float32"))

    def result(self):
        return _score(self.name, self.counts, self.classes)

    def get_config(self):
        options = ("name", "threshold", "classes", "ignore_label")
        return {option: getattr(self, option) for option in options}


def _score(name, counts, classes):
    """Pooled score of counts (4, C), the mean over classes where there is more than one channel."""
    channels = counts.shape[-1]
    numerator, denominator = FORMULAS[name](*(counts[i] for i in range(4)))
    if name == "accuracy" and channels > 1:
        numerator = ops.sum(counts[0])  # every pixel once, not once for each class
    scores = numerator / ops.where(denominator == 0, 1.0, denominator)
    if name == "accuracy" or channels == 1:
        return scores[0]
    chosen = range(1, channels) if classes is None else classes
    return sum(scores[label] for label in chosen) / len(chosen)
