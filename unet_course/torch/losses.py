"""Losses on logits, in PyTorch; `unet_course/keras/losses.py` is the same file in Keras."""

import torch
from torch.nn import functional


def bce_loss(logits, masks):
    """Binary cross-entropy, averaged over all pixels of the batch.

    Parameters
    ----------
    logits : tensor, shape (N, H, W, 1)
        Output of the network, before the sigmoid.
    masks : tensor, shape (N, H, W)
        Truth, 0 or 1.

    Returns
    -------
    scalar tensor
        At least 0; ln 2 = 0.693 for a network that says 0.5 everywhere.

    Notes
    -----
    Working on logits keeps the logarithm finite. Explained in the nuclei chapter, section "Training".
    """
    return functional.binary_cross_entropy_with_logits(logits[..., 0], masks.to(logits.dtype))


def dice_loss(logits, masks, *, smooth=1.0):
    """One minus the soft Dice of each image, averaged over the batch.

    Parameters
    ----------
    logits : tensor, shape (N, H, W, 1)
    masks : tensor, shape (N, H, W)
        Truth, 0 or 1.
    smooth : float
        Added to numerator and denominator. With 1 an empty prediction on an empty mask costs 0, and an empty
        mask still gives a gradient.

    Returns
    -------
    scalar tensor in [0, 1]

    References
    ----------
    Milletari, Navab, Ahmadi (2016), V-Net, https://arxiv.org/abs/1606.04797 (theirs squares the denominator).
    """
    probabilities = torch.sigmoid(logits[..., 0])
    masks = masks.to(logits.dtype)
    overlap = (probabilities * masks).sum(dim=(1, 2))
    total = probabilities.sum(dim=(1, 2)) + masks.sum(dim=(1, 2))
    return (1 - (2 * overlap + smooth) / (total + smooth)).mean()
