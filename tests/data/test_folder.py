import numpy as np
import pytest
from PIL import Image

from unet_course.datasets import DataError, folder, splits


@pytest.fixture
def mine(data_root, tmp_path):
    """Four images of two patients, of two sizes, with masks named in two ways."""
    for name, height in (("p1_a", 20), ("p1_b", 24), ("p2_a", 20), ("p2_b", 24)):
        mask = np.zeros((height, 30), np.uint8)
        mask[5:10, 5:15] = 7
        picture = np.full((height, 30, 3), 90, np.uint8)
        for place, pixels, ending in (("images", picture, ".jpg"), ("masks", mask, ".png")):
            (tmp_path / place).mkdir(exist_ok=True)
            suffix = "_mask" if place == "masks" and name.endswith("b") else ""
            Image.fromarray(pixels).save(tmp_path / place / f"{name}{suffix}{ending}")
    return tmp_path


def test_pictures_and_masks_are_paired_by_name(mine):
    dataset = folder.load(mine)
    assert dataset.index["id"].tolist() == ["p1_a", "p1_b", "p2_a", "p2_b"]
    assert [mask.shape for mask in dataset.masks] == [(20, 30), (24, 30), (20, 30), (24, 30)]
    assert all(mask.sum() == 50 and mask.max() == 1 for mask in dataset.masks)
    assert folder.load(mine, size=16).images.shape == (4, 16, 16, 3)


def test_groups_come_from_names_and_keep_patients_together(mine):
    dataset = folder.load(mine, group=lambda name: name.split("_")[0])
    assert dataset.index["group"].tolist() == ["p1", "p1", "p2", "p2"]
    with pytest.raises(ValueError, match="2 values of 'group'"):
        splits.split(dataset.index)


def test_a_picture_without_mask_is_named(mine):
    (mine / "masks" / "p2_a.png").unlink()
    with pytest.raises(DataError, match=r"p2_a.jpg has no mask .*p2_a.png \(1 of 4"):
        folder.load(mine)


def test_two_masks_for_one_picture_are_named(mine):
    (mine / "masks" / "p1_a_mask.png").write_bytes((mine / "masks" / "p1_a.png").read_bytes())
    with pytest.raises(DataError, match="could both be the mask of 'p1_a'"):
        folder.load(mine)


def test_a_mask_of_another_size_is_named(mine):
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(mine / "masks" / "p1_a.png")
    with pytest.raises(DataError, match="p1_a.png has 4 x 4 pixels, its image 20 x 30"):
        folder.load(mine)


def test_an_empty_folder_is_named(mine):
    with pytest.raises(FileNotFoundError, match="pictures holds no image .* images="):
        folder.load(mine, images="pictures")


def test_a_damaged_picture_is_named_without_a_download_as_remedy(mine):
    file = mine / "images" / "p1_b.jpg"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(DataError, match="p1_b.jpg is truncated or not an image .* Replace it"):
        folder.load(mine)
