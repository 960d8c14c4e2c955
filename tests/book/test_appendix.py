"""Pages to look things up in: what they say of this course and of the five reports agrees with the files."""

import re

import pytest

from unet_course import paths

ROOT = paths.repo_root()
COMPARISON = (ROOT / "book/appendix/comparison.md").read_text()
REPORTS = (ROOT / "book/appendix/original_reports.md").read_text()
OWN = "https://github.com/unet-course/unet-course/blob/main/"
WORDS = ("yes", "partly", "no", "not checked", "no need")


def rows(text, columns):
    lines = [line for line in text.split("\n") if line.startswith("|") and not set(line) <= set("|-")]
    return [cells for line in lines if len(cells := line.strip("| ").split(" | ")) == columns]


def test_every_cell_of_the_comparison_says_yes_partly_no_or_not_checked():
    table = [row for row in rows(COMPARISON, 7) if row[0] != "feature"]
    assert len(table) > 25
    for feature, *cells in table:
        words = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", cell) for cell in cells]
        if not any(word.startswith(WORDS) for word in words[1:]):
            continue  # a number or a field of study in every cell
        for word in words:
            assert word.startswith((*WORDS, "since", "days")) or re.match(r"\d|about", word), (feature, word)


def test_what_the_course_claims_for_itself_leads_to_a_file_that_exists():
    claims = [row[1] for row in rows(COMPARISON, 7) if row[1].startswith("[")]
    assert len(claims) > 15
    for claim in claims:
        path = re.fullmatch(rf"\[[^]]+\]\({re.escape(OWN)}([^)]+)\)", claim)[1]
        assert (ROOT / path).exists(), path


def test_a_yes_for_another_project_leads_to_its_file():
    for feature, _, *others in rows(COMPARISON, 7):
        for cell in others:
            if cell.startswith(("yes", "partly")):
                assert "own" in cell, f"{feature}: say where that can be seen"


@pytest.mark.parametrize("chapter", ["01_brain_tumour_classification", "03_nuclei", "05_lgg_batchnorm"])
def test_every_report_has_a_card_that_leads_to_its_chapter(chapter):
    assert f"../../notebooks/case_studies/{chapter}" in REPORTS


def test_the_tables_of_the_fifth_report_agree_with_the_chapter():
    chapter = (ROOT / "book/case_studies/05_lgg_batchnorm.md").read_text()
    losses = [loss for row in rows(REPORTS, 6)[1:] for loss in row[4:]]
    assert len(losses) == 24
    assert [loss for loss in losses if loss not in chapter] == []


def test_the_numbers_of_the_first_report_agree_with_the_chapter():
    chapter = (ROOT / "book/case_studies/01_brain_tumour_classification.md").read_text()
    last = ("0.2238", "0.9143", "0.2235", "0.9111")
    assert all(number in REPORTS and number.removeprefix("0") in chapter for number in last)
