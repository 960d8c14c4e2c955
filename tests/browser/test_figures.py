"""Figures and formulas in a browser: large at a click or Enter, plots dark at night, braces that stretch."""

import html
import re

import pytest

from unet_course import plotting

CHAPTER = "notebooks/case_studies/03_nuclei.html"
FORMULAS = "notebooks/foundations/noise_and_tv.html"


def test_a_figure_grows_at_enter_and_shrinks_at_escape(new_page):
    page = new_page(CHAPTER)
    button = page.locator("figure .uc-enlarge:visible").first
    small = page.locator("figure .uc-picture:visible img").first
    assert re.fullmatch(r"Enlarge Fig\. \d+", button.get_attribute("aria-label"))
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    large = dialog.locator("img")
    assert large.get_attribute("alt") == small.get_attribute("alt")
    assert large.bounding_box()["width"] > 1.2 * small.bounding_box()["width"]
    assert dialog.inner_text().strip()
    page.keyboard.press("Escape")
    assert not page.locator("dialog[open]").count()
    assert button.evaluate("e => document.activeElement === e")


def test_a_tap_on_a_figure_makes_it_larger_than_the_phone(new_page):
    page = new_page(CHAPTER, viewport={"width": 390, "height": 844}, has_touch=True)
    wide = page.locator(".uc-picture:visible img").evaluate_all(
        "all => all.findIndex(e => e.getAttribute('width') > 600)"
    )
    page.locator(".uc-picture:visible img").nth(wide).tap()
    assert page.locator("dialog img").bounding_box()["width"] > 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Close").tap()
    assert not page.locator("dialog[open]").count()


@pytest.mark.parametrize("page", ["losses_and_metrics", "preparing_mr", "unet"])
def test_text_in_figures_has_nine_pixels_on_a_phone(new_page, page):
    page = new_page(f"notebooks/foundations/{page}.html", viewport={"width": 390, "height": 844})
    figures = page.locator(".cell_output .uc-picture:visible img")
    drawn = figures.evaluate_all(
        "all => all.map(e => [e.getBoundingClientRect().width, Number(e.getAttribute('width'))])"
    )
    text = plotting.STYLE["font.size"] / 72 * plotting.STYLE["figure.dpi"]
    assert drawn and min(text * shown / full for shown, full in drawn) >= 9
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_figures_are_sharp_where_a_pixel_of_the_page_is_four_of_the_screen(new_page):
    figures = new_page(CHAPTER).locator(".cell_output .uc-picture:visible img")
    assert set(figures.evaluate_all("all => all.map(e => Math.round(e.naturalWidth / e.getAttribute('width')))")) == {2}


def test_an_enlarged_figure_is_accessible(new_page, axe):
    page = new_page(CHAPTER)
    page.locator(".uc-picture:visible img").first.click()
    found = axe.run(page, context="dialog", options={"preload": False}).response["violations"]
    assert [problem["id"] for problem in found if problem["impact"] in ("serious", "critical")] == []


def test_plots_turn_dark_at_night_and_scans_keep_their_grey_values(new_page):
    page = new_page(CHAPTER, color_scheme="dark")
    filters = "all => all.map(e => getComputedStyle(e).filter)"
    plots = page.locator(".tag_uc-plot .cell_output img").evaluate_all(filters)
    scans = page.locator(".cell:not(.tag_uc-plot) .cell_output figure img").evaluate_all(filters)
    assert plots and all(one.startswith("invert") for one in plots)
    assert scans and set(scans) == {"none"}


def test_signs_are_as_large_as_what_they_span(open_file, stretchy):
    """Chromium stretches nothing without a math font."""
    path, stretches = stretchy
    page = open_file(path)
    page.evaluate("document.fonts.ready")
    assert stretches(page.locator("p").screenshot())
    assert page.problems == []


def test_formulas_use_the_font(new_page):
    page = new_page(FORMULAS)
    loaded = "document.fonts.ready.then(all => [...all].filter(one => one.status == 'loaded').map(one => one.family))"
    assert page.locator("math").first.evaluate("e => getComputedStyle(e).fontFamily").startswith('"Course Math"')
    assert "Course Math" in {family.strip('"') for family in page.evaluate(loaded)}


def test_the_font_has_every_character_of_the_formulas(folder, root):
    style = (folder / "_static/math.css").read_text(encoding="utf-8")
    ranges = re.findall(r"U\+([0-9A-F]+)(?:-([0-9A-F]+))?", style)
    known = {chr(code) for first, last in ranges for code in range(int(first, 16), int(last or first, 16) + 1)}
    used = set()
    for page in folder.rglob("*.html"):
        for formula in re.findall("<math.*?</math>", page.read_text(encoding="utf-8"), re.DOTALL):
            used |= set(html.unescape(re.sub("<[^>]+>", "", formula)))
    assert len(used) > 50 and used - known - {"\n"} == set()
