"""The command line: what it answers, and that mistakes end in one sentence, not in a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from unet_course.cli import app

ROOT = Path(__file__).resolve().parents[2]


def invoke(*words):
    return CliRunner().invoke(app, words)


def assert_one_clear_line(result, *parts):
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.output
    for part in parts:
        assert part in result.stderr


@pytest.fixture
def no_phantoms(data_root, monkeypatch):
    """Drawing phantoms takes seconds, and these tests end before a chapter reads them."""
    monkeypatch.setattr("unet_course.phantoms.write_all", lambda root: [])


def test_help_lists_the_commands():
    result = invoke("--help")
    assert result.exit_code == 0
    for command in ("data", "run", "book", "doctor"):
        assert command in result.output


def test_an_unknown_chapter_is_named_with_the_known_ones(no_phantoms):
    assert_one_clear_line(invoke("run", "99_hearts"), "'99_hearts'", "03_nuclei")


def test_an_unknown_profile_is_named_with_the_known_ones(no_phantoms):
    assert_one_clear_line(invoke("run", "03_nuclei", "--profile", "huge"), "'huge'", "smoke")


def test_an_unknown_framework_is_named_with_the_known_ones(no_phantoms):
    assert_one_clear_line(invoke("run", "03_nuclei", "--framework", "caffe"), "'caffe'", "keras or torch")


def test_an_unknown_data_set_is_named_with_the_known_ones(data_root):
    assert_one_clear_line(invoke("data", "hearts"), "'hearts'", "nuclei")


def test_a_local_source_needs_an_archive(data_root):
    assert_one_clear_line(invoke("data", "nuclei", "--source", "local"), "--archive")


def test_a_missing_archive_is_named(data_root):
    assert_one_clear_line(invoke("data", "nuclei", "--source", "local", "--archive", "gone.zip"), "gone.zip")


def test_a_missing_package_is_named_with_its_remedy(no_phantoms, monkeypatch):
    monkeypatch.setitem(sys.modules, "jupytext", None)
    assert_one_clear_line(invoke("run", "03_nuclei"), "jupytext", "make env")


def test_data_from_a_folder_are_put_in_place_and_reported(data_root, tmp_path, write_nuclei):
    archive = write_nuclei(tmp_path / "mine")
    result = invoke("data", "nuclei", "--source", "local", "--archive", str(archive), "--report")
    assert result.exit_code == 0, result.output
    assert (data_root / "nuclei" / "stage1_train").is_dir()
    assert "images: 3" in result.output
    assert "of 3 images have masks worth a look" in result.output


def doctor(folder, **environment):
    """The doctor's report from a fresh process, in which `folder` comes first on the search path."""
    result = subprocess.run(
        [sys.executable, "-c", "from unet_course.cli import app; app()", "doctor"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", **environment},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_doctor_works_without_frameworks_and_data_and_says_how_to_get_them(tmp_path):
    # Python reads sitecustomize first; None in sys.modules makes an import fail as if nothing were installed.
    blocked = "import sys\nfor name in ('torch', 'keras', 'tensorflow'):\n    sys.modules[name] = None\n"
    (tmp_path / "sitecustomize.py").write_text(blocked, encoding="utf-8")
    report = doctor(tmp_path, UNET_COURSE_DATA=str(tmp_path / "empty"))
    assert "torch: unet_course.torch needs PyTorch" in report
    assert "keras: unet_course.keras needs Keras 3" in report
    assert "'unet-course[torch] @ git+https://" in report
    assert "unet-course data nuclei" in report


def test_before_class_the_doctor_looks_at_one_chapter(tmp_path, monkeypatch):
    monkeypatch.setenv("UNET_COURSE_DATA", str(tmp_path))
    said = invoke("doctor", "--chapter", "04_lgg_encoders", "--profile", "laptop", "--framework", "torch").output
    assert "minutes when it was recorded" in said and "Missing    brain_tumor: fetch it with" in said
    assert_one_clear_line(invoke("doctor", "--chapter", "04_lgg_encoders", "--profile", "fast"), "'fast'", "laptop")


@pytest.mark.slow
def test_the_doctor_survives_a_framework_that_takes_the_process_down(tmp_path):
    (tmp_path / "torch.py").write_text("import os\nos._exit(134)\n", encoding="utf-8")
    assert "torch: it ended with code 134" in doctor(tmp_path)


@pytest.mark.slow
def test_the_doctor_names_backend_device_and_data(tmp_path, write_nuclei):
    pytest.importorskip("torch")
    import torch

    write_nuclei(tmp_path / "nuclei", n=2)
    report = doctor(tmp_path, UNET_COURSE_DATA=str(tmp_path))
    assert f"torch {torch.__version__}, device " in report
    assert "real: 2 images, 6 masks" in report
