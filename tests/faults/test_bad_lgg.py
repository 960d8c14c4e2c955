"""Damaged LGG data: each error names the file and says what to do, in one line."""

import numpy as np
import pytest
from PIL import Image

from unet_course.datasets import DataError, lgg

REMEDY = "names every bad file; move the folder away, then `unet-course data lgg`"


@pytest.fixture
def root(data_root, tmp_path, write_lgg):
    return write_lgg(tmp_path / "set")


@pytest.fixture
def file(root):
    """One slice; its mask lies beside it."""
    return root / "kaggle_3m" / "TCGA_DU_0002_20000101" / "TCGA_DU_0002_20000101_2.tif"


@pytest.fixture
def mask(file):
    return file.with_name(f"{file.stem}_mask.tif")


def refused(root, message):
    with pytest.raises(DataError, match=f"{message}.*{REMEDY}") as error:
        lgg.load(root)
    assert "\n" not in str(error.value)


def test_slice_without_mask(root, file, mask):
    mask.unlink()
    refused(root, f"{file} has no mask {mask.name}")


def test_mask_without_slice(root, file, mask):
    file.unlink()
    refused(root, f"{mask} is the mask of a slice that is missing")


@pytest.mark.parametrize("kept", [0, 6, 150, 0.5, 0.99])
@pytest.mark.parametrize("what", ["file", "mask"])
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow warns before it gives up
def test_truncated(root, request, what, kept):
    path = request.getfixturevalue(what)
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    refused(root, f"{path} is truncated or not an image")


def test_mask_of_another_size(root, mask):
    Image.open(mask).resize((12, 16)).save(mask)
    refused(root, f"{mask} has 16 x 12 pixels, its slice 32 x 24")


@pytest.mark.parametrize("value", [1, 128, 254])
def test_mask_with_other_values(root, mask, value):
    changed = np.array(Image.open(mask))
    changed[3, 3] = value
    Image.fromarray(changed).save(mask)
    refused(root, f"{mask} holds the value {value}")


def test_strange_name(root, file):
    path = file.rename(file.with_name("TCGA_HT_0003_20000101_2.tif"))
    refused(root, f"{path} is not named TCGA_DU_0002_20000101_<number>.tif")


def test_patient_without_slices(root, file):
    for path in file.parent.iterdir():
        path.unlink()
    refused(root, f"{file.parent} holds no slice")


def test_no_patients(root, tmp_path):
    empty = tmp_path / "empty"
    (root / "kaggle_3m").rename(root / "elsewhere")
    for folder in (root, root / "kaggle_3m", empty):
        with pytest.raises(FileNotFoundError, match="holds no TCGA_.*contains kaggle_3m.*unet-course data lgg"):
            lgg.load(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a table"),
        (b"\xff\xfe\x00", "is not a table"),
        (b"Patient,gender\nA,1\nB,1,2,3\n", "is not a table"),
        (b"Case,gender\nTCGA_CS_0001,1\n", "has no column Patient, or a patient twice"),
        (b"Patient,gender\nTCGA_CS_0001,1\nTCGA_CS_0001,2\n", "has no column Patient, or a patient twice"),
    ],
)
def test_clinical_table_that_cannot_be_read(root, content, message):
    path = root / "kaggle_3m" / "data.csv"
    path.write_bytes(content)
    refused(root, f"{path} {message}")


def test_mended_after_an_error(root, file):
    content = file.read_bytes()
    file.write_bytes(content[:-100])
    with pytest.raises(DataError):
        lgg.load(root)
    file.write_bytes(content)
    assert len(lgg.load(root)) == 16
