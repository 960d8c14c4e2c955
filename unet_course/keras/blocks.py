"""The three bricks of every U-Net, in Keras: two convolutions, a way up, a crop for the skip connection.

Tensors in this room are channels-last `(N, H, W, C)`.
"""

import keras
from keras import layers, ops

# One definition of batch norm for both twins: Keras and PyTorch differ in their defaults.
BATCH_NORM_EPSILON = 1e-5
BATCH_NORM_MOMENTUM = 0.9  # weight of the past, as Keras counts it


def conv_block(x, filters, *, batch_norm=True, dropout=0.0, padding="same", name):
    """Two 3x3 convolutions, each followed by batch norm (if asked for) and ReLU, then dropout (if asked for)."""
    for i in (1, 2):
        x = layers.Conv2D(
            filters,
            3,
            padding=padding,
            use_bias=not batch_norm,
            kernel_initializer="he_normal",
            name=f"{name}_conv{i}",
        )(x)
        if batch_norm:
            x = layers.BatchNormalization(
                epsilon=BATCH_NORM_EPSILON, momentum=BATCH_NORM_MOMENTUM, name=f"{name}_norm{i}"
            )(x)
        x = layers.ReLU()(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    return x


def upsample(x, filters, *, upsampling="transpose", name):
    """Double height and width and reduce the channels to `filters`.

    `"transpose"` learns the enlargement (a 2x2 transposed convolution with stride 2, the 2015 U-Net);
    `"nearest"` and `"bilinear"` enlarge first and then apply a 3x3 convolution.
    """
    if upsampling == "transpose":
        return layers.Conv2DTranspose(filters, 2, strides=2, kernel_initializer="he_normal", name=name)(x)
    if upsampling not in {"nearest", "bilinear"}:
        raise ValueError(f'upsampling={upsampling!r} is not known: use "transpose", "nearest" or "bilinear".')
    x = layers.UpSampling2D(2, interpolation=upsampling)(x)
    return layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal", name=f"{name}_1")(x)


@keras.saving.register_keras_serializable("unet_course")
class CentreCrop(layers.Layer):
    """Cut the middle of `skip` to the height and width of `like` (needed with `padding="valid"` only)."""

    def call(self, skip, like):
        height, width = ops.shape(like)[1], ops.shape(like)[2]
        top = (ops.shape(skip)[1] - height) // 2
        left = (ops.shape(skip)[2] - width) // 2
        return skip[:, top : top + height, left : left + width, :]

    def compute_output_shape(self, skip_shape, like_shape):
        return (skip_shape[0], like_shape[1], like_shape[2], skip_shape[3])
