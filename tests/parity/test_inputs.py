"""What reaches a network is checked before it computes anything, by both twins, in all images, and with a remedy."""

import functools
import inspect
from importlib import import_module

import numpy as np
import pytest

from unet_course.common import checkpoints
from unet_course.datasets.cache import Ragged

rng = np.random.default_rng(0)
IMAGES = rng.random((8, 16, 16, 1), dtype=np.float32)
MASKS = (IMAGES[..., 0] > 0.5).astype(np.uint8)


def but_one(array, value, dtype=None):
    """The same array with another value near its end: whoever looks at the first image only does not see it."""
    array = array.astype(dtype or array.dtype)
    array[(-1, 5, 6)] = value
    return array


def build(twin, channels=1, **options):
    twin.set_seed(0)
    return twin.unet(1, channels, base_filters=4, depth=2, **options)


@functools.cache
def shared(twin):
    """A network and a classifier for what is refused before anything happens to them."""
    return build(twin), twin.unet_classifier(1, 3, head="average", base_filters=4, depth=2)


def fit(twin, train=(IMAGES, MASKS), validation=(IMAGES, MASKS), model=None, **options):
    options = {"loss": twin.bce_loss, "epochs": 2, "batch_size": 4, "metrics": ("dice",), **options}
    return twin.fit(build(twin) if model is None else model, train, validation, **options)


RAGGED = Ragged(np.zeros(2 * 256 + 512, np.uint8), [(16, 16, 1), (16, 16, 1), (16, 32, 1)])
OBJECTS = np.empty(2, object)
OBJECTS[:] = [IMAGES[0], IMAGES[0, :, :8]]
BAD_IMAGES = {
    "a NaN": (but_one(IMAGES, np.nan), r"hold NaN at \(7, 5, 6, 0\)"),
    "an infinity": (but_one(IMAGES, -np.inf), r"hold infinity at \(7, 5, 6, 0\)"),
    "0 to 255": (IMAGES * 255, "divide by 255"),
    "0 to 255 in one image": (but_one(IMAGES, 255), "number 7 goes from .* divide by 255"),
    "whole numbers": ((IMAGES * 255).astype(np.int32), "int32 must lie in .* divide by 255"),
    "16 bits": ((IMAGES * 65535).astype(np.uint16), "65535"),
    "standardised": (but_one(IMAGES, -1.5), "rescale"),
    "text": (IMAGES.astype("U"), "type <U"),
    "complex numbers": (IMAGES.astype(complex), "type complex"),
    "no batch axis": (IMAGES[0], r"images\[None\]"),
    "no channel axis": (IMAGES[..., 0], r"images\[..., None\]"),
    "three channels": (np.repeat(IMAGES, 3, axis=-1), r"takes \(N, H, W, 1\)"),
    "a volume": (IMAGES[None], r"takes \(N, H, W, 1\)"),
    "several sizes": (RAGGED, r"several sizes, \(16, 16, 1\) and \(16, 32, 1\).*size="),
    "several sizes in a list": (list(RAGGED), "several sizes.*size="),
    "several sizes in an array of objects": (OBJECTS, "several sizes.*size="),
    "nothing": (IMAGES[:0], "there are no"),
    "None": (None, "there are no"),
}
BAD_MASKS = {
    "shrunk with interpolation": (but_one(MASKS, 0.37, np.float32), r"whole numbers, but there is 0.37 at \(7, 5, 6\)"),
    "of 0 and 254/255": (MASKS * np.float32(254 / 255), "whole numbers"),
    "with a NaN": (but_one(MASKS, np.nan, float), "whole numbers, but there is nan"),
    "of 0 and 255": (MASKS * 255, "label 255, image 0 .* masks > 0"),
    "with one 2": (but_one(MASKS, 2), "label 2, image 7 .* 1 output channels know only 0 to 1"),
    "with one -1": (but_one(MASKS, -1, int), "label -1, image 7"),
    "of another size": (MASKS[:, :8], "to match the images"),
    "one too few": (MASKS[:-1], "to match the images"),
    "with a channel axis": (MASKS[..., None], "to match the images"),
    "of text": (MASKS.astype("U"), "whole numbers"),
    "None": (None, "there are no"),
}


def some_of(images):
    """Masks for these images, where there can be any."""
    if isinstance(images, np.ndarray) and images.ndim == 5:
        return MASKS[None]
    return MASKS if images is None else MASKS[: len(images)]


