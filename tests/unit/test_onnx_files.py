"""ONNX files: the same answers as the model they were written from, for pictures of any number and size."""

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from unet_course import onnx_files, shipping

CARD = {key: f"an answer to: {question}" for key, question in shipping.CARD.items()}
OPTIONS = {"in_channels": 2, "out_channels": 1, "base_filters": 4, "depth": 3}


def twin(name):
    pytest.importorskip(name)
    if name == "keras":
        pytest.importorskip("tensorflow")
        from unet_course import keras as uc
    else:
        from unet_course import torch as uc
    return uc


@pytest.fixture(scope="module", params=["torch", "keras"])
def exported(request, tmp_path_factory):
    uc = twin(request.param)
    uc.set_seed(1)
    model = uc.unet(**OPTIONS)
    if request.param == "torch":
        model.train()
    path = onnx_files.export(model, tmp_path_factory.mktemp("onnx") / "model.onnx", card=CARD)
    return uc, model, path


def pictures(*shape):
    return np.random.default_rng(0).random((*shape, 2), dtype=np.float32)


@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 64, 48), (2, 33, 47), (1, 70, 5)])
def test_the_file_answers_as_its_source(exported, shape):
    uc, model, path = exported
    images = pictures(*shape)
    shipped = onnx_files.OnnxModel(path)
    assert shipped.logits(images).shape == (*shape, 1)
    assert np.abs(shipped.predict(images) - uc.predict(model, images)).max() < 1e-5


def test_input_and_output_have_the_same_names_from_both_frameworks(exported):
    session = onnx_files.OnnxModel(exported[2]).session
    assert session.get_inputs()[0].name == "images"
    assert session.get_outputs()[0].name == "logits"


def test_the_card_travels_in_the_file(exported):
    assert onnx_files.OnnxModel(exported[2]).card == CARD


def test_only_plain_operations_are_in_the_file(exported):
    counted = onnx_files.operations(exported[2])
    assert {"Conv", "ConvTranspose", "MaxPool", "Relu", "Concat"} <= counted.keys()
    assert list(counted.values()) == sorted(counted.values(), reverse=True)


def test_exporting_leaves_a_model_in_training(exported):
    _, model, _ = exported
    assert getattr(model, "training", True)


def test_nothing_but_the_file_is_left(exported):
    assert [path.name for path in exported[2].parent.iterdir()] == ["model.onnx"]


def test_a_card_with_gaps_is_refused(tmp_path):
    with pytest.raises(ValueError, match="threshold"):
        onnx_files.export(twin("torch").unet(**OPTIONS), tmp_path / "model.onnx", card={**CARD, "threshold": ""})
