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