@pytest.mark.parametrize(("images", "message"), BAD_IMAGES.values(), ids=BAD_IMAGES)
def test_images_are_refused_by_every_door_with_the_same_words(twin, images, message):
    (model, classifier), bad = shared(twin), (images, some_of(images))
    doors = {
        "training": lambda: fit(twin, train=bad, model=model),
        "validation": lambda: fit(twin, validation=bad, model=model),
        "rates": lambda: twin.find_learning_rate(model, bad, loss=twin.bce_loss),
        "predict": lambda: twin.predict(model, images),
        "tiles": lambda: twin.predict(model, images, tile=16, flips=True),
        "ensemble": lambda: twin.predict_ensemble([model], images),
        "grad_cam": lambda: twin.grad_cam(classifier, images, 0),
    }
    for name, door in doors.items():
        with pytest.raises(ValueError, match=message) as refused:
            door()
        assert len(str(refused.value)) < 300
        if name in ("training", "validation"):
            assert f"{name} images" in str(refused.value)
    assert np.isfinite(twin.predict(model, IMAGES)).all()  # a refusal leaves nothing behind


@pytest.mark.parametrize(("masks", "message"), BAD_MASKS.values(), ids=BAD_MASKS)
def test_masks_are_refused_in_training_and_in_validation(twin, masks, message):
    for argument, part in (("train", "training masks"), ("validation", "validation masks")):
        with pytest.raises(ValueError, match=message) as refused:
            fit(twin, model=shared(twin)[0], **{argument: (IMAGES, masks)})
        assert part in str(refused.value)
    with pytest.raises(ValueError, match=message):
        twin.find_learning_rate(shared(twin)[0], (IMAGES, masks), loss=twin.bce_loss)


def test_a_label_for_each_output_is_taken_and_the_next_one_refused(twin):
    masks = but_one(MASKS, 3)
    assert len(fit(twin, (IMAGES, masks), (IMAGES, masks), build(twin, 4), loss=twin.cross_entropy_loss)) == 2
    with pytest.raises(ValueError, match="label 3, image 7 .* 3 output channels know only 0 to 2: renumber"):
        fit(twin, (IMAGES, masks), model=build(twin, 3), loss=twin.cross_entropy_loss)
    classifier = twin.unet_classifier(1, 3, head="average", base_filters=4, depth=2)
    with pytest.raises(ValueError, match="label 3, image 3 .* 3 output channels"):
        fit(twin, (IMAGES, np.arange(8) % 4), model=classifier, loss=twin.cross_entropy_loss)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_label_that_the_loss_leaves_out_is_taken(twin, channels):
    name = "bce_loss" if channels == 1 else "cross_entropy_loss"
    masks = but_one(MASKS, 255)

    def careful(logits, truth):
        return getattr(twin, name)(logits, truth, ignore_label=255)

    history = fit(twin, (IMAGES, masks), (IMAGES, masks), build(twin, channels), loss=careful)
    assert np.isfinite(history["val_loss"]).all()
    with pytest.raises(ValueError, match="label 254"):
        fit(twin, (IMAGES, but_one(masks, 254)), model=build(twin, channels), loss=careful)


def test_a_loss_of_ones_own_does_not_hide_a_label(twin):
    """This one is a number for any mask, so nothing would be noticed later."""
    with pytest.raises(ValueError, match="label 255"):
        fit(twin, (IMAGES, MASKS * 255), loss=lambda logits, masks: ((logits[..., 0] - masks) ** 2).mean())


def test_sound_arrays_are_taken_whatever_holds_them(twin, tmp_path):
    wanted = twin.predict(build(twin), IMAGES)
    np.save(tmp_path / "images.npy", IMAGES)
    for images in (np.load(tmp_path / "images.npy", mmap_mode="r"), list(IMAGES), IMAGES.astype(float)):
        assert np.allclose(twin.predict(build(twin), images), wanted, atol=1e-6)
    bright = IMAGES + np.float32(1e-4)  # what interpolation and rounding do
    assert np.isfinite(twin.predict(build(twin), bright)).all()
    first, second = (fit(twin, (IMAGES, masks)).frame() for masks in (MASKS, MASKS.astype(bool)))
    assert first["loss"].equals(second["loss"])


def test_what_is_no_pair_is_refused(twin):
    for wrong in (IMAGES, None, (IMAGES, MASKS, MASKS)):
        with pytest.raises(ValueError, match="validation must be a pair"):
            fit(twin, validation=wrong)


def test_a_batch_of_nothing_is_refused(twin):
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        twin.predict(build(twin), IMAGES, batch_size=0)


def spoil(model):
    """Make one weight NaN, as a learning rate far too large does."""
    if hasattr(model, "parameters"):
        next(model.parameters()).data.view(-1)[0] = float("nan")
    else:
        first = model.get_weights()
        first[0] = first[0] * np.nan
        model.set_weights(first)
    return model


def test_a_spoilt_model_answers_and_trains_no_more(twin):
    model = spoil(build(twin))
    with pytest.raises(ValueError, match="the model answers NaN"):
        twin.predict(model, IMAGES)
    with pytest.raises(ValueError, match="build the model anew"):
        fit(twin, model=model)
    with pytest.raises(ValueError, match="build the model anew"):
        twin.find_learning_rate(model, (IMAGES, MASKS), loss=twin.bce_loss)
    classifier = spoil(twin.unet_classifier(1, 3, head="average", base_filters=4, depth=2))
    with pytest.raises(ValueError, match="the model answers NaN"):
        twin.grad_cam(classifier, IMAGES, 0)


