"""BraTS as 2-D slices, and read out of archives that stay packed."""

import tarfile
import tracemalloc
import zipfile

import nibabel
import numpy as np
import pytest

from unet_course.datasets import PHANTOM_MARK, brats
from unet_course.datasets.brats.files import open_set

TOP = "BraTS2020_TrainingData/MICCAI_BraTS2020_TrainingData"


@pytest.fixture
def folder(tmp_path):
    """Cases 2 and 10 in the real layout: 6 slices of 16 x 20 voxels, no brain in the lowest, a tumour from slice 3."""
    rng = np.random.default_rng(0)
    for number in (10, 2):
        case = f"BraTS20_Training_{number:03}"
        place = tmp_path / "set" / TOP / case
        place.mkdir(parents=True)
        brain = np.zeros((20, 16, 6), bool)
        brain[3:17, 2:14, 1:] = True
        for modality in brats.MODALITIES:
            save(place / f"{case}_{modality}.nii.gz", np.where(brain, rng.integers(50, 900, brain.shape), 0), np.int16)
        labels = np.zeros(brain.shape)
        labels[5:8, 4, 3:] = np.array([1, 2, 2 if number == 2 else 4])[:, None]
        save(place / f"{case}_seg.nii.gz", labels, np.uint8)
    (tmp_path / "set" / TOP / "survival_info.csv").write_text(
        "Brats20ID,Age,Survival_days\nBraTS20_Training_010,61.5,200\n",
        encoding="utf-8",
    )
    return tmp_path / "set"


def save(path, volume, dtype):
    nibabel.save(nibabel.Nifti1Image(volume.astype(dtype), np.diag([-1.0, -1, 1, 1])), path)


def pack(folder, archive, *, backwards=False):
    files = sorted((path for path in folder.rglob("*") if path.is_file()), reverse=backwards)
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
            for file in files:
                bundle.write(file, file.relative_to(folder))
    else:
        with tarfile.open(archive, "w:gz" if archive.suffix == ".gz" else "w") as bundle:
            for file in files:
                bundle.add(file, file.relative_to(folder))
    return archive


def test_every_slice_with_brain_is_an_entry_of_its_own(data_root, folder):
    dataset = brats.load_slices(folder)
    assert dataset.images.shape == (10, 16, 20, 4) and dataset.images.dtype == np.uint8
    assert dataset.masks.shape == (10, 16, 20) and dataset.masks.dtype == np.uint8
    index = dataset.index
    assert index.slice.tolist() == [1, 2, 3, 4, 5] * 2, "slice 0 shows no brain"
    assert index.group.unique().tolist() == ["BraTS20_Training_002", "BraTS20_Training_010"], "2 before 10"
    assert index.id[6] == "BraTS20_Training_010_2" and index.path[6] == f"{TOP}/BraTS20_Training_010"
    assert index.has_tumour.tolist() == [False, False, True, True, True] * 2
    assert index.has_enhancing.tolist() == [False] * 5 + [False, False, True, True, True]
    assert index[["pixels_1", "pixels_2", "pixels_4"]].values.tolist()[2::5] == [[1, 2, 0], [1, 1, 1]]
    assert index[["depth", "height", "width"]].values.tolist() == [[6, 16, 20]] * 10
    np.testing.assert_array_equal(index.age, [np.nan] * 5 + [61.5] * 5)
    assert dataset.instances is None and dataset.key == "brats" and dataset.source == "real"


def test_slices_are_those_of_the_volumes(data_root, folder):
    volumes, slices = brats.load(folder), brats.load_slices(folder)
    np.testing.assert_array_equal(slices.masks, np.concatenate(volumes.masks[:, 1:]))
    np.testing.assert_array_equal(slices.images, np.concatenate([brats.to_grey(case)[1:] for case in volumes.images]))


def test_grey_levels_are_standard_deviations_of_the_whole_brain(data_root, folder):
    images, _ = brats.read_case(brats.case_folders(folder)[0])
    grey = brats.to_grey(images)
    assert ((grey == 0) == (images <= 0)).all(), "0 is outside the brain, and only there"
    low, high = brats.Z_RANGE
    back = (grey.astype(float) - 1) / 254 * (high - low) + low
    inside = images > 0
    assert np.abs(back - brats.zscore(images))[inside].max() <= 0.5 * (high - low) / 254 + 1e-6


