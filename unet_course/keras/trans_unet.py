"""A U-Net with a small transformer at its deepest level, in Keras; the same file in PyTorch stands beside it."""

import keras
from keras import layers, ops

from ..common.config import UNetConfig, check_heads, check_positive_int
from .models import build, down_and_up

LAYER_NORM_EPSILON = 1e-5  # PyTorch's; Keras' own is 1e-3


def transformer(x, *, depth, heads, name):
    """Transformer layers over the pixels of a feature map."""
    features, filters = x, x.shape[-1]
    x = Tokens()(x)
    for i in range(depth):
        part = f"{name}_layer_{i}"
        y = layer_norm(x, name=f"{part}_norm1")
        query, key, value = (dense(y, filters, name=f"{part}_{what}") for what in ("query", "key", "value"))
        y = dense(Attention(heads)(query, key, value), filters, name=f"{part}_out")
        x = layers.Add()([x, y])
        y = dense(layer_norm(x, name=f"{part}_norm2"), 2 * filters, name=f"{part}_hidden")
        y = dense(layers.Activation("gelu")(y), filters, name=f"{part}_back")
        x = layers.Add()([x, y])
    return Map()(layer_norm(x, name=f"{name}_norm"), features)


def dense(x, filters, *, name):
    """A dense layer over the channels of every token."""
    return layers.Dense(filters, kernel_initializer="he_normal", name=name)(x)


def layer_norm(x, *, name):
    """Every token to mean 0 and variance 1 over its channels, then scaled and shifted."""
    return layers.LayerNormalization(epsilon=LAYER_NORM_EPSILON, name=name)(x)


@keras.saving.register_keras_serializable("unet_course")
class Tokens(layers.Layer):
    """A feature map (N, H, W, C) as tokens (N, H * W, C) to which their position is added."""

    def call(self, x):
        batch, height, width, filters = ops.shape(x)
        x = x + ops.cast(position_code(height, width, filters), x.dtype)
        return ops.reshape(x, (batch, height * width, filters))

    def compute_output_shape(self, shape):
        return (shape[0], None, shape[-1])


def position_code(height, width, filters):
    """Sines and cosines of row and column, (H, W, C): half the channels say the row, half the column."""
    rates = 10_000.0 ** (-ops.arange(filters // 4, dtype=keras.config.floatx()) / (filters // 4))
    rows = ops.arange(height, dtype=keras.config.floatx())[:, None] * rates
    columns = ops.arange(width, dtype=keras.config.floatx())[:, None] * rates
    rows = ops.concatenate([ops.sin(rows), ops.cos(rows)], axis=-1)[:, None]
    columns = ops.concatenate([ops.sin(columns), ops.cos(columns)], axis=-1)[None]
    return ops.concatenate([rows + 0 * columns, columns + 0 * rows], axis=-1)


@keras.saving.register_keras_serializable("unet_course")
class Attention(layers.Layer):
    """Each token takes a mean of all values (equation 1).

    The mean is weighted by how well the token's query fits their keys.
    """

    def __init__(self, heads, **options):
        super().__init__(**options)
        self.heads = heads

    def call(self, query, key, value):
        batch, tokens, filters = ops.shape(query)
        width = filters // self.heads

        def split(x):
            return ops.transpose(
                ops.reshape(x, (batch, tokens, self.heads, width)), (0, 2, 1, 3)
            )

        query, key, value = split(query), split(key), split(value)
        weights = ops.softmax(
            query @ ops.transpose(key, (0, 1, 3, 2)) / width**0.5, axis=-1
        )
        return ops.reshape(
            ops.transpose(weights @ value, (0, 2, 1, 3)), (batch, tokens, filters)
        )

    def compute_output_shape(self, query_shape, key_shape, value_shape):
        return value_shape

    def get_config(self):
        return {**super().get_config(), "heads": self.heads}


@keras.saving.register_keras_serializable("unet_course")
class Map(layers.Layer):
    """Tokens (N, H * W, C) as a feature map of the shape of `like`."""

    def call(self, x, like):
        return ops.reshape(x, ops.shape(like))

    def compute_output_shape(self, x_shape, like_shape):
        return like_shape


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
    keras.Model
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
    return build(
        config,
        "trans_unet",
        lambda x: down_and_up(x, config, bottleneck=lambda x, name: transformer(x, **options, name=name)),
    )