def test_an_ensemble_needs_members_that_agree(twin):
    with pytest.raises(ValueError, match="no models"):
        twin.predict_ensemble([], IMAGES)
    with pytest.raises(ValueError, match=r"model 1 .*\(8, 16, 16, 3\).*output channels"):
        twin.predict_ensemble([build(twin), build(twin, 3)], IMAGES)
    member = build(twin)
    assert np.array_equal(twin.predict_ensemble(iter([member, member]), IMAGES), twin.predict(member, IMAGES))


@pytest.mark.parametrize("wrong", [3, -1, 0.5, [0, 1], [0.2] * 8])
def test_a_class_that_is_not_there_has_no_map(twin, wrong):
    with pytest.raises(ValueError, match="class_index"):
        twin.grad_cam(shared(twin)[1], IMAGES, wrong)


def test_grad_cam_asks_classifiers(twin):
    with pytest.raises(ValueError, match="asks classifiers"):
        twin.grad_cam(build(twin, 3), IMAGES, 0)


def weights_of(model):
    """Copies of all weights, in either twin."""
    if hasattr(model, "state_dict"):
        return [tensor.detach().numpy().copy() for tensor in model.state_dict().values()]
    return model.get_weights()


@pytest.mark.filterwarnings("ignore")
def test_after_a_rate_far_too_large_the_model_is_as_before_and_trains(twin, tmp_path):
    model = build(twin)
    before = weights_of(model)
    with pytest.raises(FloatingPointError, match=r"epoch 1.*below 1e\+30.*weights from before this epoch"):
        fit(twin, model=model, learning_rate=1e30, callbacks=[twin.ModelCheckpoint(tmp_path / "best")])
    assert all(map(np.array_equal, before, weights_of(model)))
    assert np.isfinite(fit(twin, model=model)["val_loss"]).all()


@pytest.mark.parametrize("value", ["NaN", "infinity"])
def test_a_validation_loss_that_is_no_number_stops_before_anything_is_kept(twin, tmp_path, value):
    def loss(logits, masks):
        """A number as long as there is background: of foreground alone nothing is left, and 0 is divided by."""
        whole, rest = twin.bce_loss(logits, masks), twin.bce_loss(logits, masks, ignore_label=1)
        return rest / rest if value == "NaN" else whole / rest

    model, kept = build(twin), twin.ModelCheckpoint(tmp_path / "best")
    before, validation = weights_of(model), (IMAGES[:1], np.ones_like(MASKS[:1]))
    with pytest.raises(FloatingPointError, match="validation loss is no longer a number in epoch 1.*loss function"):
        fit(twin, validation=validation, model=model, loss=loss, callbacks=[kept])
    assert all(map(np.array_equal, before, weights_of(model)))
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore")
def test_a_later_stop_leaves_the_weights_of_the_epoch_before(twin, tmp_path):
    class Explode(twin.Callback):
        """Raises the learning rate beyond all bounds from the second epoch on."""

        def on_epoch_end(self, epoch, logs=None):
            self.good = weights_of(self.model)
            set_rate(self.optimizer, 1e30)

    set_rate = import_module(f"{twin.__name__}.checkpoints").set_learning_rate
    explode, model = Explode(), build(twin)
    with pytest.raises(FloatingPointError, match="epoch 2"):
        fit(twin, model=model, callbacks=[explode], epochs=5, checkpoint_dir=tmp_path, checkpoint_every=1)
    assert all(map(np.array_equal, explode.good, weights_of(model)))
    written = checkpoints.read(tmp_path)["model"]
    assert all(np.isfinite(array).all() for array in written.values())


@pytest.mark.parametrize("channels", [1, 3])
def test_running_scores_of_soft_masks_are_no_numbers(twin, channels):
    if twin.__name__.endswith("torch"):
        import torch

        tensor = torch.from_numpy
    else:
        from keras.ops import convert_to_tensor as tensor
    logits = tensor(rng.standard_normal((8, 16, 16, channels), dtype=np.float32))
    for masks, known in ((MASKS.astype(np.float32), True), (MASKS * np.float32(0.7), False)):
        score = twin.PooledScore("dice")
        score.update_state(tensor(masks), logits)
        assert np.isfinite(float(score.result())) == known


def test_both_twins_have_the_same_door(keras_twin, torch_twin):
    from unet_course.keras import inputs as ours
    from unet_course.torch import inputs as theirs

    for name in ("as_images", "check_batches"):
        assert inspect.signature(getattr(ours, name)) == inspect.signature(getattr(theirs, name))