def test_extreme_values_stay_in_range():
    volume = np.full((1, 100, 100, 1), 100, np.int16)
    volume[0, 0, :2, 0] = 30_000, 1
    assert brats.to_grey(volume)[0, 0, :2, 0].tolist()[0] == 255
    assert brats.to_grey(volume).min() >= 1


def test_labels_are_never_mixed_by_resizing(data_root, folder):
    dataset = brats.load_slices(folder, size=40)
    assert dataset.images.shape == (10, 40, 40, 4) and dataset.masks.shape == (10, 40, 40)
    assert set(np.unique(dataset.masks)) <= {0, 1, 2, 4}
    own = brats.load_slices(folder)
    assert dataset.content_hash == own.content_hash, "the same data, at another size"
    assert dataset.index.equals(own.index), "pixels are counted at the slice's own size"


@pytest.mark.parametrize("name", ["set.zip", "set.tar", "set.tar.gz"])
@pytest.mark.parametrize("backwards", [False, True])
def test_an_archive_is_read_as_it_is(data_root, folder, tmp_path, name, backwards):
    archive = pack(folder, tmp_path / name, backwards=backwards)
    before = sorted(tmp_path.iterdir())
    packed, plain = brats.load_slices(archive, size=8), brats.load_slices(folder, size=8)
    np.testing.assert_array_equal(packed.images, plain.images)
    np.testing.assert_array_equal(packed.masks, plain.masks)
    assert packed.index.equals(plain.index) and packed.content_hash == plain.content_hash
    assert brats.load(archive).content_hash == brats.load(folder).content_hash
    assert sorted(tmp_path.iterdir()) == sorted([*before, data_root]), "nothing is unpacked beside it"
    assert not list(data_root.rglob("*.nii*")) and not list(data_root.rglob("*.npz"))


def test_a_packed_tar_is_read_front_to_back(folder, tmp_path):
    archive = pack(folder, tmp_path / "set.tar.gz", backwards=True)
    with open_set(archive) as found:
        assert list(found.cases) == ["BraTS20_Training_002", "BraTS20_Training_010"]
        assert found.as_stored() == ["BraTS20_Training_010", "BraTS20_Training_002"]


def test_of_copies_in_an_archive_the_one_nearest_the_top_counts(data_root, folder, tmp_path):
    archive = pack(folder, tmp_path / "set.zip")
    with zipfile.ZipFile(archive, "a") as bundle:
        bundle.writestr("__MACOSX/BraTS20_Training_002/._BraTS20_Training_002_t1.nii", b"left by macOS")
        bundle.writestr(f"again/{TOP}/BraTS20_Training_002/BraTS20_Training_002_t1.nii", b"a second copy")
        bundle.writestr(PHANTOM_MARK, b"{}")
    dataset = brats.load(archive)
    assert dataset.index.path[0] == f"{TOP}/BraTS20_Training_002" and dataset.source == "phantom"


def test_one_case_of_an_archive_is_in_memory_at_a_time(data_root, folder, tmp_path):
    case = folder / TOP / "BraTS20_Training_002"
    rng = np.random.default_rng(0)
    peaks = []
    for count in (1, 1, 5):  # the first warms up
        with zipfile.ZipFile(tmp_path / f"{len(peaks)}.zip", "w") as bundle:
            for number in range(count):
                for file in case.iterdir():
                    volume = rng.integers(1, 900, (64, 64, 24)) if "seg" not in file.name else np.zeros((64, 64, 24))
                    save(file, volume, np.int16)
                    name = f"BraTS20_Training_{number:03}"
                    bundle.write(file, f"{name}/{file.name.replace(case.name, name)}")
        tracemalloc.start()
        brats.load_slices(tmp_path / f"{len(peaks)}.zip", size=16)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.5 * peaks[1]


def test_the_real_excerpt_as_slices(real, tmp_path):
    root = real("brats")
    if len(brats.case_folders(root)) != 2:
        pytest.skip("counts are known for the course's excerpt of two cases only")
    dataset = brats.load_slices(root, size=128)
    assert dataset.images.shape == (41, 128, 128, 4)
    assert dataset.index.groupby("group").slice.count().tolist() == [16, 25]
    assert dataset.index[["pixels_1", "pixels_2", "pixels_4"]].sum().tolist() == [27355, 80809, 27559]
    assert dataset.index.has_tumour.all()
    assert dataset.content_hash.startswith("eaac9ae6")
    packed = brats.load_slices(pack(root, tmp_path / "real.zip"), size=128)
    np.testing.assert_array_equal(packed.images, dataset.images)
