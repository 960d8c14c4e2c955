"""Every page of the built site in a real browser: no error, no other host, readable, usable by keyboard."""

import functools
import html.parser
import re
import urllib.parse

import pytest

from unet_course.publishing import colab

CHAPTER = "notebooks/case_studies/03_nuclei.html"
PHONE = {"viewport": {"width": 390, "height": 844}}
CONTRAST = {"type": "rule", "values": ["color-contrast"]}


def theme(page):
    return page.evaluate("document.documentElement.dataset.theme")


def framework(page):
    return page.evaluate("document.documentElement.dataset.ucFramework")


def shown(page, selector):
    return page.locator(selector).evaluate_all("all => all.filter(e => e.getClientRects().length).length")


def accessibility_problems(axe, page, within=None, **options):
    """What axe-core calls serious or critical, with the place; it does not see what is hidden."""
    # Without `preload: false` axe asks the server for style sheets at wrong addresses.
    options |= {"preload": False, "resultTypes": ["violations"]}
    found = axe.run(page, context=within, options=options).response["violations"]
    return [
        f"{problem['id']}: {node['target']} {node['failureSummary']}"
        for problem in found
        if problem["impact"] in ("serious", "critical")
        for node in problem["nodes"]
    ]


def by_day_and_night(page, problems):
    """Go through light, dark, and what the system says by the theme's own switch; `problems(page)` in the dark."""
    seen = [theme(page)]
    for _ in range(3):
        page.locator(".theme-switch-button").first.evaluate("e => e.click()")
        seen.append((page.evaluate("document.documentElement.dataset.mode"), theme(page)))
        if seen[-1] == ("dark", "dark"):
            page.wait_for_function("document.getAnimations().length == 0")  # colours fade into each other
            assert problems(page) == []
    assert {"light", ("light", "light"), ("dark", "dark"), ("auto", "light")} == set(seen)


def test_the_root_leads_to_the_first_page(new_page):
    page = new_page("")
    page.wait_for_url("**/book/intro.html")
    page.wait_for_timeout(500)  # an icon that the root lacks would be asked for late
    assert page.problems == []


def test_page_is_sound(opened, root, folder, address):
    """It loads without a problem from this site alone, is described, and its links lead somewhere."""
    opened.wait_for_load_state("networkidle")
    opened.mouse.wheel(0, 2000)
    assert opened.title()
    found = {
        "facts of its head": wrong_in_the_head(opened, address),
        "ids used twice": ids_used_twice(opened),
        "images without a text": images_without_a_text(opened),
        "links that lead nowhere": dead_links(opened, root, folder),
        "problems": opened.problems,
    }
    assert not any(found.values()), found


def test_page_is_accessible_by_day_and_night(new_page, axe, address):
    """Only colours differ in the dark: what else axe looks for is the same page."""
    page = new_page(address)
    page.locator("details").evaluate_all("all => all.forEach(e => e.open = true)")
    # The words of code are two thirds of a chapter's elements. Their colours are tested in the next test, each once.
    page.locator(".highlight pre").evaluate_all("all => all.forEach(e => { e.textContent = e.textContent; })")
    assert accessibility_problems(axe, page) == []
    by_day_and_night(page, functools.partial(accessibility_problems, axe, runOnly=CONTRAST))


def test_the_colours_of_code_can_be_read_by_day_and_night(new_page, axe, folder):
    pages = [path.read_text(encoding="utf-8") for path in folder.rglob("*.html") if "_static" not in path.parts]
    kinds = sorted({kind for page in pages for kind in re.findall(r'<span class="([a-z][a-z0-9]{0,2})">', page)})
    assert len(kinds) > 20
    page = new_page(CHAPTER)
    draw = """(code, kinds) => {
        code.id = "every-kind";
        code.innerHTML = kinds.map(kind => `<span class="${kind}">word</span>`).join(" ");
    }"""
    page.locator(".highlight pre:visible").first.evaluate(draw, kinds)
    problems = functools.partial(accessibility_problems, axe, within="#every-kind", runOnly=CONTRAST)
    assert problems(page) == []
    by_day_and_night(page, problems)


