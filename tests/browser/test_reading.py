"""What helps a reader along: where they are, what they have read, what the search puts first, what paper shows."""

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest

from unet_course import paths
from unet_course.publishing import colab, quizzes

CHAPTER = "notebooks/case_studies/03_nuclei.html"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def current_is_in_view(page):
    return page.evaluate("""() => {
        const link = [...document.querySelectorAll(".bd-sidebar-primary .bd-links a.current")].pop();
        const box = link.getBoundingClientRect();
        const frame = document.querySelector(".bd-sidebar-primary").getBoundingClientRect();
        return box.top >= frame.top && box.bottom <= Math.min(frame.bottom, innerHeight);
    }""")


# Where am I


def test_the_open_page_is_in_view_in_the_sidebar(new_page):
    page = new_page("book/references.html")
    page.wait_for_timeout(300)
    for address in ("book/how_to_use.html", CHAPTER, "book/references.html"):
        page.goto(re.sub(r"(:\d+/).*", rf"\g<1>{address}", page.url))
        page.wait_for_timeout(300)
        assert current_is_in_view(page), address


def test_the_open_page_is_in_view_in_the_menu_of_a_phone(new_page):
    page = new_page("book/references.html", **PHONE)
    page.locator("label.primary-toggle, button.primary-toggle").first.tap()
    page.wait_for_timeout(800)
    assert current_is_in_view(page)


def test_a_line_above_the_title_says_part_number_and_minutes(new_page):
    page = new_page("notebooks/foundations/unet.html")
    line = page.locator(".uc-where").inner_text()
    every = quizzes.chapters("foundations", paths.repo_root())
    place = f"{every.index('notebooks/foundations/unet') + 1} / {len(every)}"
    minutes = re.fullmatch(rf"Foundations {place} · (\d+) minutes", line)[1]
    assert f"Reading takes {minutes} minutes." in page.locator(".bd-article").inner_text()
    page.goto(page.url.replace("notebooks/foundations/unet", "book/appendix/status"))
    row = page.locator("tr", has_text="A U-Net, block by block")
    assert row.locator("td").nth(1).inner_text() == minutes


def test_a_page_read_to_its_end_is_marked_in_the_sidebar(new_page):
    page = new_page("book/how_to_use.html")
    mark = page.locator(".bd-sidebar-primary li.uc-read > a")
    page.wait_for_timeout(300)
    assert mark.count() == 0
    page.evaluate("window.scrollTo({top: document.body.scrollHeight, behavior: 'instant'})")
    mark.first.wait_for(state="attached")
    page.goto(page.url.replace("how_to_use", "glossary"))
    assert mark.all_inner_texts() == ["How to use this course"]


def test_a_phone_folds_code_away_and_says_how_long_it_is(new_page):
    page = new_page(CHAPTER, **PHONE)
    folded = page.locator(".uc-folded:visible")
    code = folded.locator("pre").first
    lines = len(code.text_content().strip().split("\n"))
    assert folded.count() > 5 and not code.is_visible()
    assert folded.first.locator("summary").inner_text().startswith(f"{lines} lines of Python: ")
    folded.first.locator("summary").tap()
    assert code.is_visible()
    assert page.problems == []


def test_a_desktop_folds_only_what_its_author_folded(new_page):
    assert new_page(CHAPTER).locator(".uc-folded").count() == 0


def test_menus_offer_the_notebook_of_the_chosen_framework_first(new_page):
    page = new_page(CHAPTER)
    entries = page.locator(".dropdown-download-buttons li a")
    for value, label in (("torch", "(PyTorch)"), ("keras", "(Keras)")):
        page.locator(f".uc-switch input[value={value}]").check()
        assert label in entries.first.text_content()


# The search


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("learning rate", "Training that works"),
        ("backpropagation", "Backpropagation by hand"),
        ("own data", "Your own images"),
        ("install", "How to use this course"),
        ("augmentation", "Augmentation"),
    ],
)
def test_the_search_puts_what_teaches_it_first(new_page, asked, first):
    page = new_page(f"search.html?q={asked}")
    page.locator("ul.search li a").nth(2).wait_for()
    found = page.locator("ul.search li > a").evaluate_all("all => all.map(e => e.textContent)")
    assert any(first in title for title in found[:4]), found[:6]
    pages = page.locator("ul.search li > a").evaluate_all("all => all.map(e => e.getAttribute('href'))")
    assert not any("/api/" in address for address in pages[:4])
    assert page.problems == []


# Found from outside


def test_the_list_for_search_engines_names_pages_that_exist(folder, root):
    listed = [place.text for place in ElementTree.parse(folder / "sitemap.xml").iter() if place.tag.endswith("loc")]
    assert len(listed) > 20
    assert [place for place in listed if not (folder / place.removeprefix(f"{colab.SITE}/")).is_file()] == []


def test_an_address_that_is_not_there_leads_back(new_page):
    page = new_page("404.html")
    links = page.locator("a").evaluate_all("all => all.map(e => e.href)")
    assert links == [f"{colab.SITE}/book/intro.html", f"{colab.SITE}/search.html"]
    assert page.problems == []


def test_pages_load_no_icon_fonts_and_little_script(new_page):
    page, sizes = new_page("book/references.html"), []
    page.on("response", lambda answer: sizes.append((len(answer.body()), answer.url)))
    page.goto(page.url.replace("references", "intro"))
    page.wait_for_load_state("networkidle")
    assert not [url for _, url in sizes if "fontawesome" in url]
    icon = page.locator("button .fa-magnifying-glass, .fa-bars").first
    assert "svg" in icon.evaluate("e => getComputedStyle(e).maskImage")


# Downloads and paper


def test_the_download_button_hands_out_notebooks_that_run_anywhere(new_page, folder):
    page = new_page(CHAPTER)
    links = page.locator(".dropdown-download-buttons a").evaluate_all("all => all.map(e => e.getAttribute('href'))")
    assert len(links) == 2
    for link in links:
        text = (folder / CHAPTER).parent.joinpath(link).resolve().read_text(encoding="utf-8")
        assert not re.search(r"\{(doc|cite:p|numref|literalinclude|exercise-start)\}", text)
        assert "find_spec" in "".join(json.loads(text)["cells"][1]["source"])
    assert not (folder / "_sources").exists()


def test_a_dark_page_prints_light(new_page):
    page = new_page(CHAPTER, color_scheme="dark")
    theme = "document.documentElement.dataset.theme"
    page.evaluate(
        "window.addEventListener('beforeprint', () => { window.printed = document.documentElement.dataset.theme })"
    )
    page.pdf()
    assert page.evaluate("window.printed") == "light" and page.evaluate(theme) == "dark"


def test_paper_cuts_no_table_and_no_code_from_its_tab(new_page):
    page = new_page("notebooks/foundations/losses_and_metrics.html", viewport={"width": 680, "height": 960})
    page.emulate_media(media="print")
    cut = page.locator(".bd-article table").evaluate_all(
        "all => all.filter(e => e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert cut == 0
    assert page.locator(".uc-address").inner_text().startswith(colab.SITE)
    page.goto(page.url.replace("losses_and_metrics", "unet"))
    assert page.locator(".sd-tab-set").first.evaluate("e => getComputedStyle(e).breakInside") == "avoid"
    assert page.locator(".sd-tab-label:visible").count() == page.locator(".sd-tab-set:visible").count()
