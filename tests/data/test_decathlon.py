"""The Decathlon's layout, one file with four modalities a patient, read into the same arrays as BraTS 2020."""

import nibabel
import numpy as np
import pytest

from unet_course.datasets import DataError, brats, locate
from unet_course.datasets.brats import decathlon
from unet_course.datasets.published import download

LPS = np.diag([-1.0, -1, 1, 1])
SHAPE = (6, 5, 4)  # x, y, z


def write_case(root, number, affine=LPS, labels=(0, 1, 2, 3), suffix=".nii.gz", modalities=4, drawn_on=SHAPE):
    """Volume k holds 100 k + number in its brain, labels lie along x; the image file's path without the ending."""
    top = root / "Task01_BrainTumour"
    volume = np.zeros((*SHAPE, modalities), np.float32)
    volume[1:, 1:] = 100 * np.arange(1, modalities + 1) + number
    drawn = np.zeros(drawn_on, np.uint8)
    drawn[: len(labels), 2, 1].T[...] = labels
    for part, array in (("imagesTr", volume), ("labelsTr", drawn)):
        (top / part).mkdir(parents=True, exist_ok=True)
        nibabel.save(nibabel.Nifti1Image(array, affine), top / part / f"BRATS_{number:03}{suffix}")
    return top / "imagesTr" / f"BRATS_{number:03}"


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_case_becomes_what_brats_has(tmp_path, suffix):
    images, labels = brats.read_case(write_case(tmp_path, 7, suffix=suffix))
    assert images.shape == (4, 5, 6, 4) and images.dtype == np.int16 and images.flags.c_contiguous
    assert images[2, 3, 3].tolist() == [107, 207, 307, 407], "FLAIR, T1, T1 with contrast agent, T2"
    assert labels.shape == (4, 5, 6) and labels.dtype == np.uint8
    assert labels[1, 2].tolist() == [0, 2, 1, 4, 0, 0], "oedema, core, enhancing"
    assert brats.regions(labels)[1, 2, :4].tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]]


@pytest.mark.parametrize("codes", ["LPS", "RAS", "PIR"])
def test_the_header_says_where_up_is(tmp_path, codes):
    case = write_case(tmp_path, 1)
    expected = brats.read_case(case)
    wanted, stored = (nibabel.orientations.axcodes2ornt(tuple(name)) for name in ("LPS", codes))
    for path in decathlon.files(case):
        turned = nibabel.load(path).as_reoriented(nibabel.orientations.ornt_transform(wanted, stored))
        assert "".join(nibabel.aff2axcodes(turned.affine)) == codes
        nibabel.save(nibabel.Nifti1Image(np.asanyarray(turned.dataobj), turned.affine), path)
    for array, before in zip(brats.read_case(case), expected, strict=True):
        np.testing.assert_array_equal(array, before)


def test_chapters_find_the_cases_where_they_look_for_brats(data_root):
    for number in (10, 2, 100):
        write_case(data_root / "brats", number)
    (data_root / "brats/Task01_BrainTumour/imagesTr/._BRATS_002.nii.gz").write_bytes(b"left by macOS")
    root = locate("brats", "real")
    cases = brats.case_folders(root)
    assert [case.name for case in cases] == ["BRATS_002", "BRATS_010", "BRATS_100"]
    assert brats.origin(root).startswith("Decathlon") and "1, 2, 3 of its files read as 2, 1, 4" in brats.origin(root)
    files = brats.case_files(cases[0])
    assert files["flair"] == files["t2"] == root / "Task01_BrainTumour/imagesTr/BRATS_002.nii.gz"
    assert files["seg"] == root / "Task01_BrainTumour/labelsTr/BRATS_002.nii.gz"
    dataset = brats.load()
    assert dataset.index.group.tolist() == ["BRATS_002", "BRATS_010", "BRATS_100"]
    assert dataset.index.path[1] == "Task01_BrainTumour/imagesTr/BRATS_010" and dataset.source == "real"
    assert dataset.images[:, 2, 3, 3, 0].tolist() == [102, 110, 200]
    assert dataset.index[["voxels_1", "voxels_2", "voxels_4"]].values.tolist() == [[1, 1, 1]] * 3
    slices = brats.load_slices(size=4)
    assert slices.images.shape == (12, 4, 4, 4) and slices.index.group.nunique() == 3
    assert download.describe("brats", root) == "3 cases (an excerpt of the Decathlon's training set)"


