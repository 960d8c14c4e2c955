"""What the site makes of the chapters' images: plots told from scans, cards, the image of the first page."""

import base64
import copy
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from unet_course import plotting
from unet_course.publishing import pictures

RNG = np.random.default_rng(0)


def png(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png")
    plt.close(figure)
    return file.getvalue()


LIGHT = png(plt.figure(figsize=(2, 1)))


def curves():
    figure, axes = plt.subplots(1, 2, figsize=(6.4, 3))
    axes[0].plot(RNG.random(50).cumsum())
    axes[1].bar(range(5), RNG.random(5))
    return figure


def scans():
    return plotting.rows([[RNG.random((40, 40))], [RNG.random((40, 40))]], titles=["noise", "more"])


def masks():
    squares = np.zeros((40, 40))
    squares[10:20, 10:30] = 1
    return plotting.rows([[squares], [1 - squares]], titles=["truth", "guess"])


@pytest.mark.parametrize(("draw", "plot"), [(curves, True), (scans, False), (masks, False)])
def test_plots_are_told_from_scans_and_masks(draw, plot):
    assert pictures.is_plot(png(draw())) is plot


def test_a_card_has_its_size_and_no_white_margin():
    card = Image.open(io.BytesIO(pictures.card(png(scans())))).convert("L")
    assert card.size == pictures.CARD
    assert np.asarray(card)[:, :3].min() < 255


def test_few_colours_keep_those_of_outlines_and_paper():
    """On a scan of many colours, a thin blue line and a thin orange one are outvoted by far."""
    scan = RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    lines = {4: (0, 114, 178), 8: (213, 94, 0), 12: (0, 0, 0), 16: (255, 255, 255)}  # Okabe and Ito's, black, white
    for row, colour in lines.items():
        scan[row, 20:40] = colour
    file = io.BytesIO()
    Image.fromarray(scan).resize((256, 256), Image.Resampling.NEAREST).save(file, "PNG")
    few = np.asarray(Image.open(io.BytesIO(pictures.few_colours(file.getvalue(), 64))).convert("RGB"))
    assert len(np.unique(few.reshape(-1, 3), axis=0)) <= 64
    for row, colour in lines.items():
        assert (few[4 * row + 1, 81:159] == colour).all()


def test_heavy_images_get_few_colours_once(tmp_path):
    heavy = png(plotting.rows([[RNG.random((300, 300))], [RNG.random((300, 300))]], titles=["a", "b"]))
    outputs = [
        new_output("display_data", data={"image/png": base64.b64encode(each).decode()}) for each in (heavy, LIGHT)
    ]
    notebook = new_notebook(cells=[new_code_cell("draw()", outputs=outputs)])
    assert len(LIGHT) < pictures.HEAVY < len(heavy)
    for _ in range(2):
        again = copy.deepcopy(notebook)
        pictures.lighten(again, tmp_path / "light")
        first, second = pictures.drawn(again.cells[0])
        assert len(first) < len(heavy) and second == LIGHT
        assert len(Image.open(io.BytesIO(first)).convert("RGB").getcolors()) <= pictures.COLOURS
        assert len(list((tmp_path / "light").iterdir())) == 1
