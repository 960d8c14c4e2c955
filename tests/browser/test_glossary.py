"""Words of the glossary in a chapter: quiet links that say what they mean to the mouse and to the keyboard."""

CHAPTER = "notebooks/case_studies/03_nuclei.html"


def test_a_term_leads_to_its_definition(new_page):
    page = new_page(CHAPTER)
    term = page.locator("a.uc-term", has_text="early stopping")
    definition = term.get_attribute("title")
    term.click()
    page.wait_for_url("**/book/glossary.html#term-early-stopping")
    shown = page.locator("dt#term-early-stopping + dd").inner_text()
    assert shown.startswith(definition[:40])
    assert page.problems == []


def test_letters_lead_to_their_first_term_and_stay_in_view(new_page):
    page = new_page("book/glossary.html")
    letters = page.locator(".uc-letters a")
    assert letters.all_inner_texts() == sorted(letters.all_inner_texts()) and letters.count() > 15
    letters.filter(has_text="T").click()
    term = page.locator("dt").and_(page.locator(":target"))
    assert term.inner_text().lower().startswith("t")
    page.wait_for_function(  # the page glides there
        """() => {
            const bar = document.querySelector(".uc-letters").getBoundingClientRect();
            const { y } = document.querySelector(":target").getBoundingClientRect();
            return 0 <= bar.y && bar.bottom <= y && y < 400;
        }"""
    )
    assert page.problems == []


def test_each_term_is_linked_once_and_never_in_a_heading_or_code(new_page):
    page = new_page(CHAPTER)
    links = page.locator("a.uc-term").evaluate_all("all => all.map(e => e.getAttribute('href'))")
    assert len(links) > 10 and len(set(links)) == len(links)
    assert page.locator(":is(h1, h2, h3, pre, code, figcaption, table, .sd-card) a.uc-term").count() == 0


def test_the_keyboard_shows_the_definition_within_the_window(new_page):
    page = new_page(CHAPTER, viewport={"width": 390, "height": 844})
    term = page.locator("a.uc-term").first
    hidden = page.evaluate("e => getComputedStyle(e, '::after').content", term.element_handle())
    page.keyboard.press("Tab")  # from here on the browser takes focus for the keyboard's
    term.focus()
    style = "e => { const s = getComputedStyle(e, '::after'); return [s.content, s.position, s.bottom]; }"
    content, position, bottom = page.evaluate(style, term.element_handle())
    assert hidden == "none"
    assert content.strip('"') == term.get_attribute("title")
    assert (position, bottom) == ("fixed", "16px")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_first_tap_shows_the_definition_and_the_second_goes_there(new_page):
    page = new_page(CHAPTER, viewport={"width": 390, "height": 844}, has_touch=True)
    term = page.locator("a.uc-term").first
    term.tap()
    assert page.url.endswith(CHAPTER)
    content = term.evaluate("e => getComputedStyle(e, '::after').content")
    assert term.get_attribute("title")[:60] in content.replace('\\"', '"')
    term.tap()
    page.wait_for_url("**/book/glossary.html#*")
