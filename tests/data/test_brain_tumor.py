import numpy as np
import pytest
from PIL import Image

from unet_course.datasets import brain_tumor
from unet_course.datasets.duplicates import seen_in_training

WHOLE = 3264


@pytest.fixture
def root(data_root, tmp_path, write_brain_tumor):
    return write_brain_tumor(tmp_path / "set")


def with_comment(content):
    """The same JPEG image in other bytes: a comment after the mark that opens the file."""
    return content[:2] + b"\xff\xfe\x00\x06twin" + content[2:]


def test_reads_both_parts_in_natural_order(root):
    dataset = brain_tumor.load(root)
    assert dataset.key == "brain_tumor" and dataset.source == "real" and len(dataset) == 20
    assert dataset.images.shape == (20, 32, 40, 3) and dataset.images.dtype == np.uint8
    assert dataset.masks is None and dataset.instances is None
    assert dataset.index.id.tolist()[:4] == [
        "Training/glioma_tumor/gg (1).jpg",
        "Training/glioma_tumor/gg (2).jpg",
        "Training/glioma_tumor/gg (10).jpg",
        "Training/meningioma_tumor/gg (1).jpg",
    ]
    assert dataset.index.part.tolist() == ["Training"] * 12 + ["Testing"] * 8
    classes = ["glioma", "meningioma", "no_tumor", "pituitary"]
    assert dataset.index["class"].tolist() == [*np.repeat(classes, 3), *np.repeat(classes, 2)]


def test_each_line_belongs_to_its_file(root):
    dataset = brain_tumor.load(root)
    for path, image in zip(dataset.index.path, dataset.images, strict=True):
        np.testing.assert_array_equal(image, np.asarray(Image.open(root / path)), err_msg=path)
    assert dataset.index.id.is_unique, "file names repeat across classes, ids do not"
    assert (dataset.index.has_tumour == (dataset.index["class"] != "no_tumor")).all()
    assert dataset.index.has_tumour.sum() == 15


def test_pictures_keep_their_own_sizes_until_resized(root):
    file = root / "Testing" / "no_tumor" / "image.jpg"
    Image.open(file).crop((0, 0, 25, 30)).save(file)
    native = brain_tumor.load(root)
    assert native.images[17].shape == (30, 25, 3)
    assert native.index.loc[17, ["id", "height", "width"]].tolist() == ["Testing/no_tumor/image.jpg", 30, 25]
    small = brain_tumor.load(root, size=16)
    assert small.images.shape == (20, 16, 16, 3) and small.images.dtype == np.uint8
    assert small.index.equals(native.index) and small.content_hash == native.content_hash
    np.testing.assert_allclose(small.images[0].mean(), native.images[0].mean(), atol=3)


def test_the_same_pixels_in_other_bytes_are_one_group(root):
    first = root / "Training" / "no_tumor" / "gg (2).jpg"
    twin = root / "Testing" / "no_tumor" / "image(1).jpg"
    twin.write_bytes(with_comment(first.read_bytes()))
    assert twin.read_bytes() != first.read_bytes()
    index = brain_tumor.load(root).index
    groups = index.groupby("group").id.apply(list)
    shared = groups[groups.map(len) > 1]
    assert shared.to_dict() == {
        "Training/no_tumor/gg (2).jpg": ["Training/no_tumor/gg (2).jpg", "Testing/no_tumor/image(1).jpg"]
    }
    assert index.pixel_hash.nunique() == 19
    assert index.id[seen_in_training(index).loc[lambda seen: seen].index].tolist() == ["Testing/no_tumor/image(1).jpg"]


def test_content_hash_follows_pixels_and_places_not_bytes(root):
    before = brain_tumor.load(root).content_hash
    file = root / "Training" / "glioma_tumor" / "gg (10).jpg"
    file.write_bytes(with_comment(file.read_bytes()))
    assert brain_tumor.load(root).content_hash == before
    moved = file.rename(root / "Training" / "meningioma_tumor" / "gg (0).jpg")
    assert brain_tumor.load(root).content_hash != before, "another class, though the images keep their order"
    moved.rename(file)
    Image.open(file).rotate(180).save(file)
    assert brain_tumor.load(root).content_hash != before, "another image"


def test_hidden_files_and_folders_do_not_count(root):
    (root / "Training" / ".ipynb_checkpoints").mkdir()
    (root / "Training" / "no_tumor" / "._gg (1).jpg").write_bytes(b"left behind by macOS")
    assert len(brain_tumor.load(root)) == 20


def size_rule(index):
    """How often "512 x 512 pixels means tumour" is right, by part."""
    says_tumour = (index.height == 512) & (index.width == 512)
    return (says_tumour == index.has_tumour).groupby(index.part).mean().round(3).to_dict()


def test_the_real_excerpt(real):
    root = real("brain_tumor")
    if len(brain_tumor.picture_files(root)) != 560:
        pytest.skip("counts are known for the course's excerpt of 560 images only")
    index = brain_tumor.load(root).index
    assert set(index.groupby("part")["class"].value_counts().loc["Training"]) == {110}
    assert set(index.groupby("part")["class"].value_counts().loc["Testing"]) == {30}
    seen = seen_in_training(index)
    assert len(seen) == 120 and seen.sum() == 12
    assert seen.groupby(index["class"]).sum().to_dict() == {
        "glioma": 0, "meningioma": 2, "no_tumor": 9, "pituitary": 1
    }  # fmt: skip
    assert index.group.nunique() == index.pixel_hash.nunique() == 532
    assert index.groupby("group")["class"].nunique().max() == 1, "copies have one class"
    assert size_rule(index) == {"Training": 0.948, "Testing": 0.333}


@pytest.mark.slow
def test_the_whole_set(real):
    root = real("brain_tumor")
    if len(brain_tumor.picture_files(root)) != WHOLE:
        pytest.skip(f"needs all {WHOLE} images")
    index = brain_tumor.load(root).index
    assert index.groupby(["part", "class"]).size().to_dict() == {
        ("Training", "glioma"): 826, ("Training", "meningioma"): 822,
        ("Training", "no_tumor"): 395, ("Training", "pituitary"): 827,
        ("Testing", "glioma"): 100, ("Testing", "meningioma"): 115,
        ("Testing", "no_tumor"): 105, ("Testing", "pituitary"): 74,
    }  # fmt: skip
    seen = seen_in_training(index)
    assert len(seen) == 394 and seen.sum() == 251
    assert seen.groupby(index["class"]).sum().to_dict() == {
        "glioma": 18, "meningioma": 106, "no_tumor": 105, "pituitary": 22
    }  # fmt: skip
    assert index.group.nunique() == 2870
    assert index.groupby("group")["class"].nunique().max() == 1, "copies have one class"
    assert size_rule(index) == {"Training": 0.939, "Testing": 0.348}
