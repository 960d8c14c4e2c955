"""What all explorers promise, page or widgets: the same every time, ids of their own, safe texts, right tables."""

import base64
import io
import math
import re
from html.parser import HTMLParser

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from unet_course import metrics, widgets
from unet_course.widgets import curves, overlap, parts, sizes
from unet_course.widgets import page as form

RUN = {"label": "A", "training": [1, 0.5], "validation": [1, 0.6], "verdict": "fine", "because": "Both fall."}
FRAMES = [np.full((4, 4), grey, np.uint8) for grey in (9, 99, 200)]
RAMP = np.tile(np.linspace(0, 1, 8), (8, 1))
EXPLORERS = {
    "frame": lambda word, **texts: widgets.frame_explorer(FRAMES, [word, "b", "c"], what=word, **texts),
    "threshold": lambda word, **texts: widgets.threshold_explorer(np.zeros((8, 8, 3)), RAMP, (RAMP > 0.5) * 1, **texts),
    "overlap": lambda word, **texts: widgets.overlap_explorer(**texts),
    "size": lambda word, **texts: widgets.size_explorer(**texts),
    "curve": lambda word, **texts: widgets.curve_explorer(
        [RUN | dict.fromkeys(("label", "verdict", "because"), word)], what=word, **texts
    ),
}
every = pytest.mark.parametrize("kind", EXPLORERS)


def page(kind, title="A title", alt="What is seen", word="word"):
    return EXPLORERS[kind](word, name="own-name", title=title, alt=alt).data


class Tags(HTMLParser):
    """All tags of a page with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.seen = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))


@every
def test_the_same_call_gives_the_same_page(kind):
    assert page(kind) == page(kind)


@every
def test_ids_are_unique_and_begin_with_the_name(kind):
    ids = [attributes["id"] for _, attributes in Tags(page(kind)).seen if "id" in attributes]
    assert len(ids) == len(set(ids)) and ids[0] == "own-name"
    assert all(name.startswith("own-name") for name in ids)


@every
def test_whatever_names_an_id_can_be_renamed_with_it(kind):
    """The site puts two frameworks on one page and renames all of the second: site._rename_explorers."""
    text = page(kind)
    assert f'class="uc-explorer" id="{"own-name"}"' in text
    assert text.count("own-name") == text.count('"own-name')


@every
def test_texts_cannot_become_markup(kind):
    evil = '</script><b onclick="x()">&$name {name}'
    text = page(kind, title=evil, alt=evil, word=evil)
    seen = Tags(text).seen
    assert not [tag for tag, _ in seen if tag == "b"]
    assert any(evil in value for _, attributes in seen for value in attributes.values() if value)
    assert text.count("</script>") == 1


@every
def test_nothing_is_loaded_from_elsewhere(kind):
    assert not re.search(r"""(src|href)=["'](?!data:)|https?:|@import""", page(kind))


@every
def test_labels_belong_to_a_field_and_pictures_are_described(kind):
    seen = Tags(page(kind)).seen
    ids = {attributes.get("id") for _, attributes in seen}
    for tag, attributes in seen:
        if tag == "label":
            assert attributes["for"] in ids
        if tag in ("canvas", "svg"):
            assert attributes["role"] and attributes["aria-label"]


# Numbers


@pytest.mark.parametrize(
    ("counts", "shown"), [((1, 15, 0, 0), "0.063"), ((2, 1, 0, 0), "0.667"), ((0, 0, 0, 9), "undefined")]
)
def test_scores_are_rounded_as_browsers_round(counts, shown):
    assert parts.score_text("precision", counts) == shown  # 1/16 is 0.0625: Python alone would write 0.062


def test_the_colours_of_hits_misses_and_false_alarms():
    picture = parts.confusion_colours([[1, 1, 0, 0]], [[1, 0, 1, 0]])
    assert picture.tolist() == [[[255, 255, 255], [0, 114, 178], [213, 94, 0], [0, 0, 0]]]


def test_the_table_of_overlap_on_paper_holds_the_metrics():
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', page("overlap"))
    table = {case: re.findall("<td>(.*?)</td>", cells) for case, cells in rows}
    truth, start = (overlap.disc(*where, 32)[None] for where in overlap.discs(32))
    dice = metrics.dice(truth, start, empty="nan")[0]
    assert table["the masks overlap"][0] == f"{dice:.3f}" and 0.3 < dice < 0.9
    assert table["same mask"] == ["1.000"] * 5
    assert table["empty prediction"][:4] == ["0.000", "0.000", "undefined", "0.000"]
    assert table["empty truth"][:4] == ["0.000", "0.000", "0.000", "undefined"]
    assert table["both empty"] == ["undefined"] * 4 + ["1.000"]


@pytest.mark.parametrize("size", [15, 14, 33])
def test_sizes_without_a_middle_are_refused(size):
    with pytest.raises(ValueError, match=f"size={size} does not fit"):
        widgets.overlap_explorer(name="a", title="t", alt="a", size=size)


