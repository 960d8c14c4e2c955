"""How equal the twins are: one tiny network of every kind, built in both, and the parameter counts others published."""

import math
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from . import convert
from .pretrained import ENCODERS

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
    return replace(spec, channels=(8, 8, 16, 16, 16) if spec.family == "vgg16" else (16, 32, 32, 64, 64))


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
    "unet_3d": Variant("unet_3d", _TINY, VOLUME, precise="float32"),  # TensorFlow pools no volumes in float64
    "trans_unet": Variant("trans_unet", _TINY),
    "encoder_unet, vgg16": Variant("encoder_unet", {"encoder": narrow("vgg16"), "base_filters": 4}),
    "encoder_unet, resnet50": Variant("encoder_unet", {"encoder": narrow("resnet50"), "base_filters": 4}),
    "encoder_unet, resnet50_keras": Variant("encoder_unet", {"encoder": narrow("resnet50_keras"), "base_filters": 4}),
    "encoder_classifier, vgg16_keras": Variant("encoder_classifier", {"encoder": narrow("vgg16_keras")}),
}


@dataclass(frozen=True)
class Published:
    """A parameter count, and where it stands."""

    builder: str
    options: dict
    parameters: int
    source: str


_SMP = "segmentation-models-pytorch: Unet, less 128 weights: its head looks at 3x3 pixels"
_ORIGINAL = "Ronneberger et al. 2015, figure 1"
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
    Published("unet", {"base_filters": 32}, 7_763_041, "mateuszbuda/brain-segmentation-pytorch (7.76 M)"),
    Published(
        "unet", {"base_filters": 32, "batch_norm": False}, 7_760_097, "Zhou et al. 2018, table 2 (U-Net, 7.76 M)"
    ),
    Published("unet", {"base_filters": 16, "batch_norm": False}, 1_941_105, "public nuclei notebooks in Keras"),
    Published("unet_classifier", {}, 270_382_948, "brain tumour case study, layer table"),
    Published("unet_classifier", {"head": "average"}, 1_946_980, "the same trunk, mean of each map, one dense layer"),
    Published("attention_unet", {"batch_norm": False, **_REPEAT}, 31_902_629, f"{_KUC}: att_unet_2d"),
    Published("attention_unet", _REPEAT, 31_908_517, f"{_KUC}: att_unet_2d with batch norm"),
    Published(
        "unet_plus_plus", {"base_filters": 32, "batch_norm": False}, 9_042_177, "Zhou et al. 2018, table 2 (9.04 M)"
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
    Published("encoder_classifier", {"encoder": "vgg16"}, 14_714_688 + 2_052, "keras.applications VGG16 without top"),
    Published("encoder_classifier", {"encoder": "resnet50"}, 23_508_032 + 8_196, "torchvision resnet50 without fc"),
    Published(
        "encoder_classifier",
        {"encoder": "resnet50_keras"},
        23_534_592 + 8_196,
        "keras.applications ResNet50 without top, trainable; 23,587,712 with moving averages",
    ),
]


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes
    ----------
    variant : str
    parameters : dict of str to int
        Trainable parameters in "keras" and in "torch".
    logit_difference : float
        Largest difference of two logits, divided by the largest logit, in float32.
    exact_logit_difference : float
        The same in float64 (volumes: float32): whether the two are one network, rounding aside.
    gradient_cosine : float
        Cosine of the angle between the two gradients of one loss by all parameters, in float64 while training: in
        float32 a deep network with batch norm turns rounding into another direction.
    """

    variant: str
    parameters: dict
    logit_difference: float
    exact_logit_difference: float
    gradient_cosine: float


def compare(name):
    """Build a variant in both twins, carry the weights over, and measure how far the two part.

    Parameters
    ----------
    name : str
        A key of `VARIANTS`.

    Returns
    -------
    Comparison
    """
    from . import keras as keras_twin
    from . import torch as torch_twin

    variant = VARIANTS[name]
    keras_model, torch_model = same_weights(variant, keras_twin, torch_twin)
    parameters = {"keras": keras_twin.count_parameters(keras_model), "torch": torch_twin.count_parameters(torch_model)}
    rounded = _difference(keras_model, torch_model, variant.images())
    with _computing_in(variant.precise):
        keras_model, torch_model = same_weights(variant, keras_twin, torch_twin)
        images = variant.images().astype(variant.precise)
        exact = _difference(keras_model, torch_model, images)
        target = np.random.default_rng(2).normal(size=keras_logits(keras_model, images).shape).astype(variant.precise)
        keras_gradients = _keras_gradients(keras_model, images, target)
        torch_gradients = _torch_gradients(torch_model, images, target)
    names = {id(weight): name for weight, name in convert.pairs(keras_model.layers, torch_model.state_dict())}
    pairs = [
        (convert.turn(gradient), torch_gradients[names[id(weight)]])
        for weight, gradient in zip(keras_model.trainable_weights, keras_gradients, strict=True)
    ]
    return Comparison(name, parameters, rounded, exact, _cosine(pairs))


def same_weights(variant, keras_twin, torch_twin):
    """A network in Keras and in PyTorch, with the same random weights."""
    keras_twin.set_seed(0)
    keras_model, torch_model = variant.build(keras_twin), variant.build(torch_twin)
    shake(keras_model)
    return keras_model, convert.keras_to_torch(keras_model, torch_model)


@contextmanager
def _computing_in(precision):
    """Networks built inside compute with these numbers, in both frameworks."""
    import keras
    import torch

    def choose(keras_type, keras_policy, torch_type):
        keras.config.set_floatx(keras_type)
        keras.config.set_dtype_policy(keras_policy)
        torch.set_default_dtype(torch_type)

    usual = keras.config.floatx(), keras.config.dtype_policy(), torch.get_default_dtype()
    choose(precision, precision, getattr(torch, precision))
    try:
        yield
    finally:
        choose(*usual)


def _difference(keras_model, torch_model, images):
    """Largest difference of two logits, as a fraction of the largest logit."""
    ours, theirs = keras_logits(keras_model, images), torch_logits(torch_model, images)
    return float(np.abs(ours - theirs).max() / np.abs(ours).max())


def shake(keras_model, seed=1):
    """Give every bias, scale and moving average a value it would not have by chance."""
    rng = np.random.default_rng(seed)
    for weight in keras_model.weights:
        if weight.name in ("gamma", "moving_variance"):
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        elif weight.name in ("beta", "moving_mean", "bias"):
            weight.assign(rng.normal(0, 0.1, weight.shape))


def keras_logits(model, images):
    """What a Keras model answers when it is not training, as an array."""
    from keras import ops

    return ops.convert_to_numpy(model(images, training=False))


def torch_logits(model, images):
    """What a PyTorch model answers when it is not training, as an array."""
    import torch

    model.eval()
    with torch.inference_mode():
        return model(torch.from_numpy(images)).numpy()


def count(twin, builder, options):
    """Trainable parameters of a network, without the time and memory to make its weights."""
    if twin.__name__.endswith("keras"):
        import keras

        with keras.StatelessScope(initialize_variables=False):
            return twin.count_parameters(getattr(twin, builder)(**options))
    import torch

    with torch.device("meta"):
        return twin.count_parameters(getattr(twin, builder)(**options))


def _cosine(pairs):
    """Cosine of the angle between two gradients, given as pairs of arrays."""
    dot, ours, theirs = (
        sum(float(np.vdot(pair[i].astype(float), pair[j])) for pair in pairs) for i, j in ((0, 1), (0, 0), (1, 1))
    )
    return dot / math.sqrt(ours * theirs)


def _torch_gradients(model, images, target):
    import torch

    model.train()
    (model(torch.from_numpy(images)) * torch.from_numpy(target)).mean().backward()
    return {name: weight.grad.numpy() for name, weight in model.named_parameters() if weight.requires_grad}


def _keras_gradients(model, images, target):
    """The same from Keras, by the same names: one way for each backend."""
    import keras
    from keras import ops

    weights = model.trainable_weights
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = ops.mean(model(images, training=True) * target)
        gradients = tape.gradient(loss, [weight.value for weight in weights])
    elif keras.backend.backend() == "torch":
        ops.mean(model(images, training=True) * ops.convert_to_tensor(target)).backward()
        gradients = [weight.value.grad for weight in weights]
    else:
        import jax

        def loss(values):
            others = [weight.value for weight in model.non_trainable_variables]
            return ops.mean(model.stateless_call(values, others, images, training=True)[0] * target)

        gradients = jax.jit(jax.grad(loss))([weight.value for weight in weights])
    return [np.asarray(ops.convert_to_numpy(gradient)) for gradient in gradients]
