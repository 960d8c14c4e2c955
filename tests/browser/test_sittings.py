"""Long chapters come in sittings: one at a time, each found by address and search, all of them on paper."""

import pytest

LONG = "notebooks/case_studies/04_lgg_encoders.html"
LATE = "Photographs may be the wrong school"
SCREENS = 15  # of 800 pixels: what one scrolls through at a stretch


def shown(page):
    """The headings of sections that can be seen, and how many there are in all."""
    return page.evaluate("""() => {
        const all = [...document.querySelectorAll(".bd-article section > h2")];
        const seen = all.filter(e => e.checkVisibility({contentVisibilityAuto: true}));
        return [seen.map(e => e.firstChild.data), all.length];
    }""")


def own(page, number):
    """The headings that the list names for a sitting."""
    return page.locator(".uc-sittings li").nth(number - 1).locator("a").all_inner_texts()


def test_a_chapter_opens_with_its_first_sitting_and_leads_to_the_next(new_page):
    page = new_page(LONG, whole=False)
    assert shown(page)[0] == own(page, 1)
    assert page.locator("li[aria-current]").count() == 1 and not page.locator(".right-next").is_visible()
    page.locator(".uc-turn a:visible").click()
    page.wait_for_function("document.querySelector('.uc-sittings li:nth-child(2)').ariaCurrent == 'step'")
    assert shown(page)[0] == own(page, 2)
    page.go_back()
    page.wait_for_function("document.querySelector('.uc-sittings li').ariaCurrent == 'step'")
    assert shown(page)[0] == own(page, 1) and page.problems == []


@pytest.mark.parametrize("place", ["#pre-training-on-medical-images", f"#:~:text={LATE}"], ids=["address", "search"])
def test_what_is_looked_for_opens_its_sitting(new_page, place):
    page = new_page(f"{LONG}{place}", whole=False)
    found = page.get_by_text(LATE)
    page.wait_for_function("document.querySelector('.uc-sittings li').ariaCurrent != 'step'")
    assert found.is_visible() and 0 <= found.bounding_box()["y"] < 800


def test_back_leads_to_where_the_reader_was(new_page):
    page = new_page(LONG, whole=False)
    page.evaluate("window.scrollTo({top: 2500, behavior: 'instant'})")
    page.locator(".uc-sittings a", has_text="Summary").evaluate("link => link.click()")
    page.wait_for_function("document.querySelector('.uc-sittings li:last-child').ariaCurrent == 'step'")
    page.go_back()
    page.wait_for_function("document.querySelector('.uc-sittings li').ariaCurrent == 'step'")
    assert page.evaluate("window.scrollY") == pytest.approx(2500, abs=5)


def test_the_contents_at_the_side_mark_a_section_of_this_sitting(new_page):
    page = new_page(LONG, whole=False)
    page.locator(".uc-turn a:visible").click()
    marked = page.locator(".bd-sidebar-secondary a.nav-link.active")
    marked.first.wait_for()
    assert marked.first.inner_text() in own(page, 2)


def test_the_contents_at_the_side_forget_the_sitting_before(new_page):
    page = new_page(f"{LONG}#what-the-report-would-do-next", whole=False)
    page.locator(".bd-sidebar-secondary a.active").first.wait_for()
    page.locator(".uc-turn a:visible").click()
    page.locator(".bd-sidebar-secondary a.active", has_text="Reading the result").wait_for()
    assert page.locator(".bd-sidebar-secondary a.active").all_inner_texts() == ["Reading the result"]


def test_the_contents_at_the_side_mark_a_section_of_many_screens(new_page):
    page = new_page(f"{LONG}#a-published-table-and-a-clue", whole=False)
    heading = page.locator("#a-published-table-and-a-clue")
    assert heading.evaluate("section => section.clientHeight") > 10 * 0.4 * 800  # a tenth is more than is watched
    page.locator(".bd-sidebar-secondary a.active", has_text="A published table").wait_for()


def test_an_address_that_leads_nowhere_does_no_harm(new_page):
    page = new_page(f"{LONG}#50%", whole=False)
    assert shown(page)[0] == own(page, 1) and page.problems == []


def test_the_last_sitting_ends_with_the_next_chapter(new_page):
    page = new_page(f"{LONG}#summary", whole=False)
    assert page.locator(".right-next").is_visible() and page.locator(".uc-turn:visible").count() == 0


@pytest.mark.parametrize("long", [LONG, "notebooks/case_studies/05_lgg_batchnorm.html"])
def test_no_sitting_is_long(new_page, long):
    page = new_page(long, whole=False)
    first = page.locator(".uc-sittings li a:first-child").evaluate_all("all => all.map(e => e.hash)")
    heights = []
    for place in first:
        page.evaluate("place => { location.hash = place }", place)
        page.wait_for_timeout(200)
        heights.append(page.evaluate("document.documentElement.scrollHeight") / 800)
    assert max(heights) <= SCREENS, heights


def test_the_switch_back_shows_the_sitting_of_the_address(new_page):
    page = new_page(LONG, whole=False)
    page.locator(".uc-sittings button").click()
    page.evaluate("location.hash = 'summary'")
    page.locator(".uc-sittings button").click()
    assert "Summary" in shown(page)[0]


def test_a_reader_may_have_the_whole_chapter_and_the_browser_remembers(new_page):
    page = new_page(LONG, whole=False)
    page.locator(".uc-sittings button").click()
    assert len(shown(page)[0]) == shown(page)[1]
    page.reload()
    assert len(shown(page)[0]) == shown(page)[1]
    page.locator(".uc-sittings button").click()
    assert shown(page)[0] == own(page, 1)


def test_paper_and_a_browser_without_scripts_get_all_of_it(new_page):
    page = new_page(LONG, whole=False)
    page.emulate_media(media="print")
    assert len(shown(page)[0]) == shown(page)[1]
    assert page.locator(":is(.uc-sittings, .uc-turn):visible").count() == 0
    page = new_page(LONG, whole=False, java_script_enabled=False)
    sections = page.locator(".bd-article section > h2")
    assert all(section.is_visible() for section in sections.all())