def test_discs_have_an_area_near_that_of_a_circle_and_may_be_empty():
    areas = [overlap.disc(16, 16, radius, 32).sum() for radius in (0, 1, 8, 10)]
    assert areas[:2] == [0, 1]
    np.testing.assert_allclose(areas[2:], [math.pi * 64, math.pi * 100], rtol=0.05)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ((5, 3, "valid", 572, 64), "572 pixels in, 388 out; .*; 31,030,658 parameters.$"),
        ((5, 3, "same", 572, 64), "572 out; .* The input is padded to 576 pixels and the output cut back to 572.$"),
        ((3, 3, "valid", 61, 8), "pool_1 leaves out the last of 57 rows and columns.$"),
        ((5, 3, "valid", 100, 8), "^The input is too small: at encoder_4_conv1 a kernel of 3 meets 2 pixels.$"),
    ],
)
def test_the_calculator_says(settings, said):
    assert re.search(said, sizes.report(*settings)[1])


def test_parts_too_deep_for_the_input_have_no_table():
    assert sizes.report(6, 7, "valid", 100, 8)[0] == []


# Curves


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda run: [], "runs is empty"),
        (lambda run: [{k: v for k, v in run.items() if k != "because"}], "run 0 lacks because"),
        (lambda run: [run, run | {"label": "B", "training": [1]}], "run 1 has 1 and 2 epochs"),
        (lambda run: [run | {"training": [math.nan] * 2, "validation": [math.inf] * 2}], "run 0 holds no finite"),
        (lambda run: [run, run], "same label: A, A"),
    ],
)
def test_runs_that_cannot_be_drawn_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        widgets.curve_explorer(change(RUN), name="a", title="t", alt="a")


def test_a_line_is_broken_where_there_is_no_number():
    drawn = curves.picture(RUN | {"training": [1, math.nan, 0.5, 0.25]}, alt="a")
    line = re.search(r'<path d="(M[^"]*)" fill="none" stroke="#0072B2"', drawn)[1]
    assert [step[0] for step in line.split()] == ["M", "M", "L"]


def test_curves_are_described_in_numbers_without_the_verdict():
    text = curves.describe(RUN)
    assert text.startswith("A, 2 epochs: training loss from 1 to 0.5, lowest 0.5 at epoch 2, highest 1 at epoch 1;")
    assert "fine" not in text


# Frames

LABELS = ["0.02", "0.05", "0.1"]


def explore_frames(frames, labels):
    return widgets.frame_explorer(frames, labels, name="a", title="t", alt="A slice").data


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_the_page_holds_every_frame_with_its_label_and_begins_in_the_middle(shape):
    pixels = np.random.default_rng(0).integers(0, 256, (3, *shape), dtype=np.uint8)
    text = explore_frames(list(pixels), LABELS)
    shown = re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="([^"]*)">', text)
    assert [alt for _, alt in shown] == [f"A slice, {label}" for label in LABELS]
    for (png, _), frame in zip(shown, pixels, strict=True):
        np.testing.assert_array_equal(Image.open(io.BytesIO(base64.b64decode(png))), frame)
    assert 'min="0" max="2" value="1"' in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frames: ([], []), "frames is empty"),
        (lambda frames: (frames, LABELS[:2]), "2 labels do not fit 3 frames"),
        (lambda frames: ([*frames[:2], frames[2][1:]], LABELS), r"frame 2 has shape \(4, 7\), frame 0 \(5, 7\)"),
        (lambda frames: ([frames[0], frames[1] / 255, frames[2]], LABELS), "frame 1 is float64, not uint8"),
        (lambda frames: ([frame[..., None] for frame in frames], LABELS), r"shape \(5, 7, 1\) is no image"),
    ],
)
def test_frames_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        explore_frames(*change([np.zeros((5, 7), np.uint8)] * 3))


# Where a kernel answers


MOVES = {"frame": 0, "threshold": 20, "across": 1, "down": 2, "radius": 3, "nothing": True}
MOVES |= {"depth": 2, "kernel": 5, "padding": "same", "side": 100, "filters": 8, "run0": curves.ASK}


@every
def test_every_control_of_the_widgets_changes_what_is_shown(kind, monkeypatch):
    monkeypatch.setattr(form, "is_live", lambda: True)
    live = EXPLORERS[kind]("word", name="a", title="t", alt="a")
    for name, control in live.controls.items():
        before = [widget.value for widget in live.shown.values()]
        if name in MOVES:
            control.value = MOVES[name]
        else:
            control.click()
        assert [widget.value for widget in live.shown.values()] != before, name


@pytest.mark.slow
def test_a_kernel_gets_widgets_and_one_that_writes_the_site_gets_html():
    nbclient = pytest.importorskip("nbclient")
    code = """import os
from unet_course import widgets
for static in ("", "1"):
    os.environ["UNET_COURSE_STATIC"] = static
    print(type(widgets.size_explorer(name="a", title="t", alt="a")).__name__)"""
    notebook = new_notebook(cells=[new_code_cell(code)])
    nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    nbformat.validate(notebook)
    assert notebook.cells[0].outputs[0].text == "Live\nHTML\n"


def test_outside_a_kernel_explorers_are_html(monkeypatch):
    monkeypatch.delenv("UNET_COURSE_STATIC", raising=False)
    assert type(widgets.overlap_explorer(name="a", title="t", alt="a")).__name__ == "HTML"
