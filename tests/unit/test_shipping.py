"""Weights and cards that travel: the same in both frameworks, no pickle, batch norm folded without a trace."""

import pickle

import numpy as np
import pytest

from unet_course import shipping
from unet_course.parity.cases import VARIANTS
from unet_course.shipping import numpy_unet

pytestmark = pytest.mark.slow

CARD = {key: f"an answer to: {question}" for key, question in shipping.CARD.items()}
OPTIONS = {"in_channels": 1, "out_channels": 1, "base_filters": 4, "depth": 3}


def rng():
    return np.random.default_rng(0)


def lived(state):
    """The state after some training: no batch norm statistic is 0 or 1 any more."""
    draw = rng()
    changed = {
        name: value + draw.random(value.shape, dtype=np.float32) for name, value in state.items() if "norm" in name
    }
    return {**state, **changed}


@pytest.fixture(params=["torch", "keras"])
def twin(request):
    pytest.importorskip(request.param)
    if request.param == "keras":
        from unet_course import keras as uc
    else:
        from unet_course import torch as uc
    return uc


def answer(uc, model, images):
    """Logits, of weights from a seed: those of others may be so large that a probability rounds to 1."""
    probabilities = uc.predict(model, images).astype(np.float64)
    return np.log(probabilities / (1 - probabilities))


def test_folding_batch_norm_changes_no_answer(twin):
    twin.set_seed(3)
    model = twin.unet(**OPTIONS)
    state = lived(shipping.get_state(model))
    shipping.set_state(model, state)
    plain = shipping.set_state(twin.unet(**OPTIONS, batch_norm=False), shipping.fold_batch_norm(state))
    images = rng().random((2, 16, 24, 1), dtype=np.float32)
    assert np.abs(answer(twin, model, images) - answer(twin, plain, images)).max() < 1e-4


def test_a_folded_state_has_no_batch_norm_left_and_folds_to_itself():
    torch = pytest.importorskip("unet_course.torch")
    folded = shipping.fold_batch_norm(shipping.get_state(torch.unet(**OPTIONS)))
    assert not any("norm" in name for name in folded)
    again = shipping.fold_batch_norm(folded)
    assert all(np.array_equal(again[name], folded[name]) for name in folded) and again.keys() == folded.keys()


def test_numpy_computes_what_the_frameworks_compute(twin):
    twin.set_seed(3)
    model = twin.unet(**OPTIONS, batch_norm=False)
    images = rng().random((2, 16, 24, 1), dtype=np.float32)
    found = numpy_unet.logits(shipping.get_state(model), images)[..., 0]
    assert np.abs(found - answer(twin, model, images)).max() < 1e-4


def test_a_state_comes_back_from_a_file_and_fits_the_other_framework(tmp_path):
    keras, torch = pytest.importorskip("unet_course.keras"), pytest.importorskip("unet_course.torch")
    source = torch.unet(**OPTIONS)
    state, card = shipping.load(shipping.save(tmp_path / "model.npz", shipping.get_state(source), CARD))
    assert card == CARD
    target = shipping.set_state(keras.unet(**OPTIONS), state)
    back = shipping.get_state(target)
    assert back.keys() == state.keys()
    assert all(np.array_equal(back[name], state[name]) for name in state)


def test_a_state_of_another_network_is_refused(twin):
    state = shipping.get_state(twin.unet(**OPTIONS))
    with pytest.raises(ValueError, match="encoder|decoder|up|head|norm|Keras"):
        shipping.set_state(twin.unet(**{**OPTIONS, "base_filters": 2}), state)
    with pytest.raises(ValueError):
        shipping.set_state(twin.unet(**OPTIONS, batch_norm=False), state)


def test_a_file_that_could_run_code_is_refused(tmp_path):
    class Trap:
        def __reduce__(self):
            return print, ("run!",)

    np.savez(tmp_path / "trap.npz", weights=np.array([Trap()], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        shipping.load(tmp_path / "trap.npz")
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError):
        shipping.load(tmp_path / "pickle.npz")


def test_weights_without_a_card_are_refused(tmp_path):
    np.savez(tmp_path / "model.npz", weights=np.zeros(3))
    with pytest.raises(ValueError, match="no card"):
        shipping.load(tmp_path / "model.npz")


def test_a_card_must_answer_every_question():
    for key in shipping.CARD:
        with pytest.raises(ValueError, match=key):
            shipping.check_card({**CARD, key: ""})
        with pytest.raises(ValueError, match=key):
            shipping.check_card({name: text for name, text in CARD.items() if name != key})


def test_grey_is_the_same_from_one_channel_and_from_three():
    grey = rng().integers(0, 256, (2, 20, 20, 1), dtype=np.uint8)
    assert np.array_equal(shipping.prepare(grey), shipping.prepare(np.repeat(grey, 3, axis=3)))


def test_preparing_gives_every_picture_its_full_range():
    dark = rng().integers(10, 30, (1, 50, 50, 1), dtype=np.uint8)
    prepared = shipping.prepare(dark)
    assert prepared.dtype == np.float32 and prepared.min() == 0 and prepared.max() == 1
    assert np.allclose(prepared, shipping.prepare(4 * dark), atol=1e-6)
    assert not shipping.prepare(np.full((1, 8, 8, 1), 200, np.uint8)).any()


@pytest.mark.parametrize("odd", ["encoder.0.norm1.weight", "gate.0.weight"])
def test_numpy_refuses_another_network(odd):
    torch = pytest.importorskip("unet_course.torch")
    state = shipping.get_state(torch.unet(**OPTIONS, batch_norm=False))
    with pytest.raises(ValueError, match=odd):
        numpy_unet.logits({**state, odd: np.zeros(4)}, np.zeros((1, 8, 8, 1)))


@pytest.mark.parametrize("name", VARIANTS)
def test_a_state_has_the_same_names_from_both_frameworks_and_fits_both(name):
    keras, torch = pytest.importorskip("unet_course.keras"), pytest.importorskip("unet_course.torch")
    source, target = VARIANTS[name].build(keras), VARIANTS[name].build(torch)
    state = shipping.get_state(source)
    assert state.keys() == shipping.get_state(target).keys()
    back = shipping.get_state(shipping.set_state(target, state))
    assert all(np.array_equal(back[key], state[key]) for key in state)
