import shutil

import numpy as np
import pytest
from PIL import Image

from unet_course.datasets import PHANTOM_MARK, lgg

# Slices, slices with tumour, patients without pre-contrast and without post-contrast, by number of patients: the
# course's excerpt and the whole published set.
REAL = {16: (521, 192, 2, 3), 110: (3929, 1373, 6, 10)}


def test_reads_slices_and_masks(data_root, tmp_path, write_lgg):
    dataset = lgg.load(write_lgg(tmp_path / "set"))
    assert (dataset.key, dataset.source, dataset.instances) == ("lgg", "real", None)
    assert dataset.images.shape == (16, 32, 24, 3) and dataset.images.dtype == np.uint8
    assert dataset.masks.shape == (16, 32, 24) and dataset.masks.dtype == np.uint8
    assert dataset.images[4][0, 0].tolist() == [5, 105, 205], "channels keep their order"
    assert dataset.masks[4].sum() == 12 and set(np.unique(dataset.masks)) == {0, 1}


def test_index_says_what_each_slice_is(data_root, tmp_path, write_lgg):
    line = lgg.load(write_lgg(tmp_path / "set")).index.iloc[4]
    assert line.id == "TCGA_CS_0001_20000101_5"
    assert line.path == "kaggle_3m/TCGA_CS_0001_20000101/TCGA_CS_0001_20000101_5.tif"
    assert (line.group, line.site, line.slice) == ("TCGA_CS_0001", "CS", 5)
    assert (line.has_tumour, line.tumour_area, line.height, line.width) == (True, 12, 32, 24)


def test_patients_by_name_and_slices_by_number(data_root, tmp_path, write_lgg):
    index = lgg.load(write_lgg(tmp_path / "set")).index
    assert index.group.drop_duplicates().tolist() == ["TCGA_CS_0001", "TCGA_DU_0002", "TCGA_HT_0003"]
    assert index["slice"].tolist() == [*range(1, 13), 1, 2, 1, 2]
    assert index.has_tumour.tolist() == [False] * 4 + [True] * 8 + [False] * 4


def test_the_second_copy_is_ignored(data_root, tmp_path, write_lgg):
    root = write_lgg(tmp_path / "set")
    before = lgg.load(root)
    shutil.copytree(root / "kaggle_3m", root / "lgg-mri-segmentation" / "kaggle_3m")
    after = lgg.load(root)
    assert len(after) == len(before) == 16 and after.content_hash == before.content_hash


def test_root_may_be_the_inner_folder(data_root, tmp_path, write_lgg):
    root = write_lgg(tmp_path / "set")
    (root / PHANTOM_MARK).write_text("{}", encoding="utf-8")
    outer, inner = lgg.load(root), lgg.load(root / "kaggle_3m")
    assert inner.root == root and inner.source == outer.source == "phantom"
    assert inner.index.equals(outer.index)
    renamed = lgg.load((root / "kaggle_3m").rename(root / "brains"))
    assert renamed.index.path[0] == "TCGA_CS_0001_20000101/TCGA_CS_0001_20000101_1.tif"


@pytest.mark.parametrize(("separator", "end"), [(",", "\n"), (";", "\r\n")])
def test_clinical_columns_are_joined_by_patient(data_root, tmp_path, write_lgg, separator, end):
    root = write_lgg(tmp_path / "set")
    table = [
        ["Patient", *lgg.CLINICAL],
        ["TCGA_DU_0002", *["2"] * 16, "1"],
        ["TCGA_CS_0001", "", "NA", *["7"] * 15],
        ["TCGA_XX_0009", *["9"] * 17],
    ]
    (root / "kaggle_3m" / "data.csv").write_bytes(end.join(map(separator.join, [*table, ""])).encode())
    index = lgg.load(root).index
    assert list(index.columns[-17:]) == list(lgg.CLINICAL) and set(index.dtypes[-17:]) == {np.dtype(float)}
    lines = index.groupby("group").nth(0)[list(lgg.CLINICAL)].to_numpy()
    np.testing.assert_array_equal(lines[0], [np.nan, np.nan, *[7] * 15])
    np.testing.assert_array_equal(lines[1], [*[2] * 16, 1])
    assert np.isnan(lines[2]).all(), "a patient that data.csv does not name"