def test_page_fits_a_phone(new_page, address):
    page = new_page(address, **PHONE)
    chosen = {"keras", "torch"} if page.locator(".tag_fw-torch, .sd-tab-label").count() else {framework(page)}
    for name in chosen:
        if name != framework(page):
            page.evaluate(f"localStorage.setItem('uc-framework', '{name}')")
            page.reload()
        for width in (390, 320):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
            assert page.locator(".header-article__inner button").last.bounding_box()["x"] < width - 20


def test_who_has_not_chosen_sees_the_framework_with_a_real_run_first(new_page):
    page = new_page("notebooks/case_studies/05_lgg_batchnorm.html")
    first = page.locator("meta[name=uc-framework]").get_attribute("content")
    assert framework(page) == first
    for chosen in ("keras", "torch"):
        page.evaluate(f"localStorage.setItem('uc-framework', '{chosen}')")
        page.reload()
        assert framework(page) == chosen
    page.goto(page.url.replace("05_lgg_batchnorm", "index"))
    assert framework(page) == "torch"


def test_theme_is_remembered(new_page):
    page = new_page("book/intro.html")
    while theme(page) != "dark":
        page.locator(".theme-switch-button").first.click()
    page.goto(page.url.replace("intro", "references"))
    assert theme(page) == "dark"


# Frameworks


def test_one_framework_is_shown_and_the_switch_shows_the_other(new_page):
    page = new_page(CHAPTER)
    assert framework(page) == "keras"
    assert shown(page, ".tag_fw-keras") and not shown(page, ".tag_fw-torch")
    page.get_by_role("radiogroup", name="Framework").get_by_role("radio", name="PyTorch").check()
    assert shown(page, ".tag_fw-torch") and not shown(page, ".tag_fw-keras")
    assert shown(page, ".uc-provenance .uc-fw-torch") and not shown(page, ".uc-provenance .uc-fw-keras")
    assert page.locator("#sd-tab-item-1").is_checked()


