"""Explorers as HTML: complete, the same every time, and safe whatever a title or label holds."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from unet_course import widgets

LABELS = ["0.02", "0.05", "0.1"]


@pytest.fixture
def frames(rng):
    return list(rng.integers(0, 256, (3, 5, 7), dtype=np.uint8))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def explore(frames, labels=LABELS, *, name="weights", title="Weights", alt="A slice", **options):
    return widgets.frame_explorer(frames, labels, name=name, title=title, alt=alt, **options).data


def pictures(page):
    """(alternative text, pixels) of every picture."""
    found = re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="([^"]*)">', page)
    return [(alt, np.asarray(Image.open(io.BytesIO(base64.b64decode(png))))) for png, alt in found]


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_the_page_holds_every_frame_with_its_label(rng, shape):
    frames = list(rng.integers(0, 256, (3, *shape), dtype=np.uint8))
    shown = pictures(explore(frames))
    assert [alt for alt, _ in shown] == [f"A slice, {label}" for label in LABELS]
    for (_, pixels), frame in zip(shown, frames, strict=True):
        np.testing.assert_array_equal(pixels, frame)


def test_the_slider_has_a_place_for_each_frame_and_starts_in_the_middle(frames):
    assert 'min="0" max="2" value="1"' in explore(frames)
    assert 'min="0" max="0" value="0"' in explore(frames[:1], ["one"])


def test_the_same_frames_give_the_same_page(frames):
    assert explore(frames) == explore([frame.copy() for frame in frames])


def test_titles_and_labels_cannot_become_markup(frames):
    evil = '</script><b onclick="x()">&'
    page = explore(frames, [evil, "b", "c"], title=evil, alt=evil, what=evil)

    class Tags(HTMLParser):
        seen = []

        def handle_starttag(self, tag, attributes):
            self.seen.append((tag, dict(attributes)))

    Tags().feed(page)
    assert not [tag for tag, _ in Tags.seen if tag == "b"]
    assert f"{evil}, {evil}" in [attributes.get("alt") for tag, attributes in Tags.seen if tag == "img"]
    assert page.count("</script>") == 1


def test_both_explorers_share_one_style(frames):
    other = widgets.threshold_explorer([[[0, 0, 0]]], [[0.5]], np.array([[1]]), name="t", title="t", alt="a").data
    styles = [re.search("<style>.*</style>", page, re.DOTALL)[0] for page in (explore(frames), other)]
    assert styles[0] == styles[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frames: ([], []), "frames is empty"),
        (lambda frames: (frames, LABELS[:2]), "2 labels do not fit 3 frames"),
        (lambda frames: ([*frames[:2], frames[2][1:]], LABELS), r"frame 2 has shape \(4, 7\), frame 0 \(5, 7\)"),
        (lambda frames: ([frames[0], frames[1] / 255, frames[2]], LABELS), "frame 1 is float64, not uint8"),
        (lambda frames: ([frame[..., None] for frame in frames], LABELS), r"shape \(5, 7, 1\) is no picture"),
    ],
)
def test_frames_that_do_not_fit_are_refused(frames, change, message):
    with pytest.raises(ValueError, match=message):
        explore(*change(frames))
