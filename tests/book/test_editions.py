"""What is handed out: folders for students and instructors, the table of all pages, and plans whose minutes add up."""

import html
import re

import nbformat
import numpy as np
import pytest
from PIL import Image

from unet_course import paths
from unet_course.publishing import chapters, editions, execution, exercises, reading, status
from unet_course.publishing.editions import answers, html_page, inventory, paper

pytestmark = pytest.mark.slow

ROOT = paths.repo_root()
PLANS = sorted((ROOT / "book" / "teaching").glob("plan_*.md"))
RUNS = [(chapter, framework) for chapter in chapters.listed() for framework in chapters.frameworks(chapter)]


@pytest.fixture(scope="module")
def built():
    """The editions are made of what `make book` has built."""
    site = ROOT / "_build" / "html" / "index.html"
    missing = [c.name for c, framework in RUNS if not c.executed("smoke", framework).exists()]
    if missing or not site.exists():
        pytest.skip("needs the site and its smoke runs: `make book`")
    with pytest.MonkeyPatch.context() as patch:  # as they are: other tests see to it that they are up to date
        patch.setattr(execution, "run", lambda chapter, profile, framework: chapter.executed(profile, framework))
        yield


@pytest.fixture(scope="module")
def instructor(built, tmp_path_factory):
    return editions.instructor(tmp_path_factory.mktemp("editions") / "instructor")


def notebooks(folder):
    return {path.relative_to(folder).as_posix(): nbformat.read(path, 4) for path in sorted(folder.rglob("*.ipynb"))}


def test_students_get_the_site_and_every_notebook(instructor):
    student = instructor / "student"
    assert (student / "site" / "index.html").exists() and (student / "README.md").exists()
    assert len(notebooks(student / "notebooks")) == len(RUNS)


def test_solutions_are_folded_for_students_and_open_for_instructors(instructor):
    folded, opened = (notebooks(folder / "notebooks") for folder in (instructor / "student", instructor))
    assert folded.keys() == opened.keys()
    count = {True: 0, False: 0}
    for handed_out in (folded, opened):
        for notebook in handed_out.values():
            for cell in notebook.cells:
                hidden = cell.metadata.get("jupyter", {}).get("source_hidden")
                count[handed_out is folded] += bool(hidden and cell.source.startswith("# @title A solution"))
    solutions = sum(len(one.solution) for c, _ in RUNS for one in exercises.find(chapters.read(c)))
    assert count == {True: solutions, False: 0}


def test_handed_out_notebooks_keep_their_pictures(instructor):
    for name, notebook in notebooks(instructor / "notebooks").items():
        kinds = {kind for cell in notebook.cells for out in cell.get("outputs", []) for kind in out.get("data", {})}
        assert "image/png" in kinds, name


def test_every_chapter_has_a_deck_that_loads_nothing_from_elsewhere(instructor):
    contents = (instructor / "slides" / "index.html").read_text(encoding="utf-8")
    for chapter in chapters.listed():
        deck = (instructor / "slides" / f"{chapter.name}.html").read_text(encoding="utf-8")
        assert f'href="{chapter.name}.html"' in contents
        assert deck.count("<section>") >= 3
        assert not re.search(r"<(?:script|img|iframe|link)\b[^>]*(?:src|href)=[\"'](?:https?:)?//", deck)


def test_the_sheet_of_twenty_questions_does_not_tell_and_the_key_does(instructor):
    sheet, key = ((instructor / name).read_text(encoding="utf-8") for name in ("what_do_you_think.html", "key.html"))
    asked = inventory.questions()
    assert len(asked) == 20
    for question in asked:
        assert html.escape(question.text, quote=False) in sheet
        for answer in question.answers:
            assert (
                html.escape(answer.because, quote=False) in key
                and html.escape(answer.because, quote=False) not in sheet
            )
    letters = re.findall(r"<strong>\d+\. (\w)\)</strong>", key)
    assert len(letters) == 20 and max(map(letters.count, letters)) <= 10


def test_answers_hold_every_solution_and_hint(instructor):
    page = (instructor / "answers.html").read_text(encoding="utf-8")
    found = [(c, one) for c in chapters.listed() for one in exercises.find(chapters.read(c))]
    assert page.count("<details>") >= len(found) > 20
    for chapter, one in found:
        for name in exercises.checks(chapters.read(chapter), one):
            assert f"{name}: not yet." in page, f"no typical mistake of {name}"


def test_answers_come_from_the_tests_of_the_checks():
    mistakes = answers._mistakes(ROOT / "book" / "exercises")
    wrong, hint = mistakes["merge_masks"][0]
    assert "sum(masks)" in wrong and hint.startswith("merge_masks: not yet.")


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.stem)
def test_the_minutes_of_a_plan_add_up(plan):
    text = plan.read_text(encoding="utf-8")
    promised = int(re.search(r"sessions of (\d+) minutes", text)[1])
    sessions = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    sessions = [session for session in sessions if session.startswith("Session")]
    assert len(sessions) == int(plan.stem.split("_")[1])
    for session in sessions:
        minutes = [int(number) for number in re.findall(r"^\| (\d+) \|", session, re.MULTILINE)]
        assert sum(minutes) == promised, session.split("\n")[0]


def test_there_are_plans_for_5_and_for_12_sessions():
    assert [plan.stem for plan in PLANS] == ["plan_12_sessions", "plan_5_sessions"]


