"""The small conditional random field: noise goes, edges stay, and the equation of the docstring holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.draw import disk

from unet_course.postprocessing.crf import refine

PROBABILITIES = arrays(np.float32, (5, 6), elements=st.floats(0, 1, width=32))
IMAGE = np.random.default_rng(0).random((5, 6))


def a_disc():
    mask = np.zeros((40, 40), bool)
    mask[disk((20, 20), 12)] = True
    return mask, mask + np.random.default_rng(1).normal(0, 0.05, mask.shape)


def test_salt_goes_and_every_pixel_of_the_edge_stays():
    mask, image = a_disc()
    salted = mask ^ (np.random.default_rng(2).random(mask.shape) < 0.08)
    assert (salted != mask).sum() > 100
    refined = refine(np.where(salted, 0.9, 0.1), image, contrast=0.2)
    np.testing.assert_array_equal(refined > 0.5, mask)
    more = [refine(np.where(salted, 0.9, 0.1), image, contrast=0.2, iterations=n) for n in (30, 31)]
    np.testing.assert_allclose(*more, atol=1e-4)  # it settles, and does not swing


def test_a_thin_vessel_survives_where_the_image_shows_it_only():
    mask = np.zeros((20, 20), bool)
    mask[10] = True
    probabilities = np.where(mask, 0.9, 0.1)
    np.testing.assert_array_equal(refine(probabilities, mask.astype(float)) > 0.5, mask)
    assert not (refine(probabilities, np.zeros(mask.shape)) > 0.5).any()


def test_an_outline_beside_the_edge_moves_to_it():
    mask, image = a_disc()
    doubtful = np.where(mask, 0.9, 0.1)
    doubtful[np.roll(mask, 1, axis=1) & ~mask] = 0.6
    assert ((doubtful > 0.5) != mask).any()
    np.testing.assert_array_equal(refine(doubtful, image, contrast=0.2) > 0.5, mask)


def test_one_step_is_what_the_equation_says():
    p, weight, contrast, reach = np.random.default_rng(3).uniform(0.05, 0.95, (5, 6)), 3.0, 0.3, 1.2
    offsets = [(dy, dx) for dy in (-2, -1, 0, 1, 2) for dx in (-2, -1, 0, 1, 2) if (dy, dx) != (0, 0)]
    total = sum(np.exp(-(dy**2 + dx**2) / (2 * reach**2)) for dy, dx in offsets)
    expected = np.log(p / (1 - p))
    for y, x in np.ndindex(p.shape):
        for dy, dx in offsets:
            if 0 <= y + dy < 5 and 0 <= x + dx < 6:
                near = np.exp(-(dy**2 + dx**2) / (2 * reach**2)) / total
                alike = np.exp(-((IMAGE[y, x] - IMAGE[y + dy, x + dx]) ** 2) / (2 * contrast**2))
                expected[y, x] += weight * near * alike * (2 * p[y + dy, x + dx] - 1)
    found = refine(p, IMAGE, weight=weight, contrast=contrast, reach=reach, radius=2, iterations=1)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-expected)), rtol=1e-5)


@given(PROBABILITIES)
def test_without_weight_nothing_changes(probabilities):
    np.testing.assert_allclose(refine(probabilities, IMAGE, weight=0), probabilities, atol=1.1e-6)


@given(PROBABILITIES)
def test_foreground_and_background_are_treated_alike_and_so_are_all_directions(probabilities):
    refined = refine(probabilities, IMAGE)
    assert ((refined >= 0) & (refined <= 1)).all()
    np.testing.assert_allclose(refine(1 - probabilities, IMAGE), 1 - refined, atol=1e-5)
    np.testing.assert_allclose(refine(np.rot90(probabilities), np.rot90(IMAGE)), np.rot90(refined), atol=1e-5)


def test_volumes_and_colours_are_refined_too():
    mask = np.zeros((7, 9, 9), bool)
    mask[2:5, 3:6, 3:6] = True
    probabilities = np.where(mask, 0.9, 0.1)
    probabilities[5, 7, 7] = 0.9
    image = np.stack([mask, ~mask], axis=-1).astype(float)
    np.testing.assert_array_equal(refine(probabilities, image, radius=1) > 0.5, mask)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        refine(np.zeros((4, 4)), np.zeros((4, 5)))
    with pytest.raises(ValueError, match="apply the sigmoid"):
        refine(np.full((4, 4), 1.5), np.zeros((4, 4)))
    with pytest.raises(ValueError, match="contrast=0"):
        refine(np.zeros((4, 4)), np.zeros((4, 4)), contrast=0)
