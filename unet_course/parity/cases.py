"""What parity is measured on: one tiny network of every kind, and the parameter counts that others published."""

from dataclasses import dataclass, field, replace

import numpy as np

from ..common.pretrained import ENCODERS

# Odd sides on purpose: no depth divides them.
PICTURE, VOLUME = (67, 71), (9, 10, 11)


@dataclass(frozen=True)
class Variant:
    """A network small enough to be built and compared in a second or two.

    Attributes
    ----------
    builder : str
        Name of the function in both twins.
    options : dict
        Its arguments.
    sides : tuple of int
        Sides of the images it is shown.
    precise : str
        The finest type of numbers it can compute with.
    """

    builder: str
    options: dict = field(default_factory=dict)
    sides: tuple = PICTURE
    precise: str = "float64"

    def build(self, twin):
        """The network, in this twin (the module `unet_course.keras` or `unet_course.torch`)."""
        return getattr(twin, self.builder)(**self.options)

    def images(self, count=2, seed=0):
        """Random images that fit it, (count, sides..., channels) float32 in [0, 1]."""
        default = 4 if self.builder == "unet_3d" else 3
        shape = (count, *self.sides, self.options.get("in_channels", default))
        return np.random.default_rng(seed).random(shape, dtype=np.float32)


def narrow(encoder):
    """A published encoder with as many layers and few channels: what does not depend on their number is tested so."""
    spec = ENCODERS[encoder]
    channels = {
        "vgg16": (8, 8, 16, 16, 16),
        "resnet50": (16, 32, 32, 64, 64),
        "efficientnet_lite0": (8, 8, 16, 14, 20),
    }
    return replace(spec, channels=channels[spec.family])


_TINY = {"base_filters": 4, "depth": 3}
VARIANTS = {
    "unet": Variant("unet", {**_TINY, "depth": 4}),
    "unet without batch norm": Variant("unet", {**_TINY, "batch_norm": False}),
    "unet, nearest": Variant("unet", {**_TINY, "upsampling": "nearest"}),
    "unet, bilinear": Variant("unet", {**_TINY, "upsampling": "bilinear"}),
    "unet, valid": Variant("unet", {**_TINY, "padding": "valid", "in_channels": 1, "out_channels": 4}),
    "unet_classifier, flatten": Variant("unet_classifier", {**_TINY, "image_size": 19, "hidden": 8}, (19, 19)),
    "unet_classifier, average": Variant("unet_classifier", {**_TINY, "head": "average"}),
    "attention_unet": Variant("attention_unet", _TINY),
    "residual_unet": Variant("residual_unet", _TINY),
    "residual_unet, valid, repeat": Variant("residual_unet", {**_TINY, "padding": "valid", "upsampling": "repeat"}),
    "unet_plus_plus": Variant("unet_plus_plus", _TINY),
    "unet_plus_plus, deep supervision": Variant("unet_plus_plus", {**_TINY, "deep_supervision": True}),
    "unet_plus_plus, valid, deep supervision": Variant(
        "unet_plus_plus", {**_TINY, "padding": "valid", "upsampling": "repeat", "deep_supervision": True}
    ),
    "unet_3d": Variant("unet_3d", _TINY, VOLUME, precise="float32"),  # TensorFlow pools no volumes in float64
    "unet_3d, valid": Variant("unet_3d", {**_TINY, "depth": 2, "padding": "valid"}, (20, 21, 22), precise="float32"),
    "trans_unet": Variant("trans_unet", _TINY),
    "encoder_unet, vgg16": Variant("encoder_unet", {"encoder": narrow("vgg16"), "base_filters": 4}),
    "encoder_unet, resnet50": Variant("encoder_unet", {"encoder": narrow("resnet50"), "base_filters": 4}),
    "encoder_unet, resnet50_keras": Variant("encoder_unet", {"encoder": narrow("resnet50_keras"), "base_filters": 4}),
    "encoder_unet, efficientnet_lite0": Variant(
        "encoder_unet", {"encoder": narrow("efficientnet_lite0"), "base_filters": 4}
    ),
    "encoder_classifier, vgg16_keras": Variant("encoder_classifier", {"encoder": narrow("vgg16_keras")}),
}


