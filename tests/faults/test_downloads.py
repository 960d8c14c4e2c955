"""Downloads from a server that misbehaves, and archives that should not be unpacked."""

import errno
import gzip
import hashlib
import io
import shutil
import tarfile
import zipfile
from dataclasses import replace

import pytest

from unet_course.datasets import DataError
from unet_course.datasets.published import download, fetch, unpack

CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def server(server):
    server.content = CONTENT
    return server


def get(server, folder, **options):
    return fetch.fetch(server.url + "file.zip", folder / "file.zip", wait=0, **options)


def test_a_file_arrives_whole_and_is_not_fetched_twice(server, tmp_path):
    assert get(server, tmp_path).read_bytes() == CONTENT
    get(server, tmp_path)
    assert server.asked == [None]
    assert [path.name for path in tmp_path.iterdir()] == ["file.zip"]


def test_a_cut_connection_goes_on_where_it_broke_off(server, tmp_path):
    server.faults = ["cut", "cut"]
    assert get(server, tmp_path).read_bytes() == CONTENT
    half = len(CONTENT) // 2
    assert server.asked == [None, f"bytes={half}-", f"bytes={half + half // 2}-"]


def test_a_server_without_ranges_starts_anew(server, tmp_path):
    server.faults, server.ranges = ["cut"], False
    assert get(server, tmp_path).read_bytes() == CONTENT


def test_a_kill_is_survived(server, tmp_path):
    (tmp_path / "file.zip.part").write_bytes(CONTENT[:1234])
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert server.asked == ["bytes=1234-"]


def test_a_part_that_is_already_whole_is_kept(server, tmp_path):
    (tmp_path / "file.zip.part").write_bytes(CONTENT)
    assert get(server, tmp_path).read_bytes() == CONTENT


def test_a_part_of_another_file_is_thrown_away(server, tmp_path):
    (tmp_path / "file.zip.part").write_bytes(CONTENT + b"more")
    assert get(server, tmp_path).read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(server, tmp_path):
    server.faults = [503, 429]
    assert get(server, tmp_path).read_bytes() == CONTENT


def test_a_wrong_address_is_not_asked_again(server, tmp_path):
    server.faults = [404]
    with pytest.raises(DataError, match="answers 404 .*is the address still right"):
        get(server, tmp_path)
    assert len(server.asked) == 1


def test_a_server_that_promises_too_much_is_named_and_the_bytes_are_kept(server, tmp_path):
    server.faults, server.ranges = ["boast"] * 9, False
    with pytest.raises(DataError, match=r"in 3 tries .* are kept in .*file.zip.part: run the same command again"):
        get(server, tmp_path, tries=3)
    assert not (tmp_path / "file.zip").exists()


def test_nobody_answers(tmp_path):
    with pytest.raises(DataError, match="could not be fetched in 2 tries"):
        fetch.fetch("http://127.0.0.1:9/file", tmp_path / "file", tries=2, wait=0)


def test_a_published_checksum_is_checked(server, tmp_path):
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert get(server, tmp_path / "right", sha256=digest.upper()).exists()
    with pytest.raises(DataError, match="does not have the published SHA-256"):
        get(server, tmp_path / "wrong", sha256="0" * 64)
    assert list((tmp_path / "wrong").iterdir()) == []


def zipped(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in members.items():
            bundle.writestr(name.replace("__", "/"), content)
    return file.getvalue()


def test_a_damaged_archive_of_the_mirror_is_not_kept(server, data_root, monkeypatch, write_nuclei, tmp_path):
    source = replace(download.SOURCES["nuclei"], mirror=(server.url + "stage1_train.zip",))
    monkeypatch.setitem(download.SOURCES, "nuclei", source)
    server.content = zipped(a__images__x="1")[:-30]
    with pytest.raises(DataError, match="is damaged"):
        download.download("nuclei")
    top = write_nuclei(tmp_path / "set") / "stage1_train"
    server.content = zipped(**{str(f.relative_to(top)).replace("/", "__"): f.read_bytes() for f in top.rglob("*.png")})
    assert len(list(download.download("nuclei").glob("stage1_train/*"))) == 3


def test_lgg_comes_without_an_account_in_two_pieces_and_is_compared(
    server, data_root, monkeypatch, write_lgg, tmp_path, capsys
):
    source = replace(download.SOURCES["lgg"], mirror=(server.url + "Brain-MRI-LGG-Segmentation.zip",))
    monkeypatch.setitem(download.SOURCES, "lgg", source)
    monkeypatch.setattr(fetch.time, "sleep", lambda seconds: None)
    top = write_lgg(tmp_path / "set")
    names = {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*.tif")}
    double = {
        f"{place}__{name}": content for place in ("a", "a/lgg-mri-segmentation") for name, content in names.items()
    }
    server.content, server.faults = zipped(**double), ["cut"]
    root = download.download("lgg")
    assert server.asked == [None, f"bytes={len(server.content) // 2}-"]
    assert {path.relative_to(root).as_posix() for path in root.rglob("*.tif")} == set(names), "each slice once"
    assert "3 patients, 16 slices (not a whole release" in (output := capsys.readouterr().out)
    assert "lgg: no file is as in the whole set." in output, "it is compared with the manifest"


def test_a_copy_that_is_gone_names_other_ways(server, data_root, monkeypatch):
    source = replace(download.SOURCES["lgg"], mirror=(server.url + "gone.zip",))
    monkeypatch.setitem(download.SOURCES, "lgg", source)
    server.faults = [404]
    with pytest.raises(DataError, match="gone.zip answers 404 .* Other ways: --source kaggle, or --archive"):
        download.download("lgg")


def tarred(path, *members):
    with tarfile.open(path, "w:gz") as bundle:
        for name, options in members:
            member = tarfile.TarInfo(name)
            for key, value in options.items():
                setattr(member, key, value)
            bundle.addfile(member, io.BytesIO(bytes(member.size)))
    return path


def test_tar_archives_are_unpacked(tmp_path):
    unpack.unpack(tarred(tmp_path / "a.tar.gz", ("a/b.txt", {"size": 5})), tmp_path / "out", limit=1)
    assert (tmp_path / "out/a/b.txt").read_bytes() == bytes(5)


def test_a_tar_with_a_damaged_header_does_not_just_end_there(tmp_path):
    """Python takes the header for the end of the archive, and would leave out all that follows."""
    members = [(name, {"size": 5000}) for name in "abc"]
    content = bytearray(gzip.decompress(tarred(tmp_path / "a.tar", *members).read_bytes()))
    content[2 * 5632 + 3] ^= 255  # in the name of c
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(DataError, match="is damaged .something else follows b"):
        unpack.unpack(tmp_path / "a.tar", tmp_path / "out", limit=1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("../evil", {"size": 1}),
        ("/evil", {"size": 1}),
        ("link", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}),
        ("hard", {"type": tarfile.LNKTYPE, "linkname": "../x"}),
        ("pipe", {"type": tarfile.FIFOTYPE}),
    ],
)
def test_unsafe_tar_members_are_refused(tmp_path, name, options):
    with pytest.raises(DataError, match="not unpacked"):
        unpack.unpack(tarred(tmp_path / "a.tar.gz", ("ok", {"size": 1}), (name, options)), tmp_path / "out", limit=1)
    assert not (tmp_path / "out").exists(), "nothing is written before all names are known to be good"


