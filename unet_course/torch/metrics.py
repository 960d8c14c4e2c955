"""Running scores for training, in PyTorch; `unet_course/keras/metrics.py` is the same file in Keras."""

import torch

from ..metrics import FORMULAS, NAMES


class PooledScore:
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
        self.name = name
        self.threshold, self.classes, self.ignore_label = threshold, classes, ignore_label
        self.reset_state()

    def update_state(self, masks, logits):
        """Count a batch: masks (N, H, W) and logits (N, H, W, C), or volumes, or labels (N,) and logits (N, C)."""
        channels = logits.shape[-1]
        if channels == 1:
            truth, prediction = (masks > 0)[..., None], torch.sigmoid(logits.float()) > self.threshold
        else:
            classes = torch.arange(channels, device=logits.device)
            truth, prediction = masks[..., None] == classes, logits.argmax(dim=-1)[..., None] == classes
        counted = torch.ones_like(truth) if self.ignore_label is None else (masks.int() != self.ignore_label)[..., None]
        outcomes = (truth & prediction, ~truth & prediction, truth & ~prediction, ~truth & ~prediction)
        pixels = tuple(range(len(masks.shape)))
        # Stays on the device: asking for a number here would make every batch wait for it.
        counts = torch.stack([(outcome & counted).sum(dim=pixels) for outcome in outcomes])
        if masks.is_floating_point():
            counts = torch.where((masks == masks.round()).all(), counts.double(), torch.nan)
        self.counts = self.counts + counts

    def result(self):
        return float(_score(self.name, torch.as_tensor(self.counts).cpu().double(), self.classes))

    def reset_state(self):
        self.counts = 0


def _score(name, counts, classes):
    """Pooled score of counts (4, C), the mean over classes where there is more than one channel."""
    channels = counts.shape[-1]
    numerator, denominator = FORMULAS[name](*counts)
    if name == "accuracy" and channels > 1:
        numerator = counts[0].sum()  # every pixel once, not once for each class
    scores = numerator / torch.where(denominator == 0, 1, denominator)
    if name == "accuracy" or channels == 1:
        return scores[0]
    chosen = range(1, channels) if classes is None else classes
    return sum(scores[label] for label in chosen) / len(chosen)
