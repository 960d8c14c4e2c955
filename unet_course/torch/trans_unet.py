"""A U-Net with a small transformer at its deepest level, in PyTorch; the same file in Keras stands beside it."""

import torch
from torch import nn
from torch.nn import functional

from ..common.config import UNetConfig, check_heads, check_positive_int
from .blocks import initialise
from .models import UNet, channels_last_memory


class Transformer(nn.Module):
    """Transformer layers over the pixels of a feature map."""

    def __init__(self, filters, *, depth, heads):
        super().__init__()
        self.layer = nn.ModuleList(TransformerLayer(filters, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(filters)

    def forward(self, x):
        features = x.movedim(1, -1)
        x = features + position_code(*features.shape[1:]).to(features)
        x = x.flatten(1, 2)
        for layer in self.layer:
            x = layer(x)
        return self.norm(x).reshape(features.shape).movedim(-1, 1)


class TransformerLayer(nn.Module):
    """Attention, then two dense layers, each on normed tokens and each added to what it saw."""

    def __init__(self, filters, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(filters)
        self.query, self.key, self.value, self.out = (initialise(nn.Linear(filters, filters)) for _ in range(4))
        self.norm2 = nn.LayerNorm(filters)
        self.hidden = initialise(nn.Linear(filters, 2 * filters))
        self.back = initialise(nn.Linear(2 * filters, filters))
        self.heads = heads

    def forward(self, x):
        y = self.norm1(x)
        x = x + self.out(attention(self.query(y), self.key(y), self.value(y), self.heads))
        return x + self.back(functional.gelu(self.hidden(self.norm2(x))))


def position_code(height, width, filters):
    """Sines and cosines of row and column, (H, W, C): half the channels say the row, half the column."""
    rates = 10_000.0 ** (-torch.arange(filters // 4) / (filters // 4))
    rows = torch.arange(height)[:, None] * rates
    columns = torch.arange(width)[:, None] * rates
    rows = torch.cat([rows.sin(), rows.cos()], dim=-1)[:, None]
    columns = torch.cat([columns.sin(), columns.cos()], dim=-1)[None]
    return torch.cat([rows + 0 * columns, columns + 0 * rows], dim=-1)


def attention(query, key, value, heads):
    """Each token takes a mean of all values (equation 1).

    The mean is weighted by how well the token's query fits their keys.
    """
    query, key, value = (
        x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value)
    )
    weights = torch.softmax(query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5, dim=-1)
    return (weights @ value).transpose(1, 2).flatten(2)


def trans_unet(
    in_channels=3,
    out_channels=1,
    *,
    base_filters=64,
    depth=5,
    batch_norm=True,
    dropout=0.0,
    upsampling="transpose",
    padding="same",
    transformer_layers=2,
    heads=4,
):
    """Build a U-Net whose deepest features look at each other through a small transformer.

    Parameters
    ----------
    in_channels, out_channels, base_filters, depth, batch_norm, dropout, upsampling, padding
        As in `unet`.
    transformer_layers : int
        Transformer layers in the bottleneck.
    heads : int
        Attention heads per layer; the filters of the deepest level, `base_filters * 2 ** (depth - 1)`, must be a
        multiple of it, and of 4.

    Returns
    -------
    UNet
        Maps images `(N, H, W, in_channels)`, float32 in [0, 1], of any size to logits `(N, H, W, out_channels)`.

    Raises
    ------
    ValueError
        For an argument that makes no network.

    Notes
    -----
    Each pixel of the deepest feature map is one token. Sines and cosines of its row and column tell the layers where it
    lies, so any image size will do and no position is learned. TransUNet itself is far larger.

    References
    ----------
    Chen et al. (2021), TransUNet, https://arxiv.org/abs/2102.04306; Vaswani et al. (2017), Attention is all you need,
    sections 3.2 and 3.5, https://arxiv.org/abs/1706.03762. The layer norm stands before each part (Dosovitskiy et al.
    2021, https://arxiv.org/abs/2010.11929).
    """
    config = UNetConfig(in_channels, out_channels, base_filters, depth, batch_norm, dropout, upsampling, padding)
    check_positive_int("transformer_layers", transformer_layers)
    check_heads(heads, config.filters[-1])
    options = {"depth": transformer_layers, "heads": heads}
    return channels_last_memory(UNet(config, bottleneck=lambda filters: Transformer(filters, **options)))
