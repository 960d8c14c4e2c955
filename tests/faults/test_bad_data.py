"""Damaged data: each error names the file and says what to do, and nothing half-done stays behind."""

import pytest
from PIL import Image

from unet_course.datasets import DataError, locate, nuclei


@pytest.fixture
def root(data_root, tmp_path, write_nuclei):
    return write_nuclei(tmp_path / "set")


def first(root, pattern):
    return sorted(root.glob(f"stage1_train/*/{pattern}"))[0]


def test_no_mask_at_all(root):
    folder = first(root, "masks")
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(DataError, match=f"{folder} holds no mask.*unet-course data nuclei"):
        nuclei.load(root)


def test_truncated_picture(root):
    file = first(root, "images/*.png")
    file.write_bytes(file.read_bytes()[:90])
    with pytest.raises(DataError, match=f"{file} is truncated or not an image"):
        nuclei.load(root)


def test_truncated_mask(root):
    file = first(root, "masks/*.png")
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(DataError, match=f"{file} is truncated"):
        nuclei.load(root)


def test_mask_of_another_size(root):
    file = first(root, "masks/*.png")
    Image.open(file).resize((20, 10)).save(file)
    with pytest.raises(DataError, match=f"{file} has 10 x 20 pixels, its image 40 x 48"):
        nuclei.load(root)


def test_picture_missing(root):
    file = first(root, "images/*.png")
    file.unlink()
    with pytest.raises(DataError, match="holds 0 images instead of one"):
        nuclei.load(root)


def test_mended_after_an_error(root):
    file = first(root, "masks/*.png")
    content = file.read_bytes()
    file.write_bytes(b"")
    with pytest.raises(DataError):
        nuclei.load(root)
    file.write_bytes(content)
    assert len(nuclei.load(root)) == 3


def test_no_data_says_how_to_get_some(data_root):
    with pytest.raises(FileNotFoundError, match="unet-course data nuclei.*make_phantoms"):
        locate("nuclei")
    with pytest.raises(ValueError, match="source 'fake' is not known"):
        locate("nuclei", "fake")


def test_a_folder_of_something_else(data_root, tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no <id>/images"):
        nuclei.load(tmp_path)
