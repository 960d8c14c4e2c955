"""What `unet-course data verify brats` says: there is no list of what the files hold, so counts and headers must do."""

import gzip
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from typer.testing import CliRunner

from unet_course.cli import app
from unet_course.datasets.published.sources import SOURCES

TOP = "MICCAI_BraTS2020_TrainingData"


@pytest.fixture(params=[".nii", ".nii.gz"])
def cases(request, data_root):
    """The first three cases in place."""
    for case in ("BraTS20_Training_001", "BraTS20_Training_002", "BraTS20_Training_003"):
        folder = data_root / "brats" / TOP / case
        folder.mkdir(parents=True)
        for name in ("flair", "t1", "t1ce", "t2", "seg"):
            volume = nibabel.Nifti1Image(np.ones((6, 5, 4), np.int16), np.eye(4))
            nibabel.save(volume, folder / f"{case}_{name}{request.param}")
    return data_root / "brats"


def run(*words):
    result = CliRunner().invoke(app, ["data", *words])
    assert "Traceback" not in result.output
    return result


def below(path, root):
    return path.relative_to(root).as_posix()


def case_file(cases, number, name):
    return next((cases / TOP / f"BraTS20_Training_{number:03}").glob(f"*_{name}.nii*"))


def test_brats_is_checked_by_counts_and_headers_and_says_so(cases):
    result = run("verify", "brats")
    assert result.exit_code == 1
    assert "3 of 369 cases of the whole training set are here, none damaged as far as headers tell; " in result.output
    assert "366 of 369 cases or files missing" in result.output
    assert f"missing: {TOP}/BraTS20_Training_004/\n" in result.output
    assert "a voxel that was changed is not noticed" in result.output


def test_brats_is_whole_with_all_its_cases(cases, monkeypatch):
    monkeypatch.setitem(SOURCES, "brats", replace(SOURCES["brats"], releases={(3,): "the whole training set"}))
    seg = case_file(cases, 3, "seg")
    seg.rename(seg.with_name(seg.name.replace("BraTS20_Training_003_seg", "W39_1998.09.19_Segm")))  # as in case 355
    result = run("verify", "brats")
    assert result.exit_code == 0
    assert "3 of 3 cases of the whole training set are here, none damaged as far as headers tell." in result.output


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_truncated_volume_is_named(cases, kept):
    path = case_file(cases, 2, "t1ce")
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    result = run("verify", "brats")
    assert result.exit_code == 1
    assert f"damaged: {below(path, cases)} (is truncated or not a NIfTI file" in result.output


def test_missing_and_unfit_volumes_are_named(cases):
    case_file(cases, 1, "t2").unlink()
    path = case_file(cases, 2, "seg")
    nibabel.save(nibabel.Nifti1Image(np.ones((6, 5, 3), np.int16), np.eye(4)), path)
    case_file(cases, 3, "seg").unlink()
    (cases / TOP / "BraTS20_Training_400").mkdir()
    output = run("verify", "brats", "--all").output
    assert f"missing: {TOP}/BraTS20_Training_001/BraTS20_Training_001_t2.nii\n" in output
    assert f"damaged: {below(path, cases)} (6 x 5 x 3 voxels, the FLAIR volume of its case 6 x 5 x 4)" in output
    assert f"damaged: {TOP}/BraTS20_Training_003 (BraTS20_Training_003_seg.nii (or .nii.gz) is missing)" in output
    assert f"extra: {TOP}/BraTS20_Training_400/" in output


def test_a_page_under_the_name_of_a_volume(cases):
    path = case_file(cases, 1, "t1")
    path.write_bytes(gzip.compress(b"<html>") if path.suffix == ".gz" else b"<html>" * 200)
    assert f"damaged: {below(path, cases)}" in run("verify", "brats").output
