"""U-Nets with one idea exchanged, in PyTorch; `unet_course/keras/variants.py` is the same file in Keras."""

import torch
from torch import nn

from ..common.config import UNetConfig
from .blocks import ConvBlock, centre_crop, convolution, normalisation, pool, upsample
from .models import Network, UNet, channels_last_memory


class AttentionGate(nn.Module):
    """Weigh every pixel of a skip connection by a number in (0, 1).

    The number depends on the pixel and on what comes up.
    """

    def __init__(self, filters, channels, *, dimensions=2):
        super().__init__()
        inner = max(filters // 2, 1)
        self.skip = convolution(filters, inner, 1, dimensions=dimensions)
        self.signal = convolution(channels, inner, 1, dimensions=dimensions)
        self.weight = convolution(inner, 1, 1, dimensions=dimensions)

    def forward(self, skip, x):
        both = torch.relu(self.skip(skip) + self.signal(x))
        return skip * torch.sigmoid(self.weight(both))


def attention_unet(
    in_channels=3,
    out_channels=1,
    *,
    base_filters=64,
    depth=5,
    batch_norm=True,
    dropout=0.0,
    upsampling="transpose",
    padding="same",
):
    """Build a U-Net whose skip connections are weighted by attention gates.

    Parameters
    ----------
    in_channels, out_channels, base_filters, depth, batch_norm, dropout, upsampling, padding
        As in `unet`.

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
    The gate is the additive one of the paper, equation 1, at the resolution of the skip connection: the features that
    come up are enlarged before they meet it, as in most public implementations.

    References
    ----------
    Oktay et al. (2018), Attention U-Net, https://arxiv.org/abs/1804.03999.
    """
    config = UNetConfig(in_channels, out_channels, base_filters, depth, batch_norm, dropout, upsampling, padding)
    return channels_last_memory(UNet(config, gate=AttentionGate))


class ResidualBlock(ConvBlock):
    """Two 3x3 convolutions, and a 1x1 convolution around them.

    The 1x1 convolution brings the input to as many filters.
    """

    def __init__(
        self,
        in_channels,
        filters,
        *,
        batch_norm=True,
        dropout=0.0,
        padding="same",
        dimensions=2,
    ):
        options = {
            "batch_norm": batch_norm,
            "dropout": dropout,
            "padding": padding,
            "dimensions": dimensions,
        }
        super().__init__(in_channels, filters, **options)
        self.shortcut = convolution(
            in_channels, filters, 1, bias=not batch_norm, dimensions=dimensions
        )
        self.shortcut_norm = (
            normalisation(filters, dimensions=dimensions)
            if batch_norm
            else nn.Identity()
        )

    def forward(self, x):
        shortcut = self.shortcut_norm(self.shortcut(x))
        x = torch.relu(self.norm1(self.conv1(x)))
        x = self.norm2(self.conv2(x))
        return self.dropout(torch.relu(x + centre_crop(shortcut, x)))


def residual_unet(
    in_channels=3,
    out_channels=1,
    *,
    base_filters=64,
    depth=5,
    batch_norm=True,
    dropout=0.0,
    upsampling="transpose",
    padding="same",
):
    """Build a U-Net whose blocks add a shortcut around their two convolutions.

    Parameters
    ----------
    in_channels, out_channels, base_filters, depth, batch_norm, dropout, upsampling, padding
        As in `unet`.

    Returns
    -------
    UNet
        Maps images `(N, H, W, in_channels)`, float32 in [0, 1], of any size to logits `(N, H, W, out_channels)`.

    Raises
    ------
    ValueError
        For an argument that makes no network.

    References
    ----------
    Zhang, Liu, Wang (2018), Road Extraction by Deep Residual U-Net, https://arxiv.org/abs/1711.10684. The order inside
    a block is that of He et al. (2016), https://arxiv.org/abs/1512.03385: ReLU after the sum.
    """
    config = UNetConfig(in_channels, out_channels, base_filters, depth, batch_norm, dropout, upsampling, padding)
    return channels_last_memory(UNet(config, block=ResidualBlock))


class UNetPlusPlus(Network):
    """The nested blocks of a U-Net++.

    Node (level, step) sees all nodes before it on its level, and the node below it from
    the step before.
    """

    def __init__(self, config, steps):
        super().__init__(config)
        widths, repeat = config.filters, config.upsampling == "repeat"
        self.encoder = nn.ModuleList(
            ConvBlock(channels, filters, **config.block)
            for channels, filters in zip(
                [config.in_channels, *widths[:-1]], widths, strict=True
            )
        )
        self.up, self.node = nn.ModuleDict(), nn.ModuleDict()
        for step in range(1, config.depth):
            for level, filters in enumerate(widths[: config.depth - step]):
                deep = widths[level + 1]
                self.up[f"{level}_{step}"] = upsample(
                    deep, filters, upsampling=config.upsampling
                )
                channels = step * filters + (deep if repeat else filters)
                self.node[f"{level}_{step}"] = ConvBlock(channels, filters, **config.block)
        self.head = MeanHead(config, steps)

    def trunk(self, x):
        nodes = []
        for level, encoder in enumerate(self.encoder):
            x = encoder(x if level == 0 else pool(x))
            nodes.append([x])
        for step in range(1, self.config.depth):
            for level in range(self.config.depth - step):
                x = self.up[f"{level}_{step}"](nodes[level + 1][step - 1])
                before = [
                    centre_crop(node, x) if self.config.padding == "valid" else node
                    for node in nodes[level]
                ]
                nodes[level].append(
                    self.node[f"{level}_{step}"](torch.cat([*before, x], dim=1))
                )
        return nodes[0][1:]


class MeanHead(nn.ModuleDict):
    """The mean of the logits of these nodes of the finest level."""

    def __init__(self, config, steps):
        super().__init__({str(step): convolution(config.base_filters, config.out_channels, 1) for step in steps})

    def forward(self, nodes):
        logits = [head(nodes[int(step) - 1]) for step, head in self.items()]
        return torch.stack([centre_crop(x, logits[-1]) for x in logits]).mean(dim=0)


def unet_plus_plus(
    in_channels=3,
    out_channels=1,
    *,
    base_filters=64,
    depth=5,
    batch_norm=True,
    dropout=0.0,
    upsampling="transpose",
    padding="same",
    deep_supervision=False,
):
    """Build a U-Net++: nested blocks, densely connected, take the place of the skip connections.

    Parameters
    ----------
    in_channels, out_channels, base_filters, depth, batch_norm, dropout, upsampling, padding
        As in `unet`.
    deep_supervision : bool
        Give each of the `depth - 1` nodes of the finest level a head of its own and return the mean of their logits,
        the paper's "accurate mode": the loss then reaches every node directly.

    Returns
    -------
    UNetPlusPlus
        Maps images `(N, H, W, in_channels)`, float32 in [0, 1], of any size to logits `(N, H, W, out_channels)`.

    Raises
    ------
    ValueError
        For an argument that makes no network.

    References
    ----------
    Zhou et al. (2018), UNet++, equation 1 and section 3.2, https://arxiv.org/abs/1807.10165. The paper trains with one
    loss per head; here one loss sees their mean.
    """
    config = UNetConfig(in_channels, out_channels, base_filters, depth, batch_norm, dropout, upsampling, padding)
    steps = range(1, config.depth) if deep_supervision else [config.depth - 1]
    return channels_last_memory(UNetPlusPlus(config, steps))
