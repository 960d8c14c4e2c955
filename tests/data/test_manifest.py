"""Lists of what published files hold, and how a data set on this machine is compared with them."""

import lzma

import numpy as np
import pytest
from PIL import Image

from unet_course import paths
from unet_course.datasets import DataError
from unet_course.datasets.published import manifest, verify
from unet_course.datasets.published.sources import SOURCES


def test_the_manifests_hold_the_counts_of_every_known_release():
    for key, source in SOURCES.items():
        if not source.files:
            assert not manifest.known(key)
            continue
        releases = manifest.read(key)
        assert list(releases) == list(source.releases.values())
        for counts, name in source.releases.items():
            held = releases[name]
            assert [verify._counted(pattern, held, held)[1] for pattern in source.counts.values()] == list(counts)
            assert all(len(digest) == 64 and not set(digest) - set("0123456789abcdef") for digest in held.values())


def test_the_two_releases_of_the_nuclei_differ_as_their_menders_say():
    published, mended = manifest.read("nuclei").values()
    gone, new = published.keys() - mended.keys(), mended.keys() - published.keys()
    changed = [path for path in published.keys() & mended.keys() if published[path] != mended[path]]
    assert (len(published), len(mended)) == (670 + 29_461, 664 + 28_986)
    assert sum("/images/" in path for path in gone) == 6, "images that could not be mended"
    assert (len(gone), len(new), len(changed)) == (6 + 516, 41, 382)
    assert all("/masks/" in path for path in (*new, *changed))


def test_a_manifest_reads_back_and_is_the_same_every_time(tmp_path):
    releases = {"one": {"b c (1).jpg": "1" * 64, "a": "2" * 64}, "two": {"a": "2" * 64, "b c (1).jpg": "3" * 64}}
    files = [tmp_path / "x" / "first.xz", tmp_path / "second.xz"]
    for file in files:
        manifest.write("nuclei", releases, file)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert lzma.decompress(files[0].read_bytes()).decode().splitlines()[:4] == [
        "# a one",
        "# b two",
        f"{'2' * 64} ab a",
        f"{'1' * 64} a b c (1).jpg",
    ]


def test_the_committed_manifests_are_what_the_script_would_write(tmp_path):
    for key in ("lgg", "brain_tumor"):
        manifest.write(key, manifest.read(key), tmp_path / key)
        assert lzma.decompress((tmp_path / key).read_bytes()) == lzma.decompress(
            manifest.manifest_file(key).read_bytes()
        )


def test_pictures_are_hashed_by_their_pixels(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png", compress_level=0)
    Image.fromarray(picture).save(tmp_path / "b.png", compress_level=9)
    Image.fromarray(picture).save(tmp_path / "c.tif")
    picture[4, 4, 1] ^= 1
    Image.fromarray(picture).save(tmp_path / "d.png")
    a, b, c, d = (manifest.content_hash(path, "RGB") for path in sorted(tmp_path.iterdir()))
    assert a == b == c != d


def test_tables_are_hashed_by_their_entries(tmp_path):
    texts = ("Patient,age\nA,61\nB,\n", "\ufeffPatient;age\r\nA;61\r\nB;\r\n", "Patient,age\nA,62\nB,\n")
    for name, text in zip("abc", texts, strict=True):
        (tmp_path / name).write_bytes(text.encode())
    a, b, c = (manifest.content_hash(path, "table") for path in sorted(tmp_path.iterdir()))
    assert a == b != c


def test_only_files_of_the_set_are_listed(tmp_path, write_lgg):
    root = write_lgg(tmp_path)
    write_lgg(tmp_path / "lgg-mri-segmentation")  # the archive's second copy
    (root / "kaggle_3m" / "data.csv").write_text("Patient\n", encoding="utf-8")
    (root / "kaggle_3m" / "README.md").write_text("read me", encoding="utf-8")
    ways = manifest.listed("lgg", root)
    assert sorted(set(ways.values())) == ["L", "RGB", "table"] and len(ways) == 2 * 16 + 1
    assert ways["kaggle_3m/TCGA_CS_0001_20000101/TCGA_CS_0001_20000101_12_mask.tif"] == "L"
    assert ways["kaggle_3m/TCGA_CS_0001_20000101/TCGA_CS_0001_20000101_12.tif"] == "RGB"


def test_an_installed_package_carries_them(monkeypatch):
    monkeypatch.setattr(paths, "repo_root", lambda: None)
    assert paths.manifests_root() == paths.PACKAGE / "_data_scripts" / "manifests"


@pytest.mark.parametrize("key", ["nuclei", "lgg", "brain_tumor"])
def test_the_real_pictures_are_as_published(real, key):
    root = real(key)
    report = verify.verify(key, root)
    assert not report.changed and not report.damaged and not report.extra, report.lines()
    here = [here for here, _ in report.counts.values()]
    assert all(here)
    if report.whole:
        assert tuple(here) in SOURCES[key].releases and report.summary().endswith("are here, all as published.")
    else:
        assert f"are here, all as published; {len(report.missing):,} of " in report.summary()


def test_the_real_cases_of_brats_have_sound_headers(real):
    report = verify.verify("brats", real("brats"))
    assert not report.damaged
    assert "a voxel that was changed is not noticed" in report.lines()[-1]


def test_a_phantom_is_not_compared(tmp_path, write_nuclei):
    write_nuclei(tmp_path)
    (tmp_path / "PHANTOM.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="holds synthetic images"):
        verify.verify("nuclei", tmp_path)


def test_nothing_there_is_an_error(tmp_path):
    for key in SOURCES:
        with pytest.raises(DataError, match="holds no"):
            verify.verify(key, tmp_path)