def test_bombs_are_refused_before_they_are_unpacked(tmp_path):
    (tmp_path / "bomb.zip").write_bytes(zipped(a=bytes(3_000_000), b=bytes(3_000_000)))
    tarred(tmp_path / "bomb.tar.gz", ("a", {"size": 6_000_000}))
    for name in ("bomb.zip", "bomb.tar.gz"):
        assert (tmp_path / name).stat().st_size < 30_000
        with pytest.raises(DataError, match="would unpack to 0.0 GB; at most 0.005 GB"):
            unpack.unpack(tmp_path / name, tmp_path / "out", limit=0.005)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_not_called_damage(tmp_path, monkeypatch):
    (tmp_path / "a.zip").write_bytes(zipped(a=bytes(3_000_000)))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=2_000_000))
    with pytest.raises(DataError, match="unpacks to 0.0 GB, and 0.0 GB are free. Make room, or set UNET_COURSE_DATA"):
        unpack.unpack(tmp_path / "a.zip", tmp_path / "out", limit=1)
    monkeypatch.undo()

    def refuse(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", refuse)
    with pytest.raises(DataError, match="out: the disk is full. Make room"):
        unpack.unpack(tmp_path / "a.zip", tmp_path / "out", limit=1)


def test_a_zip_with_a_password_says_so(tmp_path):
    content = bytearray(zipped(a=b"secret"))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(mark) + offset] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DataError, match="has a password.*unpack it yourself and give the folder"):
        unpack.unpack(tmp_path / "a.zip", tmp_path / "out", limit=1)


def test_a_zip_that_lies_about_its_size_is_damaged(tmp_path):
    """The directory at the end says 10 bytes, the data hold three million."""
    content = zipped(a=bytes(3_000_000))
    lie = content.replace((3_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lie != content
    (tmp_path / "lie.zip").write_bytes(lie)
    with pytest.raises(DataError, match="is damaged"):
        unpack.unpack(tmp_path / "lie.zip", tmp_path / "out", limit=1)
    assert sum(path.stat().st_size for path in (tmp_path / "out").rglob("*")) <= 10


def test_other_files_are_not_archives(tmp_path):
    (tmp_path / "page.zip").write_text("<html>Please log in</html>", encoding="utf-8")
    with pytest.raises(DataError, match="neither a zip nor a tar file"):
        unpack.unpack(tmp_path / "page.zip", tmp_path / "out", limit=1)


def test_of_two_calls_at_once_the_faster_one_counts(data_root, tmp_path, monkeypatch, write_nuclei, capsys):
    top = write_nuclei(tmp_path / "set")

    def other_process(key, root):
        write_nuclei(data_root / "nuclei")
        return "3 images"

    monkeypatch.setattr(download, "describe", other_process)
    assert download.download("nuclei", archive=top) == data_root / "nuclei"
    assert "Another process was faster" in capsys.readouterr().out
    assert [path.name for path in data_root.iterdir()] == ["nuclei"]


def test_what_a_killed_call_left_is_named(data_root, tmp_path, write_nuclei, capsys):
    (data_root / ".nuclei.abc").mkdir(parents=True)
    download.download("nuclei", archive=write_nuclei(tmp_path / "set"))
    assert f"{data_root / '.nuclei.abc'} was left by a call that was killed" in capsys.readouterr().out
