"""Augmentation: images and masks move together, whole movements are exact, and nothing appears that was not there."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from unet_course.augmentation import FLIPS, Augmentation, augment
from unet_course.augmentation.parameters import CELLS, Parameters, affine_maps, centred, spline_weights

sizes = st.integers(1, 24)
seeds = st.integers(0, 2**32)
augmentations = st.builds(
    Augmentation,
    rotation=st.floats(0, 180),
    shift=st.floats(0, 0.5),
    zoom=st.floats(0, 1),
    flip=st.sampled_from(FLIPS),
    elastic=st.floats(0, 0.05),
    brightness=st.floats(0, 1),
    contrast=st.floats(0, 1),
    gamma=st.floats(0, 1),
    noise=st.floats(0, 1),
)
geometries = augmentations.map(lambda a: dataclasses.replace(a, brightness=0, contrast=0, gamma=0, noise=0))


def pictures(rng, n=2, height=12, width=17, channels=2):
    return rng.random((n, height, width, channels), dtype=np.float32), rng.integers(0, 5, (n, height, width))


def moved(images, masks, **movement):
    maps = np.repeat(affine_maps(**movement), len(images), axis=0)
    return augment(images, masks, Parameters(*images.shape[1:3], maps=maps))


def displacements(augmentation, n=40, size=48):
    """Rows and columns (n, size, size) that the elastic lattices alone add, in pixels."""
    lattices = augmentation.sample(np.random.default_rng(0), n, size, size).lattices
    weights = spline_weights(size)
    return np.einsum("nakl,ky,lx->anyx", lattices, weights, weights)


# Nothing


@given(seeds, sizes, sizes)
def test_turned_off_it_changes_nothing(seed, height, width):
    rng = np.random.default_rng(seed)
    images, masks = pictures(rng, height=height, width=width)
    same_images, same_masks = augment(images, masks, Augmentation.only().sample(rng, 2, height, width))
    assert np.array_equal(same_images, images) and np.array_equal(same_masks, masks)
    same_images, same_masks = moved(images, masks)
    assert np.array_equal(same_images, images) and np.array_equal(same_masks, masks)


# Whole movements


@given(seeds, sizes, st.integers(-4, 4))
def test_quarter_turns_are_those_of_numpy_bit_by_bit(seed, size, turns):
    images, masks = pictures(np.random.default_rng(seed), height=size, width=size)
    turned_images, turned_masks = moved(images, masks, rotation=90 * turns)
    assert np.array_equal(turned_images, np.rot90(images, turns, axes=(1, 2)))
    assert np.array_equal(turned_masks, np.rot90(masks, turns, axes=(1, 2)))


@given(seeds, sizes, sizes, st.booleans(), st.booleans())
def test_flips_are_exact_and_undo_themselves(seed, height, width, down, across):
    images, masks = pictures(np.random.default_rng(seed), height=height, width=width)
    once = moved(images, masks, flip=(down, across))
    step = (slice(None), slice(None, None, -1 if down else 1), slice(None, None, -1 if across else 1))
    assert np.array_equal(once[0], images[step]) and np.array_equal(once[1], masks[step])
    twice = moved(*once, flip=(down, across))
    assert np.array_equal(twice[0], images) and np.array_equal(twice[1], masks)


def test_shifts_go_down_and_right_and_mirror_what_lies_outside():
    images, masks = pictures(np.random.default_rng(0))
    shifted_images, shifted_masks = moved(images, masks, shift=(3, 2))
    mirrored = ((0, 0), (3, 0), (2, 0))
    assert np.array_equal(shifted_images, np.pad(images, (*mirrored, (0, 0)), mode="reflect")[:, :12, :17])
    assert np.array_equal(shifted_masks, np.pad(masks, mirrored, mode="reflect")[:, :12, :17])


def test_sampled_quarter_turns_and_flips_only_rearrange_pixels():
    rng = np.random.default_rng(0)
    images, masks = pictures(rng, n=200, height=7, width=7)
    augmentation = Augmentation.only(flip="both", quarter_turns=True)
    turned_images, turned_masks = augment(images, masks, augmentation.sample(rng, 200, 7, 7))
    assert np.array_equal(np.sort(turned_images.reshape(200, -1)), np.sort(images.reshape(200, -1)))
    orders = {tuple(np.argsort(picture[..., 0].ravel())) for picture in moved_copies(images[:1], augmentation, rng)}
    assert len(orders) == 8  # the symmetries of a square


@pytest.mark.parametrize(("flip", "copies"), [("none", 1), ("horizontal", 2), ("vertical", 2), ("both", 4)])
def test_flips_are_those_that_were_named(flip, copies):
    rng = np.random.default_rng(0)
    images, _ = pictures(rng, n=1)
    flipped = {picture.tobytes() for picture in moved_copies(images, Augmentation.only(flip=flip), rng, n=40)}
    assert len(flipped) == copies
    assert (images[0, :, ::-1].tobytes() in flipped) == (flip in ("horizontal", "both"))
    assert (images[0, ::-1].tobytes() in flipped) == (flip in ("vertical", "both"))


def moved_copies(image, augmentation, rng, n=200):
    copies = np.repeat(image, n, axis=0)
    return augment(copies, np.zeros(copies.shape[:3], int), augmentation.sample(rng, n, *image.shape[1:3]))[0]


# Images and masks


@settings(max_examples=50)
@given(geometries, seeds)
def test_masks_move_with_their_images(augmentation, seed):
    # Each pixel of the image holds its row and column, and the mask numbers the pixels.
    height, width = 30, 20
    rows, columns = np.mgrid[:height, :width]
    images = np.stack([rows / 30, columns / 30], axis=-1).astype(np.float32)[None]
    masks = (rows * width + columns)[None]
    images, masks = augment(images, masks, augmentation.sample(np.random.default_rng(seed), 1, height, width))
    assert np.abs(30 * images[..., 0] - masks // width).max() <= 0.5 + 1e-4
    assert np.abs(30 * images[..., 1] - masks % width).max() <= 0.5 + 1e-4


@settings(max_examples=50)
@given(augmentations, seeds, sizes, sizes, st.sampled_from(["uint8", "int32", "int64", "bool"]))
def test_no_label_and_no_value_out_of_range_appears(augmentation, seed, height, width, dtype):
    rng = np.random.default_rng(seed)
    images, masks = pictures(rng, height=height, width=width)
    masks = (100 * masks).astype(dtype)
    new_images, new_masks = augment(images, masks, augmentation.sample(rng, 2, height, width))
    assert new_images.shape == images.shape and new_images.dtype == np.float32
    assert new_masks.shape == masks.shape and new_masks.dtype == masks.dtype
    assert np.isin(new_masks, masks).all()
    assert new_images.min() >= 0 and new_images.max() <= 1


@settings(max_examples=30)
@given(st.floats(0, 45), st.floats(0, 0.2), st.floats(0, 0.5), st.floats(0, 0.05), seeds)
def test_pixels_are_those_of_scipy(rotation, shift, zoom, elastic, seed):
    rng = np.random.default_rng(seed)
    images, masks = pictures(rng, height=31, width=40)
    parameters = Augmentation.only(rotation=rotation, shift=shift, zoom=zoom, elastic=elastic).sample(rng, 2, 31, 40)
    if parameters.maps is None:
        return
    new_images, new_masks = augment(images, masks, parameters)
    grid = np.stack([*np.meshgrid(centred(31), centred(40), indexing="ij"), np.ones((31, 40))])
    source = np.einsum("nab,byx->nayx", parameters.maps.astype(float), grid)
    if parameters.lattices is not None:
        lattices = parameters.lattices.astype(float)
        source += np.einsum("nakl,ky,lx->nayx", lattices, spline_weights(31), spline_weights(40))
    source += np.array([15, 19.5])[:, None, None]
    for picture, mask, new_picture, new_mask, position in zip(
        images, masks, new_images, new_masks, source, strict=True
    ):
        for channel in range(2):
            expected = ndimage.map_coordinates(picture[..., channel], position, order=1, mode="mirror")
            assert np.abs(new_picture[..., channel] - expected).max() <= 1e-5
        no_tie = (np.abs(position % 1 - 0.5) > 1e-4).all(axis=0)
        expected = ndimage.map_coordinates(mask, position, order=0, mode="mirror")
        assert np.array_equal(new_mask[no_tie], expected[no_tie])


# Geometry


@pytest.mark.parametrize("zoom", [0.8, 0.9, 1.25, 1.6])
def test_zoom_multiplies_areas_by_its_square(zoom):
    rows, columns = np.meshgrid(centred(128), centred(128), indexing="ij")
    disc = (np.hypot(rows, columns) < 30)[None].astype(int)
    _, zoomed = moved(disc[..., None].astype(np.float32), disc, zoom=zoom)
    assert zoomed.sum() / disc.sum() == pytest.approx(zoom**2, rel=0.02)


@given(st.floats(-180, 180), st.floats(0.5, 2))
def test_turning_there_and_back_is_no_turn(angle, zoom):
    there, back = affine_maps(rotation=angle, zoom=zoom)[0], affine_maps(rotation=-angle, zoom=1 / zoom)[0]
    assert np.abs(there[:, :2] @ back[:, :2] - np.eye(2)).max() < 2e-3


@given(seeds, st.floats(0, 180), st.floats(0, 0.5), st.floats(0, 1))
def test_draws_stay_within_their_limits(seed, rotation, shift, zoom):
    augmentation = Augmentation.only(rotation=rotation, shift=shift, zoom=zoom)
    maps = augmentation.sample(np.random.default_rng(seed), 16, 100, 50).maps
    if maps is None:
        return
    linear = maps[:, :, :2].astype(float)
    factor = 1 / np.sqrt(np.linalg.det(linear))
    angle = np.rad2deg(np.arctan2(linear[:, 0, 1], linear[:, 0, 0]))
    offset = -(np.linalg.inv(linear) @ maps[:, :, 2:])[:, :, 0]
    assert (np.abs(angle) <= rotation + 0.1).all()
    assert (factor <= 1 + zoom + 1e-3).all() and (factor >= 1 / (1 + zoom) - 1e-3).all()
    assert (np.abs(offset) <= shift * np.array([100, 50]) + 0.1).all()


@given(st.floats(-180, 180), st.floats(0.5, 2), st.tuples(st.floats(-256, 256), st.floats(-256, 256)))
def test_positions_need_no_rounding_up_to_512_pixels(angle, zoom, shift):
    # So no device, compiler or order of additions can move a position to another pixel.
    row, column, offset = affine_maps(rotation=angle, zoom=zoom, shift=shift)[0, 0]
    down, across = np.meshgrid(centred(512)[::51], centred(512)[::51], indexing="ij")
    exact = float(row) * down.astype(float) + float(column) * across.astype(float) + float(offset) + 255.5
    single = np.float32(255.5)
    assert np.array_equal((row * down + offset + single) + column * across, exact)
    assert np.array_equal((column * across + single) + (offset + row * down), exact)


@pytest.mark.parametrize("elastic", [0.01, 0.02])
def test_elastic_displacements_have_the_standard_deviation_asked_for(elastic):
    moves = displacements(Augmentation.only(elastic=elastic), n=400)
    assert moves.std(axis=(1, 2, 3)) == pytest.approx([48 * elastic] * 2, rel=0.1)


@pytest.mark.parametrize("elastic", [Augmentation().elastic, 0.05])
def test_elastic_displacements_are_smooth_and_never_fold(elastic):
    rows, columns = displacements(Augmentation.only(elastic=elastic), n=400)
    row_slopes, column_slopes = np.gradient(rows, axis=(1, 2)), np.gradient(columns, axis=(1, 2))
    jacobian = (1 + row_slopes[0]) * (1 + column_slopes[1]) - row_slopes[1] * column_slopes[0]
    assert jacobian.min() > 0.1
    largest = max(np.abs(rows).max(), np.abs(columns).max())
    assert largest <= 0.48 * 48 / CELLS
    bends = [np.abs(np.diff(field, 2, axis=axis)).max() for field in (rows, columns) for axis in (1, 2)]
    assert max(bends) < 0.02 * largest  # pixels to pixels squared: no kink


def test_elastic_displacements_turn_with_the_image():
    # They are drawn for the new image: looking up the old one, they turn and shrink like everything else.
    augmentation = Augmentation(rotation=180, zoom=1, shift=0)
    parameters = augmentation.sample(np.random.default_rng(0), 4, 48, 48)
    upright = Augmentation.only(elastic=augmentation.elastic).sample(np.random.default_rng(0), 4, 48, 48)
    expected = [
        linear @ lattice.reshape(2, -1)
        for linear, lattice in zip(parameters.maps[:, :, :2], upright.lattices, strict=True)
    ]
    assert parameters.lattices.reshape(4, 2, -1) == pytest.approx(np.stack(expected), abs=1e-4)


# Values


def test_intensity_changes_leave_masks_and_positions_alone():
    rng = np.random.default_rng(0)
    images, masks = pictures(rng)
    augmentation = Augmentation.only(brightness=0.5, contrast=0.5, gamma=0.5, noise=0.1)
    new_images, new_masks = augment(images, masks, augmentation.sample(rng, 2, 12, 17))
    assert np.array_equal(new_masks, masks) and not np.array_equal(new_images, images)


def test_brightness_contrast_and_gamma_do_what_they_say():
    images, masks = pictures(np.random.default_rng(0), n=1)
    images = images / 2 + 0.25

    def only(**values):
        values = {name: np.array([value], np.float32) for name, value in values.items()}
        return augment(images, masks, Parameters(12, 17, **values))[0]

    assert only(brightness=1.2) == pytest.approx(1.2 * images, abs=1e-6)
    assert only(contrast=0.5).mean() == pytest.approx(images.mean(), abs=1e-6)
    assert only(contrast=0.5).std() == pytest.approx(0.5 * images.std(), abs=1e-6)
    assert only(gamma=2.0) == pytest.approx(images**2, abs=1e-6)
    assert only(brightness=2.0).max() == 1


def test_noise_is_gaussian_and_differs_between_images_and_channels():
    grey, masks = np.full((8, 128, 128, 3), 0.5, np.float32), np.zeros((8, 128, 128), int)
    parameters = Augmentation.only(noise=0.1).sample(np.random.default_rng(0), 8, 128, 128)
    noise = augment(grey, masks, parameters)[0] - 0.5
    assert noise.std(axis=(1, 2, 3)) == pytest.approx(parameters.noise, rel=0.03)
    assert np.abs(noise.mean(axis=(1, 2, 3)) / parameters.noise).max() < 0.03
    planes = (noise / parameters.noise[:, None, None, None]).transpose(0, 3, 1, 2).reshape(24, -1)
    assert np.abs(np.corrcoef(planes) - np.eye(24)).max() < 0.05
    assert len({plane.tobytes() for plane in planes}) == 24
    kurtosis = (planes**4).mean() / (planes**2).mean() ** 2
    assert kurtosis == pytest.approx(3, abs=0.2)
