"""Training: both twins learn a small task, stop early, keep the best weights, and repeat themselves."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from unet_course.augmentation import Augmentation
from unet_course.common import convert

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


def small(twin, **options):
    twin.set_seed(0)
    return twin.unet(1, 1, base_filters=4, depth=2, **options)


def losses(twin, model, **options):
    settings = {"loss": twin.bce_loss, "learning_rate": 0.01, "epochs": 2, "batch_size": 4, "metrics": ("dice",)}
    data = options.pop("train", (IMAGES, MASKS))
    history = twin.fit(model, data, data, **settings | options)
    return [line[name] for line in history.epochs for name in ("loss", "val_loss")]


@pytest.mark.parametrize(
    "options",
    [
        {"sampling_weights": np.arange(1.0, 13)},
        {"augment": Augmentation(quarter_turns=True), "accumulate": 2},
    ],
)
def test_the_twins_learn_alike_from_the_same_weights(keras_twin, torch_twin, options):
    keras_model, torch_model = small(keras_twin), small(torch_twin)
    convert.keras_to_torch(keras_model, torch_model)
    ours, theirs = losses(keras_twin, keras_model, **options), losses(torch_twin, torch_model, **options)
    # Three updates in the first epoch, three in the second: rounding grows from step to step.
    assert np.allclose(ours[:2], theirs[:2], atol=1e-4)
    assert np.allclose(ours[2:], theirs[2:], atol=1e-3)


def test_a_batch_computed_in_two_pieces_is_the_same_batch(twin):
    def tiny(logits, masks):
        return 1e-6 * twin.bce_loss(logits, masks)  # Adam divides any scale away, but near its epsilon it shows

    models = [small(twin, batch_norm=False) for _ in range(2)]
    start = twin.predict(models[0], IMAGES)
    for pieces, model in enumerate(models, start=1):
        losses(twin, model, accumulate=pieces, loss=tiny)
    whole, cut = (twin.predict(model, IMAGES) for model in models)
    assert np.abs(whole - start).max() > 0.01
    assert np.allclose(whole, cut, atol=1e-5)


def test_bfloat16_learns_almost_the_same(twin):
    models = [small(twin) for _ in range(2)]
    exact, coarse = (losses(twin, model, precision=p) for model, p in zip(models, ("float32", "bfloat16"), strict=True))
    assert 0 < np.abs(np.subtract(exact, coarse)).max() < 0.02
    close = [twin.predict(model, IMAGES) for model in models]
    assert 0 < np.abs(close[0] - close[1]).max() < 0.1


def test_a_lack_of_memory_names_a_batch_size_to_try(twin):
    def greedy(logits, masks):
        raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")

    with pytest.raises(MemoryError, match="batch of 4 with images of 16x16.*accumulate=2"):
        losses(twin, small(twin), loss=greedy)


def test_frozen_layers_stay_as_they_are_and_a_frozen_model_is_refused(twin):
    def freeze(part):
        if hasattr(part, "requires_grad_"):
            part.requires_grad_(False)
        part.trainable = False

    def head_and_weights(model):
        if hasattr(model, "get_layer"):
            return model.get_layer("head"), model.get_layer("head").get_weights()
        return model.head, [weight.detach().numpy().copy() for weight in model.head.parameters()]

    model = small(twin)
    head, before = head_and_weights(model)
    freeze(head)
    first, second = losses(twin, model)[::2]
    assert second < first
    assert all(map(np.array_equal, before, head_and_weights(model)[1]))
    freeze(model)
    with pytest.raises(ValueError, match="nothing to train"):
        losses(twin, model)


def test_one_image_and_a_batch_larger_than_the_data_are_taken(twin):
    lonely = (IMAGES[:1], MASKS[:1])
    assert len(losses(twin, small(twin), train=lonely, batch_size=64)) == 4


def test_a_finished_run_is_not_trained_again_but_can_grow(twin, tmp_path):
    unbroken = losses(twin, small(twin), epochs=3)
    first = losses(twin, small(twin), epochs=2, checkpoint_dir=tmp_path)
    other = twin.unet(1, 1, base_filters=4, depth=2)  # the checkpoint brings the weights
    assert losses(twin, other, epochs=2, checkpoint_dir=tmp_path) == first
    assert losses(twin, other, epochs=3, checkpoint_dir=tmp_path) == unbroken
    assert losses(twin, small(twin), epochs=2, checkpoint_dir=tmp_path, resume=False) == first


def test_a_checkpoint_of_another_run_is_refused(twin, tmp_path):
    losses(twin, small(twin), epochs=1, checkpoint_dir=tmp_path)
    with pytest.raises(ValueError, match="started with learning_rate=0.01, this one has learning_rate=0.1"):
        losses(twin, small(twin), epochs=1, checkpoint_dir=tmp_path, learning_rate=0.1)
    with pytest.raises(ValueError, match="trainable_parameters=1677, this one has trainable_parameters=447"):
        losses(twin, twin.unet(1, 1, base_filters=2, depth=2), epochs=1, checkpoint_dir=tmp_path)


def test_a_run_that_stopped_early_stays_stopped(twin, tmp_path):
    contrary = (IMAGES, 1 - MASKS)
    runs = [
        train(twin, epochs=30, validation=contrary, callbacks=[twin.EarlyStopping(2)], checkpoint_dir=tmp_path)
        for _ in range(2)
    ]
    assert len(runs[0][1]) < 30
    assert runs[0][1].epochs == runs[1][1].epochs
    assert np.array_equal(*(twin.predict(model, IMAGES) for model, _ in runs))


def test_a_classifier_learns_from_labels(twin):
    twin.set_seed(0)
    model = twin.unet_classifier(1, 3, image_size=16, head="average", base_filters=4, depth=2)
    labels = np.arange(12) % 3
    images = (IMAGES * 0.2 + labels[:, None, None, None] * 0.3).astype(np.float32)
    options = {"loss": twin.cross_entropy_loss, "metrics": ("accuracy",), "augment": Augmentation.only(rotation=10)}
    history = twin.fit(model, (images, labels), (images, labels), learning_rate=0.03, epochs=8, batch_size=4, **options)
    assert history["loss"][-1] < history["loss"][0]
    assert twin.predict(model, images).shape == (12, 3)


def test_volumes_are_trained_on_and_predicted(twin):
    volumes = rng.random((2, 8, 8, 8, 1), dtype=np.float32)
    data = (volumes, (volumes[..., 0] > 0.5).astype(int))
    model = twin.unet_3d(1, 1, base_filters=2, depth=3)  # two slices deep at the bottom
    history = twin.fit(model, data, data, loss=twin.dice_loss, epochs=1, batch_size=1, augment=True)
    assert len(history) == 1
    assert twin.predict(model, volumes, flips=True).shape == (2, 8, 8, 8)


def test_any_keras_callback_is_taken(keras_twin):
    import keras

    seen = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append((epoch, sorted(logs))))
    losses(keras_twin, small(keras_twin), callbacks=[callback])
    assert [epoch for epoch, _ in seen] == [0, 1]
    assert {"loss", "val_loss", "dice", "seconds"} <= set(seen[0][1])


def has_gpu():
    from unet_course.torch.devices import best_device

    return best_device().type != "cpu"


def test_pytorch_compiles_nothing_on_a_processor(torch_twin):
    """Its code for processors has written past the end of its arrays: here it ended this test, once in some dozens."""
    if has_gpu():
        pytest.skip("there is a GPU, and PyTorch compiles for it")
    _, exact = train(torch_twin, epochs=2)
    with pytest.warns(UserWarning, match="left out on a CPU"):
        _, compiled = train(torch_twin, epochs=2, compile=True)
    assert compiled["loss"] == exact["loss"]


def test_a_compiled_model_learns_the_same(torch_twin):
    if not has_gpu():
        pytest.skip("PyTorch compiles for GPUs only, see `fit`")
    exact, compiled = (train(torch_twin, epochs=2, compile=compile)[1]["loss"] for compile in (False, True))
    assert np.allclose(exact, compiled, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_keras_learns_the_same_on_another_backend(keras_twin, backend, tmp_path):
    """In a process of its own: a backend is chosen once."""
    pytest.importorskip(backend)
    model = small(keras_twin)
    path = keras_twin.save_weights(model, tmp_path / "start")
    script = f"""
import json
import numpy as np
from unet_course import keras as uc
from unet_course.augmentation import Augmentation

rng = np.random.default_rng(0)
images = rng.random((12, 16, 16, 1), dtype=np.float32)
masks = (images[..., 0] > 0.5).astype(int)
model = uc.load_weights(uc.unet(1, 1, base_filters=4, depth=2), {str(path)!r})
callbacks = [uc.DwellLearningRate(0.5, dwell=True), uc.CyclicalLearningRate(0.001, 0.01, 3)]
options = dict(learning_rate=0.01, epochs=2, batch_size=4, accumulate=2, callbacks=callbacks, augment=Augmentation())
data = (images, masks)
folder = {str(tmp_path / "run")!r}
history = uc.fit(model, data, data, loss=uc.bce_loss, checkpoint_dir=folder, checkpoint_every=2, **options)
print(json.dumps([history["loss"], history["val_loss"]]))
"""
    found = []
    for name in ("tensorflow", backend):
        environment = os.environ | {"KERAS_BACKEND": name, "TQDM_DISABLE": "1"}
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        found.append(json.loads(done.stdout.splitlines()[-1]))
    assert np.allclose(*found, atol=1e-3)
