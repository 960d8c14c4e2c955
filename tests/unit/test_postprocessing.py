"""Otsu and the watershed on pictures whose answer is known."""

import numpy as np
from skimage.draw import disk

from unet_course import postprocessing


def two_touching_discs():
    mask = np.zeros((40, 60), dtype=float)
    for column in (20, 37):
        mask[disk((20, column), 10)] = 1
    return mask


def test_otsu_finds_bright_nuclei_on_dark_and_dark_ones_on_bright():
    mask = two_touching_discs() > 0
    picture = np.where(mask, 200, 20).astype(np.uint8)[..., None].repeat(3, axis=-1)
    assert np.array_equal(postprocessing.otsu_mask(picture), mask)
    assert np.array_equal(postprocessing.otsu_mask(255 - picture), mask)


def test_otsu_of_a_flat_picture_is_empty():
    assert not postprocessing.otsu_mask(np.full((5, 5, 3), 7, np.uint8)).any()


def test_watershed_parts_touching_nuclei_and_keeps_every_pixel():
    mask = two_touching_discs()
    labels = postprocessing.instances(mask)
    assert labels.max() == 2
    assert np.array_equal(labels > 0, mask > 0)
    assert labels[20, 12] != labels[20, 45]


def test_watershed_drops_specks_and_accepts_emptiness():
    mask = two_touching_discs()
    mask[0, 0] = 1
    assert postprocessing.instances(mask)[0, 0] == 0
    assert postprocessing.instances(np.zeros((9, 9))).max() == 0
