"""Losses on logits, in Keras; `unet_course/torch/losses.py` is the same file in PyTorch."""

from keras import ops


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
    masks = ops.cast(masks, logits.dtype)
    return ops.mean(ops.binary_crossentropy(masks, logits[..., 0], from_logits=True))


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
    probabilities = ops.sigmoid(logits[..., 0])
    masks = ops.cast(masks, logits.dtype)
    overlap = ops.sum(probabilities * masks, axis=(1, 2))
    total = ops.sum(probabilities, axis=(1, 2)) + ops.sum(masks, axis=(1, 2))
    return ops.mean(1 - (2 * overlap + smooth) / (total + smooth))
