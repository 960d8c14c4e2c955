import numpy as np
import pytest
from PIL import Image

from unet_course.datasets import locate, nuclei


def test_reads_pictures_masks_and_labels(data_root, tmp_path, write_nuclei):
    dataset = nuclei.load(write_nuclei(tmp_path / "set"))
    assert dataset.source == "real" and len(dataset) == 3
    assert dataset.images.shape == (3, 40, 48, 3) and dataset.images.dtype == np.uint8
    assert np.unique(dataset.images[1]).tolist() == [12, 170]
    assert [int((dataset.instances[2] == k).sum()) for k in (1, 2, 3)] == [80, 80, 80]
    np.testing.assert_array_equal(dataset.masks, dataset.instances > 0)
    assert dataset.index.n_instances.tolist() == [3, 3, 3]
    assert set(dataset.index.image_type) == {"fluorescence"}


def test_pictures_of_different_sizes_stay_different(data_root, tmp_path, write_nuclei):
    root = write_nuclei(tmp_path / "set")
    extra = write_nuclei(tmp_path / "other", 1) / "stage1_train" / f"{0:064x}"
    for file in extra.rglob("*.png"):
        Image.open(file).crop((0, 0, 48, 30)).save(file)
    extra.rename(root / "stage1_train" / ("f" * 64))
    dataset = nuclei.load(root)
    assert [image.shape for image in dataset.images] == [(40, 48, 3)] * 3 + [(30, 48, 3)]
    assert dataset.take([3, 0]).images[0].shape == (30, 48, 3)
    small = nuclei.load(root, size=16)
    assert small.images.shape == (4, 16, 16, 3) and small.masks.shape == (4, 16, 16)
    assert set(np.unique(small.instances)) == {0, 1, 2, 3}, "labels are never mixed by resizing"
    assert small.content_hash == dataset.content_hash


def test_overlapping_masks_keep_the_first_label_and_are_counted():
    first, second, hidden = np.zeros((3, 4, 4), bool)
    first[:2], second[1:3], hidden[0] = True, True, True
    labels = nuclei.merge_masks([first, hidden, second], (4, 4))
    assert labels[:, 0].tolist() == [1, 1, 2, 0], "a hidden mask leaves no gap in the numbers"


def test_mask_names_of_the_mended_release_are_read(data_root, tmp_path, write_nuclei):
    root = write_nuclei(tmp_path / "set", 1)
    masks = next(root.glob("stage1_train/*/masks"))
    (masks / f"{0:064x}.png").rename(masks / "mask1.png")
    assert nuclei.load(root).index.n_instances.tolist() == [3]


@pytest.mark.parametrize(
    ("colour", "expected"),
    [((20, 20, 20), "fluorescence"), ((230, 230, 230), "brightfield"), ((200, 150, 210), "purple")],
)
def test_image_type_by_colour(colour, expected):
    assert nuclei.image_type(np.full((8, 8, 3), colour, np.uint8)) == expected


def test_content_hash_follows_the_pixels_not_the_files(data_root, tmp_path, write_nuclei):
    root = write_nuclei(tmp_path / "set")
    before = nuclei.load(root).content_hash
    picture = next(root.glob("stage1_train/*/images/*.png"))
    Image.open(picture).save(picture, compress_level=0)
    assert nuclei.load(root).content_hash == before
    changed = np.array(Image.open(picture))
    changed[0, 0, 0] += 1
    Image.fromarray(changed).save(picture)
    assert nuclei.load(root).content_hash != before


def test_locate_prefers_real_data(data_root, write_nuclei):
    write_nuclei(data_root / "phantoms" / "nuclei", 1)
    assert locate("nuclei") == data_root / "phantoms" / "nuclei"
    write_nuclei(data_root / "nuclei", 1)
    assert locate("nuclei") == data_root / "nuclei"
    assert locate("nuclei", "phantom") == data_root / "phantoms" / "nuclei"


def test_the_mended_release(real):
    dataset = nuclei.load(real("nuclei"))
    if len(dataset) != 664:
        pytest.skip("needs all 664 images of the mended release")
    counts = dataset.index.image_type.value_counts().to_dict()
    assert counts == {"fluorescence": 541, "purple": 107, "brightfield": 16}
    assert dataset.index.n_masks.sum() == 28_986
    assert (dataset.index.overlap > 0).sum() == 6
    assert len(set(zip(dataset.index.height, dataset.index.width, strict=True))) == 9


def test_the_real_excerpt(real):
    dataset = nuclei.load(real("nuclei"))
    counts = dataset.index.image_type.value_counts().to_dict()
    if len(dataset) != 170:
        pytest.skip("counts are known for the course's excerpt of 170 images only")
    assert counts == {"fluorescence": 136, "purple": 31, "brightfield": 3}
    assert dataset.index.n_masks.sum() == 6826
    assert dataset.index.overlap.sum() == 4
    assert len(set(zip(dataset.index.height, dataset.index.width, strict=True))) == 6
    assert dataset.content_hash.startswith("1c4d9f7b")
