"""Both frameworks, or a skip that says which one is missing."""

import os

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def keras_twin():
    pytest.importorskip("keras", reason="Keras is not installed")
    from unet_course import keras

    return keras


@pytest.fixture(scope="session")
def torch_twin():
    pytest.importorskip("torch", reason="PyTorch is not installed")
    from unet_course import torch

    return torch


@pytest.fixture(params=["keras", "torch"])
def twin(request):
    return request.getfixturevalue(f"{request.param}_twin")


@pytest.fixture(scope="session")
def value_and_gradient():
    """`value_and_gradient(twin, function, array, *rest, **options)`: a scalar function and its slope, in NumPy."""

    def of_torch(function, array, *rest, **options):
        import torch

        array = torch.from_numpy(array.copy()).requires_grad_()
        value = function(array, *map(torch.from_numpy, rest), **options)
        value.backward()
        return value.item(), array.grad.numpy()

    def of_tensorflow(function, array, *rest, **options):
        import tensorflow

        array = tensorflow.Variable(array)
        with tensorflow.GradientTape() as tape:
            value = function(array, *map(tensorflow.constant, rest), **options)
        return float(value), tape.gradient(value, array).numpy()

    def of_jax(function, array, *rest, **options):
        import jax
        import numpy

        with jax.enable_x64(True):
            value, gradient = jax.value_and_grad(lambda a: function(a, *map(jax.numpy.asarray, rest), **options))(array)
        return float(value), numpy.asarray(gradient)

    def find(twin, *arguments, **options):
        if twin.__name__.endswith("torch"):
            return of_torch(*arguments, **options)
        import keras

        return {"torch": of_torch, "tensorflow": of_tensorflow, "jax": of_jax}[keras.backend.backend()](
            *arguments, **options
        )

    return find
