"""What the JavaScript of a page works out is what Python says, and widgets say the same."""

import base64
import html
import io
import re

import numpy as np
import pytest
from PIL import Image

from unet_course import widgets
from unet_course.widgets import curves, page

PAINTED = "e => [e.height, e.width, ...e.getContext('2d').getImageData(0, 0, e.width, e.height).data]"


@pytest.fixture
def both(show_html, monkeypatch):
    """`both(explorer, ...)` shows it as a page and as widgets."""

    def both(explorer, *values, **options):
        options |= {"name": "x", "title": "An explorer", "alt": "What is seen"}
        shown = show_html(explorer(*values, **options).data)
        monkeypatch.setattr(page, "is_live", lambda: True)
        return shown, explorer(*values, **options)

    return both


def cells(text):
    rows = re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows][1:]


def assert_same(shown, live):
    """Every part of the widgets has its twin on the page: a text, a table or an image."""
    for part, widget in live.shown.items():
        seen = shown.locator(f"#x-{part}")
        if "<table" in widget.value:
            assert cells(seen.evaluate("e => e.closest('table').outerHTML")) == cells(widget.value)
        elif png := re.search(r"base64,([^\"]+)", widget.value):
            height, width, *values = seen.evaluate(PAINTED)
            pixels = np.reshape(values, (height, width, 4))[..., :3]
            np.testing.assert_array_equal(pixels, Image.open(io.BytesIO(base64.b64decode(png[1]))))
        else:
            assert seen.inner_text().strip() == html.unescape(widget.value)


def test_thresholds(both):
    rng = np.random.default_rng(0)
    probability, picture = rng.random((16, 16)).round(2), rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    mask = (probability + rng.random((16, 16)) > 1).astype(int)
    shown, live = both(widgets.threshold_explorer, picture, probability, mask)
    said = set()
    for percent in (0, 10, 25, 50, 51, 99, 100):
        shown.locator("#x-threshold").fill(str(percent))
        live.controls["threshold"].value = percent
        assert shown.locator("#x-threshold-value").inner_text() == live.controls["threshold"].label
        assert_same(shown, live)
        said.add(live.shown["scores"].value)
    assert len(said) == 7 and "Precision undefined, recall 0.000, Dice 0.000" in said


@pytest.mark.parametrize("size", [16, 32])
def test_overlap(both, size):
    shown, live = both(widgets.overlap_explorer, size=size)
    keys = {"across": ("ArrowRight", 1), "down": ("ArrowUp", -1), "radius": ("-", -1)}
    shown.locator("canvas").focus()
    for control in ["across", "across", "down", "radius", "across", *["radius"] * (size // 4)]:
        key, step = keys[control]
        shown.keyboard.press(key)
        live.controls[control].value = max(live.controls[control].value + step, 0)
        assert_same(shown, live)
    rules = set()
    for name in ("same", "nothing", "same", "again", "none", "nothing"):
        shown.locator(f"#x-{name}").click()
        if name == "nothing":
            live.controls[name].value = not live.controls[name].value
        else:
            live.controls[name].click()
        assert_same(shown, live)
        rules.add(live.shown["rule"].value)
    assert len(rules) == 4  # none, recall, precision, and Dice with all others


SETTINGS = [
    {},
    {"padding": "same"},
    {"padding": "same", "side": 250},
    {"side": 575},
    {"depth": 2, "kernel": 5, "side": 40, "filters": 8},
    {"depth": 3, "kernel": 7, "padding": "same", "side": 96, "filters": 24},
    {"depth": 6, "padding": "same", "filters": 32},
    {"depth": 4, "kernel": 5, "side": 100},
    {"depth": 5, "side": 20},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_sizes(both, settings):
    shown, live = both(widgets.size_explorer, base_filters=24)
    for name, value in settings.items():
        field = shown.locator(f"#x-{name}")
        field.fill(str(value)) if name == "side" else field.select_option(str(value))
        live.controls[name].value = value
    assert_same(shown, live)


def test_curves(both):
    runs = [
        {"label": label, "training": [1, 0.5], "validation": [1, 0.6], "verdict": verdict, "because": "So & so."}
        for label, verdict in (("A", "fine"), ("B", "too <slow>"))
    ]
    shown, live = both(widgets.curve_explorer, runs)
    for run, guess in ((0, "too <slow>"), (0, "fine"), (1, curves.ASK), (1, "too <slow>")):
        shown.locator(f"#x-run{run}").get_by_role("button", name=guess).click()
        live.controls[f"run{run}"].value = guess
        assert_same(shown, live)
    shown.locator("#x-again").click()
    live.controls["again"].click()
    assert_same(shown, live)