def test_framework_switch_by_keyboard(new_page):
    page = new_page(CHAPTER)
    for _ in range(page.locator("a, button, input").count()):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "uc-framework":
            break
    assert page.evaluate("document.activeElement.value") == "keras"
    outline = page.locator(".uc-switch input:focus-visible + span").evaluate("e => getComputedStyle(e).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("ArrowRight")
    assert framework(page) == "torch"
    page.keyboard.press("ArrowLeft")
    assert framework(page) == "keras"


def test_framework_is_remembered_before_the_page_is_painted(new_page):
    page = new_page(CHAPTER)
    page.locator(".uc-switch input[value=torch]").check()
    page.goto(page.url.replace(CHAPTER, "book/intro.html"))
    assert framework(page) == "torch"
    page.route("**/course.js*", lambda route: route.fulfill(body=""))
    page.goto(page.url.replace("book/intro.html", CHAPTER))
    assert shown(page, ".tag_fw-torch") and not shown(page, ".tag_fw-keras")


def test_a_code_tab_switches_the_page(new_page):
    page = new_page(CHAPTER)
    page.locator(".sd-tab-label", has_text="PyTorch").click()
    assert framework(page) == "torch"
    assert page.locator(".uc-switch input[value=torch]").is_checked()


def test_the_reader_stays_where_they_are(new_page):
    page = new_page(CHAPTER)
    heading = page.locator("#counting-nuclei > h2")
    heading.evaluate("e => e.scrollIntoView({block: 'center', behavior: 'instant'})")
    page.evaluate("window.scrollBy({top: 60, behavior: 'instant'})")
    before = heading.bounding_box()["y"]
    box = page.locator(".uc-switch label", has_text="PyTorch").bounding_box()
    page.mouse.click(box["x"] + 10, box["y"] + 10)
    assert framework(page) == "torch"
    assert abs(heading.bounding_box()["y"] - before) <= 2


def test_a_link_to_a_hidden_figure_goes_to_its_twin(new_page):
    page = new_page("book/intro.html")
    page.evaluate("localStorage.setItem('uc-framework', 'torch')")
    page.goto(page.url.replace("book/intro.html", CHAPTER) + "#fig-nuclei-curves")
    assert page.locator("#fig-nuclei-curves-torch").is_visible()
    assert 0 <= page.locator("#fig-nuclei-curves-torch").bounding_box()["y"] < 400


def test_without_javascript_both_frameworks_are_shown_and_named(new_page):
    page = new_page(CHAPTER, java_script_enabled=False)
    for name, label in (("keras", "Keras"), ("torch", "PyTorch")):
        cell = page.locator(f".tag_fw-{name}").first
        assert cell.is_visible()
        assert cell.evaluate("e => getComputedStyle(e, '::before').content") == f'"{label}"'
    page.locator(".uc-provenance summary").click()
    assert page.locator(".uc-provenance .uc-fw-torch").first.is_visible()


def test_a_print_names_the_chosen_framework(new_page):
    page = new_page(CHAPTER)
    page.emulate_media(media="print")
    cell = page.locator(".tag_fw-keras").first
    assert cell.evaluate("e => getComputedStyle(e, '::before').content") == '"Keras"'
    assert not shown(page, ".tag_fw-torch")


# What is on the pages


@pytest.mark.parametrize("chosen", ["keras", "torch"])
def test_the_explorer_moves_by_keyboard(new_page, chosen):
    page = new_page(CHAPTER)
    page.locator(f".uc-switch input[value={chosen}]").check()
    explorer = page.locator(".uc-explorer:visible")
    slider, scores = explorer.get_by_role("slider"), explorer.locator("[aria-live]")
    dice, threshold = set(), slider.input_value()
    slider.focus()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
        dice.add(re.search(r"Dice (\S+)", scores.inner_text())[1])
    assert slider.input_value() == str(int(threshold) + 40)
    assert explorer.locator("output").inner_text() == slider.get_attribute("aria-valuetext") == "0.90"
    assert len(dice) > 1
    assert page.problems == []


def wrong_in_the_head(page, address):
    """What search engines and previews read: one title, one address, an image, and of a chapter a description."""
    head = page.locator("head")
    right = {"viewport": head.locator("meta[name=viewport]").count() == 1, "title": head.locator("title").count() == 1}
    if address != "search.html":
        canonical = head.locator("link[rel=canonical]").get_attribute("href")
        right["address"] = canonical == f"{colab.SITE}/{address}"
        right["image"] = head.locator("meta[property='og:image']").count() == 1
    if address.startswith(("notebooks/", "book/intro", "book/teaching")):
        description = head.locator("meta[name=description]").get_attribute("content")
        right["description"] = 40 <= len(description) <= 200
    return [name for name, good in right.items() if not good]


def ids_used_twice(page):
    ids = page.locator("[id]").evaluate_all("all => all.map(e => e.id)")
    return {name for name in ids if ids.count(name) > 1} - {"search-input"}  # the theme's


def images_without_a_text(page):
    """Images that a screen reader cannot describe, and those that cannot be shown."""
    facts = "all => all.map(e => [e.src, e.alt, e.naturalWidth, e.closest('label, .sd-card')?.innerText])"
    load = "all => Promise.all(all.map(e => { e.loading = 'eager'; return e.decode().catch(() => 0); }))"
    page.locator(".bd-article img").evaluate_all(load)
    images = page.locator(".bd-article img").evaluate_all(facts)
    # A small image beside its name in a label or on a card is an ornament: screen readers should read the name alone.
    described = [
        (src, label if label and not alt else alt * (len(alt) >= 20), width) for src, alt, width, label in images
    ]
    return [src for src, words, width in described if not words or not width]


def dead_links(page, root, folder):
    links = page.locator("a[href]").evaluate_all("all => all.map(e => e.href)")
    internal = [link.removeprefix(root) for link in links if link.startswith(root)]
    assert internal
    return [link for link in internal if not leads_somewhere(link, folder)]


def leads_somewhere(link, folder):
    address, _, name = link.partition("#")
    path = folder / urllib.parse.unquote(address.partition("?")[0])
    path = path / "index.html" if path.is_dir() else path
    return path.is_file() and (not name or urllib.parse.unquote(name) in ids_in(path))


@functools.cache
def ids_in(path):
    """The ids of a page as it was built, before any script."""
    ids = set()
    parser = html.parser.HTMLParser()
    parser.handle_starttag = lambda tag, attributes: ids.update(value for name, value in attributes if name == "id")
    parser.feed(path.read_text(encoding="utf-8"))
    return ids


def test_search_finds_the_chapter(new_page):
    page = new_page("search.html?q=watershed")
    page.locator("ul.search li a").first.wait_for()
    assert "Nuclei" in page.locator("ul.search").inner_text()
    assert page.problems == []
