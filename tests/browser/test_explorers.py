"""Explorers by keyboard, mouse and finger, on paper and without JavaScript: on pages of their own, then on the site."""

import math
import re

import numpy as np
import pytest

from unet_course import widgets
from unet_course.widgets import curves

TEXTS = {"title": "An explorer", "alt": "What is seen"}
FRAMES = [np.full((8, 8), grey, np.uint8) for grey in (0, 80, 160, 240)]
LABELS = ["0.02", "0.05", "0.1", "0.2"]
RAMP = np.tile(np.linspace(0, 1, 8), (8, 1))
FALLING, RISING = [1.0, 0.5, 0.3, 0.2], [1.0, 0.6, 0.8, math.nan]
RUNS = [
    {"label": "A", "training": FALLING, "validation": RISING, "verdict": "overfitting", "because": "It rises & ends."},
    {"label": "B", "training": FALLING, "validation": FALLING, "verdict": "fine", "because": "Both fall."},
]
EXPLORERS = {
    "frame": lambda: widgets.frame_explorer(FRAMES, LABELS, name="a", **TEXTS),
    "threshold": lambda: widgets.threshold_explorer(
        np.zeros((8, 8, 3), np.uint8), RAMP, (RAMP > 0.5).astype(int), name="b", **TEXTS
    ),
    "overlap": lambda: widgets.overlap_explorer(name="c", **TEXTS),
    "size": lambda: widgets.size_explorer(name="d", **TEXTS),
    "curve": lambda: widgets.curve_explorer(RUNS, name="e", **TEXTS),
}
# Anything that a key can move, and the key; the first that is there is tried.
KEYS = {"canvas[tabindex]": "ArrowRight", "input[type=range]": "ArrowLeft", "select": "ArrowDown", "button": "Enter"}


@pytest.fixture
def show(show_html):
    """`show("overlap")` is a page with that explorer; `page.problems` lists errors."""
    return lambda kind, **options: show_html(EXPLORERS[kind]().data, **options)


def said(explorer):
    """All that an explorer says: its text and what is read aloud of its sliders."""
    read_aloud = explorer.locator("[aria-valuetext]").evaluate_all("all => all.map(e => e.ariaValueText)")
    return explorer.inner_text() + " ".join(read_aloud)


def shown_pictures(page):
    return [picture.get_attribute("alt") for picture in page.locator("img").all() if picture.is_visible()]


def shown_table(page, part):
    """The rows of the table that can be seen in a part of the page."""
    rows = page.locator(f"{part} tr").all()
    return [re.split(r"\t", row.inner_text()) for row in rows if row.is_visible()]


@pytest.mark.parametrize("kind", EXPLORERS)
def test_a_key_changes_what_the_explorer_says(show, kind):
    page = show(kind)
    explorer = page.locator(".uc-explorer")
    control, key = next((s, key) for s, key in KEYS.items() if explorer.locator(s).count())
    before = said(explorer)
    explorer.locator(control).first.focus()
    page.keyboard.press(key)
    assert said(explorer) != before
    assert page.problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", EXPLORERS)
def test_explorers_are_accessible(show, axe, kind, scheme):
    page = show(kind, color_scheme=scheme)
    found = axe.run(page, context=".uc-explorer", options={"preload": False, "resultTypes": ["violations"]}).response
    assert [f"{problem['id']}: {problem['nodes'][0]['html']}" for problem in found["violations"]] == []


@pytest.mark.parametrize("kind", EXPLORERS)
def test_explorers_fit_a_narrow_phone(show, kind):
    page = show(kind, viewport={"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("kind", EXPLORERS)
def test_what_has_the_focus_is_outlined(show, kind):
    page = show(kind)
    page.keyboard.press("Tab")
    focused = page.locator(":focus-visible")
    assert focused.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


@pytest.mark.parametrize("kind", EXPLORERS)
def test_neither_paper_nor_a_page_without_javascript_shows_dead_controls(show, kind):
    page = show(kind, java_script_enabled=False)
    controls = "input, select, button, canvas"
    assert not [control for control in page.locator(controls).all() if control.is_visible()]
    page = show(kind)
    page.emulate_media(media="print")
    assert not [control for control in page.locator(controls).all() if control.is_visible()]


# One by one


def test_the_threshold_has_a_table_of_scores_on_paper(show):
    page = show("threshold")
    page.emulate_media(media="print")
    assert shown_table(page, ".uc-explorer-static")[5] == ["0.50", "1.000", "1.000", "1.000"]


def test_the_arrow_keys_change_the_frame_and_what_is_read_aloud(show):
    page = show("frame")
    slider = page.get_by_role("slider", name="Weight")
    assert shown_pictures(page) == ["What is seen, 0.1"]
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert shown_pictures(page) == ["What is seen, 0.2"]
    assert slider.get_attribute("aria-valuetext") == page.locator("output").inner_text() == "0.2"
    page.keyboard.press("Home")
    assert shown_pictures(page) == ["What is seen, 0.02"]


def test_paper_shows_all_frames_side_by_side(show):
    page = show("frame")
    assert not page.locator("figcaption").first.is_visible()
    page.emulate_media(media="print")
    assert len(shown_pictures(page)) == len(LABELS)
    assert all(label.is_visible() for label in page.locator("figcaption").all())
    assert len({picture.bounding_box()["y"] for picture in page.locator("img").all()}) == 1


def test_without_javascript_all_frames_are_there_with_their_labels(show):
    page = show("frame", java_script_enabled=False)
    assert len(shown_pictures(page)) == len(LABELS)
    assert page.locator("figcaption").all_inner_texts() == LABELS


def test_arrow_keys_move_the_mask_and_signs_change_its_size(show):
    page = show("overlap")
    page.locator("canvas").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "+", "+", "-"):
        page.keyboard.press(key)
    assert page.locator("#c-position").inner_text().startswith("Centre 14 across, 17 down, radius 11:")


def drag(page, canvas, from_x, to_x):
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + from_x, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + to_x, box["y"] + 100, steps=3)
    page.mouse.up()


