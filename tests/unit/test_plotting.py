"""The figures that chapters share show all they are given."""

import itertools

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from unet_course import plotting
from unet_course.augmentation import Augmentation

matplotlib.use("agg")


@pytest.fixture
def panels():
    """Two kinds, of which one lacks a statistic, drawn: the visible panels by name."""
    real = {"a": {"n": 9, "area": [1, 2, 3], "grey": [10, 20, 40]}, "b": {"n": 9, "area": [2, 4, 6]}}
    phantom = {"a": {"n": 3, "area": [1, 1.5, 2], "grey": [15, 25, 30]}, "b": {"n": 3, "area": [3, 3, 5]}}
    figure = plotting.percentiles(real, phantom)
    return {axis.get_xlabel(): axis for axis in figure.axes if axis.get_visible()}


def test_percentiles_have_a_panel_for_each_statistic_and_no_other(panels):
    assert list(panels) == ["area", "grey"]


def test_percentiles_reach_from_the_lowest_to_the_highest_with_the_median_marked(panels):
    real, phantom = panels["area"].collections
    assert [segment[:, 0].tolist() for segment in real.get_segments()] == [[1, 3], [2, 6]]
    assert [segment[:, 0].tolist() for segment in phantom.get_segments()] == [[1, 2], [3, 5]]
    assert [line.get_xdata().tolist() for line in panels["area"].lines] == [[2, 4], [1.5, 3]]
    assert [line.get_xdata().tolist() for line in panels["grey"].lines] == [[20], [25]], "kind b has no grey value"


def test_percentiles_tell_real_and_phantom_apart_without_colour_and_put_real_above(panels):
    real, phantom = panels["area"].lines
    assert real.get_marker() != phantom.get_marker()
    assert all(
        panels["area"].yaxis_inverted() and a < b for a, b in zip(real.get_ydata(), phantom.get_ydata(), strict=True)
    )
    assert [label.get_text() for label in panels["area"].get_yticklabels()] == ["a", "b"]


def test_the_style_sheet_is_in_force():
    now = matplotlib.rcParams.copy()
    plt.rcParams.update(plotting.STYLE)
    assert matplotlib.rcParams == now


@pytest.mark.parametrize(("n", "grid"), [(3, (1, 3)), (4, (2, 2)), (5, (2, 3)), (7, (3, 3))])
def test_a_single_row_of_many_images_goes_on_below(n, grid):
    images = np.random.default_rng(0).random((n, 8, 8))
    figure = plotting.rows([[image] for image in images], titles=[f"no. {k}" for k in range(n)])
    assert [axis.get_title() for axis in figure.axes] == [f"no. {k}" for k in range(n)]
    assert all(
        (axis.get_images()[0].get_array() == image).all() for axis, image in zip(figure.axes, images, strict=True)
    )
    shape = figure.axes[0].get_gridspec()
    assert (shape.nrows, shape.ncols) == grid


@pytest.mark.parametrize("columns", [1, 3, 6])
def test_rows_are_never_wider_than_text_stays_readable(columns):
    image = np.zeros((8, 8))
    figure = plotting.rows([[image, image]] * columns, titles=["a title of several words"] * columns, size=2.8)
    assert figure.get_figwidth() <= plotting.WIDEST + 1e-9
    figure.canvas.draw()
    titles = [axis.title.get_window_extent() for axis in figure.axes[:columns]]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(titles))


def test_titles_keep_their_own_line_breaks():
    figure = plotting.rows([[np.zeros((8, 8))]], titles=["is glioma\nsays meningioma, and is as sure of it as can be"])
    first, *others = figure.axes[0].get_title().splitlines()
    assert first == "is glioma" and len(others) > 1


@pytest.mark.parametrize("channels", [1, 3])
def test_a_gallery_shows_the_original_first_and_outlines_every_mask(channels):
    image, mask = np.full((32, 32, channels), 128, np.uint8), np.zeros((32, 32), int)
    mask[8:20, 10:24] = 1
    figure = plotting.gallery(image, mask, Augmentation.only(rotation=30, shift=0.1), n=3, columns=2)
    pictures = [axis.get_images()[0].get_array() for axis in figure.axes]
    assert [axis.get_title() for axis in figure.axes] == ["original", "", "", ""]
    assert np.allclose(pictures[0], plotting.outline(image.squeeze(), mask))
    assert len({picture.tobytes() for picture in pictures}) == 4
    assert all(np.ptp(picture) > 0 for picture in pictures)  # grey but for the outline
