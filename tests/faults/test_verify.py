"""What `unet-course data verify` says when files are missing, extra, changed or damaged."""

import json
import os
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from unet_course import paths
from unet_course.cli import app
from unet_course.datasets import DataError
from unet_course.datasets.published import download, manifest, verify
from unet_course.datasets.published.sources import SOURCES


def hashes(key, root):
    return manifest.content_hashes(root, manifest.listed(key, root))


@pytest.fixture
def published(data_root, tmp_path, monkeypatch, write_nuclei):
    """Three images lie in place; the manifest has them as published, and with two masks mended."""
    root = write_nuclei(data_root / "nuclei")
    mended = shutil.copytree(root, tmp_path / "mended")
    for k in (0, 1):
        edit(mask(mended, 0, k))
    names = SOURCES["nuclei"].releases.values()
    releases = {name: hashes("nuclei", folder) for name, folder in zip(names, (root, mended), strict=True)}
    monkeypatch.setattr(paths, "manifests_root", lambda: tmp_path / "manifests")
    manifest.write("nuclei", releases, manifest.manifest_file("nuclei"))
    return root


def mask(root, picture, k):
    return root / "stage1_train" / f"{picture:064x}" / "masks" / f"{k:064x}.png"


def image(root, picture):
    return root / "stage1_train" / f"{picture:064x}" / "images" / f"{picture:064x}.png"


def edit(path, column=0):
    """Change one pixel."""
    pixels = np.array(Image.open(path))
    colours = pixels[..., :3] if pixels.ndim == 3 else pixels  # a change of transparency is damage
    colours[0, column] ^= 255
    Image.fromarray(pixels).save(path)


def below(path, root):
    return path.relative_to(root).as_posix()


def run(*words):
    result = CliRunner().invoke(app, ["data", *words])
    assert "Traceback" not in result.output
    return result


def test_a_whole_set_passes(published):
    result = run("verify", "nuclei")
    assert result.exit_code == 0
    assert "3 of 3 images, 9 of 9 masks of the published release are here, all as published." in result.output


def test_the_release_that_fits_is_named(published):
    for k in (0, 1):
        edit(mask(published, 0, k))
    assert "of the mended release are here, all as published." in run("verify", "nuclei").output


def test_the_same_pixels_in_another_file_are_no_change(published):
    for path in published.rglob("*.png"):
        before = path.read_bytes()
        Image.open(path).save(path, compress_level=0)
        assert path.read_bytes() != before
    assert run("verify", "nuclei").exit_code == 0


def test_a_changed_pixel_is_named(published):
    edit(image(published, 2))
    result = run("verify", "nuclei")
    assert result.exit_code == 1
    assert "files: 1 changed." in result.output
    assert f"  changed: {below(image(published, 2), published)}\n" in result.output
    assert f"move {published} away and run `unet-course data nuclei`" in result.output


def test_a_mask_from_another_release_is_told_apart_from_damage(published):
    edit(mask(published, 0, 0))
    edit(mask(published, 2, 0))
    report = verify.verify("nuclei", published)
    assert report.release == "the published release"
    paths = [below(mask(published, picture, 0), published) for picture in (0, 2)]
    assert report.changed == {paths[0]: "as in the mended release", paths[1]: ""}
    assert f"  changed: {paths[0]} (as in the mended release)" in report.lines()


def test_a_missing_file_is_named(published):
    mask(published, 1, 2).unlink()
    result = run("verify", "nuclei")
    assert result.exit_code == 1
    assert "8 of 9 masks of the published release are here, all as published; 1 of 12 files missing." in result.output
    assert f"  missing: {below(mask(published, 1, 2), published)}\n" in result.output


def test_a_part_of_a_set_is_told_in_a_few_lines(published):
    for picture in (0, 2):
        shutil.rmtree(published / "stage1_train" / f"{picture:064x}")
    result = run("verify", "nuclei")
    assert result.exit_code == 1
    assert (
        "1 of 3 images, 3 of 9 masks of the published release are here, all as published; 8 of 12 files"
        in result.output
    )
    assert f"  missing: stage1_train/{2:064x}/ (4 files)\n" in result.output
    assert result.output.count("missing:") == 2
    assert "Chapters run on a part as well" in result.output
    assert run("verify", "nuclei", "--all").output.count("missing:") == 8


def test_at_most_twenty_names_unless_all_are_asked_for(published, monkeypatch):
    for path in published.rglob("masks/*.png"):
        for k in range(5):
            shutil.copy(path, path.with_name(f"copy{k}-{path.name}"))
    assert run("verify", "nuclei").output.count("extra: stage1") == 20
    assert "... and 25 more; `unet-course data verify nuclei --all` names every file" in run("verify").output
    assert run("verify", "nuclei", "--all").output.count("extra: stage1") == 45


