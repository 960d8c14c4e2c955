"""Damaged cases of BraTS: each error is one line that names the file and says what to do; nothing half-done stays."""

import gzip
import re

import nibabel
import numpy as np
import pytest

from unet_course.datasets import DataError, brats
from unet_course.datasets.brats import files, volumes

CASE = "BraTS20_Training_001"
REMEDY = "unet-course data brats"


@pytest.fixture(params=[".nii", ".nii.gz"])
def folder(request, data_root, tmp_path):
    folder = tmp_path / "set" / CASE
    folder.mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 900, (12, 10, 8)).astype(np.int16)
    for name in ("flair", "t1", "t1ce", "t2", "seg"):
        save(folder / f"{CASE}_{name}{request.param}", noise if name != "seg" else (noise > 800).astype(np.uint8))
    return folder


def save(path, volume):
    nibabel.save(nibabel.Nifti1Image(volume, np.diag([-1.0, -1, 1, 1])), path)


def file_of(folder, name):
    return next(folder.glob(f"{CASE}_{name}.nii*"))


def read(path):
    file = next(file for file in files.stored_in(path.parent) if file.name == path.name)
    return volumes.decode(file.read(), file)[0]


def error_of(folder):
    """The message of the error that loading ends with; no cache may be left."""
    with pytest.raises(DataError) as caught:
        brats.load(folder.parent)
    assert not list(folder.parents[1].glob("data/cache/*")) and not list(folder.parents[1].glob("data/cache/.*"))
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", ["flair", "t1", "t1ce", "t2", "seg"])
def test_a_file_is_missing(folder, name):
    file_of(folder, name).unlink()
    message = error_of(folder)
    assert f"{CASE}_{name}.nii (or .nii.gz) is missing" in message and REMEDY in message


def test_two_segmentations_of_unknown_names(folder):
    file = file_of(folder, "seg")
    suffix = file.name.removeprefix(f"{CASE}_seg")
    (folder / f"second{suffix}").write_bytes(file.read_bytes())
    file.rename(folder / f"first{suffix}")
    assert f"{folder} holds first{suffix} and second{suffix}, of which only one" in error_of(folder)


def test_a_modality_in_both_forms(folder):
    for suffix in (".nii", ".nii.gz"):
        save(folder / f"{CASE}_t2{suffix}", np.ones((12, 10, 8), np.int16))
    assert f"holds {CASE}_t2.nii and {CASE}_t2.nii.gz" in error_of(folder)


@pytest.mark.parametrize("name", ["flair", "t1ce", "seg"])
@pytest.mark.parametrize("kept", [0.0, 0.05, 0.6])
def test_a_truncated_file(folder, name, kept):
    file = file_of(folder, name)
    content = file.read_bytes()
    file.write_bytes(content[: int(kept * len(content))])
    message = error_of(folder)
    assert message.startswith(f"{file} is truncated or not a NIfTI file") and REMEDY in message


def test_a_page_saved_under_the_name_of_a_volume(folder):
    file = file_of(folder, "t1")
    file.write_bytes(b"<html>Please log in</html>" * 100)
    assert error_of(folder).startswith(f"{file} is truncated or not a NIfTI file")


def test_every_single_damaged_byte_of_a_packed_file_is_noticed(tmp_path):
    good, bad = tmp_path / "good.nii.gz", tmp_path / "bad.nii.gz"
    save(good, np.random.default_rng(0).integers(0, 900, (4, 3, 2)).astype(np.int16))
    content = good.read_bytes()
    volume = read(good)
    for position in range(len(content)):
        bad.write_bytes(content[:position] + bytes([content[position] ^ 255]) + content[position + 1 :])
        try:
            np.testing.assert_array_equal(read(bad), volume)  # a few bytes hold the date and the like
        except DataError as error:
            assert str(error).startswith(f"{bad} is truncated or not a NIfTI file")


@pytest.mark.parametrize(("position", "value"), [(40, 255), (43, 255), (70, 255)])
def test_a_damaged_header(folder, position, value):
    file = file_of(folder, "t1")
    content = bytearray(nibabel.load(file).to_bytes())
    content[position] = value  # number of axes, size along x, data type
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)
    assert error_of(folder).startswith(f"{file} is truncated or not a NIfTI file")


@pytest.mark.parametrize("name", ["t2", "seg"])
def test_shapes_that_differ(folder, name):
    save(file_of(folder, name), np.ones((12, 10, 7), np.uint8))
    expected = f"{file_of(folder, name)} has 12 x 10 x 7 voxels, the FLAIR volume of its case 12 x 10 x 8"
    assert expected in error_of(folder)


def test_a_volume_with_a_fourth_axis(folder):
    save(file_of(folder, "flair"), np.ones((12, 10, 8, 2), np.int16))
    assert "has 4 axes instead of x, y and z" in error_of(folder)


def test_label_three(folder):
    labels = np.zeros((12, 10, 8), np.uint8)
    labels[0, 0, :2] = 3, 4
    save(file_of(folder, "seg"), labels)
    message = error_of(folder)
    assert re.match(f"{file_of(folder, 'seg')}: found 3 where only the labels 0, 1, 2 and 4 can be", message)
    assert REMEDY in message


@pytest.mark.parametrize("value", [0.5, np.nan, 40000])
def test_values_that_would_be_changed_are_refused(folder, value):
    save(file_of(folder, "t1"), np.full((12, 10, 8), value, np.float32))
    assert f"{file_of(folder, 't1')} holds values that are no whole numbers" in error_of(folder)


def test_a_table_without_the_column(folder):
    (folder.parent / "survival_info.csv").write_text("ID,Age\n1,60\n", encoding="utf-8")
    assert f"{folder.parent / 'survival_info.csv'} has no column Brats20ID" in error_of(folder)


def test_mended_after_an_error(folder):
    file = file_of(folder, "t1")
    content = file.read_bytes()
    file.write_bytes(content[:400])
    error_of(folder)
    file.write_bytes(content)
    assert len(brats.load(folder.parent)) == 1


def test_nothing_is_written_beside_the_data(folder):
    before = sorted(path for path in folder.parent.rglob("*"))
    brats.load(folder.parent)
    assert sorted(path for path in folder.parent.rglob("*")) == before


def test_a_folder_of_something_else(data_root, tmp_path):
    with pytest.raises(FileNotFoundError, match=f"{tmp_path} holds no BraTS20_Training_.*{REMEDY}"):
        brats.load(tmp_path)
    with pytest.raises(FileNotFoundError, match=REMEDY):
        brats.load()