def test_other_labels_are_not_taken_for_the_old_ones_from_the_cache(data_root):
    _, labels = decathlon.files(write_case(data_root / "brats", 1))
    before = brats.load().masks[0].max()
    nibabel.save(nibabel.Nifti1Image(np.ones(SHAPE, np.uint8), LPS), labels)
    assert (before, brats.load().masks[0].max()) == (4, 2)


def test_brats_2020_says_that_it_is(tmp_path):
    (tmp_path / "BraTS20_Training_001").mkdir()
    assert brats.origin(tmp_path) == "BraTS 2020"
    with pytest.raises(FileNotFoundError, match="and no Task01_BrainTumour.*unet-course data brats"):
        brats.origin(tmp_path / "BraTS20_Training_001")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": (0, 4, 7)}, r"labelsTr/BRATS_001.nii.gz: found 4, 7 where only the labels 0 to 3"),
        ({"modalities": 3}, r"imagesTr/BRATS_001.nii.gz holds 3 volumes, not four"),
        ({"drawn_on": (6, 5, 3)}, r"labelsTr/BRATS_001.nii.gz has 6 x 5 x 3 voxels, its image file 6 x 5 x 4"),
        ({"drawn_on": (6, 5, 4, 2)}, r"labelsTr/BRATS_001.nii.gz has 4 axes instead of x, y and z\."),
    ],
)
def test_files_that_do_not_fit_are_named(data_root, tmp_path, options, message):
    case = write_case(tmp_path, 1, **options)
    for read in (lambda: brats.read_case(case), lambda: brats.load(tmp_path)):
        with pytest.raises(DataError, match=f"{message}.*unet-course data brats"):
            read()


def test_half_a_case_and_one_that_is_there_twice_are_named(tmp_path):
    case = write_case(tmp_path, 1)
    write_case(tmp_path, 1, suffix=".nii")
    with pytest.raises(DataError, match=r"imagesTr holds BRATS_001.nii.gz and BRATS_001.nii: move the wrong one away"):
        brats.read_case(case)
    for path in (tmp_path / "Task01_BrainTumour/labelsTr").iterdir():
        path.unlink()
    (tmp_path / "Task01_BrainTumour/imagesTr/BRATS_001.nii").unlink()
    with pytest.raises(DataError, match=r"labelsTr/BRATS_001.nii.gz \(or .nii\) is missing"):
        brats.read_case(case)


def test_real_crops_are_the_same_in_either_layout(real, tmp_path):
    root = real("brats")
    if brats.origin(root) != "BraTS 2020":
        pytest.skip("needs cases in the layout of BraTS 2020")
    for number, folder in enumerate(brats.case_folders(root)[:2], 1):
        files = brats.case_files(folder)
        volumes = [nibabel.load(files[what]) for what in brats.MODALITIES]
        drawn = np.asanyarray(nibabel.load(files["seg"]).dataobj)
        arrays = {
            "imagesTr": np.stack([np.asanyarray(volume.dataobj) for volume in volumes], axis=-1),
            "labelsTr": np.array([0, 2, 1, 0, 3], np.uint8)[drawn],
        }
        for part, array in arrays.items():
            (tmp_path / "Task01_BrainTumour" / part).mkdir(parents=True, exist_ok=True)
            path = tmp_path / "Task01_BrainTumour" / part / f"BRATS_{number:03}.nii.gz"
            nibabel.save(nibabel.Nifti1Image(array, volumes[0].affine), path)
        for read, expected in zip(
            brats.read_case(brats.case_folders(tmp_path)[number - 1]), brats.read_case(folder), strict=True
        ):
            np.testing.assert_array_equal(read, expected)
