import tracemalloc

import nibabel
import numpy as np
import pytest

from unet_course.datasets import PHANTOM_MARK, brats

TOP = "BraTS2020_TrainingData/MICCAI_BraTS2020_TrainingData"
LPS, RAS = np.diag([-1.0, -1, 1, 1]), np.eye(4)
SHAPE = (6, 5, 4)  # x, y, z


def write_case(top, number, shape=SHAPE, suffix=".nii", affine=LPS, labels=(0, 1, 2, 4), segmentation="{id}_seg"):
    """One case in the real layout: modality k holds 100 k + number in its brain, label voxels lie along x."""
    case = f"BraTS20_Training_{number:03}"
    folder = top / case
    folder.mkdir(parents=True)
    for k, modality in enumerate(("flair", "t1", "t1ce", "t2"), 1):
        volume = np.zeros(shape, np.int16)
        volume[1:, 1:] = 100 * k + number
        nibabel.save(nibabel.Nifti1Image(volume, affine), folder / f"{case}_{modality}{suffix}")
    drawn = np.zeros(shape, np.uint8)
    drawn[: len(labels), 2, 1] = labels
    nibabel.save(nibabel.Nifti1Image(drawn, affine), folder / f"{segmentation.format(id=case)}{suffix}")
    return folder


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_reads_four_modalities_and_the_labels(tmp_path, suffix):
    images, labels = brats.read_case(write_case(tmp_path, 7, suffix=suffix))
    assert images.shape == (4, 5, 6, 4) and images.dtype == np.int16
    assert images[2, 3, 3].tolist() == [107, 207, 307, 407], "FLAIR, T1, T1 with contrast agent, T2"
    assert labels.shape == (4, 5, 6) and labels.dtype == np.uint8
    assert labels[1, 2].tolist() == [0, 1, 2, 4, 0, 0] and labels.sum() == 7


def test_the_misnamed_segmentation_of_case_355_is_found(tmp_path):
    folder = write_case(tmp_path, 355, segmentation="W39_1998.09.19_Segm")
    (folder / "._BraTS20_Training_355_t1.nii").write_bytes(b"left by macOS")
    assert brats.case_files(folder)["seg"].name == "W39_1998.09.19_Segm.nii"
    assert brats.read_case(folder)[1].max() == 4


def test_a_segmentation_by_its_name_wins_over_other_files(tmp_path):
    folder = write_case(tmp_path, 1)
    (folder / "my_prediction.nii").write_bytes(b"")
    assert brats.case_files(folder)["seg"].name == "BraTS20_Training_001_seg.nii"


@pytest.mark.parametrize("codes", ["LPS", "RAS", "LAS", "PIR"])
def test_the_front_is_up_and_the_left_of_the_patient_is_right(tmp_path, codes):
    folder = write_case(tmp_path, 1)
    upright = np.zeros(SHAPE, np.int16)
    upright[-1, 0, -1] = 9  # in x, y, z of BraTS: the patient's left, the front, the top
    change = nibabel.orientations.ornt_transform(
        *(nibabel.orientations.axcodes2ornt(tuple(name)) for name in ("LPS", codes))
    )
    image = nibabel.Nifti1Image(upright, LPS).as_reoriented(change)
    assert "".join(nibabel.aff2axcodes(image.affine)) == codes
    for file in folder.iterdir():
        nibabel.save(image if "seg" not in file.name else replaced(image, image.get_fdata() > 0), file)
    images, labels = brats.read_case(folder)
    assert images.shape == (4, 5, 6, 4)
    assert np.argwhere(images[..., 0]).tolist() == [[3, 0, 5]], "last slice, first row, last column"
    assert np.argwhere(labels).tolist() == [[3, 0, 5]]


def replaced(image, values):
    return nibabel.Nifti1Image(values.astype(np.uint8), image.affine)


def test_labels_follow_the_grid_of_the_pictures_whatever_their_own_header_says(tmp_path):
    folder = write_case(tmp_path, 1)
    before = brats.read_case(folder)[1]
    file = brats.case_files(folder)["seg"]
    nibabel.save(nibabel.Nifti1Image(nibabel.load(file).get_fdata().astype(np.uint8), RAS), file)
    np.testing.assert_array_equal(brats.read_case(folder)[1], before)