@dataclass(frozen=True)
class Published:
    """A parameter count, and where it stands or what it follows from."""

    builder: str
    options: dict
    parameters: int
    source: str


_SMP = "segmentation-models-pytorch: Unet, less 128 weights: its head looks at 3x3 pixels"
_ORIGINAL = "the layers of figure 1 in Ronneberger et al. 2015"
_KUC = "keras-unet-collection, as built with Keras 3"
_REPEAT = {"upsampling": "repeat"}
PUBLISHED = [
    Published(
        "unet", {"in_channels": 1, "out_channels": 2, "batch_norm": False, "padding": "valid"}, 31_030_658, _ORIGINAL
    ),
    Published("unet", {"in_channels": 1, "batch_norm": False}, 31_030_593, f"{_ORIGINAL}, one class"),
    Published("unet", {"out_channels": 1, "batch_norm": False}, 31_031_745, f"{_ORIGINAL}, colour, one class"),
    Published("unet", {"in_channels": 1, "out_channels": 2}, 31_036_546, "milesial/Pytorch-UNet, 1 to 2 channels"),
    Published("unet", {"out_channels": 2}, 31_037_698, "milesial/Pytorch-UNet, 3 to 2 channels"),
    Published("unet", {}, 31_037_633, "milesial/Pytorch-UNet, 3 to 1 channels"),
    Published("unet", {"base_filters": 32}, 7_763_041, "the code of mateuszbuda/brain-segmentation-pytorch (7.76 M)"),
    Published(
        "unet",
        {"base_filters": 32, "batch_norm": False},
        7_760_097,
        "the layers of the U-Net in Zhou et al. 2018 (7.76 M)",
    ),
    Published("unet", {"base_filters": 16, "batch_norm": False}, 1_941_105, "public nuclei notebooks in Keras"),
    Published("unet_classifier", {}, 270_382_948, "brain tumour case study, layer table"),
    Published(
        "unet_classifier", {"head": "average"}, 1_946_980, "that trunk, and one dense layer on the mean of each map"
    ),
    Published("attention_unet", {"batch_norm": False, **_REPEAT}, 31_902_629, f"{_KUC}: att_unet_2d"),
    Published("attention_unet", _REPEAT, 31_908_517, f"{_KUC}: att_unet_2d with batch norm"),
    Published(
        "unet_plus_plus",
        {"base_filters": 32, "batch_norm": False},
        9_042_177,
        "the layers of U-Net++ in Zhou et al. 2018 (9.04 M)",
    ),
    Published(
        "unet_plus_plus",
        {"base_filters": 32, "batch_norm": False, "deep_supervision": True},
        9_042_276,
        "the same with four heads, 33 parameters each",
    ),
    Published(
        "unet_plus_plus", {"base_filters": 32}, 9_045_825, "the same with batch norm instead of biases, one head"
    ),
    Published("encoder_unet", {"encoder": "resnet50", **_REPEAT}, 32_521_105 - 128, _SMP),
    Published(
        "encoder_classifier",
        {"encoder": "vgg16"},
        14_714_688 + 2_052,
        "keras.applications VGG16 without top, and a head of 2,052",
    ),
    Published(
        "encoder_classifier",
        {"encoder": "resnet50"},
        23_508_032 + 8_196,
        "torchvision resnet50 without fc, and a head of 8,196",
    ),
    Published(
        "encoder_classifier",
        {"encoder": "resnet50_keras"},
        23_534_592 + 8_196,
        "keras.applications ResNet50 without top, trainable (23,587,712 with moving averages), and a head of 8,196",
    ),
    Published(
        "encoder_classifier",
        {"encoder": "efficientnet_lite0"},
        4_652_008 - 412_160 - 1_281_000 + 1_284,
        "EfficientNet-Lite0 as TensorFlow publishes it, less the 1,280 features and the classes, and a head of 1,284",
    ),
]
