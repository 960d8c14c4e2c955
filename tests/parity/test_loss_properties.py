"""What must hold for every loss, in both twins: weights, ignored pixels, empty masks, large logits, low precision."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unet_course import metrics

IGNORE = 255
BINARY = ["bce_loss", "dice_loss", "bce_dice_loss", "tversky_loss", "focal_loss"]
CLASSES = ["cross_entropy_loss", "dice_loss", "bce_dice_loss", "tversky_loss", "focal_loss"]
EVERY = [(name, 1) for name in BINARY] + [(name, 3) for name in CLASSES]
every_loss = pytest.mark.parametrize(("name", "channels"), EVERY)
weighted = pytest.mark.parametrize(
    ("name", "channels"), [("bce_loss", 1), ("focal_loss", 1)] + [(n, 3) for n in CLASSES if n != "bce_dice_loss"]
)
# The twins are the same objects in all examples.
shared = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
seeds = st.integers(0, 2**32 - 1)


def example(channels, seed=0, shape=(2, 5, 6)):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 2, (*shape, channels)), rng.integers(0, max(channels, 2), shape)


@pytest.fixture
def value(twin, value_and_gradient):
    """`value(name, logits, labels, **options)`: one loss of one twin, in float64."""

    def find(name, logits, labels, **options):
        return value_and_gradient(twin, getattr(twin, name), logits, labels, **options)[0]

    return find


@pytest.fixture
def slope(twin, value_and_gradient):
    def find(name, logits, labels, **options):
        return value_and_gradient(twin, getattr(twin, name), logits, labels, **options)[1]

    return find


@weighted
@given(seeds)
@shared
def test_equal_weights_are_none_and_only_ratios_matter(value, name, channels, seed):
    logits, labels = example(channels, seed)
    ones = (1,) * max(channels, 2)
    assert value(name, logits, labels, class_weights=ones) == pytest.approx(value(name, logits, labels))
    weights = tuple(range(1, len(ones) + 1))
    tenfold = tuple(10 * weight for weight in weights)
    once = value(name, logits, labels, class_weights=weights)
    assert once == pytest.approx(value(name, logits, labels, class_weights=tenfold))
    assert once != pytest.approx(value(name, logits, labels))


@every_loss
@given(seeds)
@shared
def test_ignored_pixels_have_no_say_and_no_gradient(twin, value_and_gradient, name, channels, seed):
    logits, labels = example(channels, seed)
    ignored = np.random.default_rng(seed).random(labels.shape) < 0.3
    labels = np.where(ignored, IGNORE, labels)
    loss = getattr(twin, name)
    value, gradient = value_and_gradient(twin, loss, logits, labels, ignore_label=IGNORE)
    assert (gradient[ignored] == 0).all()
    for other in (-5.0, np.inf):  # whatever the network says there
        changed = np.where(ignored[..., None], other, logits)
        again, gradient_again = value_and_gradient(twin, loss, changed, labels, ignore_label=IGNORE)
        assert again == value
        assert np.array_equal(gradient_again, gradient)


@pytest.mark.parametrize(("name", "channels"), [("bce_loss", 1), ("cross_entropy_loss", 3), ("focal_loss", 3)])
def test_a_mean_with_ignored_pixels_is_the_mean_of_the_others(value, name, channels):
    logits, labels = example(channels)
    labels[:, 2] = IGNORE
    kept = [0, 1, 3, 4]
    ours = value(name, logits, labels, ignore_label=IGNORE)
    assert ours == pytest.approx(value(name, logits[:, kept], labels[:, kept]))


@every_loss
def test_a_batch_without_any_pixel_that_counts_costs_nothing(twin, value_and_gradient, name, channels):
    logits, labels = example(channels)
    labels[:] = IGNORE
    value, gradient = value_and_gradient(twin, getattr(twin, name), logits, labels, ignore_label=IGNORE)
    assert value == 0
    assert (gradient == 0).all()


@every_loss
@given(seeds)
@shared
def test_flips_and_any_shuffle_of_the_pixels_change_nothing(value, name, channels, seed):
    logits, labels = example(channels, seed)
    loss = value(name, logits, labels)
    assert loss == pytest.approx(value(name, logits[:, ::-1, ::-1].copy(), labels[:, ::-1, ::-1].copy()))
    order = np.random.default_rng(seed).permutation(30)
    shuffled = logits.reshape(2, 30, 1, channels)[:, order], labels.reshape(2, 30, 1)[:, order]
    assert loss == pytest.approx(value(name, *shuffled))


@pytest.mark.parametrize("name", BINARY)
@given(seeds)
@shared
def test_every_pixel_is_pushed_towards_its_truth(slope, name, seed):
    logits, labels = example(1, seed)
    assert (np.sign(slope(name, logits, labels)[..., 0]) == np.where(labels == 1, -1, 1)).all()


@given(seeds)
@shared
def test_relations_between_the_losses(value, seed):
    for channels, cross_entropy in ((1, "bce_loss"), (3, "cross_entropy_loss")):
        pair = example(channels, seed)
        entropy, dice = value(cross_entropy, *pair), value("dice_loss", *pair)
        assert value("tversky_loss", *pair, alpha=0.5, beta=0.5) == pytest.approx(dice)
        assert value("focal_loss", *pair, gamma=0) == pytest.approx(entropy)
        assert value("focal_loss", *pair) < entropy
        assert value("bce_dice_loss", *pair, dice_weight=2) == pytest.approx(entropy + 2 * dice)
        assert 0 <= dice <= 1


@given(seeds)
@shared
def test_one_channel_is_two_classes_of_which_one_has_logit_zero(value, seed):
    logits, labels = example(1, seed)
    both = np.concatenate([np.zeros_like(logits), logits], axis=-1)
    weights = {"class_weights": (1, 3)}
    assert value("bce_loss", logits, labels, **weights) == pytest.approx(
        value("cross_entropy_loss", both, labels, **weights)
    )
    assert value("focal_loss", logits, labels) == pytest.approx(value("focal_loss", both, labels))
    for name in ("dice_loss", "tversky_loss"):
        foreground = value(name, both, labels, class_weights=(0, 1))
        assert value(name, logits, labels) == pytest.approx(foreground)


@pytest.mark.parametrize("name", ["dice_loss", "tversky_loss", "bce_dice_loss"])
def test_a_batch_of_one_is_an_image_and_a_batch_is_one_long_image(value, name):
    logits, labels = example(1)
    one = logits[:1], labels[:1]
    assert value(name, *one, reduction="batch") == pytest.approx(value(name, *one, reduction="image"))
    batch = value(name, logits, labels, reduction="batch")
    assert batch == pytest.approx(value(name, logits.reshape(1, 10, 6, 1), labels.reshape(1, 10, 6)))
    assert batch != pytest.approx(value(name, logits, labels, reduction="image"))


@given(seeds)
@shared
def test_a_sure_network_has_one_minus_the_dice_of_its_masks(value, seed):
    logits, labels = example(1, seed)
    soft = value("dice_loss", np.sign(logits) * 40, labels, smooth=1e-9)
    assert 1 - soft == pytest.approx(metrics.dice(labels, logits[..., 0] > 0, empty=1).mean())


@every_loss
def test_large_logits_neither_overflow_nor_vanish_where_they_are_wrong(twin, value_and_gradient, name, channels):
    _, labels = example(channels)
    truth = labels[..., None] == (np.arange(channels) if channels > 1 else 1)
    loss = getattr(twin, name)
    for size in (30, 100):
        right = np.where(truth, size, -size).astype(np.float32)
        value, gradient = value_and_gradient(twin, loss, right, labels)
        assert value == pytest.approx(0, abs=1e-6)
        assert np.abs(gradient).max() < 1e-6
        value, gradient = value_and_gradient(twin, loss, -right, labels)
        assert np.isfinite(value) and np.isfinite(gradient).all()
        if name in ("bce_loss", "cross_entropy_loss", "focal_loss"):
            assert value == pytest.approx(size * (2 if channels > 1 else 1), rel=0.03)
        if name not in ("dice_loss", "tversky_loss"):
            assert np.abs(gradient).sum() > 0.3  # the cross-entropy does not tire


@pytest.mark.parametrize("gamma", [0.5, 1, 2])
def test_the_focal_factor_has_a_slope_where_all_is_right(twin, value_and_gradient, gamma):
    for channels in (1, 2):
        logits, labels = np.full((1, 2, 2, channels), 100, np.float32), np.ones((1, 2, 2), int)
        logits[..., :-1] *= -1
        value, gradient = value_and_gradient(twin, twin.focal_loss, logits, labels, gamma=gamma)
        assert value == pytest.approx(0, abs=1e-6)
        assert np.isfinite(gradient).all()


# The four cases at which losses part: both empty | truth empty, prediction not | the reverse | 12 of 16 and 16 shared.
SQUARE = np.zeros((1, 8, 8), int)
SQUARE[:, :4, :4] = 1
NOTHING = np.zeros_like(SQUARE)
FOUR = {
    "both empty": (NOTHING, NOTHING),
    "false alarm": (NOTHING, SQUARE),
    "missed": (SQUARE, NOTHING),
    "overlap": (SQUARE, np.roll(SQUARE, 1, axis=2)),
}


@pytest.mark.parametrize("name", BINARY)
def test_no_case_is_without_a_gradient_where_there_is_something_to_learn_and_none_explodes(
    twin, value_and_gradient, name
):
    total = {}
    for case, (truth, prediction) in FOUR.items():
        logits = (12.0 * prediction - 6)[..., None]
        value, gradient = value_and_gradient(twin, getattr(twin, name), logits, truth)
        total[case] = np.abs(gradient).sum()
        assert 0 <= value < 10
    assert max(total.values()) < 1
    assert total["false alarm"] > 1e-4
    assert total["missed"] > 1e-4
    assert total["overlap"] > 1e-4


@pytest.mark.parametrize(
    ("case", "expected", "total"),
    [
        ("both empty", 0, 64),
        ("false alarm", 0.9412, 0.2215),
        ("missed", 0.9412, 1.9931),
        ("overlap", 0.2424, 1.7043),
    ],
)
def test_dice_on_the_four_cases_is_that_of_the_family_with_a_smoothing_of_one(
    twin, value_and_gradient, case, expected, total
):
    # Value and sum of absolute slopes by the probability, measured with brain-segmentation-pytorch's loss.
    truth, prediction = FOUR[case]
    logits = (32.0 * prediction - 16)[..., None]
    value, gradient = value_and_gradient(twin, twin.dice_loss, logits, truth)
    p = 1 / (1 + np.exp(-np.abs(logits)))
    assert value == pytest.approx(expected, abs=1e-4)
    assert np.abs(gradient / (p * (1 - p))).sum() == pytest.approx(total, abs=1e-3)


@every_loss
def test_half_precision_networks_are_scored_in_float32(twin, name, channels):
    logits, labels = example(channels)
    loss = getattr(twin, name)
    if twin.__name__.endswith("torch"):
        import torch

        half, labels = torch.from_numpy(logits).bfloat16(), torch.from_numpy(labels)
        with torch.autocast("cpu", torch.bfloat16):
            value = loss(half, labels)
        assert value.dtype == torch.float32
        assert float(value) == float(loss(half.float(), labels))
    else:
        from keras import backend, ops

        half, labels = ops.cast(ops.convert_to_tensor(logits), "bfloat16"), ops.convert_to_tensor(labels)
        value = loss(half, labels)
        assert backend.standardize_dtype(value.dtype) == "float32"
        assert float(value) == float(loss(ops.cast(half, "float32"), labels))


@every_loss
def test_a_label_that_is_no_class_is_noticed(value, name, channels):
    logits, labels = example(channels)
    labels = labels.astype(np.float32)
    assert np.isfinite(value(name, logits, labels))
    found = {}
    for wrong in (255, -1, 0.5):
        labels[0, 0, 0] = wrong
        found[wrong] = value(name, logits, labels)
    assert np.isnan(list(found.values())).all(), found


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.int64, np.float32])
def test_masks_may_have_any_type(value, dtype):
    logits, labels = example(1)
    assert value("bce_dice_loss", logits, labels.astype(dtype)) == value("bce_dice_loss", logits, labels)


def test_wrong_use_is_answered_with_advice(value):
    logits, labels = example(1)
    classes, _ = example(3)
    for arguments, options, message in [
        (("bce_loss", classes, labels), {}, "use cross_entropy_loss"),
        (("cross_entropy_loss", logits, labels), {}, "use bce_loss"),
        (("bce_loss", logits, labels[..., None]), {}, "do not fit"),
        (("bce_loss", logits, labels[:, :-1]), {}, "do not fit"),
        (("dice_loss", logits, labels), {"smooth": 0}, "must be above 0"),
        (("dice_loss", logits, labels), {"reduction": "mean"}, 'use "image" or "batch"'),
        (("bce_loss", logits, labels), {"class_weights": (1, 2, 3)}, "must be 2 numbers"),
        (("dice_loss", classes, labels), {"class_weights": (1, 2)}, "must be 3 numbers"),
        (("dice_loss", logits, labels), {"class_weights": (1, 2)}, "need one channel per class"),
        (("focal_loss", classes, labels), {"class_weights": (0, 0, 0)}, "not all 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            value(*arguments, **options)