def test_labels_that_the_header_scales_are_read_scaled(tmp_path):
    folder = write_case(tmp_path, 7)
    file = folder / "BraTS20_Training_007_seg.nii"
    image = nibabel.load(file)
    raw = bytearray(file.read_bytes())
    raw[112:120] = np.array([0.1, -3], "<f4").tobytes()  # slope and intercept, which nibabel would undo
    raw[352:] = (np.asarray(image.dataobj) * 10 + 30).tobytes(order="F")
    file.write_bytes(raw)
    assert brats.read_case(folder)[1][1, 2].tolist() == [0, 1, 2, 4, 0, 0]


def test_loads_cases_in_natural_order_with_an_empty_enhancing_tumour(data_root, tmp_path):
    for number in (1000, 2, 120):
        write_case(tmp_path / TOP, number, labels=(0, 1, 2, 2) if number == 120 else (0, 1, 2, 4))
    dataset = brats.load(tmp_path)
    assert dataset.index.id.str[-3:].tolist() == ["002", "120", "000"]
    assert dataset.index.path[0] == f"{TOP}/BraTS20_Training_002"
    assert (dataset.index.group == dataset.index.id).all()
    assert dataset.images.shape == (3, 4, 5, 6, 4) and dataset.masks.shape == (3, 4, 5, 6)
    assert dataset.images[:, 2, 3, 3, 0].tolist() == [102, 220, 1100]
    assert dataset.instances is None and dataset.source == "real" and len(dataset) == 3
    assert dataset.index.has_enhancing.tolist() == [True, False, True]
    assert dataset.index[["voxels_1", "voxels_2", "voxels_4"]].values.tolist() == [[1, 1, 1], [1, 2, 0], [1, 1, 1]]
    assert dataset.index[["depth", "height", "width"]].values.tolist() == [[4, 5, 6]] * 3


def test_cases_of_different_sizes_stay_different(data_root, tmp_path):
    write_case(tmp_path, 1)
    write_case(tmp_path, 2, shape=(7, 8, 3))
    dataset = brats.load(tmp_path)
    assert [image.shape for image in dataset.images] == [(4, 5, 6, 4), (3, 8, 7, 4)]
    assert dataset.take([1]).masks[0].shape == (3, 8, 7)


def test_the_folder_or_one_around_it_will_do(data_root, tmp_path):
    write_case(tmp_path / TOP, 1)
    (tmp_path / "BraTS2020_ValidationData" / "BraTS20_Validation_001").mkdir(parents=True)
    (tmp_path / PHANTOM_MARK).write_text("{}", encoding="utf-8")
    for root in (tmp_path, tmp_path / "BraTS2020_TrainingData", tmp_path / TOP):
        dataset = brats.load(root)
        assert (root / dataset.index.path[0] / "BraTS20_Training_001_t1.nii").exists()
        assert dataset.source == ("phantom" if root == tmp_path else "real")


def test_the_tables_of_patients_are_joined_with_their_quirks(data_root, tmp_path):
    for number in (1, 2, 84, 100):
        write_case(tmp_path, number)
    (tmp_path / "name_mapping.csv").write_text(
        "Grade,BraTS_2017_subject_ID,BraTS_2020_subject_ID\nLGG,NA,BraTS20_Training_100\nHGG,x,BraTS20_Training_001\n"
        "HGG,x,BraTS20_Training_002\nHGG,x,BraTS20_Training_084\n",
        encoding="utf-8",
    )
    (tmp_path / "survival_info.csv").write_text(
        "\ufeffBrats20ID,Age,Survival_days,Extent_of_Resection\nBraTS20_Training_084,46.5,ALIVE (361 days later),GTR\n"
        "BraTS20_Training_001,60.463,289,NA\nBraTS20_Training_002,NA,NA,NA\n",
        encoding="utf-8",
    )
    index = brats.load(tmp_path).index
    assert index.grade.tolist() == ["HGG", "HGG", "HGG", "LGG"]
    np.testing.assert_array_equal(index.age, [60.463, np.nan, 46.5, np.nan])
    np.testing.assert_array_equal(index.survival_days, [289, np.nan, np.nan, np.nan])
    assert index.alive.tolist() == [False, False, True, False]


