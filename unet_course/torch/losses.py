"""Losses on logits, in PyTorch; `unet_course/keras/losses.py` is the same file in Keras.

Logits have one channel (foreground against background, by the sigmoid) or one per class (by the softmax). Masks hold
whole numbers and have the shape of the logits without the channels: images (N, H, W), volumes (N, Z, H, W), or one
label for each image (N,). A label that is no class makes the loss NaN, so that it is noticed. All losses are computed
in float32 at least, whatever the precision of the network.
"""

import torch
from torch.nn import functional


def bce_loss(logits, masks, *, class_weights=None, ignore_label=None):
    """Binary cross-entropy, averaged over the pixels of the batch.

    Parameters
    ----------
    logits : tensor, shape (N, H, W, 1)
        Output of the network, before the sigmoid.
    masks : tensor, shape (N, H, W)
        Truth, 0 or 1.
    class_weights : (float, float), optional
        Weight of a background and of a foreground pixel. The mean is the weighted one, so only their ratio matters.
    ignore_label : int, optional
        Pixels with this label in `masks` count for nothing: not for the loss, not for its gradient.

    Returns
    -------
    scalar tensor
        At least 0; ln 2 = 0.693 for a network that says 0.5 everywhere.

    Notes
    -----
    Working on logits keeps the logarithm finite. Explained in the nuclei chapter, section "Training".
    """
    if logits.shape[-1] != 1:
        raise ValueError(f"bce_loss needs one channel, not {logits.shape[-1]}: use cross_entropy_loss for classes.")
    return _cross_entropy(logits, masks, class_weights, ignore_label)


def dice_loss(logits, masks, *, smooth=1.0, reduction="image", class_weights=None, ignore_label=None):
    """One minus the soft Dice, 1 - (2 sum(p t) + smooth) / (sum(p) + sum(t) + smooth).

    Parameters
    ----------
    logits : tensor, shape (N, H, W, C)
        With one channel the Dice of the foreground is taken, with more the mean over the classes.
    masks : tensor, shape (N, H, W)
        Truth, 0 or 1, or labels 0 to C - 1.
    smooth : float
        Added to numerator and denominator, above 0. With 1 an empty prediction on an empty mask costs 0, and an empty
        mask still gives a gradient.
    reduction : {"image", "batch"}
        "image": one Dice for each image, then the mean; an image with a small tumour counts as much as any other.
        "batch": the sums run over the whole batch, so that one Dice is taken of all its pixels.
    class_weights : sequence of C floats, optional
        Weights of the classes in the mean, of which only the ratio matters; (0, 1, 1) leaves the background out.
    ignore_label : int, optional
        Pixels with this label in `masks` count for nothing.

    Returns
    -------
    scalar tensor in [0, 1]

    References
    ----------
    Milletari, Navab, Ahmadi (2016), V-Net, https://arxiv.org/abs/1606.04797 (theirs squares p and t there).
    """
    # Half of each kind of error makes Tversky's denominator the mean of the two areas.
    return _overlap_loss(logits, masks, 0.5, 0.5, smooth, reduction, class_weights, ignore_label)


def bce_dice_loss(logits, masks, *, dice_weight=1.0, smooth=1.0, reduction="image", ignore_label=None):
    """Cross-entropy plus `dice_weight` times `dice_loss`: a gradient everywhere, and the overlap that is scored.

    Parameters
    ----------
    logits : tensor, shape (N, H, W, C)
        With one channel `bce_loss` is taken, with more `cross_entropy_loss`.
    masks : tensor, shape (N, H, W)
    dice_weight : float
    smooth, reduction, ignore_label
        As `dice_loss` has them.

    Returns
    -------
    scalar tensor
        At least 0.

    References
    ----------
    Isensee et al. (2021), nnU-Net, Nature Methods 18, 203-211, https://doi.org/10.1038/s41592-020-01008-z.
    """
    dice = dice_loss(logits, masks, smooth=smooth, reduction=reduction, ignore_label=ignore_label)
    return _cross_entropy(logits, masks, None, ignore_label) + dice_weight * dice


def cross_entropy_loss(logits, masks, *, class_weights=None, ignore_label=None):
    """Cross-entropy of classes, averaged over the pixels of the batch.

    Parameters
    ----------
    logits : tensor, shape (N, H, W, C)
        One channel per class, before the softmax; (N, C) for a classifier.
    masks : tensor, shape (N, H, W)
        Labels 0 to C - 1; (N,) for a classifier.
    class_weights : sequence of C floats, optional
        Weight of a pixel by its true class. The mean is the weighted one, so only their ratios matter.
    ignore_label : int, optional
        Pixels with this label in `masks` count for nothing.

    Returns
    -------
    scalar tensor
        At least 0; ln C for a network that finds all classes equally likely.
    """
    if logits.shape[-1] == 1:
        raise ValueError("cross_entropy_loss needs one channel per class, not 1 channel: use bce_loss.")
    return _cross_entropy(logits, masks, class_weights, ignore_label)


def tversky_loss(
    logits, masks, *, alpha=0.3, beta=0.7, smooth=1.0, reduction="image", class_weights=None, ignore_label=None
):
    """One minus the soft Tversky index, TP / (TP + alpha FP + beta FN): Dice whose two errors weigh differently.

    Parameters
    ----------
    logits, masks, reduction, class_weights, ignore_label
        As `dice_loss` has them.
    alpha, beta : float
        Weight of false alarms and of missed pixels. 0.5 and 0.5 is `dice_loss`, 1 and 1 the same for IoU; the default
        would rather mark too much than miss a tumour.
    smooth : float
        Added to twice the numerator and twice the denominator, as in Dice.

    Returns
    -------
    scalar tensor in [0, 1]

    References
    ----------
    Salehi, Erdogmus, Gholipour (2017), https://arxiv.org/abs/1706.05721.
    """
    return _overlap_loss(logits, masks, alpha, beta, smooth, reduction, class_weights, ignore_label)


