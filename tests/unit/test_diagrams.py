"""The drawing of a U-Net says what its shapes say."""

import matplotlib
import pytest

from unet_course.plotting import unet_diagram

matplotlib.use("agg")
SHAPES = {
    "input": (20, 24, 3),
    "encoder_0": (20, 24, 5),
    "pool_1": (10, 12, 5),
    "encoder_1": (10, 12, 7),
    "up_0": (20, 24, 6),
    "decoder_0": (20, 24, 5),
    "head": (20, 24, 2),
}


def words(figure):
    return [" ".join(text.get_text().split()) for text in figure.axes[0].texts]


def test_every_array_shows_its_channels_and_pixels():
    shown = words(unet_diagram(SHAPES))
    assert {"3", "5", "7", "5 + 6", "2", "20 x 24", "10 x 12"} <= set(shown)


@pytest.mark.parametrize(("skips", "boxes"), [(True, 8), (False, 7)])
def test_without_skips_nothing_is_copied(skips, boxes):
    figure = unet_diagram(SHAPES, skips=skips)
    assert len(figure.axes[0].patches) == boxes
    assert ("5 + 6" in words(figure)) == skips


def test_deeper_arrays_are_drawn_lower_and_those_with_more_channels_wider():
    _, finest, pooled, deepest, *_ = unet_diagram(SHAPES).axes[0].patches
    assert deepest.get_y() < finest.get_y() and deepest.get_width() > finest.get_width()
    assert deepest.get_height() < finest.get_height()
    assert pooled.get_height() == deepest.get_height() and pooled.get_width() == finest.get_width()


def test_every_arrow_says_what_is_done_on_its_way():
    shown = words(unet_diagram(SHAPES))
    assert {name: shown.count(name) for name in ("2 conv", "pool", "copy", "up", "1 x 1")} == {
        "2 conv": 3, "pool": 1, "copy": 1, "up": 1, "1 x 1": 1
    }  # fmt: skip