def test_without_the_tables_nothing_is_known_of_the_patients(data_root, tmp_path):
    write_case(tmp_path, 1)
    index = brats.load(tmp_path).index
    assert index[["grade", "age", "survival_days"]].isna().all(axis=None) and not index.alive[0]


def test_one_case_is_in_memory_at_a_time(data_root, tmp_path):
    peaks = []
    for count in (1, 1, 6):  # the first warms up
        for number in range(count):
            write_case(tmp_path / f"{len(peaks)}", number, shape=(64, 64, 32), suffix=".nii.gz")
        tracemalloc.start()
        brats.load(tmp_path / f"{len(peaks)}")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.5 * peaks[1]


def test_the_content_hash_follows_the_voxels_not_the_files(data_root, tmp_path):
    write_case(tmp_path / "plain", 1)
    write_case(tmp_path / "packed", 1, suffix=".nii.gz")
    write_case(tmp_path / "other", 1, labels=(0, 1, 2, 2))
    hashes = [brats.load(tmp_path / name).content_hash for name in ("plain", "packed", "other")]
    assert hashes[0] == hashes[1] != hashes[2]


def test_regions_lie_inside_one_another():
    found = brats.regions(np.array([[0, 1], [2, 4]]))
    assert found.dtype == bool and found.shape == (2, 2, 3)
    assert found[..., 0].tolist() == [[False, True], [True, True]], "whole tumour"
    assert found[..., 1].tolist() == [[False, True], [False, True]], "tumour core"
    assert found[..., 2].tolist() == [[False, False], [False, True]], "enhancing tumour"
    with pytest.raises(ValueError, match="found 3 where only the labels 0, 1, 2 and 4"):
        brats.regions([0, 3])


def test_normalise_counts_inside_the_brain_only():
    images = np.zeros((2, 3, 4, 3), np.int16)
    images[0, ..., 0] = np.arange(1, 13).reshape(3, 4) * 1000
    images[1, ..., 0] = -5
    images[0, ..., 1] = 7
    result = brats.zscore(images)
    assert result.dtype == np.float32 and result.shape == images.shape
    assert abs(result[0, ..., 0].mean()) < 1e-6 and abs(result[0, ..., 0].std() - 1) < 1e-6
    assert not result[1].any(), "background stays 0"
    assert not result[..., 1:].any(), "a constant and an empty modality become 0"


def test_the_real_excerpt(real):
    dataset = brats.load(real("brats"))
    if dataset.index.id.tolist() != ["BraTS20_Training_901", "BraTS20_Training_902"]:
        pytest.skip("counts are known for the course's excerpt of two cases only")
    assert [image.shape for image in dataset.images] == [(16, 240, 240, 4), (25, 240, 240, 4)]
    assert dataset.index.voxels_1.tolist() == [10885, 16470]
    assert dataset.index.voxels_2.tolist() == [31394, 49415]
    assert dataset.index.voxels_4.tolist() == [21877, 5682]
    assert dataset.index.has_enhancing.all()
    assert [int((image[..., 0] > 0).sum()) for image in dataset.images] == [248577, 434863]
    assert [image.max(axis=(0, 1, 2)).tolist() for image in dataset.images] == [
        [1113, 1082, 1484, 1258],
        [1268, 1074, 1205, 1325],
    ]
    assert brats.regions(dataset.masks[0]).sum(axis=(0, 1, 2)).tolist() == [64156, 32762, 21877]
    assert dataset.content_hash.startswith("2abfc2f6")


def test_the_real_whole_set(real):
    root = real("brats")
    if len(brats.case_folders(root)) != 369:
        pytest.skip("needs all 369 cases")
    files = [brats.case_files(folder) for folder in brats.case_folders(root)]
    assert [file["seg"].name for file in files if "_seg" not in file["seg"].name] == ["W39_1998.09.19_Segm.nii"]
