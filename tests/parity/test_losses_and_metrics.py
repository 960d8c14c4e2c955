"""One loss, one gradient, one score, whichever framework computes it, and all of them those of the formula."""

from functools import cache

import numpy as np
import pytest

from unet_course import metrics

rng = np.random.default_rng(0)
PICTURES, VOLUMES = (3, 8, 9), (2, 4, 5, 3)
IGNORE = 255
KINDS = ("random", "empty", "volumes")
# name of the loss, channels, options
LOSSES = [
    ("bce_loss", 1, {}),
    ("bce_loss", 1, {"class_weights": (1, 3.5)}),
    ("bce_loss", 1, {"class_weights": (1, 3.5), "ignore_label": IGNORE}),
    ("dice_loss", 1, {}),
    ("dice_loss", 1, {"reduction": "batch", "smooth": 0.1, "ignore_label": IGNORE}),
    ("dice_loss", 3, {}),
    ("dice_loss", 3, {"reduction": "batch", "class_weights": (0, 1, 2), "ignore_label": IGNORE}),
    ("bce_dice_loss", 1, {"dice_weight": 0.3, "ignore_label": IGNORE}),
    ("bce_dice_loss", 3, {"reduction": "batch"}),
    ("cross_entropy_loss", 3, {}),
    ("cross_entropy_loss", 3, {"class_weights": (0.5, 1, 2), "ignore_label": IGNORE}),
    ("tversky_loss", 1, {}),
    ("tversky_loss", 1, {"alpha": 1, "beta": 1, "ignore_label": IGNORE}),
    ("tversky_loss", 3, {"reduction": "batch", "class_weights": (0, 1, 1)}),
    ("focal_loss", 1, {}),
    ("focal_loss", 1, {"gamma": 0.5, "class_weights": (1, 4), "ignore_label": IGNORE}),
    ("focal_loss", 3, {}),
    ("focal_loss", 3, {"gamma": 3, "class_weights": (1, 2, 4), "ignore_label": IGNORE}),
]
every_loss = pytest.mark.parametrize(
    "number", range(len(LOSSES)), ids=[f"{name}-{channels}-{'-'.join(options)}" for name, channels, options in LOSSES]
)


def example(channels, options, kind="random", dtype=np.float64):
    """Logits and labels; some labels are to be ignored where the options say so."""
    rng = np.random.default_rng(channels)
    shape = VOLUMES if kind == "volumes" else PICTURES
    labels = rng.integers(0, max(channels, 2), shape) * (kind != "empty")
    if "ignore_label" in options:
        labels = np.where(rng.random(shape) < 0.2, IGNORE, labels)
    return rng.normal(0, 2, (*shape, channels)).astype(dtype), labels


def by_formula(
    name, logits, labels, *, smooth=1, reduction="image", class_weights=None, ignore_label=None,
    alpha=0.3, beta=0.7, gamma=2, dice_weight=1,
):  # fmt: skip
    """The definition of each loss in float64, pixel by pixel and class by class."""
    if name == "bce_dice_loss":
        shared = {"ignore_label": ignore_label}
        dice = by_formula("dice_loss", logits, labels, smooth=smooth, reduction=reduction, **shared)
        return by_formula("cross_entropy_loss", logits, labels, **shared) + dice_weight * dice
    logits = logits.astype(np.float64)
    channels = logits.shape[-1]
    if channels == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=-1)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    kept = labels != ignore_label
    if name in ("dice_loss", "tversky_loss"):
        if name == "dice_loss":
            alpha = beta = 0.5
        classes = [1] if channels == 1 else range(channels)
        weights = np.ones(len(classes)) if class_weights is None else np.array(class_weights, float)
        parts = [(probabilities[kept], labels[kept])]
        if reduction == "image":
            parts = [(p[k], t[k]) for p, t, k in zip(probabilities, labels, kept, strict=True)]
        losses = []
        for p, t in parts:
            for label in classes:
                tp, fp = p[t == label, label].sum(), p[t != label, label].sum()
                fn = (1 - p[t == label, label]).sum()
                losses.append(1 - (2 * tp + smooth) / (2 * (tp + alpha * fp + beta * fn) + smooth))
        return np.average(np.reshape(losses, (len(parts), -1)).mean(axis=0), weights=weights)
    p, t = probabilities[kept], labels[kept]
    true = p[np.arange(len(t)), t]
    weights = np.ones(len(t)) if class_weights is None else np.array(class_weights, float)[t]
    return np.average((1 - true) ** (gamma * (name == "focal_loss")) * -np.log(true), weights=weights)


@cache
def slope_by_formula(number, kind):
    """Five-point differences of the formula of one of the losses, one logit after the other."""
    name, channels, options = LOSSES[number]
    logits, labels = example(channels, options, kind)
    slope, step = np.zeros(logits.shape), 3e-3
    for place in np.ndindex(logits.shape):
        for steps, weight in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
            moved = logits.astype(np.float64)
            moved[place] += steps * step
            slope[place] += weight * by_formula(name, moved, labels, **options) / (12 * step)
    return slope


