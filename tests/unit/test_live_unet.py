"""The U-Net in the page: one piece of HTML that asks for nothing, and refuses what it cannot run."""

import re

import numpy as np
import pytest

from unet_course import results, shipping, widgets
from unet_course.shipping import numpy_unet

STATE, CARD = shipping.load()
WEIGHTS = shipping.fold_batch_norm(STATE)
PICTURE = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)


def page(weights=WEIGHTS, pictures=None, **options):
    pictures = {"noise": PICTURE} if pictures is None else pictures
    return widgets.live_unet(weights, pictures, name="live", title="A <b>", alt='"quoted"', **options).data


def test_everything_is_inside():
    html = page()
    assert not re.search(r"https?://|//cdn|import\s*\(|fetch\(|XMLHttpRequest", html)
    assert len(html) < 270_000
    assert "A &lt;b&gt;" in html and 'alt="&quot;quoted&quot;"' in html


def test_the_same_call_gives_the_same_page():
    assert page() == page()


def test_ids_begin_with_the_name():
    ids = re.findall(r'id="([^"]+)"', page())
    assert all(name == "live" or name.startswith("live-") for name in ids)
    assert len(ids) == len(set(ids)) > 5


@pytest.mark.parametrize(
    ("pictures", "hint"),
    [
        ({}, "empty"),
        ({"odd": PICTURE[:30, :30]}, "multiple of 4"),
        ({"flat": PICTURE[:16]}, "must be"),
        ({"one": PICTURE, "other": PICTURE[:16, :16]}, "other"),
        ({"float": PICTURE / 255}, "uint8"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(pictures, hint):
    with pytest.raises(ValueError, match=hint):
        page(pictures=pictures)


def test_weights_with_batch_norm_are_refused():
    with pytest.raises(ValueError, match="fold_batch_norm"):
        page(STATE)


def test_the_weights_are_those_that_were_recorded():
    record = results.read_benchmark("live_unet")
    assert sum(value.size for name, value in STATE.items() if "running" not in name) == record["parameters"]
    assert CARD["threshold"] == record["threshold"]
    assert CARD["scores"]["mean Dice of an image"] == record["test_dice_by_type"]


@pytest.mark.parametrize("bright", [True, False])
def test_dots_are_found_on_dark_and_on_light_ground(bright):
    y, x = np.mgrid[:64, :64]
    dots = np.min([np.hypot(y - a, x - b) for a, b in ((16, 16), (20, 45), (48, 30))], axis=0) < 6
    drawn = np.where(dots == bright, 255, 0).astype(np.uint8)
    logits = numpy_unet.logits(WEIGHTS, shipping.prepare(drawn[None, ..., None]))[0, ..., 0]
    found = 1 / (1 + np.exp(-logits)) > CARD["threshold"]
    assert 2 * (found & dots).sum() / (found.sum() + dots.sum()) > 0.9
