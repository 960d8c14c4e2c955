"""How equal the twins are: any network built in both, with the same weights, and what it answers."""

import math
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import numpy as np

from ..common import convert
from .cases import PUBLISHED, VARIANTS


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
    from .. import keras as keras_twin
    from .. import torch as torch_twin

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
    names = {id(weight): name for weight, name in convert.match_weights(keras_model.layers, torch_model.state_dict())}
    pairs = [
        (convert.transpose_kernel(gradient), torch_gradients[names[id(weight)]])
        for weight, gradient in zip(keras_model.trainable_weights, keras_gradients, strict=True)
    ]
    return Comparison(name, parameters, rounded, exact, _cosine(pairs))


def tables(variants=tuple(VARIANTS), published=tuple(PUBLISHED)):
    """Everything a page about parity shows, ready for JSON.

    Parameters
    ----------
    variants : sequence of str
        Keys of `VARIANTS`.
    published : sequence of Published

    Returns
    -------
    dict
        `variants`: one `Comparison` each, as a dict. `published`: builder, options, count, source, and the counts of
        the twins under `keras` and `torch`.
    """
    from .. import keras as keras_twin
    from .. import torch as torch_twin

    counts = [
        {**asdict(case), "keras": count(keras_twin, case), "torch": count(torch_twin, case)} for case in published
    ]
    return {"variants": [asdict(compare(name)) for name in variants], "published": counts}


def same_weights(variant, keras_twin, torch_twin):
    """A network in Keras and in PyTorch, with the same random weights."""
    keras_twin.set_seed(0)
    keras_model, torch_model = variant.build(keras_twin), variant.build(torch_twin)
    randomise_weights(keras_model)
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


def randomise_weights(keras_model, seed=1):
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


def count(twin, case):
    """Trainable parameters of a network, without the time and memory to make its weights.

    Parameters
    ----------
    twin : module
        `unet_course.keras` or `unet_course.torch`.
    case : Published or Variant
        What has a `builder` and its `options`.
    """
    build = getattr(twin, case.builder)
    if twin.__name__.endswith("keras"):
        import keras

        with keras.StatelessScope(initialize_variables=False):
            return twin.count_parameters(build(**case.options))
    import torch

    with torch.device("meta"):
        return twin.count_parameters(build(**case.options))


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
