"""Published encoders in Keras; the same file in PyTorch stands beside it.

VGG16 and ResNet50 have the layer names of keras.applications, EfficientNet-Lite0 has names of the same kind.

Each returns its features after every stage, the finest first.
"""

import keras
from keras import layers, ops

from ..common.pretrained import lite_rows
from .batch_norm import BatchNorm
from .blocks import convolution


@keras.saving.register_keras_serializable("unet_course")
class InputNormalisation(layers.Layer):
    """Bring images in [0, 1] to the scale an encoder was trained on; images without three channels pass through."""

    def __init__(self, mean, deviation, blue_first, **options):
        super().__init__(**options)
        self.mean, self.deviation, self.blue_first = mean, deviation, blue_first

    def call(self, images):
        if images.shape[-1] != len(self.mean):
            return images
        images = (images - ops.array(self.mean, images.dtype)) / ops.array(self.deviation, images.dtype)
        return ops.flip(images, axis=-1) if self.blue_first else images

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        own = {"mean": self.mean, "deviation": self.deviation, "blue_first": self.blue_first}
        return {**super().get_config(), **own}


def vgg16(x, spec):
    """The convolutions of VGG16.

    Simonyan, Zisserman (2015), table 1, column D, https://arxiv.org/abs/1409.1556.
    """
    features = []
    for block, (filters, convolutions) in enumerate(zip(spec.channels, (2, 2, 3, 3, 3), strict=True), start=1):
        if block > 1:
            x = layers.MaxPooling2D(2)(x)
        for i in range(1, convolutions + 1):
            x = layers.ReLU()(convolution(x, filters, name=f"block{block}_conv{i}"))
        features.append(x)
    return features


def resnet50(x, spec):
    """ResNet50 up to its last block.

    He et al. (2016), table 1, https://arxiv.org/abs/1512.03385. The paper halves the size in the first convolution of a
    block, as keras.applications does (`spec.early_stride`); torchvision does it in the second.
    """
    x = layers.ReLU()(convolved(x, spec.channels[0], 7, 2, spec, name="conv1", number=""))
    features = [x]
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))  # after a ReLU a zero never wins
    for stage, (channels, blocks) in enumerate(zip(spec.channels[1:], spec.blocks, strict=True), start=2):
        for i in range(blocks):
            stride = 2 if i == 0 and stage > 2 else 1
            x = bottleneck(x, channels, stride, i == 0, spec, name=f"conv{stage}_block{i + 1}")
        features.append(x)
    return features


def bottleneck(x, channels, stride, projected, spec, *, name):
    """Convolutions of 1x1, 3x3 and 1x1 pixels, and a shortcut around them."""
    first, second = (stride, 1) if spec.early_stride else (1, stride)
    shortcut = convolved(x, channels, 1, stride, spec, name=name, number="_0") if projected else x
    x = layers.ReLU()(convolved(x, channels // 4, 1, first, spec, name=name, number="_1"))
    x = layers.ReLU()(convolved(x, channels // 4, 3, second, spec, name=name, number="_2"))
    x = convolved(x, channels, 1, 1, spec, name=name, number="_3")
    return layers.ReLU()(layers.Add()([shortcut, x]))


def convolved(x, filters, size, stride, spec, *, name, number):
    """A convolution that pads alike on all sides, then batch norm."""
    if stride > 1 and size > 1:
        x = layers.ZeroPadding2D(size // 2)(x)  # "same" would pad a convolution with stride on one side only
    x = layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same" if stride == 1 else "valid",
        use_bias=spec.convolution_bias,
        kernel_initializer="he_normal",
        name=f"{name}{number}_conv",
    )(x)
    return batch_norm(x, spec, name=f"{name}{number}_bn")


def efficientnet_lite0(x, spec):
    """EfficientNet-Lite0 up to its last block: B0 without squeeze-and-excitation, and with a ReLU that ends at 6.

    Tan, Le (2019), table 1, https://arxiv.org/abs/1905.11946; the Lite version is TensorFlow's, for phones.
    """
    x = relu6(convolved_same(x, 2 * spec.channels[0], 3, 2, spec, name="conv1_stem"))
    features = []
    for stage, rows in enumerate(lite_rows(spec), start=1):
        stride, block = (1 if stage == 1 else 2), 0
        for repeats, size, wider, filters in rows:
            for _ in range(repeats):
                block += 1
                x = inverted_bottleneck(x, filters, size, stride, wider, spec, name=f"conv{stage}_block{block}")
                stride = 1
        features.append(x)
    return features


def inverted_bottleneck(x, filters, size, stride, wider, spec, *, name):
    """Widen with 1x1 pixels, filter each channel by itself, narrow again; a shortcut where the shapes allow it.

    Sandler et al. (2018), https://arxiv.org/abs/1801.04381.
    """
    y = relu6(convolved_same(x, wider * x.shape[-1], 1, 1, spec, name=f"{name}_expand")) if wider > 1 else x
    y = DepthwiseConvolution(size, stride, name=f"{name}_depthwise_conv")(y)
    y = relu6(batch_norm(y, spec, name=f"{name}_depthwise_bn"))
    y = convolved_same(y, filters, 1, 1, spec, name=f"{name}_project")
    return layers.Add()([x, y]) if stride == 1 and x.shape[-1] == filters else y


@keras.saving.register_keras_serializable("unet_course")
class DepthwiseConvolution(layers.Layer):
    """One kernel for each channel, stored as (side, side, 1, channels): the layout in which it is PyTorch's turned."""

    def __init__(self, size, stride=1, **options):
        super().__init__(**options)
        self.size, self.stride = size, stride

    def build(self, shape):
        kernel = (self.size, self.size, 1, shape[-1])
        self.kernel = self.add_weight(shape=kernel, initializer="he_normal", name="kernel")

    def call(self, x):
        return ops.depthwise_conv(x, ops.swapaxes(self.kernel, 2, 3), self.stride, padding="same")

    def compute_output_shape(self, shape):
        sides = [None if side is None else -(-side // self.stride) for side in shape[1:-1]]
        return (shape[0], *sides, shape[-1])

    def get_config(self):
        return {**super().get_config(), "size": self.size, "stride": self.stride}


def convolved_same(x, filters, size, stride, spec, *, name):
    """A convolution that pads as TensorFlow does, then batch norm."""
    options = {"padding": "same", "use_bias": False, "kernel_initializer": "he_normal", "name": f"{name}_conv"}
    return batch_norm(layers.Conv2D(filters, size, strides=stride, **options)(x), spec, name=f"{name}_bn")


def batch_norm(x, spec, *, name):
    return BatchNorm(epsilon=spec.epsilon, momentum=spec.momentum, name=name)(x)


def relu6(x):
    return layers.ReLU(max_value=6)(x)


FAMILIES = {"vgg16": vgg16, "resnet50": resnet50, "efficientnet_lite0": efficientnet_lite0}
