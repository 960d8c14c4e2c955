"""Batches: every image once an epoch, the same order for the same seed, masks that move with their images."""

import numpy as np
import pytest

from unet_course.augmentation import Augmentation
from unet_course.common.batches import Batches, as_float

rng = np.random.default_rng(0)
IMAGES = rng.integers(0, 256, (10, 8, 8, 3), dtype=np.uint8)
MASKS = (IMAGES[..., 0] > 128).astype(np.int32)


def test_every_picture_comes_once_an_epoch_and_the_last_batch_may_be_small():
    batches = Batches(IMAGES, MASKS, 4, seed=1)
    sizes = [len(images) for images, _ in batches.epoch(0)]
    assert sizes == [4, 4, 2]
    assert sorted(batches.order(0)) == list(range(10))


def test_order_changes_with_the_epoch_and_repeats_with_the_seed():
    first, again = Batches(IMAGES, MASKS, 4, seed=1), Batches(IMAGES, MASKS, 4, seed=1)
    assert np.array_equal(first.order(3), again.order(3))
    assert not np.array_equal(first.order(0), first.order(1))
    assert np.array_equal(Batches(IMAGES, MASKS, 4).order(5), np.arange(10))


def test_pictures_are_scaled_to_one():
    assert as_float(IMAGES).dtype == np.float32
    assert as_float(IMAGES).max() <= 1
    assert np.array_equal(as_float(as_float(IMAGES)), as_float(IMAGES))


def test_masks_move_with_their_pictures():
    for images, masks in Batches(IMAGES, MASKS, 4, seed=2, augment=True).epoch(0):
        assert np.array_equal(masks, images[..., 0] > 128.5 / 255)


def test_augmentation_differs_between_epochs():
    batches = Batches(IMAGES[:1], MASKS[:1], 1, seed=2, augment=True)
    assert len({batches.batch(epoch, 0)[0].tobytes() for epoch in range(20)}) > 3


@pytest.mark.parametrize(
    ("images", "masks", "size", "message"),
    [
        (IMAGES[..., 0], MASKS, 4, r"\(N, H, W, C\)"),
        (IMAGES, MASKS[:, :4], 4, "to match the images"),
        (IMAGES[:0], MASKS[:0], 4, "no images"),
        (IMAGES, MASKS, 0, "at least 1"),
        (IMAGES.astype(float), MASKS, 4, "divide by 255"),
    ],
)
def test_wrong_arrays_are_refused_with_advice(images, masks, size, message):
    with pytest.raises(ValueError, match=message):
        Batches(images, masks, size)


def test_turning_needs_square_pictures():
    with pytest.raises(ValueError, match="square"):
        Batches(IMAGES[:, :4], MASKS[:, :4], 2, augment=True)


def test_heavy_pictures_come_more_often():
    weights = np.array([1.0] * 9 + [9.0])
    batches = Batches(IMAGES, MASKS, 4, seed=0, weights=weights)
    drawn = np.concatenate([batches.order(epoch) for epoch in range(200)])
    assert len(drawn) == 200 * 10
    assert np.mean(drawn == 9) == pytest.approx(0.5, abs=0.04)
    never_first = Batches(IMAGES, MASKS, 4, seed=0, weights=[0] + [1] * 9)
    assert not any(0 in never_first.order(epoch) for epoch in range(20))


def test_the_pieces_of_a_batch_are_equal_and_make_it_up():
    whole, cut = Batches(IMAGES[:9], MASKS[:9], 4, seed=1), Batches(IMAGES[:9], MASKS[:9], 4, seed=1, pieces=2)
    pieces = [images for images, _ in cut.epoch(2)]
    assert [len(images) for images in pieces] == [2, 2, 2, 2]  # the ninth image waits for another epoch
    for number in range(2):
        assert np.array_equal(np.concatenate(pieces[2 * number : 2 * number + 2]), whole.batch(2, number)[0])


def test_one_label_for_a_picture_and_volumes_are_taken_too():
    labels = np.arange(10)
    images, drawn = Batches(IMAGES, labels, 10, seed=0, augment=True).batch(0, 0)
    assert sorted(drawn) == list(range(10))
    assert all(np.isclose(i.sum(), as_float(IMAGES[n]).sum()) for i, n in zip(images, drawn, strict=True))
    volumes, truth = Batches(IMAGES[None, ..., :1], MASKS[None], 1, seed=3, augment=True).batch(0, 0)
    assert volumes.shape == (1, 10, 8, 8, 1) and np.array_equal(truth, volumes[..., 0] > 128.5 / 255)


def test_raw_pictures_keep_their_dtype():
    images, _ = Batches(IMAGES, MASKS, 4, seed=1, augment=True).raw(0, 1)
    assert images.dtype == np.uint8
    assert np.array_equal(as_float(images), Batches(IMAGES, MASKS, 4, seed=1, augment=True).batch(0, 1)[0])


@pytest.mark.parametrize("weights", [np.ones(3), -np.ones(10), np.zeros(10), np.full(10, np.nan)])
def test_wrong_weights_are_refused(weights):
    with pytest.raises(ValueError, match="weights must"):
        Batches(IMAGES, MASKS, 4, weights=weights)


def test_only_an_augmentation_augments():
    with pytest.raises(ValueError, match="True, False or an Augmentation"):
        Batches(IMAGES, MASKS, 4, augment="flips")
    with pytest.raises(ValueError, match="volumes can be flipped"):
        Batches(IMAGES[None], MASKS[None], 1, augment=Augmentation())


def test_a_batch_that_cannot_be_cut_is_refused():
    with pytest.raises(ValueError, match="cannot be cut into 3"):
        Batches(IMAGES, MASKS, 4, pieces=3)