def test_an_extra_mask_is_named(published):
    shutil.copy(mask(published, 0, 0), mask(published, 0, 9))
    (published / "notes.txt").write_text("no file of the set, and no reader looks at it", encoding="utf-8")
    result = run("verify", "nuclei")
    assert result.exit_code == 1
    assert "files: 1 extra." in result.output
    assert f"  extra: {below(mask(published, 0, 9), published)}\n" in result.output
    assert "move them out" in result.output and "notes.txt" not in result.output


def test_a_truncated_file_is_named(published):
    path = image(published, 1)
    path.write_bytes(path.read_bytes()[:40])
    result = run("verify", "nuclei")
    assert result.exit_code == 1
    assert f"  damaged: {below(path, published)} (cannot be decoded)\n" in result.output


def test_another_set_altogether(published):
    for path in published.rglob("*.png"):
        edit(path, column=1)
    result = run("verify", "nuclei")
    assert result.exit_code == 1
    assert "no file is as in the published release or the mended release." in result.output


def test_a_set_that_is_not_here(data_root):
    result = run("verify", "lgg")
    assert result.exit_code == 1 and "run `unet-course data lgg`" in result.stderr
    assert run("verify").exit_code == 0, "no set at all differs from nothing"


def test_words_that_make_no_sense(data_root):
    assert "no data set 'hearts'; there are: nuclei" in run("verify", "hearts").stderr
    assert "Give one data set: 'nuclei' or 'lgg'" in run("nuclei", "lgg").stderr


def decoded(monkeypatch):
    """Counts the files that are decoded from now on."""
    seen = []
    original = manifest.content_hash
    monkeypatch.setattr(manifest, "content_hash", lambda path, way: seen.append(path) or original(path, way))
    return seen


def test_what_was_compared_is_not_decoded_again(published, monkeypatch):
    seen = decoded(monkeypatch)
    first = run("nuclei").stdout
    assert len(seen) == 12
    assert run("nuclei").stdout == first and "all as published" in first
    assert len(seen) == 12


@pytest.mark.parametrize("change", ["pixel", "time", "missing", "extra", "manifest", "stamp", "truncated stamp"])
def test_a_stale_stamp_is_noticed(published, monkeypatch, change):
    run("nuclei")
    stamp = verify.stamp_file(published)
    path = mask(published, 0, 0)
    if change == "pixel":
        edit(mask(published, 1, 1))
    elif change == "time":
        os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1000))
    elif change == "missing":
        path.unlink()
    elif change == "extra":
        shutil.copy(path, path.with_name("more.png"))
    elif change == "manifest":
        manifest.write("nuclei", {"the only release": hashes("nuclei", published)}, manifest.manifest_file("nuclei"))
    else:
        stamp.write_text(
            json.dumps({"state": 1}) if change == "stamp" else stamp.read_text(encoding="utf-8")[:20], encoding="utf-8"
        )
    seen = decoded(monkeypatch)
    assert run("nuclei").exit_code == 0
    assert seen, "compared anew"
    assert verify.remembered("nuclei", published)


def test_a_folder_that_cannot_be_written_is_compared_every_time(published, monkeypatch):
    stamp = verify.stamp_file(published)
    stamp.mkdir()  # as good as a file that cannot be written
    assert run("verify", "nuclei").exit_code == 0
    assert "all as published" in run("nuclei").output


def packed(root, path):
    with zipfile.ZipFile(path, "w") as bundle:
        for file in sorted(root.rglob("*.png")):
            bundle.write(file, file.relative_to(root))
    return path


def test_what_is_fetched_is_compared_before_it_is_put_in_place(published, tmp_path, capsys):
    archive = packed(published, tmp_path / "stage1_train.zip")
    shutil.rmtree(published)
    download.download("nuclei", archive=archive)
    assert "of the published release are here, all as published." in capsys.readouterr().out
    assert verify.remembered("nuclei", published), "not compared a second time"


def test_a_damaged_file_in_an_archive_stops_it(published, tmp_path):
    for k in (1, 2):
        mask(published, 0, k).write_bytes(b"no image")
    archive = packed(published, tmp_path / "stage1_train.zip")
    shutil.rmtree(published)
    expected = f"Damaged files: 2, the first is {below(mask(published, 0, 1), published)} .cannot be decoded"
    with pytest.raises(DataError, match=expected):
        download.download("nuclei", archive=archive)
    assert not list(published.parent.iterdir())


def test_changed_and_extra_files_in_an_archive_are_named_and_kept(published, tmp_path, capsys):
    edit(mask(published, 1, 1))
    shutil.copy(mask(published, 0, 0), mask(published, 0, 9))
    archive = packed(published, tmp_path / "stage1_train.zip")
    shutil.rmtree(published)
    download.download("nuclei", archive=archive)
    said = capsys.readouterr().out
    assert "files: 1 changed, 1 extra." in said
    assert f"changed: {below(mask(published, 1, 1), published)}" in said
    assert mask(published, 0, 9).exists()
