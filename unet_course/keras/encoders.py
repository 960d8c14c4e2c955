"""VGG16 and ResNet50 in Keras, with the layer names of keras.applications; the same file in PyTorch stands beside it.

Each returns its features after every stage, the finest first.
"""

import keras
from keras import layers, ops

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
    return BatchNorm(epsilon=spec.epsilon, momentum=spec.momentum, name=f"{name}{number}_bn")(x)


FAMILIES = {"vgg16": vgg16, "resnet50": resnet50}
