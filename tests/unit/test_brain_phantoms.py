"""The synthetic heads: physics that can be calculated, layouts that the readers read, defects that can be found."""

import hashlib
import json

import numpy as np
import pytest

from unet_course.datasets import PHANTOM_MARK, brain_tumor, brats, duplicates, lgg
from unet_course.phantoms import brain_tumor as draw_brain_tumor
from unet_course.phantoms import brats as draw_brats
from unet_course.phantoms import lgg as draw_lgg
from unet_course.phantoms.anatomy.atlas import CHANNELS, atlas
from unet_course.phantoms.anatomy.head import Head
from unet_course.phantoms.anatomy.mr import SEQUENCES, TISSUES, Scanner, Sequence, signal
from unet_course.phantoms.anatomy.space import Field, axial, coronal, sagittal
from unet_course.phantoms.anatomy.tumours import LowGrade, inside_white_matter

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data_root(tmp_path_factory):
    """An empty data folder for the caches of this file."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("data")
        patch.setenv("UNET_COURSE_DATA", str(root))
        yield root


@pytest.fixture(scope="module")
def gliomas(data_root):
    folder = draw_lgg.write(data_root / "phantoms" / "lgg", n_patients=8, n_slices=6, size=64, nested_copy=True)
    return lgg.load(folder)


@pytest.fixture(scope="module")
def volumes(data_root):
    folder = draw_brats.write(data_root / "phantoms" / "brats", n_cases=5, shape=(32, 32, 20))
    return brats.load(folder)


@pytest.fixture(scope="module")
def pictures(data_root):
    return brain_tumor.load(draw_brain_tumor.write(data_root / "phantoms" / "brain_tumor", n_images=60, size=64))


def all_bytes(folder):
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(path.relative_to(folder).as_posix().encode() + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()


# Physics


def test_an_inversion_pulse_nulls_the_tissue_whose_t1_fits():
    patient_repetition = Sequence(repetition=1e6, echo=100, inversion=1000)
    assert signal(patient_repetition, 1000 / np.log(2), 100, 1.0) == pytest.approx(0, abs=1e-12)


def test_a_spin_echo_gives_what_a_hand_calculates():
    assert signal(Sequence(500, 20), 1000, 80, 0.7) == pytest.approx(0.7 * (1 - np.exp(-0.5)) * np.exp(-0.25))


def test_flair_shows_a_tumour_bright_and_fluid_dark():
    levels = dict(zip(TISSUES, Scanner(np.random.default_rng(0)).levels("flair"), strict=True))
    assert levels["csf"] < 0.5 < levels["grey matter"] < levels["oedema"]


def test_contrast_agent_brightens_the_rim_and_leaves_fluid_alone():
    scanner = Scanner(np.random.default_rng(0))
    before, after = (dict(zip(TISSUES, scanner.levels(name), strict=True)) for name in ("t1", "t1ce"))
    assert after["rim"] > 1.5 * before["rim"] and after["csf"] == pytest.approx(before["csf"], rel=0.02)


def test_noise_in_air_has_the_mean_that_rice_gives():
    rng = np.random.default_rng(0)
    air = np.zeros((len(TISSUES), 128, 128), np.float32)
    air[0] = 1
    picture = Scanner(rng, snr=20).acquire(rng, air, "t2", np.float32(1))
    assert picture.mean() == pytest.approx(np.sqrt(np.pi / 2) / 20, rel=0.02)


def test_shading_is_known_smooth_and_about_one():
    field = Scanner(np.random.default_rng(3), shading=0.15).sensitivity(axial(10, 240, 64))
    assert 0.5 < field.mean() < 2 and 0.005 < field.std() < 0.5
    assert abs(np.diff(field, axis=0)).max() < 0.03


# Space


@pytest.mark.parametrize("plane", [axial(3, 240, 40), coronal(5, 250, (40, 30)), sagittal(-3, 250, 32)])
def test_a_field_on_a_plane_is_the_field_at_its_points(plane):
    field = Field(np.random.default_rng(0), 9.0)
    np.testing.assert_allclose(field.on(plane), field(plane.points()), atol=1e-4)


def test_fields_have_mean_zero_and_deviation_one():
    field = Field(np.random.default_rng(0), 5.0)
    values = np.stack([field.on(axial(z, 250, 64)) for z in range(-100, 100, 20)])
    assert abs(values.mean()) < 0.05 and values.std() == pytest.approx(1, abs=0.05)


def test_the_front_is_up_and_the_right_is_left_on_an_axial_plane():
    points = axial(0, 240, 8).points()
    assert points[0, 0, 0] > points[0, 0, -1] and points[1, 0, 0] > points[1, -1, 0]


# Anatomy


def test_the_atlas_knows_white_matter_brain_and_air():
    def at(*place):
        return dict(zip(CHANNELS, atlas()(np.array(place, np.float32)), strict=True))

    assert at(28, -20, 28)["white matter"] > 0.8
    assert at(0, -20, 20)["brain distance"] < -10 and at(0, -20, 20)["head distance"] < -10
    assert at(100, 120, 90)["head distance"] > 10
    assert at(32, 61, -36)["water"] == pytest.approx(1, abs=0.01)  # an eye


def test_tissues_share_each_pixel_among_them():
    rng = np.random.default_rng(5)
    head = Head(rng)
    tumour = LowGrade(rng, inside_white_matter(rng, head, 20), 20)
    fractions, _, _ = head.tissues(axial(float(tumour.centre[2]), 240, 64), tumour)
    np.testing.assert_allclose(fractions.sum(0), 1, atol=0.02)
    assert fractions.min() > -1e-5
    assert fractions[list(TISSUES).index("solid")].max() > 0.9


# Layouts


@pytest.mark.parametrize(
    ("write", "arguments"),
    [
        (draw_lgg.write, {"n_patients": 2, "n_slices": 2, "size": 32}),
        (draw_brats.write, {"n_cases": 1, "shape": (16, 16, 16)}),
        (draw_brain_tumor.write, {"n_images": 24, "size": 64}),
    ],
)
def test_a_seed_fixes_every_byte(write, arguments, tmp_path):
    first, again, other = (write(tmp_path / str(k), seed=seed, **arguments) for k, seed in enumerate((1, 1, 2)))
    assert all_bytes(first) == all_bytes(again) != all_bytes(other)


def test_what_is_there_already_is_left_alone_and_strange_files_are_kept(tmp_path):
    arguments = {"n_patients": 1, "n_slices": 2, "size": 32}
    folder = draw_lgg.write(tmp_path / "lgg", **arguments)
    before = (folder / PHANTOM_MARK).stat().st_mtime_ns
    draw_lgg.write(folder, **arguments)
    assert (folder / PHANTOM_MARK).stat().st_mtime_ns == before
    assert json.loads((folder / PHANTOM_MARK).read_text(encoding="utf-8"))["n_patients"] == 1

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "scan.tif").touch()
    with pytest.raises(ValueError, match="may hold real data"):
        draw_lgg.write(tmp_path / "mine", **arguments)
    assert (tmp_path / "mine" / "scan.tif").exists()


@pytest.mark.parametrize(
    ("write", "arguments"),
    [
        (draw_lgg.write, {"n_patients": 0}),
        (draw_lgg.write, {"size": 16}),
        (draw_brats.write, {"shape": (8, 64, 64)}),
        (draw_brain_tumor.write, {"n_images": 8}),
    ],
)
def test_impossible_sizes_are_refused_before_anything_is_written(write, arguments, tmp_path):
    with pytest.raises(ValueError, match="cannot be drawn"):
        write(tmp_path / "set", **arguments)
    assert not (tmp_path / "set").exists()


def test_the_lgg_reader_reads_patients_sites_and_slices_once(gliomas):
    assert gliomas.source == "phantom" and len(gliomas) == 8 * 6  # not twice, although there is a second copy
    assert gliomas.index["group"].nunique() == 8 and gliomas.index["site"].nunique() >= 3
    assert (
        gliomas.images[0].shape == (64, 64, 3)
        and gliomas.index["has_tumour"].groupby(gliomas.index["group"]).any().all()
    )
    assert gliomas.index["gender"].notna().any()


def test_tumours_are_drawn_inside_the_head_and_brighter_than_it_on_flair(gliomas):
    brighter = []
    for image, mask in zip(gliomas.images, gliomas.masks, strict=True):
        flair, inside = image[..., 1].astype(float), mask > 0
        if inside.sum() > 30:
            assert (flair[inside] > 5).mean() > 0.95
            brighter.append(flair[inside].mean() > flair[~inside & (flair > 15)].mean())
    assert len(brighter) >= 5 and np.mean(brighter) > 0.5


def test_patients_without_a_sequence_have_copies_of_flair(gliomas):
    missing = lgg.missing_sequences(gliomas)
    assert missing["pre_contrast"].sum() == 1 and missing["post_contrast"].sum() == 2


def test_brats_has_its_labels_its_misnamed_file_and_a_tumour_without_enhancement(volumes):
    assert set(np.unique(np.concatenate([mask.ravel() for mask in volumes.masks]))) == {0, 1, 2, 4}
    assert volumes.index["has_enhancing"].tolist() == [True, True, True, False, True]
    assert volumes.index["id"].iloc[-1] == "BraTS20_Training_355"
    assert (volumes.root / volumes.index["path"].iloc[-1] / "W39_1998.09.19_Segm.nii").exists()
    assert volumes.index["alive"].any() and volumes.index["survival_days"].isna().any()


def test_brats_volumes_have_no_skull_and_the_cerebellum_at_the_back(volumes):
    image = volumes.images[0]
    assert image.dtype == np.int16 and (image[..., 0] == 0).mean() > 0.4 and image.min() == 0
    brain = image[..., 1] > 0
    lowest = np.flatnonzero(brain.sum((1, 2)) > 20)[0]
    assert np.nonzero(brain[lowest])[0].mean() > brain.shape[1] / 2


def test_compressed_volumes_hold_the_same_voxels(tmp_path):
    plain, packed = (
        draw_brats.write(tmp_path / name, n_cases=1, shape=(16, 16, 16), compressed=name == "packed", misnamed=False)
        for name in ("plain", "packed")
    )
    cases = [brats.read_case(folder / draw_brats.TOP / "BraTS20_Training_001") for folder in (plain, packed)]
    for one, other in zip(*cases, strict=True):
        np.testing.assert_array_equal(one, other)


def test_pictures_keep_the_defects_of_the_real_set(pictures):
    index = pictures.index
    training = index["part"] == "Training"
    square = (index["height"] == 64) & (index["width"] == 64)
    size_rule = (square == index["has_tumour"])[training].mean()
    assert size_rule > 0.85
    seen = duplicates.seen_in_training(index)
    assert seen[index["class"][~training].eq("no_tumor").reindex(seen.index, fill_value=False)].all()
    assert not seen.all()


def test_twins_have_equal_pixels_and_mostly_other_bytes(pictures):
    folder = pictures.root
    twins = pictures.index.groupby("pixel_hash").filter(lambda some: len(some) > 1).groupby("pixel_hash")["path"]
    pairs = [[(folder / path).read_bytes() for path in paths][:2] for _, paths in twins]
    equal = [one == other for one, other in pairs]
    assert any(equal) and not all(equal)


def test_without_defects_no_picture_is_there_twice_and_size_tells_nothing(tmp_path, data_root):
    dataset = brain_tumor.load(draw_brain_tumor.write(tmp_path / "clean", n_images=60, size=64, defects=False))
    assert dataset.index["pixel_hash"].is_unique
    square = (dataset.index["height"] == 64).groupby(dataset.index["has_tumour"]).mean()
    assert abs(square[True] - square[False]) < 0.4


def test_every_sequence_is_one_that_a_data_set_has():
    assert set(SEQUENCES) == {"t1", "t1ce", "t2", "flair"} == set(brats.MODALITIES)
