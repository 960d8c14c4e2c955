"""Published encoders in PyTorch, with the parameter names of their files; the same file in Keras stands beside it.

Each returns its features after every stage, the finest first, and knows its stages so that they can be frozen.
"""

import torch
from torch import nn
from torch.nn import functional

from ..common.pretrained import lite_rows
from .blocks import convolution, initialise


class InputNormalisation(nn.Module):
    """Bring images in [0, 1] to the scale an encoder was trained on; images without three channels pass through."""

    def __init__(self, mean, deviation, blue_first):
        super().__init__()
        # Constants of the encoder, not weights: they move with the model but are not saved.
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation)[:, None, None], persistent=False)
        self.blue_first = blue_first

    def forward(self, images):
        if images.shape[1] != len(self.mean):
            return images
        images = (images - self.mean) / self.deviation
        return images.flip(1) if self.blue_first else images


class VGG16(nn.Module):
    """The convolutions of VGG16.

    Simonyan, Zisserman (2015), table 1, column D, https://arxiv.org/abs/1409.1556.
    """

    def __init__(self, in_channels, spec):
        super().__init__()
        layers, self.ends = [], []
        for filters, convolutions in zip(spec.channels, (2, 2, 3, 3, 3), strict=True):
            if layers:
                layers.append(nn.MaxPool2d(2))
            for _ in range(convolutions):
                layers += [convolution(in_channels, filters), nn.ReLU()]
                in_channels = filters
            self.ends.append(len(layers))
        self.features = nn.Sequential(*layers)

    def stages(self):
        return [self.features[start:end] for start, end in zip([0, *self.ends], self.ends, strict=False)]

    def forward(self, x):
        features = []
        for stage in self.stages():
            x = stage(x)
            features.append(x)
        return features


class ResNet50(nn.Module):
    """ResNet50 up to its last block.

    He et al. (2016), table 1, https://arxiv.org/abs/1512.03385. The paper halves the size in the first convolution of a
    block, as keras.applications does (`spec.early_stride`); torchvision does it in the second.
    """

    def __init__(self, in_channels, spec):
        super().__init__()
        width = spec.channels[0]
        self.conv1, self.bn1 = convolved(in_channels, width, 7, 2, spec)
        for layer, (channels, blocks) in enumerate(zip(spec.channels[1:], spec.blocks, strict=True), start=1):
            row = []
            for i in range(blocks):
                stride = 2 if i == 0 and layer > 1 else 1
                row.append(Bottleneck(width, channels, stride, i == 0, spec))
                width = channels
            setattr(self, f"layer{layer}", nn.Sequential(*row))

    def stages(self):
        return [nn.ModuleList([self.conv1, self.bn1]), self.layer1, self.layer2, self.layer3, self.layer4]

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        features = [x]
        x = functional.max_pool2d(x, 3, 2, padding=1)
        for layer in self.stages()[1:]:
            x = layer(x)
            features.append(x)
        return features


class Bottleneck(nn.Module):
    """Convolutions of 1x1, 3x3 and 1x1 pixels, and a shortcut around them."""

    def __init__(self, in_channels, channels, stride, projected, spec):
        super().__init__()
        first, second = (stride, 1) if spec.early_stride else (1, stride)
        self.downsample = nn.Sequential(*convolved(in_channels, channels, 1, stride, spec)) if projected else None
        self.conv1, self.bn1 = convolved(in_channels, channels // 4, 1, first, spec)
        self.conv2, self.bn2 = convolved(channels // 4, channels // 4, 3, second, spec)
        self.conv3, self.bn3 = convolved(channels // 4, channels, 1, 1, spec)

    def forward(self, x):
        shortcut = self.downsample(x) if self.downsample else x
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(self.bn2(self.conv2(x)))
        return torch.relu(shortcut + self.bn3(self.conv3(x)))


def convolved(in_channels, filters, size, stride, spec):
    """A convolution that pads alike on all sides, and its batch norm."""
    layer = nn.Conv2d(in_channels, filters, size, stride, padding=size // 2, bias=spec.convolution_bias)
    return initialise(layer), nn.BatchNorm2d(filters, eps=spec.epsilon, momentum=1 - spec.momentum)


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0 up to its last block: B0 without squeeze-and-excitation, and with a ReLU that ends at 6.

    Tan, Le (2019), table 1, https://arxiv.org/abs/1905.11946; the Lite version is TensorFlow's, for phones.
    """

    def __init__(self, in_channels, spec):
        super().__init__()
        channels = 2 * spec.channels[0]
        self.conv_stem, self.bn0 = convolved_same(in_channels, channels, 3, 2, spec)
        blocks, self.ends = [], []
        for stage, rows in enumerate(lite_rows(spec), start=1):
            stride = 1 if stage == 1 else 2
            for repeats, size, wider, filters in rows:
                for _ in range(repeats):
                    blocks.append(InvertedBottleneck(channels, filters, size, stride, wider, spec))
                    channels, stride = filters, 1
            self.ends.append(len(blocks))
        self.blocks = nn.ModuleList(blocks)

    def stages(self):
        first, *others = [self.blocks[start:end] for start, end in zip([0, *self.ends], self.ends, strict=False)]
        return [nn.ModuleList([self.conv_stem, self.bn0, *first]), *others]

    def forward(self, x):
        x = functional.relu6(self.bn0(self.conv_stem(x)))
        features = []
        for i, block in enumerate(self.blocks, start=1):
            x = block(x)
            if i in self.ends:
                features.append(x)
        return features


class InvertedBottleneck(nn.Module):
    """Widen with 1x1 pixels, filter each channel by itself, narrow again; a shortcut where the shapes allow it.

    Sandler et al. (2018), https://arxiv.org/abs/1801.04381.
    """

    def __init__(self, in_channels, channels, size, stride, wider, spec):
        super().__init__()
        inside = wider * in_channels
        self.expand_conv, self.bn0 = convolved_same(in_channels, inside, 1, 1, spec) if wider > 1 else (None, None)
        self.depthwise_conv, self.bn1 = convolved_same(inside, inside, size, stride, spec, groups=inside)
        self.project_conv, self.bn2 = convolved_same(inside, channels, 1, 1, spec)
        self.shortcut = stride == 1 and in_channels == channels

    def forward(self, x):
        y = functional.relu6(self.bn0(self.expand_conv(x))) if self.expand_conv else x
        y = functional.relu6(self.bn1(self.depthwise_conv(y)))
        y = self.bn2(self.project_conv(y))
        return x + y if self.shortcut else y


class PadAfter(nn.Conv2d):
    """A convolution of stride 2 that pads as TensorFlow does: one row and column more after the image than before."""

    def forward(self, x):
        before = (self.kernel_size[0] - 2) // 2
        return super().forward(functional.pad(x, (before, before + 1) * 2))


def convolved_same(in_channels, filters, size, stride, spec, groups=1):
    """A convolution that pads as TensorFlow does, for even sides, and its batch norm."""
    kind, padding = (PadAfter, 0) if stride > 1 else (nn.Conv2d, size // 2)
    layer = kind(in_channels, filters, size, stride, padding=padding, groups=groups, bias=False)
    return initialise(layer), nn.BatchNorm2d(filters, eps=spec.epsilon, momentum=1 - spec.momentum)


FAMILIES = {"vgg16": VGG16, "resnet50": ResNet50, "efficientnet_lite0": EfficientNetLite0}