def focal_loss(logits, masks, *, gamma=2.0, class_weights=None, ignore_label=None):
    """Cross-entropy of each pixel times (1 - p)^gamma, where p is the probability of its true class.

    Parameters
    ----------
    logits : tensor, shape (N, H, W, C)
        With one channel foreground against background, with more one channel per class.
    masks : tensor, shape (N, H, W)
    gamma : float
        How strongly pixels that are easy are weighted down; 0 is plain cross-entropy.
    class_weights, ignore_label
        As `bce_loss` and `cross_entropy_loss` have them. The focal factor is no weight: it makes the mean smaller.

    Returns
    -------
    scalar tensor
        At least 0.

    References
    ----------
    Lin et al. (2017), https://arxiv.org/abs/1708.02002 (theirs divides by the number of objects).
    """
    logits, masks, counted = _prepare(logits, masks, ignore_label)
    if logits.shape[-1] == 1:
        rest = torch.sigmoid(-_signed_logit(logits, masks))
    else:
        rest = (torch.softmax(logits, dim=-1) * (1 - _one_hot(masks, logits))).sum(dim=-1)
    # Summed from what is left, 1 - p keeps its digits where p is nearly 1; it never is 0, where a root has no slope.
    losses = rest.clamp(min=1e-30) ** gamma * _negative_log_likelihood(logits, masks)
    return _weighted_mean(losses, masks, logits, class_weights, counted)


def _cross_entropy(logits, masks, class_weights, ignore_label):
    logits, masks, counted = _prepare(logits, masks, ignore_label)
    return _weighted_mean(_negative_log_likelihood(logits, masks), masks, logits, class_weights, counted)


def _overlap_loss(logits, masks, alpha, beta, smooth, reduction, class_weights, ignore_label):
    if smooth <= 0:
        raise ValueError(f"smooth={smooth} must be above 0: without it an empty mask has no gradient.")
    if reduction not in ("image", "batch"):
        raise ValueError(f'reduction={reduction!r} is not known: use "image" or "batch".')
    if class_weights is not None and logits.shape[-1] == 1:
        raise ValueError("class_weights need one channel per class: one channel is scored by its foreground alone.")
    logits, masks, counted = _prepare(logits, masks, ignore_label)
    if logits.shape[-1] == 1:
        probabilities, truth = torch.sigmoid(logits), masks[..., None].to(logits.dtype)
    else:
        probabilities, truth = torch.softmax(logits, dim=-1), _one_hot(masks, logits)
    probabilities, truth = probabilities * counted[..., None], truth * counted[..., None]
    pixels = tuple(range(0 if reduction == "batch" else 1, len(logits.shape) - 1))
    overlap = (probabilities * truth).sum(dim=pixels)
    false_alarms = probabilities.sum(dim=pixels) - overlap
    missed = truth.sum(dim=pixels) - overlap
    index = (2 * overlap + smooth) / (2 * (overlap + alpha * false_alarms + beta * missed) + smooth)
    if class_weights is None:
        return (1 - index).mean()
    weights = _as_weights(class_weights, logits, logits.shape[-1])
    return ((1 - index) * (weights / weights.sum())).sum(dim=-1).mean()


def _prepare(logits, masks, ignore_label):
    """Logits in float32, masks as integers, and what each pixel counts: 1, 0 if ignored, NaN if it is no class."""
    if tuple(logits.shape[:-1]) != tuple(masks.shape):
        raise ValueError(
            f"logits {tuple(logits.shape)} and masks {tuple(masks.shape)} do not fit: masks need the shape of the "
            "logits without the last axis, the channels."
        )
    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()
    labels = masks.int()
    known = (labels == masks) & (labels >= 0) & (labels < max(logits.shape[-1], 2))
    counted = torch.where(known, 1.0, torch.nan).to(logits.dtype)
    if ignore_label is not None:
        kept = labels != ignore_label
        logits, labels = torch.where(kept[..., None], logits, 0.0), torch.where(kept, labels, 0)
        counted = torch.where(kept, counted, 0.0)
    return logits, labels, counted


def _negative_log_likelihood(logits, masks):
    """Minus the logarithm of the probability of the true class, for each pixel."""
    if logits.shape[-1] == 1:
        return functional.softplus(-_signed_logit(logits, masks))
    return -(_one_hot(masks, logits) * functional.log_softmax(logits, dim=-1)).sum(dim=-1)


def _signed_logit(logits, masks):
    """How much the one logit speaks for the true class: its sign is turned where the truth is background."""
    return (2 * masks - 1).to(logits.dtype) * logits[..., 0]


def _weighted_mean(losses, masks, logits, class_weights, counted):
    if class_weights is not None:
        weights = _as_weights(class_weights, logits, max(logits.shape[-1], 2))
        counted = counted * weights[masks.clamp(0, len(class_weights) - 1)]
    total = counted.sum()
    return (losses * counted).sum() / torch.where(total == 0, 1.0, total)  # nothing counted costs nothing


def _as_weights(class_weights, logits, classes):
    if len(class_weights) != classes or min(class_weights) < 0 or max(class_weights) <= 0:
        raise ValueError(f"class_weights={class_weights} must be {classes} numbers, at least 0, not all 0.")
    return torch.tensor(class_weights, dtype=logits.dtype, device=logits.device)


def _one_hot(masks, logits):
    return (masks[..., None] == torch.arange(logits.shape[-1], device=masks.device)).to(logits.dtype)
