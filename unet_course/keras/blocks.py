"""The blocks of every network, in Keras: two convolutions, upsampling, and what makes sizes fit.

Tensors here are channels-last, `(N, H, W, C)` or, for volumes, `(N, D, H, W, C)`.
"""

import keras
from keras import layers, ops

from .batch_norm import BatchNorm

# One definition of batch norm for both twins: Keras and PyTorch differ in their defaults.
BATCH_NORM_EPSILON = 1e-5
BATCH_NORM_MOMENTUM = 0.9  # weight of the past, as Keras counts it


@keras.saving.register_keras_serializable("unet_course")
class Conv3D(layers.Conv3D):
    """`keras.layers.Conv3D` whose bfloat16 gradient is right on a processor, too.

    Where the input is two slices deep, oneDNN computes the gradient of a 3x3x3 kernel from memory that nobody wrote.
    One more slice of zeros, which the padding means anyway, changes no output and avoids it. (Joined on, not padded:
    TensorFlow would merge padding and convolution into one operation, which then fails.)
    """

    def call(self, volumes):
        if volumes.shape[1] != 2 or self.padding != "same":
            return super().call(volumes)
        return super().call(ops.concatenate([volumes, ops.zeros_like(volumes[:, :1])], axis=1))[:, :2]


def convolution(x, filters, size=3, *, padding="same", bias=True, name):
    """A convolution of images or volumes with He-normal weights."""
    layer = Conv3D if len(x.shape) == 5 else layers.Conv2D
    return layer(filters, size, padding=padding, use_bias=bias, kernel_initializer="he_normal", name=name)(x)


def normalisation(x, *, name):
    """Batch norm.

    While training, Keras averages the variance of each batch over its n values, PyTorch over n - 1: with small batches
    the stored averages part a little, and with them what two equally trained models answer.
    """
    return BatchNorm(epsilon=BATCH_NORM_EPSILON, momentum=BATCH_NORM_MOMENTUM, name=name)(x)


def conv_block(x, filters, *, batch_norm=True, dropout=0.0, padding="same", name):
    """Two 3x3 convolutions, each followed by batch norm and ReLU, then dropout.

    Batch norm and dropout are there only if asked for.
    """
    for i in (1, 2):
        x = convolution(
            x, filters, padding=padding, bias=not batch_norm, name=f"{name}_conv{i}"
        )
        if batch_norm:
            x = normalisation(x, name=f"{name}_norm{i}")
        x = layers.ReLU()(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    return x


def pool(x):
    """Halve every side, keeping the largest value of each 2x2 square or 2x2x2 cube."""
    return (layers.MaxPooling3D if len(x.shape) == 5 else layers.MaxPooling2D)(2)(x)


def upsample(x, filters, *, upsampling="transpose", name):
    """Double every side.

    `"transpose"` learns the enlargement (a 2x2 transposed convolution with stride 2, the
    2015 U-Net) and leaves `filters` channels; `"nearest"` and `"bilinear"` enlarge first
    and then apply a 3x3 convolution to `filters` channels; `"repeat"` repeats each
    pixel, learns nothing and keeps all channels.
    """
    volume = len(x.shape) == 5
    if upsampling == "transpose":
        layer = layers.Conv3DTranspose if volume else layers.Conv2DTranspose
        return layer(filters, 2, strides=2, kernel_initializer="he_normal", name=name)(x)
    if upsampling == "bilinear":
        x = Bilinear()(x)
    else:
        x = (layers.UpSampling3D if volume else layers.UpSampling2D)(2)(x)
    return x if upsampling == "repeat" else convolution(x, filters, name=f"{name}_1")


def centre_crop(skip, like):
    """Cut the middle of `skip` to the size of `like` (needed with `padding="valid"` only)."""
    return Crop(centre=True)(skip, like)


def pad_to_multiple(x, multiple):
    """Repeat the far border until every side is a multiple of `multiple`."""
    return PadToMultiple(multiple)(x)


def crop_to(x, like):
    """Take away what `pad_to_multiple` added: cut `x` to the size of `like`."""
    return Crop(centre=False)(x, like)


@keras.saving.register_keras_serializable("unet_course")
class Crop(layers.Layer):
    """Cut a tensor to the sides of another one, around the centre or from the first corner."""

    def __init__(self, centre, **options):
        super().__init__(**options)
        self.centre = centre

    def call(self, x, like):
        window = [slice(None)]
        for size, side in zip(ops.shape(x)[1:-1], ops.shape(like)[1:-1], strict=True):
            start = (size - side) // 2 if self.centre else 0
            window.append(slice(start, start + side))
        return x[tuple(window)]

    def compute_output_shape(self, x_shape, like_shape):
        return (x_shape[0], *like_shape[1:-1], x_shape[-1])

    def get_config(self):
        return {**super().get_config(), "centre": self.centre}


@keras.saving.register_keras_serializable("unet_course")
class Bilinear(layers.Layer):
    """Double the sides of images; new pixels mix their two neighbours 3 to 1. Keras' own layer sticks to one size."""

    def call(self, x):
        for axis in (2, 1):
            shape = ops.shape(x)
            positions, last = ops.arange(shape[axis]), shape[axis] - 1
            before = ops.take(x, ops.maximum(positions - 1, 0), axis=axis)
            after = ops.take(x, ops.minimum(positions + 1, last), axis=axis)
            pairs = ops.stack([before + (x - before) * 0.75, x + (after - x) * 0.25], axis=axis + 1)
            x = ops.reshape(pairs, (*shape[:axis], 2 * shape[axis], *shape[axis + 1 :]))
        return x

    def compute_output_shape(self, shape):
        return (shape[0], *(side and 2 * side for side in shape[1:-1]), shape[-1])


@keras.saving.register_keras_serializable("unet_course")
class PadToMultiple(layers.Layer):
    """Repeat the far border until every side is a multiple of `multiple`."""

    def __init__(self, multiple, **options):
        super().__init__(**options)
        self.multiple = multiple

    def call(self, x):
        for axis, size in enumerate(ops.shape(x)[1:-1], start=1):
            if isinstance(size, int) and size % self.multiple == 0:
                continue  # known before the network runs: nothing to do
            missing = (self.multiple - size % self.multiple) % self.multiple  # an ONNX file gets `-size %` wrong
            positions = ops.arange(size + missing)
            x = ops.take(x, ops.minimum(positions, size - 1), axis=axis)
        return x

    def compute_output_shape(self, shape):
        sides = [side if side is None else side + -side % self.multiple for side in shape[1:-1]]
        return (shape[0], *sides, shape[-1])

    def get_config(self):
        return {**super().get_config(), "multiple": self.multiple}
