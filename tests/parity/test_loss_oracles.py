"""The losses against MONAI, PyTorch and Keras, which were written by others."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the oracles need PyTorch, which is not installed")

rng = np.random.default_rng(0)
SHAPES = {"pictures": (3, 8, 9), "volumes": (2, 4, 5, 6)}
IGNORE = 255


@pytest.fixture(params=SHAPES)
def example(request):
    """`example(channels)`: logits and labels, channels last; some images of the one-channel example are empty."""

    def make(channels):
        shape = SHAPES[request.param]
        labels = rng.integers(0, max(channels, 2), shape)
        labels[0] *= channels > 1
        return rng.normal(0, 3, (*shape, channels)), labels

    return make


@pytest.fixture
def agree(twin, value_and_gradient):
    """`agree(name, options, oracle, logits, labels)`: value and gradient of our loss are those of the oracle."""

    def check(name, options, oracle, logits, labels):
        value, gradient = value_and_gradient(twin, getattr(twin, name), logits, labels, **options)
        logits = torch.from_numpy(logits).requires_grad_()
        expected = oracle(logits, torch.from_numpy(labels))
        expected.backward()
        assert value == pytest.approx(expected.item(), rel=1e-6)
        assert np.allclose(gradient, logits.grad.numpy(), rtol=1e-5, atol=1e-9)

    return check


def channels_first(logits):
    return logits.movedim(-1, 1)


@pytest.fixture(scope="module")
def monai():
    return pytest.importorskip("monai.losses", reason="MONAI, an independent implementation, is not installed")


@pytest.mark.parametrize("reduction", ["image", "batch"])
def test_dice_agrees_with_monai_when_it_smooths_by_one_too(monai, agree, example, reduction):
    options = {"smooth_nr": 1, "smooth_dr": 1, "batch": reduction == "batch"}
    binary = monai.DiceLoss(sigmoid=True, **options)
    agree("dice_loss", {"reduction": reduction}, lambda x, t: binary(channels_first(x), t[:, None]), *example(1))
    classes = monai.DiceLoss(softmax=True, to_onehot_y=True, **options)
    agree("dice_loss", {"reduction": reduction}, lambda x, t: classes(channels_first(x), t[:, None]), *example(3))
    foreground = monai.DiceLoss(softmax=True, to_onehot_y=True, include_background=False, **options)
    options = {"reduction": reduction, "class_weights": (0, 1, 1)}
    agree("dice_loss", options, lambda x, t: foreground(channels_first(x), t[:, None]), *example(3))


def test_tversky_agrees_with_monai_when_it_smooths_by_half(monai, agree, example):
    # We smooth twice the index, so that 0.5 and 0.5 is Dice.
    options = {"alpha": 0.2, "beta": 0.9, "smooth_nr": 0.5, "smooth_dr": 0.5}
    oracle = monai.TverskyLoss(sigmoid=True, **options)
    agree("tversky_loss", {"alpha": 0.2, "beta": 0.9}, lambda x, t: oracle(channels_first(x), t[:, None]), *example(1))


@pytest.mark.parametrize("gamma", [1, 2, 3.5])
def test_focal_agrees_with_monai(monai, agree, example, gamma):
    binary = monai.FocalLoss(gamma=gamma)
    agree("focal_loss", {"gamma": gamma}, lambda x, t: binary(channels_first(x), t[:, None]), *example(1))
    # With classes MONAI averages over channels, of which only the true one costs anything.
    classes = monai.FocalLoss(gamma=gamma, use_softmax=True, to_onehot_y=True)
    agree("focal_loss", {"gamma": gamma}, lambda x, t: 3 * classes(channels_first(x), t[:, None]), *example(3))


def test_the_sum_of_cross_entropy_and_dice_agrees_with_monai(monai, agree, example):
    oracle = monai.DiceCELoss(sigmoid=True, smooth_nr=1, smooth_dr=1, lambda_dice=0.7)
    agree(
        "bce_dice_loss", {"dice_weight": 0.7}, lambda x, t: oracle(channels_first(x), t[:, None].double()), *example(1)
    )


@pytest.mark.parametrize("weights", [None, (0.5, 1, 3)])
def test_cross_entropy_agrees_with_pytorch_weights_and_ignored_labels_included(agree, example, weights):
    logits, labels = example(3)
    labels[:, 1] = IGNORE
    given = None if weights is None else torch.tensor(weights, dtype=torch.float64)
    oracle = torch.nn.CrossEntropyLoss(weight=given, ignore_index=IGNORE)
    options = {"class_weights": weights, "ignore_label": IGNORE}
    agree("cross_entropy_loss", options, lambda x, t: oracle(channels_first(x), t), logits, labels)


def test_binary_cross_entropy_agrees_with_pytorch(agree, example):
    oracle = torch.nn.BCEWithLogitsLoss()
    agree("bce_loss", {}, lambda x, t: oracle(x[..., 0], t.double()), *example(1))


def test_focal_agrees_with_keras(keras_twin, example):
    import keras

    logits, labels = example(1)
    oracle = keras.losses.BinaryFocalCrossentropy(from_logits=True, gamma=2)
    expected = float(oracle(labels[..., None].astype(np.float32), logits.astype(np.float32)))
    ours = keras_twin.focal_loss(keras.ops.convert_to_tensor(logits), keras.ops.convert_to_tensor(labels))
    assert float(ours) == pytest.approx(expected, rel=1e-5)