def test_the_mouse_drags_the_mask(show):
    page = show("overlap")
    drag(page, page.locator("canvas"), 100, 140)  # 5 of 32 pixels of 8
    assert page.locator("#c-position").inner_text().startswith("Centre 17 across, 18 down")
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 30)  # the button is up: the mask stays
    assert page.locator("#c-position").inner_text().startswith("Centre 17 across, 18 down")


def test_a_finger_drags_the_mask(show):
    page = show("overlap", has_touch=True)
    box = page.locator("canvas").bounding_box()
    touch = page.context.new_cdp_session(page)
    for kind, x in (("touchStart", 100), ("touchMove", 120), ("touchMove", 140)):
        points = [{"x": box["x"] + x, "y": box["y"] + 100}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert page.locator("#c-position").inner_text().startswith("Centre 17 across, 18 down")


def test_the_mask_stays_in_the_picture(show):
    page = show("overlap")
    drag(page, page.locator("canvas"), 128, 2000)
    page.locator("canvas").focus()
    for _ in range(20):
        page.keyboard.press("-")
    assert page.locator("#c-position").inner_text().startswith("Centre 31 across, 18 down, radius 0:")


def test_two_empty_masks_have_no_dice_and_three_answers(show):
    page = show("overlap")
    for button in ("Empty prediction", "Empty truth"):
        page.get_by_role("button", name=button).click()
    assert page.get_by_role("button", name="Empty truth").get_attribute("aria-pressed") == "true"
    values = {row[0]: row[2] for row in shown_table(page, ".uc-explorer-live")[1:]}
    assert values == dict.fromkeys(("Dice", "IoU", "Precision", "Recall"), "undefined") | {"Accuracy": "1.000"}
    rule = page.locator("#c-rule").inner_text()
    assert all(mean in rule for mean in ("0.720", "0.820", "0.800"))
    page.get_by_role("button", name="Start again").click()
    assert page.locator("#c-rule").inner_text() == ""


def test_the_same_mask_is_perfect(show):
    page = show("overlap")
    page.get_by_role("button", name="Same mask").click()
    assert {row[2] for row in shown_table(page, ".uc-explorer-live")[1:]} == {"1.000"}


def test_the_calculator_begins_with_the_network_of_2015(show):
    summary = show("size").locator("#d-summary").inner_text()
    assert summary.startswith("572 pixels in, 388 out;") and "31,030,658 parameters" in summary


@pytest.mark.parametrize("side", ["", "7", "5000", "99.5"])
def test_the_calculator_refuses_a_side_that_is_none(show, side):
    page = show("size")
    page.locator("#d-side").fill(side)
    assert page.locator("#d-summary").inner_text() == "The side of the input is a whole number from 8 to 4096."


def test_guesses_at_curves_are_told_right_from_wrong_and_counted_once(show):
    page = show("curve")
    first, second = page.locator(".uc-explorer-run").all()
    score = page.locator("#e-score")
    first.get_by_role("button", name="fine").click()
    assert first.locator("[aria-live]").inner_text() == curves.verdict(RUNS[0], "fine")
    first.get_by_role("button", name="overfitting").click()
    assert first.locator("[aria-live]").inner_text() == "Right: overfitting. It rises & ends."
    assert score.inner_text().strip() == "0 right at the first guess, 1 of 2 runs judged."
    second.get_by_role("button", name="fine").click()
    assert score.inner_text().strip() == "1 right at the first guess, 2 of 2 runs judged."
    page.get_by_role("button", name="Start again").click()
    assert first.locator("[aria-live]").inner_text() == ""
    assert score.inner_text().strip() == "0 right at the first guess, 0 of 2 runs judged."


def test_answers_about_curves_unfold_without_javascript_and_follow_on_paper(show):
    page = show("curve", java_script_enabled=False)
    page.locator("summary").first.click()
    assert page.get_by_text("It rises & ends.").first.is_visible()
    page = show("curve")
    assert not page.get_by_text("Answers").is_visible()
    page.emulate_media(media="print")
    assert page.get_by_text("Answers").is_visible() and page.locator("li").count() == len(RUNS)


# On the site


def test_every_explorer_of_the_site_answers_to_a_key(new_page, explorer_address):
    page = new_page(explorer_address)
    for explorer in page.locator(".uc-explorer:visible").all():
        control, key = next((s, key) for s, key in KEYS.items() if explorer.locator(s).count())
        before = said(explorer)
        explorer.locator(control).first.focus()
        page.keyboard.press(key)
        assert said(explorer) != before, explorer.get_attribute("id")
    assert page.problems == []
