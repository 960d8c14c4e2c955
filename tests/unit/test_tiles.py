"""Tiles: they cover the image, their seams vanish, and mirror images are turned back before they are averaged."""

import numpy as np
import pytest
from scipy import ndimage

from unet_course.common import inference

rng = np.random.default_rng(0)


def smooth(images):
    """A stand-in for a network: each output depends on inputs up to 3 pixels away, with zeros outside the image."""
    kernel = np.outer(*[np.arange(1, 8)] * 2)[None, ..., None] / 784
    return ndimage.convolve(images, kernel, mode="constant").astype(np.float32)


@pytest.mark.parametrize(
    ("length", "tile", "overlap"), [(100, 32, 8), (32, 32, 8), (20, 32, 8), (64, 32, 0), (33, 32, 31)]
)
def test_tiles_cover_the_line_and_end_with_it(length, tile, overlap):
    starts = inference.starts(length, tile, overlap)
    covered = np.zeros(length)
    for start in starts:
        covered[start : start + tile] += inference.window(length, start, tile, overlap)[: length - start]
    assert (covered > 0).all()
    assert starts[0] == 0 and starts[-1] == max(0, length - tile)


@pytest.mark.parametrize("size", [(64, 64), (70, 97), (20, 90)])
def test_blended_tiles_equal_the_whole_image_when_the_overlap_is_enough(size):
    images = rng.random((2, *size, 1), dtype=np.float32)
    blended = inference.sliding_window(images, smooth, tile=32, overlap=12, batch_size=3)
    assert np.allclose(blended, smooth(images), atol=1e-6)


def test_too_small_an_overlap_leaves_seams_that_blending_makes_smaller():
    images = np.ones((1, 96, 96, 1), np.float32)
    inside = np.s_[:, 8:-8, 8:-8]
    seams = {
        overlap: np.abs(
            np.diff(inference.sliding_window(images, smooth, tile=32, overlap=overlap, batch_size=9)[inside], axis=1)
        ).max()
        for overlap in (0, 4, 8, 12)
    }
    assert seams[0] > 0.3 and seams[0] > seams[4] > seams[8] > seams[12]
    assert seams[12] < 1e-6


def test_volumes_are_cut_along_all_three_axes():
    volumes = rng.random((1, 20, 24, 40, 2), dtype=np.float32)
    assert np.allclose(
        inference.sliding_window(volumes, lambda v: v, tile=16, overlap=4, batch_size=5), volumes, atol=1e-6
    )


def test_tiles_that_cannot_be_are_refused():
    images = np.zeros((1, 64, 64, 1), np.float32)
    with pytest.raises(ValueError, match="less than tile=32"):
        inference.sliding_window(images, smooth, tile=32, overlap=32, batch_size=1)
    with pytest.raises(ValueError, match="as large as its input"):
        inference.sliding_window(images, lambda batch: batch[:, 2:-2, 2:-2], tile=32, batch_size=4)


def test_mirror_images_are_turned_back():
    images = rng.random((2, 6, 8, 3), dtype=np.float32)
    assert np.allclose(inference.mean_over_flips(images, lambda batch: batch), images, atol=1e-6)
    ramp = np.arange(8, dtype=np.float32)[None, None, :, None] / 7
    lopsided = inference.mean_over_flips(images, lambda batch: batch * 0 + ramp)
    assert np.allclose(lopsided, 0.5)


def test_pictures_are_turned_back_from_all_eight_positions():
    images = rng.random((2, 6, 8, 3), dtype=np.float32)
    assert np.allclose(inference.mean_over_turns(images, lambda batch: batch), images, atol=1e-6)
    seen = set()
    inference.mean_over_turns(images, lambda batch: seen.add((batch.shape, batch.tobytes())) or batch[..., 0])
    assert len(seen) == 8


def test_the_mean_over_turns_turns_with_the_picture():
    images = rng.random((1, 8, 8, 1), dtype=np.float32)

    def lopsided(batch):
        return batch[..., 0] * np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)

    turned = inference.mean_over_turns(np.rot90(images, axes=(1, 2)), lopsided)
    assert np.allclose(turned, np.rot90(inference.mean_over_turns(images, lopsided), axes=(1, 2)))
    assert not np.allclose(lopsided(np.rot90(images, axes=(1, 2))), np.rot90(lopsided(images), axes=(1, 2)))


def test_numbers_for_a_whole_image_are_averaged_over_its_mirror_images():
    images = rng.random((2, 6, 8, 1), dtype=np.float32)
    corners = inference.mean_over_flips(images, lambda batch: batch[:, 0, 0])
    assert np.allclose(corners, images[:, [0, 0, -1, -1], [0, -1, 0, -1]].mean(axis=1))


def test_volumes_have_eight_mirror_images():
    seen = []
    inference.mean_over_flips(
        rng.random((1, 2, 2, 2, 1), dtype=np.float32), lambda batch: seen.append(batch.tobytes()) or batch
    )
    assert len(set(seen)) == 8