def test_the_table_of_pages_has_a_row_for_each_and_takes_sizes(tmp_path):
    table = status.table({})
    listed = [file for file, _ in chapters.pages() if "/api/" not in file]
    assert re.findall(r'data-size-of="(.+)\.html"', table) == listed
    for file in listed:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{file}.html").write_bytes(b" " * 1_230_000)
    filled = status.with_sizes(html_page.to_html(table), tmp_path)
    assert filled.count(">1.23</span>") == len(listed)
    assert status.with_sizes(filled, tmp_path) == filled


def test_the_size_of_a_page_counts_its_pictures_once(tmp_path):
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "a.png").write_bytes(b"x" * 500_000)
    page = tmp_path / "a.html"
    page.write_text(
        '<img alt="" src="_images/a.png"><img src="_images/a.png"><img src="data:image/png;base64,AAAA">',
        encoding="utf-8",
    )
    assert status.megabytes(page) == pytest.approx(0.5, abs=0.001)


def test_every_page_is_smaller_than_one_and_a_half_megabytes(built):
    """With its images, which have two pixels for each of the page: a class that opens it at once should not wait."""
    site = ROOT / "_build" / "html"
    sizes = {page.relative_to(site).as_posix(): status.megabytes(page) for page in site.rglob("*.html")}
    assert {page: size for page, size in sizes.items() if size >= 1.5} == {}


def test_chapters_say_how_long_reading_takes():
    """Within a factor of 1.3 of a beginner's pace: a promise that students can plan with."""
    for chapter in chapters.listed():
        said = re.search(r"Reading takes (\d+) minutes", chapter.source.read_text(encoding="utf-8"))
        if said:
            assert 1 / 1.3 < int(said[1]) / reading.minutes(chapter) < 1.3, chapter.name


def test_links_of_the_plans_lead_to_pages_of_the_site(instructor):
    for plan in (instructor / "plans").iterdir():
        links = re.findall(r'href="(\.\./[^"]+)"', plan.read_text(encoding="utf-8"))
        assert len(links) > 10
        assert [link for link in links if not (plan.parent / link).exists()] == []


# On paper

ARTICLE = """<link rel="stylesheet" type="text/css" href="{up}_static/a.css?v=1" />
<article class="bd-article">
<section id="top"><h1>{title}<a class="headerlink" href="#top">#</a></h1>
<a href="#part">here</a> <a href="{other}">there</a> <a href="{up}book/api/x.html#f">reference</a>
<a href="https://example.org/#z">far</a> <img src="{up}_images/i.png" alt=""> <img src="data:," alt="">
<h2 id="part">Part</h2></section></article>"""


@pytest.fixture
def two_pages(tmp_path, monkeypatch):
    site = tmp_path / "_build/html"
    pages = {
        "book/a": ("A", "../", "../notebooks/p/b.html#part"),
        "notebooks/p/b": ("B", "../../", "../../book/a.html"),
    }
    for page, (title, up, other) in pages.items():
        _write(site / f"{page}.html", ARTICLE.format(title=title, up=up, other=other))
    (site / "_images").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (256, 256), dtype=np.uint8)
    Image.fromarray(noise).convert("RGB").save(site / "_images/i.png")
    monkeypatch.setattr(chapters, "root", lambda: tmp_path)
    monkeypatch.setattr(chapters, "pages", lambda: [(page, None) for page in [*pages, "book/api/x"]])
    return site


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_pages_become_one_document_whose_links_stay_in_it(two_pages):
    text = paper.document(two_pages, ["book/a", "notebooks/p/b"])
    ids = re.findall(r'id="([^"]+)"', text)
    assert len(ids) == len(set(ids)) == 6
    links = re.findall(r'<a (?:class="headerlink" )?href="([^"]+)"', text)
    assert {link.removeprefix("#") for link in links if link.startswith("#")} <= set(ids)
    assert sorted(set(link for link in links if not link.startswith("#"))) == [
        "https://example.org/#z",
        "https://unet-course.github.io/unet-course/book/api/x.html#f",
    ]
    assert re.findall(r'src="([^"]+)"', text) == [(two_pages / "_images/i.png").as_uri(), "data:,"] * 2
    assert text.count('rel="stylesheet"') == 1 and (two_pages / "_static/a.css").as_uri() in text
    assert '<li><a href="#book-a">A</a></li>\n<li><a href="#notebooks-p-b">B</a></li>' in text


def test_the_book_is_printed_with_an_outline(two_pages, tmp_path, monkeypatch):
    if paper.chromium() is None:
        pytest.skip("there is no chromium, chromium-browser or google-chrome on the PATH")
    printed = paper.pdf(tmp_path / "paper")
    content = printed.read_bytes()
    assert content.startswith(b"%PDF-") and b"/Outlines" in content
    assert max(map(int, re.findall(rb"/Count (\d+)", content))) >= 3, "a page each, and the contents"
    assert [path.name for path in printed.parent.iterdir()] == ["unet_course.pdf"]
    assert b"/DCTDecode" in content, "a scan is kept as JPEG"

    (two_pages / "notebooks/p/b.html").unlink()
    with pytest.raises(chapters.BookError, match=r"lacks notebooks/p/b: run `make book`"):
        paper.pdf(tmp_path / "paper")
    assert printed.read_bytes() == content
    monkeypatch.setattr(paper, "BROWSERS", ("no-such-browser",))
    with pytest.raises(chapters.BookError, match="apt-get install chromium"):
        paper.pdf(tmp_path / "paper")
