"""Training: both twins learn a small task, stop early, keep the best weights, and repeat themselves."""

import numpy as np
import pytest

rng = np.random.default_rng(0)
IMAGES = rng.random((12, 16, 16, 1), dtype=np.float32)
MASKS = (IMAGES[..., 0] > 0.5).astype(int)


def train(twin, *, epochs=4, learning_rate=0.01, callbacks=(), validation=None, seed=0, **options):
    twin.set_seed(seed)
    model = twin.unet(1, 1, base_filters=4, depth=2)
    history = twin.fit(
        model,
        (IMAGES, MASKS),
        validation or (IMAGES[:4], MASKS[:4]),
        loss=twin.bce_loss,
        learning_rate=learning_rate,
        epochs=epochs,
        batch_size=4,
        callbacks=callbacks,
        seed=seed,
        **options,
    )
    return model, history


def test_learns_what_a_threshold_can_do(twin):
    _, history = train(twin, epochs=25)
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert history["dice"][-1] > 0.9


def test_history_has_the_same_columns_in_the_same_order(twin):
    _, history = train(twin, epochs=2)
    names = ["loss", "accuracy", "dice"]
    assert list(history.frame().columns) == [*names, *(f"val_{name}" for name in names), "seconds", "memory_gb"]
    assert list(history.frame().index) == [1, 2]


def test_two_runs_with_one_seed_are_identical(twin):
    first, again = (train(twin, augment=True)[1] for _ in range(2))
    assert first["val_loss"] == again["val_loss"]


def test_early_stopping_goes_back_to_the_best_weights(twin):
    # Validation truth is the opposite of training truth: the better it learns, the worse the validation loss.
    contrary = (IMAGES, 1 - MASKS)
    stopping = twin.EarlyStopping(patience=2)
    model, history = train(twin, epochs=30, validation=contrary, callbacks=[stopping])
    assert len(history) < 30
    assert stopping.best_epoch == history.best_epoch() == len(history) - 2
    probabilities = twin.predict(model, IMAGES).astype(np.float64)
    loss = -np.mean(np.where(contrary[1], np.log(probabilities), np.log(1 - probabilities)))
    assert loss == pytest.approx(min(history["val_loss"]), rel=1e-3)


def test_the_checkpoint_holds_the_best_epoch(twin, tmp_path):
    contrary = (IMAGES, 1 - MASKS)
    checkpoint, stopping = twin.ModelCheckpoint(tmp_path / "best"), twin.EarlyStopping(patience=2)
    model, _ = train(twin, epochs=30, validation=contrary, callbacks=[checkpoint, stopping])
    copy = twin.load_weights(twin.unet(1, 1, base_filters=4, depth=2), checkpoint.path)
    assert np.allclose(twin.predict(model, IMAGES), twin.predict(copy, IMAGES), atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_a_loss_that_is_not_a_number_stops_with_advice(twin):
    with pytest.raises(FloatingPointError, match="learning rate"):
        twin.set_seed(0)
        model = twin.unet(1, 1, base_filters=4, depth=2)
        twin.fit(
            model,
            (IMAGES, MASKS),
            (IMAGES, MASKS),
            loss=lambda logits, masks: twin.bce_loss(logits, masks) * float("nan"),
            epochs=1,
        )
