"""One loss, one score, one gradient, whichever framework computes it."""

import numpy as np
import pytest

from unet_course import metrics

rng = np.random.default_rng(0)
LOGITS = rng.normal(0, 2, (3, 8, 9, 1)).astype(np.float32)
MASKS = rng.integers(0, 2, (3, 8, 9))
EMPTY = np.zeros_like(MASKS)


def torch_value_and_gradient(loss, logits, masks):
    import torch

    logits = torch.from_numpy(logits.copy()).requires_grad_()
    value = loss(logits, torch.from_numpy(masks))
    value.backward()
    return value.item(), logits.grad.numpy()


def keras_value(loss, logits, masks):
    from keras import ops

    return float(loss(ops.convert_to_tensor(logits), ops.convert_to_tensor(masks)))


def by_hand(name, logits, masks):
    p = 1 / (1 + np.exp(-logits[..., 0].astype(np.float64)))
    if name == "bce_loss":
        return np.mean(-masks * np.log(p) - (1 - masks) * np.log(1 - p))
    overlap, total = (p * masks).sum((1, 2)), p.sum((1, 2)) + masks.sum((1, 2))
    return np.mean(1 - (2 * overlap + 1) / (total + 1))


@pytest.mark.parametrize("name", ["bce_loss", "dice_loss"])
@pytest.mark.parametrize("masks", [MASKS, EMPTY], ids=["random", "empty"])
def test_losses_agree_with_each_other_and_with_the_formula(keras_twin, torch_twin, name, masks):
    expected = by_hand(name, LOGITS, masks)
    assert keras_value(getattr(keras_twin, name), LOGITS, masks) == pytest.approx(expected, rel=1e-5)
    assert torch_value_and_gradient(getattr(torch_twin, name), LOGITS, masks)[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["bce_loss", "dice_loss"])
def test_gradients_agree_on_a_full_network(keras_twin, torch_twin, name):
    tf = pytest.importorskip("tensorflow")
    logits, masks = tf.Variable(LOGITS), tf.constant(MASKS)
    with tf.GradientTape() as tape:
        value = getattr(keras_twin, name)(logits, masks)
    gradient = tape.gradient(value, logits).numpy()
    assert np.allclose(gradient, torch_value_and_gradient(getattr(torch_twin, name), LOGITS, MASKS)[1], atol=1e-7)


def test_an_empty_mask_still_gives_dice_a_gradient(torch_twin):
    _, gradient = torch_value_and_gradient(torch_twin.dice_loss, LOGITS, EMPTY)
    assert np.abs(gradient).sum() > 1e-3


@pytest.mark.parametrize("name", metrics.NAMES)
def test_running_scores_are_the_pooled_numpy_scores(twin, name):
    running = twin.Confusion(name)
    for i in range(len(LOGITS)):
        running.update_state(to_tensor(twin, MASKS[i : i + 1]), to_tensor(twin, LOGITS[i : i + 1]))
    pooled = metrics.confusion(MASKS, LOGITS[..., 0] > 0).sum(axis=0)
    assert float(running.result()) == pytest.approx(metrics.score(name, pooled, empty=0), abs=1e-6)


def to_tensor(twin, array):
    if twin.__name__.endswith("torch"):
        import torch

        return torch.from_numpy(array)
    from keras import ops

    return ops.convert_to_tensor(array)
