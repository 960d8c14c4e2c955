"""ONNX files: the same answers as the model they were written from, for images of any number and size."""

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from unet_course import results, shipping
from unet_course.parity import keras_logits, torch_logits
from unet_course.parity.cases import narrow
from unet_course.shipping import onnx_files

pytestmark = pytest.mark.slow

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


# Every network with its own depth and options, but few filters, and one that keeps an option of its own.
SMALL = {"base_filters": 4}
NETWORKS = {
    "unet": SMALL,
    "attention_unet": SMALL,
    "residual_unet": SMALL,
    "unet_plus_plus": SMALL,
    "trans_unet": SMALL,
    "unet_3d": SMALL,
    "encoder_unet": {**SMALL, "encoder": narrow("resnet50")},
    "encoder_unet, efficientnet_lite0": {**SMALL, "encoder": narrow("efficientnet_lite0")},
    "encoder_classifier": {"encoder": narrow("vgg16")},
    "unet_classifier": {**SMALL, "image_size": 32, "hidden": 8},
    "unet, depth 4": {**SMALL, "depth": 4},
    "unet, bilinear": {**SMALL, "upsampling": "bilinear"},
    "unet, valid": {**SMALL, "depth": 3, "padding": "valid"},
}
SHAPES = {
    "unet_3d": [(1, 8, 16, 8, 4), (2, 9, 10, 11, 4)],
    "unet_classifier": [(1, 32, 32, 3), (3, 32, 32, 3)],
    "unet, valid": [(1, 44, 60, 3), (2, 52, 48, 3)],
}


@pytest.mark.parametrize("framework", ["torch", "keras"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_is_exported_for_any_batch_and_size(framework, name, tmp_path, capfd):
    uc = twin(framework)
    uc.set_seed(0)
    model = getattr(uc, name.partition(",")[0])(**NETWORKS[name])
    logits = {"keras": keras_logits, "torch": torch_logits}
    capfd.readouterr()
    shipped = onnx_files.OnnxModel(onnx_files.export(model, tmp_path / "model.onnx"))
    assert capfd.readouterr().out == ""
    for shape in SHAPES.get(name, [(1, 64, 64, 3), (3, 33, 47, 3)]):
        images = np.random.default_rng(0).random(shape, dtype=np.float32)
        expected, found = logits[framework](model, images), shipped.logits(images)
        assert found.shape == expected.shape
        # Of the largest number in the network, whose rounding it is: the random weights of a ResNet50 give logits of
        # 260; other logits are small, and the images reach 1.
        assert np.abs(found - expected).max() <= 1e-5 * max(1, np.abs(expected).max())


def test_bytes_are_taken_as_predict_takes_them(exported):
    uc, model, path = exported
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 2), dtype=np.uint8)
    assert np.abs(onnx_files.OnnxModel(path).predict(images) - uc.predict(model, images)).max() < 1e-5


def test_a_model_in_a_wrapper_is_exported_as_what_is_inside(tmp_path):
    import torch

    uc = twin("torch")
    model, images = uc.unet(**OPTIONS), pictures(2, 20, 24)
    for wrap in (torch.nn.DataParallel, torch.compile):
        shipped = onnx_files.OnnxModel(onnx_files.export(wrap(model), tmp_path / "model.onnx"))
        assert np.abs(shipped.predict(images) - uc.predict(model, images)).max() < 1e-5


def test_what_cannot_be_exported_is_refused_in_one_sentence_and_nothing_else_is_printed(tmp_path, capfd):
    import torch

    uc = twin("torch")

    class Fickle(type(uc.unet(**OPTIONS))):
        def forward(self, images):
            return super().forward(images) * (2 if images.mean() > 0.5 else 1)

    fickle = Fickle(uc.unet(**OPTIONS).config)
    cases = [(fickle, "Fickle could not be written"), (torch.nn.Conv2d(1, 1, 1), "is no network of this package")]
    for model, words in cases:
        with pytest.raises(ValueError, match=words) as error:
            onnx_files.export(model, tmp_path / "model.onnx")
        assert len(str(error.value)) < 400 and "\n" not in str(error.value)
    printed = capfd.readouterr()
    assert printed.out == printed.err == ""
    assert list(tmp_path.iterdir()) == []


def test_the_recorded_table_has_every_network_of_both_twins_and_no_large_difference():
    lines = results.read_benchmark("exports")["networks"]
    builders = set(NETWORKS) - {name for name in NETWORKS if "," in name}
    for framework in ("keras", "torch"):
        named = {line["network"].partition(",")[0] for line in lines if line["framework"] == framework}
        assert builders <= {name.partition(" ")[0] for name in named}
    assert all(line["largest_difference"] <= 1e-5 for line in lines)
