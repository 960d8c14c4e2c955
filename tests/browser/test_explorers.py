"""Explorers on a page of their own: a slider by keyboard, on a screen, on paper and without JavaScript."""

import numpy as np
import pytest

from unet_course import widgets

LABELS = ["0.02", "0.05", "0.1", "0.2"]


@pytest.fixture
def open_explorer(browser):
    contexts = []

    def open_page(**options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.on("console", lambda message: message.type == "error" and page.problems.append(message.text))
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        frames = [np.full((8, 8), grey, np.uint8) for grey in (0, 80, 160, 240)]
        explorer = widgets.frame_explorer(frames, LABELS, name="weights", title="Weights", alt="A grey square")
        page.set_content(f"<!doctype html><html lang=en><title>Explorer</title>{explorer.data}</html>")
        return page

    yield open_page
    for context in contexts:
        context.close()


def shown(page):
    return [picture.get_attribute("alt") for picture in page.locator("img").all() if picture.is_visible()]


def test_the_arrow_keys_change_the_frame_and_what_is_read_aloud(open_explorer):
    page = open_explorer()
    slider = page.get_by_role("slider", name="Weight")
    assert shown(page) == ["A grey square, 0.1"]
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert shown(page) == ["A grey square, 0.2"]
    assert slider.get_attribute("aria-valuetext") == page.locator("output").inner_text() == "0.2"
    page.keyboard.press("Home")
    assert shown(page) == ["A grey square, 0.02"]
    assert page.problems == []


def test_paper_shows_all_frames_side_by_side(open_explorer):
    page = open_explorer()
    assert not page.locator("figcaption").first.is_visible()
    page.emulate_media(media="print")
    assert len(shown(page)) == len(LABELS)
    assert all(label.is_visible() for label in page.locator("figcaption").all())
    assert not page.get_by_role("slider").is_visible()
    assert len({picture.bounding_box()["y"] for picture in page.locator("img").all()}) == 1


def test_without_javascript_all_frames_are_there_with_their_labels(open_explorer):
    page = open_explorer(java_script_enabled=False)
    assert len(shown(page)) == len(LABELS)
    assert page.locator("figcaption").all_inner_texts() == LABELS
    assert not page.get_by_role("slider").is_visible()
