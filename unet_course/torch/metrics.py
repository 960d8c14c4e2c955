"""Running scores for training, in PyTorch; `unet_course/keras/metrics.py` is the same file in Keras."""

import torch

from .. import metrics as numpy_metrics


class Confusion:
    """Add up TP, FP, FN and TN over the batches of an epoch and turn them into one pooled score.

    Pooled means: all pixels of all images in one count, so the result does not depend on the batch size. 0/0 is 0.

    Parameters
    ----------
    name : {"accuracy", "precision", "recall", "dice", "f1", "iou"}
    threshold : float
        A pixel is foreground where the sigmoid of its logit is above it.
    """

    def __init__(self, name, threshold=0.5):
        self.name = name
        self.threshold = threshold
        self.reset_state()

    def update_state(self, masks, logits):
        truth = masks > 0.5
        prediction = torch.sigmoid(logits[..., 0]) > self.threshold
        self.counts += torch.stack(
            [
                (truth & prediction).sum(),
                (~truth & prediction).sum(),
                (truth & ~prediction).sum(),
                (~truth & ~prediction).sum(),
            ]
        ).to(self.counts)

    def result(self):
        return float(numpy_metrics.score(self.name, self.counts.numpy(), empty=0))

    def reset_state(self):
        self.counts = torch.zeros(4, dtype=torch.float64)
