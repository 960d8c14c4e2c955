"""The two U-Nets are one network: the same counts, and the same outputs once weights are carried over."""

import inspect

import numpy as np
import pytest

from unet_course import convert

VARIANTS = [
    {},
    {"batch_norm": False},
    {"upsampling": "nearest"},
    {"upsampling": "bilinear"},
    {"padding": "valid", "depth": 3},
    {"in_channels": 1, "out_channels": 4, "depth": 2},
]


def variant(options):
    return {"base_filters": 8, "depth": 4, **options}


def shake(keras_model):
    """Give every weight, moving averages included, a value it would not have by chance."""
    rng = np.random.default_rng(1)
    for weight in keras_model.weights:
        if weight.name in ("gamma", "moving_variance"):
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        elif weight.name in ("beta", "moving_mean", "bias"):
            weight.assign(rng.normal(0, 0.1, weight.shape))


def keras_logits(model, images):
    from keras import ops

    return ops.convert_to_numpy(model(images, training=False))


def torch_logits(model, images):
    import torch

    model.eval()
    with torch.inference_mode():
        return model(torch.from_numpy(images)).numpy()


# Sources: U-Net 2015 (arXiv 1505.04597, figure 1) and mateuszbuda/brain-segmentation-pytorch (7.76 M).
@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"in_channels": 1, "out_channels": 1, "base_filters": 64, "batch_norm": False}, 31_030_593),
        ({"in_channels": 1, "out_channels": 2, "batch_norm": False, "padding": "valid"}, 31_030_658),
        ({"in_channels": 3, "out_channels": 1, "base_filters": 32}, 7_763_041),
    ],
)
def test_published_parameter_counts(twin, options, count):
    assert twin.count_parameters(twin.unet(**options)) == count


def test_the_2015_network_maps_572_pixels_to_388(torch_twin):
    model = torch_twin.unet(1, 2, base_filters=2, depth=5, batch_norm=False, padding="valid")
    assert torch_logits(model, np.zeros((1, 572, 572, 1), np.float32)).shape == (1, 388, 388, 2)


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_logits_agree_after_conversion_in_both_directions(keras_twin, torch_twin, options):
    options = variant(options)
    images = np.random.default_rng(0).random((2, 64, 48, options.get("in_channels", 3)), dtype=np.float32)
    keras_model, torch_model = keras_twin.unet(**options), torch_twin.unet(**options)
    shake(keras_model)

    convert.keras_to_torch(keras_model, torch_model)
    truth = keras_logits(keras_model, images)
    assert np.abs(truth).max() > 0.1  # a dead network would agree with anything
    assert np.abs(truth - torch_logits(torch_model, images)).max() <= 1e-5 * np.abs(truth).max()

    back = convert.torch_to_keras(torch_model, keras_twin.unet(**options))
    assert np.array_equal(keras_logits(back, images), truth)


def test_conversion_names_what_does_not_fit(keras_twin, torch_twin):
    with pytest.raises(ValueError, match="encoder_0_conv1"):
        convert.keras_to_torch(keras_twin.unet(base_filters=8, depth=2), torch_twin.unet(base_filters=4, depth=2))
    with pytest.raises(ValueError, match="encoder_2_conv1"):
        convert.keras_to_torch(keras_twin.unet(base_filters=4, depth=3), torch_twin.unet(base_filters=4, depth=2))
    with pytest.raises(ValueError, match="encoder.2.conv1"):
        convert.torch_to_keras(torch_twin.unet(base_filters=4, depth=3), keras_twin.unet(base_filters=4, depth=2))


@pytest.mark.parametrize("name", ["unet", "fit", "predict", "bce_loss", "dice_loss", "save_weights", "load_weights"])
def test_twins_take_the_same_arguments(keras_twin, torch_twin, name):
    ours, theirs = (inspect.signature(getattr(twin, name)) for twin in (keras_twin, torch_twin))
    assert str(ours) == str(theirs)


def test_twins_export_the_same_names(keras_twin, torch_twin):
    assert set(torch_twin.__all__) == set(keras_twin.__all__)


def test_initial_weights_have_the_same_spread(keras_twin, torch_twin):
    keras_model, torch_model = keras_twin.unet(base_filters=32, depth=3), torch_twin.unet(base_filters=32, depth=3)
    state = torch_model.state_dict()
    for name in ("encoder_1_conv2", "up_1", "decoder_0_conv1"):
        kernel = np.asarray(keras_model.get_layer(name).get_weights()[0])
        twin = state[".".join(name.split("_")) + ".weight"].numpy()
        assert twin.std() == pytest.approx(kernel.std(), rel=0.05)


def test_wrong_sizes_and_names_are_refused(twin):
    with pytest.raises(ValueError, match="cubic"):
        twin.unet(base_filters=2, depth=2, upsampling="cubic")


def test_torch_names_the_size_that_cannot_be_halved(torch_twin):
    with pytest.raises(ValueError, match="multiples of 4"):
        torch_logits(torch_twin.unet(base_filters=2, depth=3), np.zeros((1, 30, 32, 3), np.float32))


@pytest.mark.parametrize("size", [(32, 32), (37, 41), (5, 64)])
def test_predict_takes_any_size(twin, size):
    images = np.random.default_rng(0).integers(0, 256, (3, *size, 3), dtype=np.uint8)
    probabilities = twin.predict(twin.unet(base_filters=2, depth=3), images, batch_size=2)
    assert probabilities.shape == (3, *size)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_weights_come_back_from_disk(twin, tmp_path):
    images = np.random.default_rng(0).random((1, 16, 16, 3), dtype=np.float32)
    model = twin.unet(base_filters=2, depth=2)
    path = twin.save_weights(model, tmp_path / "deep" / "best")
    assert path.exists() and len(list(path.parent.iterdir())) == 1  # no half-written neighbour
    copy = twin.load_weights(twin.unet(base_filters=2, depth=2), path)
    assert np.array_equal(twin.predict(model, images), twin.predict(copy, images))