def relative_error(gradient, expected):
    """Length of the difference of two gradients, in lengths of the gradient."""
    return np.linalg.norm(gradient - expected) / np.linalg.norm(expected)


@every_loss
def test_value_and_gradient_are_those_of_the_formula(twin, value_and_gradient, number):
    name, channels, options = LOSSES[number]
    errors = {}
    for kind in KINDS:
        logits, labels = example(channels, options, kind)
        value, gradient = value_and_gradient(twin, getattr(twin, name), logits, labels, **options)
        expected = by_formula(name, logits, labels, **options)
        errors[kind] = abs(value / expected - 1), relative_error(gradient, slope_by_formula(number, kind))
    assert np.max(list(errors.values())) <= 1e-6, errors


@every_loss
def test_both_twins_give_one_value_and_one_gradient(keras_twin, torch_twin, value_and_gradient, number):
    name, channels, options = LOSSES[number]
    errors = {}
    for kind in KINDS:
        logits, labels = example(channels, options, kind, np.float32)
        (ours, gradient), (other, other_gradient) = (
            value_and_gradient(twin, getattr(twin, name), logits, labels, **options)
            for twin in (keras_twin, torch_twin)
        )
        errors[kind] = abs(ours / other - 1), relative_error(gradient, other_gradient)
    assert np.max(list(errors.values())) <= 1e-6, errors


def to_tensor(twin, array):
    if twin.__name__.endswith("torch"):
        import torch

        return torch.from_numpy(array)
    from keras import ops

    return ops.convert_to_tensor(array)


def run(twin, running, logits, labels, batch_size=1):
    """Feed batches to a running score."""
    for start in range(0, len(labels), batch_size):
        batch = (array[start : start + batch_size] for array in (labels, logits))
        running.update_state(*(to_tensor(twin, array) for array in batch))
    return float(running.result())


@pytest.mark.parametrize("name", metrics.NAMES)
def test_running_scores_are_the_pooled_numpy_scores(twin, name):
    for kind in ("random", "volumes"):
        logits, labels = example(1, {}, kind)
        pooled = metrics.confusion(labels, logits[..., 0] > 0).sum(axis=0)
        expected = metrics.score(name, pooled, empty=0)
        for batch_size in (1, 2):
            found = run(twin, twin.PooledScore(name), logits, labels, batch_size)
            assert found == pytest.approx(expected, rel=1e-6), (kind, batch_size)


@pytest.mark.parametrize("name", metrics.NAMES)
def test_running_scores_of_classes_are_the_numpy_scores(twin, name):
    logits, labels = example(3, {"ignore_label": IGNORE})
    matrix = metrics.confusion_matrix(labels, logits.argmax(-1), 3, ignore_label=IGNORE).sum(axis=0)
    for classes in (None, (0, 1, 2)):
        expected = metrics.score(name, metrics.one_vs_rest(matrix), empty=0)[list(classes or (1, 2))].mean()
        if name == "accuracy":
            expected = np.trace(matrix) / matrix.sum()
        running = twin.PooledScore(name, classes=classes, ignore_label=IGNORE)
        assert run(twin, running, logits, labels) == pytest.approx(expected, rel=1e-6), classes


@pytest.mark.parametrize("name", ["accuracy", "precision", "recall", "dice", "iou"])
def test_a_running_score_keeps_to_its_threshold_and_starts_again(twin, name):
    logits, labels = example(1, {})
    running = twin.PooledScore(name, threshold=0.7)
    first = run(twin, running, logits, labels)
    assert first != run(twin, twin.PooledScore(name), logits, labels)
    running.reset_state()
    assert run(twin, running, logits, labels) == first


def test_keras_counts_the_same_in_the_graph_of_a_model(keras_twin):
    import keras

    logits, labels = example(3, {"ignore_label": IGNORE})
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Identity()])
    scores = [keras_twin.PooledScore(name, ignore_label=IGNORE) for name in ("dice", "accuracy")]
    loss = keras_twin.cross_entropy_loss
    model.compile(loss=lambda masks, x: loss(x, masks[..., 0], ignore_label=IGNORE), metrics=scores)
    found = model.evaluate(logits, labels[..., None], batch_size=2, verbose=0, return_dict=True)
    for name in ("dice", "accuracy"):
        alone = run(keras_twin, keras_twin.PooledScore(name, ignore_label=IGNORE), logits, labels)
        assert found[name] == pytest.approx(alone, rel=1e-6)


def test_a_classifier_is_scored_by_its_labels(twin):
    logits, labels = np.eye(4, dtype=np.float32), np.array([0, 1, 2, 0])
    assert run(twin, twin.PooledScore("accuracy"), logits, labels) == 0.75


def test_a_score_of_nothing_but_background_is_zero(twin):
    nothing = np.zeros((2, 4, 4), int)
    assert run(twin, twin.PooledScore("dice"), np.full((2, 4, 4, 1), -1, np.float32), nothing) == 0


def test_an_unknown_score_is_refused(twin):
    with pytest.raises(ValueError, match="'F-measure' is not known: use one of accuracy, precision"):
        twin.PooledScore("F-measure")
