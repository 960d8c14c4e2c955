"""Exercises found in a chapter, slides cut from it, Markdown turned into pages."""

import base64
import io
import re

import pptx
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image
from pptx.enum.shapes import MSO_SHAPE_TYPE

from unet_course import paths
from unet_course.publishing import chapters, exercises
from unet_course.publishing.editions import html_page, powerpoint, slides
from unet_course.publishing.editions.cut import cut

PICTURE = "iVBORw0KGgo="
TEXT = """# Little things

An opening of one sentence.

**You will be able to**

- see small things;

**You need** nothing.
"""
EXERCISE = """## Exercises

```{exercise-start}
:label: ex-one
```
**Level 1.** Write `one()`: it returns $x^2$.
```{exercise-end}
```
"""
SOLUTION = """```{solution-start} ex-one
:class: dropdown
```"""
END = """```{solution-end}
```

## Summary

- All is well."""


@pytest.fixture
def notebook():
    figure = {"figure": {"name": "fig-a", "caption": "See {numref}`fig-b`."}, "image": {"alt": "A dark dot."}}
    table = '<table border="1"><tr><th>n</th></tr><tr><td>7</td></tr></table>'
    long = f"<table>{'<tr><td>1</td></tr>' * 50}</table>"
    return new_notebook(
        cells=[
            new_markdown_cell(TEXT),
            new_code_cell("import this", outputs=[new_output("stream", text="Beautiful")]),
            new_markdown_cell(f"## What you see\n\nFirst.\n\n{'word ' * 80}\n\nLook at the dot."),
            new_code_cell(
                "draw()", metadata={"mystnb": figure}, outputs=[new_output("display_data", {"image/png": PICTURE})]
            ),
            new_code_cell("count()", outputs=[new_output("display_data", {"text/html": table})]),
            new_code_cell("list()", outputs=[new_output("display_data", {"text/html": long})]),
            new_markdown_cell(EXERCISE),
            new_code_cell("def one():\n    raise NotImplementedError\n\n\nchecks.merge_masks(one)"),
            new_markdown_cell(SOLUTION),
            new_code_cell("def one():\n    return 1"),
            new_markdown_cell(END),
        ]
    )


@pytest.fixture
def deck(notebook):
    chapter = chapters.Chapter("case_studies/03_nuclei", paths.repo_root())  # for its folder and the literature
    return re.findall(r"<section>.*?</section>", slides.deck(cut(notebook, chapter)), re.DOTALL)


@pytest.fixture
def powerpoint_slides(notebook):
    image = io.BytesIO()
    Image.new("L", (300, 100)).save(image, "png")
    notebook.cells[3].outputs[0]["data"]["image/png"] = base64.b64encode(image.getvalue()).decode()
    notebook.cells[5].outputs[0]["data"]["text/html"] = '<div class="uc-explorer"><table></table></div>'
    file = powerpoint.deck(cut(notebook, chapters.Chapter("case_studies/03_nuclei", paths.repo_root())))
    return list(pptx.Presentation(io.BytesIO(file)).slides)


def words(slide):
    return [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]


def test_exercises_are_found_with_stub_and_solution(notebook):
    (one,) = exercises.find(notebook)
    assert (one.label, one.stub, one.solution) == ("ex-one", 7, [9])
    assert one.statement.startswith("**Level 1.**") and "```" not in one.statement
    assert exercises.checks(notebook, one) == ["merge_masks"]


def test_a_chapter_without_exercises_has_none():
    assert exercises.find(new_notebook(cells=[new_markdown_cell("# A"), new_code_cell("1")])) == []


def test_a_deck_starts_with_the_title_and_what_readers_will_learn(deck):
    assert "<h1>Little things</h1>" in deck[0] and "<li>see small things;</li>" in deck[0]
    assert "You need" not in deck[0]


def test_a_section_opens_with_few_words_and_keeps_the_rest_as_notes(deck):
    opening, notes = deck[1].split('<aside class="notes"')
    assert "First." in opening and "word word" not in opening and "word word" in notes


def test_figures_and_small_tables_have_slides_of_their_own(deck):
    assert 'alt="A dark dot."><figcaption><p>See another figure.' in deck[2] and "Look at the dot." in deck[2]
    assert "<td>7</td>" in deck[3]
    assert not any(slide.count("<tr>") > 13 for slide in deck)


def test_exercises_come_without_solutions_and_the_summary_last(deck):
    assert "<h2>Exercise 1</h2>" in deck[4] and "<math" in deck[4]
    assert not any("return 1" in slide for slide in deck)
    assert "All is well." in deck[5] and len(deck) == 6


def test_the_file_to_edit_has_the_slides_of_the_page(deck, powerpoint_slides):
    titles = [re.search(r"<h[12]>(.*?)</h", slide)[1] for slide in deck]
    titles.insert(4, "What you see")  # here the long table is an explorer, and so has a slide
    assert [slide.shapes.title.text for slide in powerpoint_slides] == titles
    assert "• see small things;" in words(powerpoint_slides[0])[1]
    assert "word word" in powerpoint_slides[1].notes_slide.notes_text_frame.text


def test_a_figure_keeps_its_description_and_stays_on_the_slide(powerpoint_slides):
    (picture,) = (shape for shape in powerpoint_slides[2].shapes if shape.shape_type == MSO_SHAPE_TYPE.PICTURE)
    assert picture._element.nvPicPr.cNvPr.get("descr") == "A dark dot."
    assert abs(picture.width / picture.height - 3) < 0.01
    assert 0 <= picture.left and picture.left + picture.width <= 12192000  # 13.333 inches
    assert "See another figure." in words(powerpoint_slides[2])[2]


def test_a_table_stays_a_table_and_an_explorer_is_named(powerpoint_slides):
    (table,) = (shape.table for shape in powerpoint_slides[3].shapes if shape.has_table)
    assert [[cell.text for cell in row.cells] for row in table.rows] == [["n"], ["7"]]
    assert "explorer" in words(powerpoint_slides[4])[1]


def test_bold_words_code_and_formulas_have_their_own_look(powerpoint_slides):
    runs = {run.text: run.font for line in powerpoint_slides[5].shapes[1].text_frame.paragraphs for run in line.runs}
    assert runs["Level 1."].bold and runs["one()"].name == runs["x^2"].name == "Consolas"


def test_markdown_becomes_html_with_tables_and_formulas():
    text = html_page.to_html("| a |\n|---|\n| $x^2$ |\n\n$$y = 1$$")
    assert "<table>" in text and text.count("<math") == 2 and 'display="block"' in text


def test_a_page_escapes_its_title():
    assert "<title>a &lt; b</title>" in html_page.page("a < b", "")
