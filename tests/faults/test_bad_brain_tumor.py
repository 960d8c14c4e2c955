"""Damaged brain tumour data: each error names the file or folder and says what to do, in one line."""

import re

import pytest

from unet_course.datasets import DataError, brain_tumor

FETCH = "unet-course data brain_tumor"


@pytest.fixture
def root(data_root, tmp_path, write_brain_tumor):
    return write_brain_tumor(tmp_path / "set")


def refused(root, beginning, remedy=FETCH):
    with pytest.raises(DataError, match=re.escape(beginning)) as error:
        brain_tumor.load(root)
    assert remedy in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("kept", [0, 2, 100, 0.5, 0.95])
def test_truncated_picture(root, kept):
    file = root / "Testing" / "glioma_tumor" / "image(1).jpg"
    content = file.read_bytes()
    file.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    refused(root, f"{file} is truncated or not an image")


def test_a_page_instead_of_a_picture(root):
    file = root / "Training" / "no_tumor" / "gg (10).jpg"
    file.write_text("<html>Please log in</html>", encoding="utf-8")
    refused(root, f"{file} is truncated or not an image")


def test_unknown_class_folder(root):
    folder = (root / "Testing" / "no_tumor").rename(root / "Testing" / "notumor")
    refused(root, f"{folder} is not a class of this set", "Rename the folder")


def test_empty_class_folder(root):
    folder = root / "Training" / "meningioma_tumor"
    for file in folder.iterdir():
        file.unlink()
    refused(root, f"{folder} holds no image")


def test_missing_class_folder(root):
    (root / "Testing" / "pituitary_tumor").rename(root / "elsewhere")
    refused(root, f"{root / 'Testing' / 'pituitary_tumor'} holds no image")


def test_one_part_missing(root):
    (root / "Testing").rename(root / "elsewhere")
    refused(root, f"{root / 'Testing' / 'glioma_tumor'} holds no image")


def test_mended_after_an_error(root):
    file = root / "Testing" / "glioma_tumor" / "image.jpg"
    content = file.read_bytes()
    file.write_bytes(content[:100])
    refused(root, str(file))
    file.write_bytes(content)
    assert len(brain_tumor.load(root)) == 20


def test_nothing_there(data_root, tmp_path):
    with pytest.raises(FileNotFoundError, match=f"holds no Training and no Testing.*{FETCH}"):
        brain_tumor.load(tmp_path)
    with pytest.raises(FileNotFoundError, match=f"no real brain_tumor data.*{FETCH}"):
        brain_tumor.load()
