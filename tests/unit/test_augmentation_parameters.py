"""What is drawn for an augmentation: the same with the same generator, little, and nothing impossible."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unet_course.augmentation import Augmentation, augment


@given(st.builds(Augmentation, elastic=st.floats(0, 0.05), noise=st.floats(0, 1)), st.integers(0, 2**32))
def test_the_same_generator_draws_the_same_parameters(augmentation, seed):
    first, again = (augmentation.sample(np.random.default_rng(seed), 3, 20, 20) for _ in range(2))
    for one, other in zip(vars(first).values(), vars(again).values(), strict=True):
        assert np.array_equal(one, other)


def test_images_of_a_batch_and_batches_of_an_epoch_differ():
    rng = np.random.default_rng(0)
    maps = np.concatenate([Augmentation().sample(rng, 8, 20, 20).maps for _ in range(4)])
    assert len(np.unique(maps, axis=0)) == 32


def test_turning_one_change_off_leaves_the_others_as_they_were():
    full = Augmentation().sample(np.random.default_rng(3), 4, 20, 20)
    less = dataclasses.replace(Augmentation(), elastic=0, gamma=0).sample(np.random.default_rng(3), 4, 20, 20)
    assert np.array_equal(less.maps, full.maps) and np.array_equal(less.noise_origin, full.noise_origin)
    assert less.lattices is None and less.gamma is None


def test_parameters_are_small():
    parameters = Augmentation().sample(np.random.default_rng(0), 16, 256, 256)
    assert sum(value.nbytes for value in vars(parameters).values() if isinstance(value, np.ndarray)) < 10_000


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"rotation": 190}, "rotation=190 must lie between 0 and 180"),
        ({"rotation": -1}, "rotation=-1"),
        ({"shift": 10}, "between 0 and 0.5"),
        ({"zoom": 1.5}, "zoom=1.5"),
        ({"elastic": 0.2}, "elastic=0.2"),
        ({"noise": float("nan")}, "noise=nan"),
        ({"flip": "sideways"}, "choose one of none, horizontal, vertical, both"),
    ],
)
def test_impossible_limits_are_refused(limits, message):
    with pytest.raises(ValueError, match=message):
        Augmentation(**limits)


def test_quarter_turns_need_square_images():
    with pytest.raises(ValueError, match="square images, not 20x30"):
        Augmentation(quarter_turns=True).sample(np.random.default_rng(0), 2, 20, 30)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda images, masks: (images[..., 0], masks), "images \\(N, H, W, C\\)"),
        (lambda images, masks: (images, masks[:1]), "masks \\(N, H, W\\)"),
        (lambda images, masks: ((255 * images).astype(np.uint8), masks), "divide uint8 by 255"),
        (lambda images, masks: (images[:1], masks[:1]), "drawn for 2 images of 12x17 pixels, but there are 1"),
        (lambda images, masks: (images[:, :8], masks[:, :8]), "but there are 2 of 8x17"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, message):
    rng = np.random.default_rng(0)
    parameters = Augmentation().sample(rng, 2, 12, 17)
    images, masks = rng.random((2, 12, 17, 3), dtype=np.float32), rng.integers(0, 5, (2, 12, 17))
    with pytest.raises(ValueError, match=message):
        augment(*change(images, masks), parameters)