def test_without_clinical_table_all_is_nan(data_root, tmp_path, write_lgg):
    index = lgg.load(write_lgg(tmp_path / "set")).index
    assert index[list(lgg.CLINICAL)].isna().all(axis=None)


def test_sizes(data_root, tmp_path, write_lgg):
    root = write_lgg(tmp_path / "set")
    for file in (root / "kaggle_3m" / "TCGA_HT_0003_20000101").glob("*_20000101_2*.tif"):
        Image.open(file).crop((0, 0, 20, 32)).save(file)
    dataset = lgg.load(root)
    assert [image.shape for image in dataset.images][-2:] == [(32, 24, 3), (32, 20, 3)]
    small = lgg.load(root, size=16)
    assert small.images.shape == (16, 16, 16, 3) and small.masks.shape == (16, 16, 16)
    assert small.images.dtype == small.masks.dtype == np.uint8
    assert (small.images[4] == (5, 105, 205)).all()
    assert set(np.unique(small.masks)) == {0, 1}, "masks are never blurred by resizing"
    assert small.content_hash == dataset.content_hash and small.index.equals(dataset.index)


def test_missing_sequences(data_root, tmp_path, write_lgg):
    root = write_lgg(tmp_path / "set")
    folder = root / "kaggle_3m" / "TCGA_DU_0002_20000101"
    for number in (1, 2):
        file = folder / f"{folder.name}_{number}.tif"
        picture = np.array(Image.open(file))
        picture[..., 2] = picture[..., 1]
        if number == 1:  # in one slice of two: not a missing sequence
            picture[..., 0] = picture[..., 1]
        Image.fromarray(picture).save(file)
    missing = lgg.missing_sequences(lgg.load(root))
    assert missing.index.tolist() == ["TCGA_CS_0001", "TCGA_DU_0002", "TCGA_HT_0003"]
    assert missing.pre_contrast.tolist() == [False, False, False]
    assert missing.post_contrast.tolist() == [False, True, False]


@pytest.mark.parametrize("end", ["", "_mask"])
def test_content_hash_follows_the_pixels_not_the_files(data_root, tmp_path, write_lgg, end):
    root = write_lgg(tmp_path / "set")
    before = lgg.load(root).content_hash
    file = root / "kaggle_3m" / "TCGA_DU_0002_20000101" / f"TCGA_DU_0002_20000101_1{end}.tif"
    picture = np.array(Image.open(file))
    Image.fromarray(picture).save(file, compression="tiff_lzw")
    assert lgg.load(root).content_hash == before
    picture[0, 0] = 255
    Image.fromarray(picture).save(file)
    assert lgg.load(root).content_hash != before


def test_the_real_set(real):
    dataset = lgg.load(real("lgg"))
    patients = dataset.index.group.nunique()
    if patients not in REAL:
        pytest.skip("counts are known for the course's excerpt of 16 patients and the whole set of 110 only")
    missing = lgg.missing_sequences(dataset)
    counts = (len(dataset), int(dataset.index.has_tumour.sum()), *missing.sum().tolist())
    assert counts == REAL[patients]
    assert dataset.images.shape[1:] == (256, 256, 3)
    assert (missing.pre_contrast <= missing.post_contrast).all(), "who lacks pre-contrast lacks post-contrast too"
    by_patient = dataset.index.groupby("group")
    assert dataset.index["slice"].equals(by_patient.cumcount() + 1), "slices are numbered without gaps"
    assert by_patient.has_tumour.any().all()
    if patients == 16:
        assert dataset.index.tumour_area.sum() == 408_490
        assert dataset.content_hash.startswith("f6d8c66c")
        assert missing.index[missing.post_contrast].tolist() == ["TCGA_DU_7013", "TCGA_FG_7634", "TCGA_HT_A616"]
