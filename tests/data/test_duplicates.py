import numpy as np
import pandas as pd
import pytest
from PIL import Image

from unet_course.datasets import brain_tumor, duplicates


@pytest.fixture
def picture():
    """A smooth image with soft shapes, far from black and white, so that brightening clips nothing."""
    coarse = np.random.default_rng(3).integers(60, 190, (7, 7), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((120, 100), Image.Resampling.BICUBIC).convert("RGB"))


def hamming(a, b):
    return int(a ^ b).bit_count()


def test_pixel_hash_sees_every_pixel_and_the_shape(picture):
    changed = picture.copy()
    changed[50, 60, 1] ^= 1
    assert duplicates.pixel_hash(picture) == duplicates.pixel_hash(picture.copy())
    assert duplicates.pixel_hash(picture) == duplicates.pixel_hash(picture[::-1][::-1]), "not the order in memory"
    assert duplicates.pixel_hash(picture) != duplicates.pixel_hash(changed)
    assert duplicates.pixel_hash(picture) != duplicates.pixel_hash(picture.reshape(120, 100, 3))
    assert len(duplicates.pixel_hash(picture)) == 64


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image + np.uint8(20),
        lambda image: (image * 0.8).astype(np.uint8),
        lambda image: np.asarray(Image.fromarray(image).resize((60, 50))),
        lambda image: image[..., 0],
    ],
    ids=["brighter", "less contrast", "smaller", "one channel"],
)
def test_perceptual_hash_stays_for_the_same_scene(picture, change):
    before, after = duplicates.perceptual_hash(picture), duplicates.perceptual_hash(change(picture))
    assert before.dtype == np.uint64
    assert hamming(before, after) <= 4


@pytest.mark.parametrize("change", [np.fliplr, np.rot90, lambda image: 255 - image], ids=["flip", "turn", "negative"])
def test_perceptual_hash_differs_for_another_scene(picture, change):
    assert hamming(duplicates.perceptual_hash(picture), duplicates.perceptual_hash(change(picture))) > 20


def test_perceptual_hash_sets_half_of_the_bits(picture):
    assert int(duplicates.perceptual_hash(picture)).bit_count() == 32


@pytest.mark.parametrize("pattern", [lambda size: 0, lambda size: 80 * (np.arange(size) % 2)], ids=["blank", "stripes"])
def test_pictures_without_a_pattern_are_told_apart_and_copies_found(pattern):
    made = [np.full((size, size), grey + pattern(size), np.uint8) for grey in (0, 90, 127, 170) for size in (64, 64)]
    hashes = [duplicates.perceptual_hash(picture) for picture in made]
    assert duplicates.near_duplicates(hashes, distance=8) == [(0, 1), (2, 3), (4, 5), (6, 7)]
    assert duplicates.perceptual_hash(np.dstack([made[2]] * 3)) == hashes[2], "colour or one channel"


def test_near_duplicates_counts_bits_like_python():
    hashes = np.random.default_rng(0).integers(0, 2**64, 60, dtype=np.uint64)
    hashes[7], hashes[40], hashes[41] = hashes[3], hashes[3] ^ np.uint64(2**63 + 1), ~hashes[3]
    for distance in (0, 1, 2, 25, 64):
        expected = [(i, j) for i in range(60) for j in range(i + 1, 60) if hamming(hashes[i], hashes[j]) <= distance]
        assert duplicates.near_duplicates(hashes, distance=distance) == expected
    assert duplicates.near_duplicates(hashes, distance=0) == [(3, 7)]
    assert (3, 41) not in duplicates.near_duplicates(hashes, distance=63)
    assert duplicates.near_duplicates([], distance=4) == []


@pytest.mark.parametrize("distance", [-1, 65])
def test_a_distance_that_cannot_be(distance):
    with pytest.raises(ValueError, match="hashes have 64 bits"):
        duplicates.near_duplicates([0], distance=distance)


def test_seen_in_training_looks_from_testing_at_training_only():
    index = pd.DataFrame(
        {
            "part": ["Training", "Testing", "Testing", "Training", "Testing", "Testing"],
            "pixel_hash": ["a", "a", "b", "c", "c", "b"],
        },
        index=[10, 11, 12, 13, 14, 15],
    )
    seen = duplicates.seen_in_training(index)
    assert seen.to_dict() == {11: True, 12: False, 14: True, 15: False}, "twice in Testing is not seen in Training"


def brighten(source, target):
    Image.fromarray(np.asarray(Image.open(source)) + np.uint8(12)).save(target, quality=95)


def test_groups_join_copies_and_chains_of_near_copies(data_root, tmp_path, write_brain_tumor):
    root = write_brain_tumor(tmp_path / "set")
    first = root / "Training" / "glioma_tumor" / "gg (1).jpg"
    brighter = root / "Testing" / "pituitary_tumor" / "image.jpg"
    brighten(first, brighter)
    copy = root / "Training" / "no_tumor" / "gg (10).jpg"
    copy.write_bytes(brighter.read_bytes())
    dataset = brain_tumor.load(root)
    assert dataset.index.group.nunique() == 19, "the brighter image has other pixels"
    groups = duplicates.duplicate_groups(dataset, distance=4)
    assert groups.name == "group" and groups.nunique() == 18
    joined = dataset.index.id[groups == "Training/glioma_tumor/gg (1).jpg"].tolist()
    assert joined == [path.relative_to(root).as_posix() for path in (first, copy, brighter)]
    assert (groups[groups != joined[0]] == dataset.index.id[groups != joined[0]]).all(), "the others stay alone"


def test_groups_keep_what_belongs_together(data_root, tmp_path, write_brain_tumor):
    dataset = brain_tumor.load(write_brain_tumor(tmp_path / "set"))
    dataset.index["group"] = ["patient 1"] * 5 + ["patient 2"] * 15
    assert duplicates.duplicate_groups(dataset, distance=0).tolist() == (
        [dataset.index.id[0]] * 5 + [dataset.index.id[5]] * 15
    )


def test_groups_follow_the_order_of_the_data_set(data_root, tmp_path, write_brain_tumor):
    dataset = brain_tumor.load(write_brain_tumor(tmp_path / "set")).take([7, 3, 11])
    assert duplicates.duplicate_groups(dataset, distance=0).tolist() == dataset.index.id.tolist()


def test_the_real_excerpt(real):
    root = real("brain_tumor")
    if len(brain_tumor.picture_files(root)) != 560:
        pytest.skip("counts are known for the course's excerpt of 560 images only")
    dataset = brain_tumor.load(root)
    groups = duplicates.duplicate_groups(dataset, distance=4)
    assert dataset.index.group.nunique() == 532 and groups.nunique() == 524
    assert groups.value_counts().max() == 3, "no chain runs away"
    train = dataset.index.part == "Training"
    assert groups[~train].isin(groups[train]).sum() == 15, "three more than with equal pixels"
