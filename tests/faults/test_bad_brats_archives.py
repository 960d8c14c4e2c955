"""Damaged archives of BraTS: the message names archive and file, and nothing half-done stays."""

import gzip
import io
import tarfile
import tracemalloc
import zipfile

import nibabel
import numpy as np
import pytest

from unet_course.datasets import DataError, brats

CASES = ("BraTS20_Training_001", "BraTS20_Training_002", "BraTS20_Training_003")


def volumes():
    """Name and content of every file of three cases."""
    noise = np.random.default_rng(0).integers(1, 900, (12, 10, 8))
    for case in CASES:
        for name in ("flair", "t1", "t1ce", "t2", "seg"):
            volume = np.zeros(noise.shape, np.uint8) if name == "seg" else noise.astype(np.int16)
            yield f"set/{case}/{case}_{name}.nii", nibabel.Nifti1Image(volume, np.eye(4)).to_bytes()


def write_zip(path, files=None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files or volumes():
            bundle.writestr(name, content)
    return path


def write_tar(path):
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as bundle:
        for name, content in volumes():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            bundle.addfile(member, io.BytesIO(content))
    return path


def error_of(archive, data_root, read=brats.load_slices):
    with pytest.raises(DataError) as caught:
        read(archive)
    assert not list(data_root.glob("cache/*")) and not list(data_root.glob("cache/.*")), "no half-made cache"
    message = str(caught.value)
    assert message.startswith(str(archive)) and "\n" not in message
    return message


@pytest.mark.parametrize("read", [brats.load, brats.load_slices])
def test_a_zip_damaged_in_the_middle_of_a_case(data_root, tmp_path, read):
    archive = write_zip(tmp_path / "set.zip")
    with zipfile.ZipFile(archive) as bundle:
        start = bundle.getinfo(f"set/{CASES[1]}/{CASES[1]}_t1.nii").header_offset
    content = bytearray(archive.read_bytes())
    content[start + 300] ^= 255
    archive.write_bytes(content)
    message = error_of(archive, data_root, read)
    assert f"{archive}: set/{CASES[1]}/{CASES[1]}_t1.nii is truncated or not a NIfTI file" in message
    assert "unet-course data brats" in message


@pytest.mark.parametrize("name", ["set.tar", "set.tar.gz"])
@pytest.mark.parametrize("kept", [0.3, 0.7])
def test_a_tar_that_ends_in_the_middle_of_a_case(data_root, tmp_path, name, kept):
    archive = write_tar(tmp_path / name)
    content = archive.read_bytes()
    archive.write_bytes(content[: int(kept * len(content))])
    assert "is damaged" in error_of(archive, data_root)


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_packed_tar_with_a_damaged_byte(data_root, tmp_path, place):
    archive = write_tar(tmp_path / "set.tar.gz")
    content = bytearray(archive.read_bytes())
    content[int(place * len(content))] ^= 255
    archive.write_bytes(content)
    assert "is damaged" in error_of(archive, data_root)


def test_a_tar_with_a_damaged_header_does_not_just_end_there(data_root, tmp_path):
    archive = write_tar(tmp_path / "set.tar")
    with tarfile.open(archive) as bundle:
        start = bundle.getmember(f"set/{CASES[2]}/{CASES[2]}_flair.nii").offset
    content = bytearray(archive.read_bytes())
    content[start + 3] ^= 255
    archive.write_bytes(content)
    assert f"something else follows set/{CASES[1]}/{CASES[1]}_seg.nii" in error_of(archive, data_root)


def test_a_zip_that_is_cut_short(data_root, tmp_path):
    archive = write_zip(tmp_path / "set.zip")
    archive.write_bytes(archive.read_bytes()[:-100])
    assert "is damaged, or neither a zip nor a tar file" in error_of(archive, data_root)


def test_a_page_under_the_name_of_an_archive(data_root, tmp_path):
    (tmp_path / "set.zip").write_text("<html>Please log in</html>", encoding="utf-8")
    assert "neither a zip nor a tar file" in error_of(tmp_path / "set.zip", data_root)


def test_a_zip_without_one_of_the_files(data_root, tmp_path):
    archive = write_zip(tmp_path / "set.zip", [item for item in volumes() if f"{CASES[2]}_t2" not in item[0]])
    assert f"{CASES[2]}/{CASES[2]}_t2.nii (or .nii.gz) is missing" in error_of(archive, data_root)


def test_a_volume_that_unpacks_to_far_too_much(data_root, tmp_path, monkeypatch):
    monkeypatch.setattr("unet_course.datasets.brats.volumes.LARGEST", 100_000)
    bomb = gzip.compress(bytes(50_000_000))
    files = [(name + ".gz", bomb if "_t1." in name else gzip.compress(content)) for name, content in volumes()]
    archive = write_zip(tmp_path / "set.zip", files)
    tracemalloc.start()
    message = error_of(archive, data_root)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "_t1.nii.gz is truncated or not a NIfTI file (it unpacks to more than" in message
    assert peak < 10_000_000, "the memory is not filled first"


def test_a_file_far_too_large_is_not_even_read(data_root, tmp_path, monkeypatch):
    monkeypatch.setattr("unet_course.datasets.brats.files.LARGEST", 1000)
    assert "GB; a volume of BraTS has at most 0.1 GB" in error_of(write_zip(tmp_path / "set.zip"), data_root)


def test_an_archive_with_a_password(data_root, tmp_path):
    archive = write_zip(tmp_path / "set.zip")
    content = bytearray(archive.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flags that say so, twice for each file
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(mark, at + 4)
    archive.write_bytes(content)
    assert "password required" in error_of(archive, data_root)


def test_names_that_lead_elsewhere_write_nothing(data_root, tmp_path):
    files = [(f"../../{name}", content) for name, content in volumes()]
    dataset = brats.load_slices(write_zip(tmp_path / "set.zip", files))
    assert len(dataset) == 24
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "set.zip"]


def test_an_archive_of_something_else(data_root, tmp_path):
    archive = write_zip(tmp_path / "set.zip", [("Training/glioma_tumor/1.jpg", b"x")])
    with pytest.raises(FileNotFoundError, match="set.zip holds no BraTS20_Training_<number> folder"):
        brats.load_slices(archive)


def test_a_table_that_is_none(data_root, tmp_path):
    archive = write_zip(tmp_path / "set.zip", [*volumes(), ("set/survival_info.csv", b"\xff\xfe\x00")])
    assert "survival_info.csv is not a table" in error_of(archive, data_root)
