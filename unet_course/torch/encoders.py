"""VGG16 and ResNet50 in PyTorch, with the parameter names of torchvision; the same file in Keras stands beside it.

Each returns its features after every stage, the finest first, and knows its stages so that they can be frozen.
"""

import torch
from torch import nn
from torch.nn import functional

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


FAMILIES = {"vgg16": VGG16, "resnet50": ResNet50}
