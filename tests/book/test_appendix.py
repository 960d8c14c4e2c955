"""Pages to look things up in: what they say of this course and of the five reports agrees with the files."""

import re

import pytest

from unet_course import paths, reports

ROOT = paths.repo_root()
COMPARISON = (ROOT / "book/appendix/comparison.md").read_text(encoding="utf-8")
REPORTS = (ROOT / "book/appendix/original_reports.md").read_text(encoding="utf-8")
ERRATA = (ROOT / "book/appendix/errata.md").read_text(encoding="utf-8")
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


CHAPTERS = sorted(path.stem for path in (ROOT / "book/case_studies").glob("0*.md"))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_report_has_a_card_that_leads_to_its_chapter(chapter):
    assert f"../../notebooks/case_studies/{chapter}" in REPORTS


def test_the_card_of_the_fifth_report_shows_both_losses_of_every_tabled_run():
    shown = reports.fill_in(REPORTS)
    report = reports.read(5)
    runs = [*report["table_1"].values(), *report["table_2"].values()]
    runs += [run for batches in report["table_3"].values() for run in batches.values()]
    assert len(runs) == 12
    for run in runs:
        row = [line for line in shown.split("\n") if f"{run['training']:.6f}" in line]
        assert len(row) == 1 and f"{run['validation']:.6f}" in row[0]


@pytest.mark.parametrize("number", range(1, 6))
def test_every_report_has_a_section_of_errata(number):
    table = ERRATA.split(f"## Case study {number}, ")[1].split("\n## ")[0]
    assert len(rows(table, 4)) > 3, "a header and the corrected statements, each with how we know it"


def test_the_page_of_errata_is_linked_from_the_first_page_and_from_all_numbers():
    for page in ("book/intro.md", "book/case_studies/index.md", "book/appendix/original_reports.md"):
        assert "errata" in (ROOT / page).read_text(encoding="utf-8"), page


def test_no_page_says_that_a_team_wrote_a_report():
    pages = [*(ROOT / "book").rglob("*.md"), *(ROOT / "book/quizzes").rglob("*.yaml"), ROOT / "README.md"]
    assert len(pages) > 40
    for page in pages:
        text = " ".join(page.read_text(encoding="utf-8").lower().split())
        if page.name == "errata.md":  # it quotes what was said
            text = text.replace("| five student teams |", "")
        assert not re.search(r"student teams?\b|team of students", text), f"{page.name}: say `students` or `its author`"


def test_what_a_report_does_well_stands_first_on_its_card():
    firsts = re.findall(r"\| the report \| says \|\n\|---\|---\|\n\| ([\w ]+) \|", REPORTS)
    assert firsts == ["does well"] * 5
