"""The noise that is found is the noise that was put in."""

import numpy as np
import pytest

from unet_course.phantoms.anatomy.mr import SEQUENCES, TISSUES, Scanner
from unet_course.preprocessing.noise import estimate_noise

Y, X = np.mgrid[:160, :160] / 160
HEAD = (X - 0.5) ** 2 + (Y - 0.5) ** 2 < 0.12


def scan(snr):
    """A disc of white matter in air, from the phantoms' scanner, whose noise is 1 / snr."""
    rng = np.random.default_rng(0)
    fractions = np.zeros((len(TISSUES), *HEAD.shape), np.float32)
    fractions[1] = HEAD
    image = Scanner(rng, snr=snr).acquire(rng, fractions, next(iter(SEQUENCES)), np.ones(HEAD.shape, np.float32))
    return image[None, ..., None]


@pytest.mark.parametrize("sigma", [0.01, 0.05, 0.2])
def test_noise_is_found_on_a_slope_with_edges(sigma):
    clean = np.stack([0.3 * X + 0.5 * HEAD + 0.2 * (Y > 0.6), 2 - Y], -1)[None]
    noisy = clean + np.random.default_rng(0).normal(0, sigma, clean.shape)
    assert estimate_noise(noisy) == pytest.approx(np.full((1, 2), sigma), rel=0.05)


def test_black_around_the_brain_does_not_count():
    noisy = np.where(HEAD, 0.5 + np.random.default_rng(0).normal(0, 0.05, HEAD.shape), 0)
    assert estimate_noise(noisy[None, ..., None]) == pytest.approx(0.05, rel=0.05)


@pytest.mark.parametrize("snr", [10, 28])
def test_the_scanners_noise_is_found_in_air_and_in_tissue(snr):
    image = scan(snr)
    air = (X - 0.5) ** 2 + (Y - 0.5) ** 2 > 0.16
    assert estimate_noise(image, air=air[None]) == pytest.approx(1 / snr, rel=0.02)
    assert estimate_noise(np.where(HEAD[None, ..., None], image, 0)) == pytest.approx(1 / snr, rel=0.05)
    # What a standard deviation in air would give.
    assert image[0, air].std() * snr == pytest.approx(0.655, rel=0.03)


def test_contrast_scales_the_noise():
    image = scan(20)
    assert estimate_noise(3 * image) == pytest.approx(3 * estimate_noise(image))


def test_nothing_to_look_at_gives_nan():
    empty = np.zeros((2, 8, 8, 1))
    assert np.isnan(estimate_noise(empty)).all()
    assert np.isnan(estimate_noise(empty, air=np.zeros((2, 8, 8), bool))).all()


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="no slices"):
        estimate_noise(np.zeros((8, 8)))
    with pytest.raises(ValueError, match="one value per pixel"):
        estimate_noise(np.zeros((1, 8, 8, 1)), air=np.zeros((8, 8), bool))
