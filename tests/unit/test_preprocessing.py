import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unet_course import preprocessing

RNG = np.random.default_rng(0)


def test_a_dark_picture_gets_the_full_range():
    dark = RNG.integers(5, 60, (1, 32, 32, 3), dtype=np.uint8)
    bright = preprocessing.rescale_percentiles(dark)
    assert bright.dtype == np.uint8 and bright.shape == dark.shape
    assert (bright.min(), bright.max()) == (0, 255)


def test_each_picture_has_limits_of_its_own_and_order_is_kept():
    pictures = np.stack([np.arange(100, dtype=np.uint8), 2 * np.arange(100, dtype=np.uint8)]).reshape(2, 10, 10, 1)
    stretched = preprocessing.rescale_percentiles(pictures)
    np.testing.assert_array_equal(stretched[0], stretched[1])
    assert (np.diff(stretched[0].ravel().astype(int)) >= 0).all()


def test_channels_share_the_limits():
    picture = np.zeros((1, 8, 8, 3), np.uint8)
    picture[0, :4, :, 0], picture[0, :4, :, 1] = 100, 50
    stretched = preprocessing.rescale_percentiles(picture, low=0, high=100)
    assert stretched[0, 0, 0].tolist() == [255, 128, 0]


def test_one_grey_value_becomes_black():
    assert preprocessing.rescale_percentiles(np.full((1, 4, 4, 1), 77, np.uint8)).max() == 0


def test_percentiles_must_be_in_order():
    with pytest.raises(ValueError, match="low=99 and high=1"):
        preprocessing.rescale_percentiles(np.zeros((1, 2, 2, 1), np.uint8), low=99, high=1)


# Crop and pad


def test_the_box_is_tight_and_margins_stop_at_the_border():
    marked = np.zeros((6, 10, 12), bool)
    marked[2, 1, 4] = marked[3, 7, 5] = True
    assert preprocessing.foreground_box(marked) == (slice(2, 4), slice(1, 8), slice(4, 6))
    assert preprocessing.foreground_box(marked, margin=2) == (slice(0, 6), slice(0, 10), slice(2, 8))


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 2)), st.integers(0, 3))
def test_padding_back_undoes_the_crop(image, margin):
    if not image.any():
        with pytest.raises(ValueError, match="no foreground"):
            preprocessing.foreground_box(image > 0)
        return
    box = preprocessing.foreground_box(image > 0, margin=margin)
    np.testing.assert_array_equal(preprocessing.pad_back(image[box], box, image.shape), image)


def test_a_prediction_with_channels_goes_back_to_its_place():
    box = (slice(1, 3), slice(2, 5))
    whole = preprocessing.pad_back(np.ones((2, 3, 4), np.float32), box, (6, 6), fill=-1)
    assert whole.shape == (6, 6, 4) and whole.dtype == np.float32
    assert (whole[box] == 1).all() and (whole == -1).sum() == 4 * (36 - 6)


def test_what_does_not_fit_the_box_is_refused():
    with pytest.raises(ValueError, match=r"room for \(2, 3\)"):
        preprocessing.pad_back(np.ones((3, 2)), (slice(1, 3), slice(2, 5)), (6, 6))
    with pytest.raises(ValueError, match="margin=-1"):
        preprocessing.foreground_box(np.ones((2, 2)), margin=-1)


# Neighbouring slices


def slices_of(patients, positions):
    """Images of one pixel, whose value says who and where: 100 * patient + position."""
    return (100 * np.array(patients) + positions).reshape(-1, 1, 1, 1)


def test_neighbours_are_channels_and_ends_repeat_or_are_black():
    patients, positions = [1, 1, 1, 2, 2], [0, 1, 2, 0, 1]
    images = slices_of(patients, positions)
    repeated = preprocessing.stack_neighbours(images, patients, positions)
    assert repeated[:, 0, 0].tolist() == [
        [100, 100, 101], [100, 101, 102], [101, 102, 102], [200, 200, 201], [200, 201, 201],
    ]  # fmt: skip
    black = preprocessing.stack_neighbours(images, patients, positions, edge="zero")
    assert black[:, 0, 0].tolist() == [[0, 100, 101], [100, 101, 102], [101, 102, 0], [0, 200, 201], [200, 201, 0]]


def test_a_gap_is_an_edge_and_the_nearest_slice_stands_in():
    positions = [3, 4, 7]
    images = slices_of([1, 1, 1], positions)
    stacked = preprocessing.stack_neighbours(images, "aaa", positions, reach=2)
    assert stacked[1, 0, 0].tolist() == [103, 103, 104, 104, 104]


def test_channels_of_a_slice_stay_together():
    images = np.arange(3 * 2 * 2 * 2).reshape(3, 2, 2, 2)
    stacked = preprocessing.stack_neighbours(images, "aaa", range(3))
    assert stacked.shape == (3, 2, 2, 6)
    np.testing.assert_array_equal(stacked[1], np.concatenate(list(images), axis=-1))


@given(st.sets(st.tuples(st.integers(1, 4), st.integers(0, 9)), min_size=1), st.integers(0, 3), st.randoms())
def test_no_patient_ever_sees_another_whatever_the_order(names, reach, random):
    names = list(names)
    random.shuffle(names)
    patients, positions = zip(*names, strict=True)
    images = slices_of(patients, np.array(positions))
    stacked = preprocessing.stack_neighbours(images, patients, positions, reach=reach)[:, 0, 0]
    assert (stacked // 100 == np.array(patients)[:, None]).all()
    assert (stacked[:, reach] == images[:, 0, 0, 0]).all()
    assert (np.diff(stacked, axis=1) >= 0).all()
    assert (np.abs(stacked % 100 - np.array(positions)[:, None]) <= np.abs(np.arange(-reach, reach + 1))).all()


def test_two_slices_at_one_place_are_refused():
    with pytest.raises(ValueError, match="2 pairs, 1 of them different"):
        preprocessing.stack_neighbours(np.zeros((2, 1, 1, 1)), "aa", [3, 3])
    with pytest.raises(ValueError, match="edge='wrap'"):
        preprocessing.stack_neighbours(np.zeros((2, 1, 1, 1)), "aa", [3, 4], edge="wrap")
