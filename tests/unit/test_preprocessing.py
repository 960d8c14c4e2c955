import numpy as np
import pytest

from unet_course import preprocessing

RNG = np.random.default_rng(0)


def test_a_dark_picture_gets_the_full_range():
    dark = RNG.integers(5, 60, (1, 32, 32, 3), dtype=np.uint8)
    bright = preprocessing.stretch(dark)
    assert bright.dtype == np.uint8 and bright.shape == dark.shape
    assert (bright.min(), bright.max()) == (0, 255)


def test_each_picture_has_limits_of_its_own_and_order_is_kept():
    pictures = np.stack([np.arange(100, dtype=np.uint8), 2 * np.arange(100, dtype=np.uint8)]).reshape(2, 10, 10, 1)
    stretched = preprocessing.stretch(pictures)
    np.testing.assert_array_equal(stretched[0], stretched[1])
    assert (np.diff(stretched[0].ravel().astype(int)) >= 0).all()


def test_channels_share_the_limits():
    picture = np.zeros((1, 8, 8, 3), np.uint8)
    picture[0, :4, :, 0], picture[0, :4, :, 1] = 100, 50
    stretched = preprocessing.stretch(picture, low=0, high=100)
    assert stretched[0, 0, 0].tolist() == [255, 128, 0]


def test_one_grey_value_becomes_black():
    assert preprocessing.stretch(np.full((1, 4, 4, 1), 77, np.uint8)).max() == 0


def test_percentiles_must_be_in_order():
    with pytest.raises(ValueError, match="low=99 and high=1"):
        preprocessing.stretch(np.zeros((1, 2, 2, 1), np.uint8), low=99, high=1)


def test_padding_keeps_the_picture_in_its_upper_left_corner():
    pictures = RNG.integers(0, 255, (2, 13, 16, 3), dtype=np.uint8)
    padded = preprocessing.pad_to_multiple(pictures, 8)
    assert padded.shape == (2, 16, 16, 3)
    np.testing.assert_array_equal(padded[:, :13], pictures)
    np.testing.assert_array_equal(padded[:, 13], pictures[:, 12])
