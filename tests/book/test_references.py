"""Every source can be followed: an entry of the bibliography has a DOI, or an address where there is none."""

import re

import pytest

from unet_course import paths

ROOT = paths.repo_root()
ENTRIES = re.findall(
    r"^@\w+\{(\w+),\n(.*?)^\}", (ROOT / "book/references.bib").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
PAGE = ROOT / "_build/html/book/references.html"


def field(entry, name):
    found = re.search(rf"^\s*{name}\s*=\s*\{{(.*?)\}},?$", entry, re.MULTILINE)
    return found and found[1]


def flaws(entry):
    doi, url = field(entry, "doi"), field(entry, "url")
    if not (doi or url):
        yield "neither DOI nor address"
    if doi and not re.fullmatch(r"10\.\d{4,9}/\S+", doi):
        yield f"no DOI: {doi}"
    if url and not url.startswith("https://"):
        yield f"no https: {url}"
    arxiv = re.search(r"arXiv:(\d{4}\.\d{4,5})$", field(entry, "note") or "")
    if arxiv and doi and "arXiv" in doi and not doi.endswith(arxiv[1]):
        yield f"note and DOI part: {doi}"


def test_an_entry_has_a_doi_or_an_address():
    found = {key: list(flaws(entry)) for key, entry in ENTRIES}
    assert {key: wrong for key, wrong in found.items() if wrong} == {}


def test_no_key_and_no_doi_occurs_twice():
    keys = [key for key, _ in ENTRIES]
    dois = [field(entry, "doi") for _, entry in ENTRIES if field(entry, "doi")]
    assert len(set(keys)) == len(keys) > 30
    assert len({doi.lower() for doi in dois}) == len(dois)


def test_every_source_that_a_page_cites_is_there():
    keys = {key for key, _ in ENTRIES}
    for page in (ROOT / "book").rglob("*.md"):
        for cited in re.findall(r"\{cite:\w+\}`([^`]+)`", page.read_text(encoding="utf-8")):
            assert set(re.split(r",\s*", cited)) <= keys, page.name


def test_the_page_links_every_entry():
    if not PAGE.exists():
        pytest.skip("needs the site: run `make book`")
    listed = re.findall(
        r'<div class="citation".*?(?=<div class="citation"|</section>)', PAGE.read_text(encoding="utf-8"), re.DOTALL
    )
    assert listed
    assert [text[:80] for text in listed if not re.search(r'href="https?://', text)] == []
