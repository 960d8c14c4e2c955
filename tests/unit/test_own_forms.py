"""The forms on Colab: a zip file in, a network and masks out, with Colab's own modules played by others."""

import ast
import io
import sys
import types
import zipfile
from pathlib import Path

import nbformat
import pytest

from unet_course import paths
from unet_course.datasets import DataError
from unet_course.own import forms, prediction, training
from unet_course.publishing import colab

FORMS = sorted((paths.repo_root() / "book" / "forms").glob("*.py"))


@pytest.fixture
def colab_files(monkeypatch):
    """Colab's `files`: hands over `chosen`, and notes what is offered for download."""
    files = types.SimpleNamespace(chosen={}, offered=[])
    files.upload = lambda: files.chosen
    files.download = files.offered.append
    monkeypatch.setitem(sys.modules, "google.colab", types.SimpleNamespace(files=files))
    return files


def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as bundle:
        for name in names:
            bundle.writestr(name, b"content")
    return file.getvalue()


@pytest.mark.parametrize(
    ("names", "folder"),
    [
        (["mine/images/a.png", "mine/masks/a.png", "__MACOSX/._a"], "mine"),
        (["images/a.png", "masks/a.png"], "upload"),
    ],
)
def test_a_zip_file_becomes_the_folder_that_holds_the_images(colab_files, names, folder):
    colab_files.chosen = {"upload.zip": zipped(*names)}
    found = forms.images()
    assert found.name == folder and (found / "images" / "a.png").read_bytes() == b"content"


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({}, "No file was chosen"),
        ({"a.zip": b"", "b.zip": b""}, "2 files were chosen, a.zip, b.zip"),
        ({"a.zip": b"no zip file"}, "neither a zip nor a tar"),
        ({"a.zip": zipped("../../out.png")}, "out.png"),
    ],
)
def test_what_is_no_zip_file_of_images_is_named(colab_files, chosen, words):
    colab_files.chosen = chosen
    with pytest.raises((DataError, FileNotFoundError), match=words):
        forms.images()


def test_a_folder_of_the_drive_that_is_not_there_is_named(tmp_path):
    assert forms.images(f" {tmp_path} ") == tmp_path
    with pytest.raises(FileNotFoundError, match="gone is no folder: open the files"):
        forms.images(str(tmp_path / "gone"))


def test_empty_fields_choose_nothing_and_a_run_that_was_cut_off_goes_on(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(training, "train", lambda folder, out, **options: calls.append((out, options)))
    folder = tmp_path / "mine"
    out = forms.train(folder, framework="torch", minutes=3, group="", wanted="", merge=False)
    out.mkdir()
    (out / training.RUN).write_text("{}", encoding="utf-8")
    forms.train(folder, framework="torch", minutes=3, group="^(.)", wanted="2", merge=False)
    given = {"framework": "torch", "minutes": 3, "merge": False}
    assert calls == [
        (tmp_path / "mine_unet", {**given, "group": None, "wanted": None, "resume": False}),
        (tmp_path / "mine_unet", {**given, "group": "^(.)", "wanted": "2", "resume": True}),
    ]


def test_the_result_is_one_zip_file_without_the_checkpoint(colab_files, monkeypatch, tmp_path):
    out = tmp_path / "mine_unet"
    (out / training.CHECKPOINT).mkdir(parents=True)
    for name in ("report.html", training.RUN, f"{training.CHECKPOINT}/state.npz"):
        (out / name).write_text("x", encoding="utf-8")
    with zipfile.ZipFile(forms.download(out)) as bundle:
        assert [name for name in bundle.namelist() if not name.endswith("/")] == ["mine_unet/report.html"]
    assert [Path(file).name for file in colab_files.offered] == ["mine_unet.zip"]


def test_new_images_are_segmented_and_what_was_refused_is_said(colab_files, monkeypatch, capsys):
    import pandas as pd

    given = {}
    monkeypatch.setattr(
        prediction,
        "predict",
        lambda model, images, out, **options: given.update(options) or (pd.DataFrame(), {"a": "a.png is damaged"}),
    )
    colab_files.chosen = {"new.zip": zipped("a.png")}
    assert forms.predict("model", spacing=0).name == "new_masks"
    assert given == {"spacing": None} and "a.png is damaged" in capsys.readouterr().out


@pytest.mark.parametrize("source", FORMS, ids=lambda source: source.stem)
def test_the_committed_notebook_of_forms_is_up_to_date_and_every_field_is_used(source):
    pytest.importorskip("jupytext")
    fresh, committed = colab.form(source), nbformat.read(source.with_suffix(".ipynb"), 4)
    assert [cell.source for cell in fresh.cells] == [cell.source for cell in committed.cells], "run `make notebooks`"
    nbformat.validate(committed)
    for cell in (cell for cell in committed.cells if cell.cell_type == "code"):
        tree = ast.parse(cell.source)
        fields = {line.split(" = ")[0] for line in cell.source.splitlines() if "# @param" in line}
        read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        assert cell.source.startswith("# @title") and fields <= read and not cell.outputs
