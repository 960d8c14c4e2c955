"""U-Nets with one idea exchanged, in Keras; `unet_course/torch/variants.py` is the same file in PyTorch."""

from keras import layers

from ..common.config import UNetConfig
from .blocks import centre_crop, conv_block, convolution, normalisation, pool, upsample
from .models import build, down_and_up


def attention_gate(skip, x, *, name):
    """Weigh every pixel of a skip connection by a number in (0, 1).

    The number depends on the pixel and on what comes up.
    """
    inner = max(skip.shape[-1] // 2, 1)
    both = [
        convolution(skip, inner, 1, name=f"{name}_skip"),
        convolution(x, inner, 1, name=f"{name}_signal"),
    ]
    weight = convolution(layers.ReLU()(layers.Add()(both)), 1, 1, name=f"{name}_weight")
    return layers.Multiply()([skip, layers.Activation("sigmoid")(weight)])


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
    keras.Model
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
    return build(config, "attention_unet", lambda x: down_and_up(x, config, gate=attention_gate))


def residual_block(x, filters, *, batch_norm=True, dropout=0.0, padding="same", name):
    """Two 3x3 convolutions, and a 1x1 convolution around them.

    The 1x1 convolution brings the input to as many filters.
    """
    bias = not batch_norm
    shortcut = convolution(x, filters, 1, bias=bias, name=f"{name}_shortcut")
    if batch_norm:
        shortcut = normalisation(shortcut, name=f"{name}_shortcut_norm")
    x = convolution(x, filters, padding=padding, bias=bias, name=f"{name}_conv1")
    x = layers.ReLU()(normalisation(x, name=f"{name}_norm1") if batch_norm else x)
    x = convolution(x, filters, padding=padding, bias=bias, name=f"{name}_conv2")
    if batch_norm:
        x = normalisation(x, name=f"{name}_norm2")
    x = layers.ReLU()(
        layers.Add()([x, centre_crop(shortcut, x) if padding == "valid" else shortcut])
    )
    return layers.Dropout(dropout)(x) if dropout else x


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
    keras.Model
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
    return build(config, "residual_unet", lambda x: down_and_up(x, config, block=residual_block))


def nested(x, config):
    """From images to the nodes of the finest level of a U-Net++, the shallowest first.

    Node (level, step) sees all nodes before it on its level, and the node below it from
    the step before.
    """
    nodes = []
    for level, filters in enumerate(config.filters):
        x = conv_block(
            x if level == 0 else pool(x),
            filters,
            **config.block,
            name=f"encoder_{level}",
        )
        nodes.append([x])
    for step in range(1, config.depth):
        for level, filters in enumerate(config.filters[: config.depth - step]):
            below = nodes[level + 1][step - 1]
            x = upsample(
                below, filters, upsampling=config.upsampling, name=f"up_{level}_{step}"
            )
            before = [
                centre_crop(node, x) if config.padding == "valid" else node
                for node in nodes[level]
            ]
            x = layers.Concatenate()([*before, x])
            nodes[level].append(
                conv_block(x, filters, **config.block, name=f"node_{level}_{step}")
            )
    return nodes[0][1:]


def mean_head(nodes, config, steps):
    """The mean of the logits of these nodes of the finest level."""
    logits = [convolution(nodes[step - 1], config.out_channels, 1, name=f"head_{step}") for step in steps]
    if len(logits) == 1:
        return logits[0]
    return layers.Average()([centre_crop(x, logits[-1]) if config.padding == "valid" else x for x in logits])


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
    keras.Model
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
    return build(
        config, "unet_plus_plus", lambda x: nested(x, config), lambda nodes, config: mean_head(nodes, config, steps)
    )
