import sys
import types
import zipfile

import pytest

from unet_course.datasets import DataError, download


@pytest.fixture
def archive(tmp_path, write_nuclei):
    """A zip file with the pictures' folders at its top, as the mirror has it."""
    top = write_nuclei(tmp_path / "set") / "stage1_train"
    path = tmp_path / "stage1_train.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        for file in sorted(top.rglob("*.png")):
            bundle.write(file, file.relative_to(top))
    return path


def test_a_local_archive_is_unpacked_and_described(data_root, archive, capsys):
    target = download.nuclei("local", archive=archive)
    assert target == data_root / "nuclei"
    assert len(list(target.glob("stage1_train/*/masks/*.png"))) == 9
    assert "3 pictures, 9 masks (not a whole release" in capsys.readouterr().out
    assert [path.name for path in data_root.iterdir()] == ["nuclei"], "nothing temporary is left"


def test_a_folder_is_copied(data_root, tmp_path, write_nuclei):
    target = download.nuclei("local", archive=write_nuclei(tmp_path / "mine"))
    assert len(list(target.glob("stage1_train/*"))) == 3


def test_what_is_there_is_kept(data_root, archive, capsys):
    download.nuclei("local", archive=archive)
    marker = data_root / "nuclei" / "mine.txt"
    marker.write_text("x")
    download.nuclei("local", archive=archive)
    assert marker.exists() and "is there already" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["../evil/images/x.png", "/evil/images/x.png", "a\\..\\..\\evil.png"])
def test_unsafe_names_are_refused(data_root, tmp_path, name):
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr(name, b"x")
    with pytest.raises(DataError, match="to be written outside"):
        download.nuclei("local", archive=path)
    assert list(data_root.iterdir()) == []


def test_a_truncated_archive_changes_nothing(data_root, archive):
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    with pytest.raises(DataError, match="is damaged, or neither a zip nor a tar file"):
        download.nuclei("local", archive=archive)
    assert list(data_root.iterdir()) == []


def test_another_data_set_is_refused(data_root, tmp_path):
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("Training/glioma_tumor/1.jpg", b"x")
    with pytest.raises(DataError, match="not the nuclei data set"):
        download.nuclei("local", archive=path)


def test_sources_are_checked(data_root):
    with pytest.raises(ValueError, match="source 'ftp' is not known"):
        download.nuclei("ftp")
    with pytest.raises(ValueError, match="--archive PATH"):
        download.nuclei("local")


def test_kaggle_errors_name_the_rules_and_never_the_token(data_root, monkeypatch):
    def refuse(*args, **kwargs):
        raise RuntimeError("403 for user me with key s3cret")

    monkeypatch.setitem(sys.modules, "kagglehub", types.SimpleNamespace(competition_download=refuse))
    with pytest.raises(DataError, match="Accept the rules") as caught:
        download.nuclei("kaggle")
    assert "s3cret" not in str(caught.value) and caught.value.__suppress_context__


def test_kaggle_without_its_package(data_root, monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(DataError, match="needs kagglehub"):
        download.nuclei("kaggle")
