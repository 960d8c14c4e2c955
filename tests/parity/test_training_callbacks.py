"""Callbacks that steer the learning rate: the same numbers in both twins, and a way back that is a way back."""

import numpy as np
import pytest

from unet_course.common.schedules import triangle

rng = np.random.default_rng(0)
IMAGES = rng.random((6, 8, 8, 1), dtype=np.float32)
MASKS = (IMAGES[..., 0] > 0.5).astype(int)


@pytest.fixture
def script_and_spy(twin):
    """A callback that dictates the validation losses, and one that notes what the others made of them."""
    from importlib import import_module

    checkpoints = import_module(f"{twin.__name__}.checkpoints")

    class Script(twin.Callback):
        def __init__(self, losses):
            super().__init__()
            self.losses = losses

        def on_epoch_end(self, epoch, logs=None):
            logs["val_loss"] = self.losses[epoch]

    class Spy(twin.Callback):
        def on_train_begin(self, logs=None):
            self.rates, self.epochs = [], [self.look()]

        def on_train_batch_begin(self, batch, logs=None):
            self.rates.append(checkpoints.get_learning_rate(self.optimizer))

        def on_epoch_end(self, epoch, logs=None):
            self.epochs.append(self.look())

        def look(self):
            moments = checkpoints.get_optimizer(self.optimizer)
            numbers = {key: value for key, value in moments["moments"].items() if value.size > 1}
            return moments["learning_rate"], checkpoints.get_weights(self.model), numbers

        def same(self, one, other):
            left, right = self.epochs[one], self.epochs[other]
            return all(
                left[part].keys() == right[part].keys()
                and all(np.array_equal(left[part][k], right[part][k]) for k in left[part])
                for part in (1, 2)
            )

    return Script, Spy()


def fit(twin, callbacks, epochs, **options):
    twin.set_seed(0)
    model = twin.unet(1, 1, base_filters=2, depth=2)
    data = (IMAGES, MASKS)
    twin.fit(
        model,
        data,
        data,
        loss=twin.bce_loss,
        learning_rate=0.08,
        epochs=epochs,
        batch_size=3,
        callbacks=callbacks,
        **options,
    )
    return model


def test_dwelling_goes_back_to_the_weights_and_moments_of_the_best_epoch(twin, script_and_spy):
    script, spy = script_and_spy
    dwell = twin.DwellLearningRate(0.5, dwell=True)
    fit(twin, [script([3, 2, 5, 1.5, 9, float("nan")]), dwell, spy], epochs=6)
    assert [round(epoch[0], 6) for epoch in spy.epochs] == [0.08, 0.08, 0.08, 0.04, 0.04, 0.02, 0.01]
    assert spy.same(3, 2)  # the third epoch was worse: back to the end of the second
    assert spy.same(5, 4) and spy.same(6, 4)
    assert not spy.same(2, 1) and not spy.same(4, 3)
    assert dwell.best_epoch == 4
    spy.epochs.append(spy.look())
    assert spy.same(7, 4)


def test_without_dwelling_only_the_rate_changes_and_the_best_weights_come_last(twin, script_and_spy):
    script, spy = script_and_spy
    dwell = twin.DwellLearningRate(0.1)
    fit(twin, [script([2, 3, 4]), dwell, spy], epochs=3)
    assert [round(epoch[0], 8) for epoch in spy.epochs] == [0.08, 0.08, 0.008, 0.0008]
    assert not spy.same(2, 1) and not spy.same(3, 2)
    spy.epochs.append(spy.look())
    assert all(np.array_equal(spy.epochs[4][1][name], spy.epochs[1][1][name]) for name in spy.epochs[1][1])


def test_a_first_epoch_without_a_loss_leads_back_to_the_weights_before_it(twin, script_and_spy):
    script, spy = script_and_spy
    fit(twin, [script([float("nan")]), twin.DwellLearningRate(0.5, dwell=True), spy], epochs=1)
    assert all(np.array_equal(spy.epochs[0][1][name], spy.epochs[1][1][name]) for name in spy.epochs[0][1])


def test_the_cycle_counts_updates_and_not_pieces(twin, script_and_spy):
    _, spy = script_and_spy
    fit(twin, [twin.CyclicalLearningRate(0.001, 0.01, 3), spy], epochs=4, accumulate=3)
    assert np.allclose(spy.rates, [triangle(step, 0.001, 0.01, 3) for step in range(8)], rtol=1e-6)


def test_wrong_settings_are_refused(twin):
    with pytest.raises(ValueError, match="between 0 and 1"):
        twin.DwellLearningRate(1.5)
    with pytest.raises(ValueError, match="no triangle"):
        twin.CyclicalLearningRate(0.1, 0.01, 10)


def test_the_search_for_a_rate_leaves_the_model_as_it_was(twin):
    twin.set_seed(0)
    model = twin.unet(1, 1, base_filters=2, depth=2, dropout=0.2)
    before = twin.predict(model, IMAGES)
    options = {"loss": twin.bce_loss, "lowest": 1e-5, "highest": 10, "steps": 25, "batch_size": 3}
    search = twin.find_learning_rate(model, (IMAGES, MASKS), **options)
    assert np.array_equal(before, twin.predict(model, IMAGES))
    assert 1e-6 < search.suggestion < 1
    assert search.losses == twin.find_learning_rate(model, (IMAGES, MASKS), **options).losses


def test_a_rate_is_found_for_a_model_that_was_trained_before(twin):
    model = twin.unet(1, 1, base_filters=2, depth=2)
    data = (IMAGES, MASKS)
    twin.fit(model, data, data, loss=twin.bce_loss, epochs=1, batch_size=3)
    assert len(twin.find_learning_rate(model, data, loss=twin.bce_loss, steps=4, batch_size=3).losses) == 4


def test_the_search_sees_the_same_losses_in_both_twins(keras_twin, torch_twin):
    from unet_course.common import convert

    models = keras_twin.unet(1, 1, base_filters=2, depth=2), torch_twin.unet(1, 1, base_filters=2, depth=2)
    convert.keras_to_torch(*models)
    losses = [
        twin.find_learning_rate(model, (IMAGES, MASKS), loss=twin.bce_loss, steps=15, batch_size=3).losses
        for twin, model in zip((keras_twin, torch_twin), models, strict=True)
    ]
    assert np.allclose(losses[0][:10], losses[1][:10], atol=1e-4)
