"""The HTML explorers and their ipywidgets: for the same settings the same numbers, which are those of the package."""

import re

import numpy as np
import pytest

from unet_course import receptive_field, widgets
from unet_course.widgets import live

TEXTS = {"title": "An explorer", "alt": "What is seen"}


def cells(text):
    """The rows of a table, from HTML or from what a browser shows, without its head."""
    rows = re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows][1:]


def table(page, selector):
    return cells(page.locator(selector).evaluate("e => e.closest('table, div').outerHTML"))


@pytest.fixture
def pictures():
    rng = np.random.default_rng(0)
    probability = rng.random((16, 16)).round(2)
    return rng.integers(0, 256, (16, 16, 3), dtype=np.uint8), probability, (probability + rng.random((16, 16)) > 1) * 1


def test_thresholds(show_html, pictures):
    image, probability, mask = pictures
    page = show_html(widgets.threshold_explorer(image, probability, mask, name="t", **TEXTS).data)
    twin = live.threshold(image, np.round(probability * 255).astype(np.uint8), mask, **TEXTS)
    said = set()
    for percent in (0, 10, 25, 50, 51, 99, 100):
        page.locator("#t-threshold").fill(str(percent))
        twin.controls["threshold"].value = percent
        assert page.locator("#t-scores").inner_text() == twin.shown["scores"].value
        said.add(twin.shown["scores"].value)
    assert len(said) == 7 and "Precision undefined, recall 0.000, Dice 0.000" in said


def test_frames(show_html):
    frames, labels = list(np.zeros((4, 6, 6), np.uint8)), ["a", "b", "c", "d"]
    page = show_html(widgets.frame_explorer(frames, labels, name="f", **TEXTS).data)
    twin = live.frames(frames, labels, what="Weight", **TEXTS)
    assert page.locator("#f-value").inner_text() == twin.controls["frame"].label == "c"
    for position, label in enumerate(labels):
        page.locator("#f-slider").fill(str(position))
        twin.controls["frame"].value = position
        alt = page.locator("img:visible").get_attribute("alt")
        assert alt == f"What is seen, {label}" and f'alt="{alt}"' in twin.shown["picture"].value


def assert_same_overlap(page, twin):
    assert page.locator("#o-counts").inner_text() == twin.shown["position"].value
    assert table(page, "#o-scores") == cells(twin.shown["scores"].value)
    assert page.locator("#o-empty").inner_text() == re.sub("<.*?>", "", twin.shown["rule"].value)


@pytest.mark.parametrize("size", [16, 32])
def test_overlap(show_html, size):
    page = show_html(widgets.overlap_explorer(name="o", size=size, **TEXTS).data)
    twin = live.drag(size, **TEXTS)
    keys = {"across": ("ArrowRight", 1), "down": ("ArrowUp", -1), "radius": ("-", -1)}
    page.locator("canvas").focus()
    assert_same_overlap(page, twin)
    for control in ["across", "across", "down", "radius", "across", *["radius"] * 10]:
        key, step = keys[control]
        page.keyboard.press(key)
        twin.controls[control].value += step
        assert_same_overlap(page, twin)


def test_buttons_of_overlap(show_html):
    page = show_html(widgets.overlap_explorer(name="o", **TEXTS).data)
    twin = live.drag(32, **TEXTS)
    rules = set()
    for name in ("same", "nothing", "same", "again", "none", "nothing"):
        page.locator(f"#o-{name}").click()
        if name == "nothing":
            twin.controls[name].value = not twin.controls[name].value
        else:
            twin.controls[name].click()
        assert_same_overlap(page, twin)
        rules.add(twin.shown["rule"].value)
    assert len(rules) == 4  # none, recall, precision, and Dice with all others


SETTINGS = [
    {},
    {"padding": "same"},
    {"padding": "same", "side": 250},
    {"side": 575},
    {"depth": 2, "kernel": 5, "side": 40, "filters": 8},
    {"depth": 3, "kernel": 7, "padding": "same", "side": 96, "filters": 16},
    {"depth": 6, "padding": "same", "filters": 32},
    {"depth": 4, "kernel": 5, "side": 100},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_sizes(show_html, settings):
    page = show_html(widgets.size_explorer(name="s", **TEXTS).data)
    twin = live.calculator(5, 572, 64, **TEXTS)
    for name, value in settings.items():
        field = page.locator(f"#s-{name}")
        field.fill(str(value)) if name == "side" else field.select_option(str(value))
        twin.controls[name].value = value
    assert page.locator("#s-summary").inner_text() == twin.shown["summary"].value
    assert cells(page.locator("#s-parts").inner_html()) == cells(twin.shown["parts"].value)


def test_the_calculator_counts_as_the_package_does(show_html):
    page = show_html(widgets.size_explorer(name="s", depth=4, side=200, base_filters=24, **TEXTS).data)
    rows = {part: [int(n.replace(",", "")) for n in row] for part, *row in cells(page.inner_html("#s-parts"))}
    counts = receptive_field.unet_parameters(1, 2, base_filters=24, depth=4, batch_norm=False)
    layers = receptive_field.unet_layers(4, padding="valid")
    sizes = receptive_field.output_sizes(layers, 200)
    assert {part: row[3] for part, row in rows.items()} == counts
    for part in ("encoder_2", "decoder_1"):
        last = f"{part}_conv2"
        until = [layer.name for layer in layers].index(last) + 1
        assert rows[part][0] == sizes[last]
        assert rows[part][2] == receptive_field.receptive_field(layers[:until])


def test_curves(show_html):
    runs = [
        {"label": label, "training": [1, 0.5], "validation": [1, 0.6], "verdict": verdict, "because": "So & so."}
        for label, verdict in (("A", "fine"), ("B", "too slow"))
    ]
    page = show_html(widgets.curve_explorer(runs, name="c", **TEXTS).data)
    twin = live.reader(runs, what="loss", **TEXTS)
    for place, label, guess in ((0, "A", "too slow"), (0, "A", "fine"), (1, "B", None), (1, "B", "too slow")):
        run = page.locator(".uc-explorer-run").nth(place)
        run.get_by_role("button", name=guess or "Show the answer").click()
        twin.controls[label][guess].click()
        assert run.locator("[aria-live]").inner_html() == twin.shown[label].value
        assert page.locator("#c-score").inner_text().strip() == twin.shown["score"].value
