"""The U-Net of volumes, in PyTorch; `unet_course/keras/unet_3d.py` is the same file in Keras."""

from ..common.config import UNetConfig
from .models import UNet, channels_last_memory


def unet_3d(
    in_channels=4,
    out_channels=4,
    *,
    base_filters=16,
    depth=4,
    batch_norm=True,
    dropout=0.0,
    upsampling="transpose",
    padding="same",
):
    """Build a U-Net whose convolutions, pooling and ways up work on volumes.

    Parameters
    ----------
    in_channels, out_channels, base_filters, depth, batch_norm, dropout, padding
        As in `unet`; the defaults suit the four MR sequences and four labels of BraTS.
    upsampling : {"transpose", "nearest", "repeat"}
        As in `unet`, but for "bilinear".

    Returns
    -------
    UNet
        Maps volumes `(N, D, H, W, in_channels)`, float32, of any size to logits `(N, D, H, W, out_channels)`.

    Raises
    ------
    ValueError
        For an argument that makes no network.

    References
    ----------
    Cicek et al. (2016), 3D U-Net, https://arxiv.org/abs/1606.06650. They double the filters before each pooling and
    keep them in the transposed convolutions; here levels have the widths of `unet`.
    """
    options = (batch_norm, dropout, upsampling, padding)
    config = UNetConfig(
        in_channels, out_channels, base_filters, depth, *options, dimensions=3
    )
    return channels_last_memory(UNet(config))
