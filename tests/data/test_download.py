import io
import sys
import types
import zipfile

import nibabel
import numpy as np
import pytest
from PIL import Image

from unet_course.datasets import DataError
from unet_course.datasets.published import download
from unet_course.datasets.published.sources import SOURCES


@pytest.fixture
def archive(tmp_path, write_nuclei):
    """A zip file with the images' folders at its top, as the mirror has it."""
    top = write_nuclei(tmp_path / "set") / "stage1_train"
    path = tmp_path / "stage1_train.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        for file in sorted(top.rglob("*.png")):
            bundle.write(file, file.relative_to(top))
    return path


def test_a_local_archive_is_unpacked_and_described(data_root, archive, capsys):
    target = download.download("nuclei", archive=archive)
    assert target == data_root / "nuclei"
    assert len(list(target.glob("stage1_train/*/masks/*.png"))) == 9
    assert "3 images, 9 masks (not a whole release" in capsys.readouterr().out
    assert sorted(path.name for path in data_root.iterdir()) == ["nuclei", "nuclei.verified.json"], "and nothing more"


def test_a_folder_is_taken_over(data_root, tmp_path, write_nuclei):
    target = download.download("nuclei", archive=write_nuclei(tmp_path / "mine"))
    assert len(list(target.glob("stage1_train/*"))) == 3


def test_what_is_there_is_kept(data_root, archive, capsys):
    download.download("nuclei", archive=archive)
    marker = data_root / "nuclei" / "mine.txt"
    marker.write_text("x", encoding="utf-8")
    download.download("nuclei", archive=archive)
    assert marker.exists() and "is there already" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["../evil/images/x.png", "/evil/images/x.png", "a\\..\\..\\evil.png"])
def test_unsafe_names_are_refused(data_root, tmp_path, name):
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr(name, b"x")
    with pytest.raises(DataError, match="to be written outside"):
        download.download("nuclei", archive=path)
    assert list(data_root.iterdir()) == []


def test_a_truncated_archive_changes_nothing(data_root, archive):
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    with pytest.raises(DataError, match="is damaged, or neither a zip nor a tar file"):
        download.download("nuclei", archive=archive)
    assert list(data_root.iterdir()) == []


def test_another_data_set_is_refused(data_root, tmp_path):
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("Training/glioma_tumor/1.jpg", b"x")
    with pytest.raises(DataError, match="not the nuclei data set"):
        download.download("nuclei", archive=path)


def test_sources_are_checked(data_root):
    with pytest.raises(ValueError, match="source 'ftp' is not known"):
        download.download("nuclei", "ftp")
    with pytest.raises(ValueError, match="--archive PATH"):
        download.download("nuclei", "local")


def test_kaggle_errors_name_the_rules_and_never_the_token(data_root, monkeypatch):
    def refuse(*args, **kwargs):
        raise RuntimeError("403 for user me with key s3cret")

    monkeypatch.setitem(sys.modules, "kagglehub", types.SimpleNamespace(competition_download=refuse))
    with pytest.raises(DataError, match="accept its rules") as caught:
        download.download("nuclei", "kaggle")
    assert "s3cret" not in str(caught.value) and caught.value.__suppress_context__


def test_kaggle_without_its_package(data_root, monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(DataError, match="needs kagglehub.*Public sets need no token"):
        download.download("nuclei", "kaggle")


LAYOUTS = {
    "lgg": [f"{top}/kaggle_3m/TCGA_A_1_2/TCGA_A_1_2_1_mask.tif" for top in ("wrapped", "wrapped/second copy")],
    "brain_tumor": ["Training/glioma_tumor/gg (1).jpg", "Testing/no_tumor/image(1).jpg", "Testing/no_tumor/image.jpg"],
    "brats": [
        f"a/MICCAI_BraTS2020_TrainingData/BraTS20_Training_001/BraTS20_Training_001_{what}.nii"
        for what in ("flair", "t1", "t1ce", "t2", "seg")
    ],
}


def content(name):
    """A small file of the kind that the name promises."""
    file = io.BytesIO()
    if name.endswith(".nii"):
        return nibabel.Nifti1Image(np.ones((3, 4, 5), np.int16), np.eye(4)).to_bytes()
    Image.new("RGB", (8, 8)).save(file, "jpeg" if name.endswith(".jpg") else "tiff")
    return file.getvalue()


@pytest.mark.parametrize(
    ("key", "counts"),
    [
        ("lgg", "1 patients, 1 slices"),
        ("brain_tumor", "1 training images, 2 test images"),
        ("brats", "1 cases"),
    ],
)
def test_every_set_is_found_in_its_archive(data_root, tmp_path, capsys, key, counts):
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as bundle:
        for name in LAYOUTS[key]:
            bundle.writestr(name, content(name))
    target = download.download(key, archive=tmp_path / "archive.zip")
    assert sorted(path.name for path in target.iterdir()) == sorted([*SOURCES[key].folders, "TERMS.txt"])
    assert download.describe(key, target).startswith(counts)
    assert SOURCES[key].licence in capsys.readouterr().out
    assert SOURCES[key].cite in (target / "TERMS.txt").read_text(encoding="utf-8")


def test_a_mirror_may_have_several_archives(data_root, tmp_path, monkeypatch):
    for part in ("Training", "Testing"):
        with zipfile.ZipFile(tmp_path / f"{part}.zip", "w") as bundle:
            bundle.writestr(f"{part}/glioma_tumor/1.jpg", content("1.jpg"))
    monkeypatch.setattr(download, "fetch", lambda url, path: tmp_path / path.name)
    assert download.describe("brain_tumor", download.download("brain_tumor")).startswith("1 training images, 1 test")


def test_sets_and_sources_that_do_not_exist_are_named(data_root):
    with pytest.raises(ValueError, match="'mirror' is not known for brats: use decathlon, kaggle or local"):
        download.download("brats", "mirror")
    with pytest.raises(ValueError, match="no data set 'cats'; there are: nuclei, lgg, brain_tumor, brats"):
        download.download("cats")


def test_real_excerpts_have_the_layout_that_is_counted(real):
    for key in SOURCES:
        said = download.describe(key, real(key))
        assert any(release in said for release in ("excerpt", *SOURCES[key].releases.values())), said
