"""Cases of the Decathlon, fetched alone out of an archive on a server that misbehaves."""

import gzip
import io
import shutil
import tarfile

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from unet_course.cli import app
from unet_course.datasets import DataError, brats
from unet_course.datasets.published import decathlon, download, far_tar, fetch

ORDER = (449, 3, 10, 1, 2)  # of the archive
TOP = "Task01_BrainTumour"


def packed(array):
    image = nibabel.Nifti1Image(array, np.diag([-1.0, -1, 1, 1]))
    return gzip.compress(image.to_bytes(), mtime=0)


def members(rng):
    """What the public archive holds, in its order: folders, what macOS leaves, images, test images, then labels."""
    yield f"./{TOP}", None
    for number in ORDER:
        noise = rng.integers(0, 900, (12, 10, 8, 4)).astype(np.int16)
        yield f"./{TOP}/imagesTr/._BRATS_{number:03}.nii.gz", bytes(200)
        yield f"./{TOP}/imagesTr/BRATS_{number:03}.nii.gz", packed(noise)
    yield f"./{TOP}/imagesTs/BRATS_485.nii.gz", rng.bytes(300_000)
    yield f"./{TOP}/labelsTr", None
    for number in ORDER:
        yield f"./{TOP}/labelsTr/BRATS_{number:03}.nii.gz", packed(rng.integers(0, 4, (12, 10, 8)).astype(np.uint8))
    yield f"./{TOP}/dataset.json", b"{}"


def tar_of(entries):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as bundle:
        for name, content in entries:
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            member.size = len(content or b"")
            bundle.addfile(member, io.BytesIO(content or b""))
    return file.getvalue()


@pytest.fixture
def archive(server, data_root, monkeypatch):
    """The server has the archive, and the course looks for it there; its ends are as small as it is."""
    server.content = tar_of(members(np.random.default_rng(0)))
    monkeypatch.setattr(decathlon, "URL", server.url + "Task01_BrainTumour.tar")
    monkeypatch.setattr(decathlon, "PUBLISHED", {})
    monkeypatch.setattr(decathlon, "_ENDS", (4_000, 30_000, 100_000))
    monkeypatch.setattr(fetch.time, "sleep", lambda seconds: None)
    return server


def run(*words):
    result = CliRunner().invoke(app, ["data", *words])
    assert "Traceback" not in result.output
    return result


def names(root):
    return [case.name for case in brats.case_folders(root)]


def test_only_what_is_asked_for_comes_and_more_means_only_the_rest(archive, data_root):
    result = run("brats", "--source", "decathlon", "--cases", "2")
    assert result.exit_code == 0 and "CC BY-SA 4.0" in result.output
    assert "brats: 2 cases (an excerpt of the Decathlon's training set)" in result.output
    root = data_root / "brats"
    assert names(root) == ["BRATS_003", "BRATS_449"], "the first two of the archive"
    assert sorted(path.name for path in root.iterdir()) == ["SHA256SUMS", "TERMS.txt", TOP]
    first, archive.asked[:] = archive.sent, []
    assert first < len(archive.content) / 3
    assert run("brats", "--cases", "4").exit_code == 0
    assert names(root) == ["BRATS_001", "BRATS_003", "BRATS_010", "BRATS_449"]
    headers = [span for span in archive.asked if span == "bytes=0-511"]
    assert len(headers) == 1 and archive.sent - first < first, "nothing is walked or fetched again"
    archive.asked[:] = []
    assert "4 of 4 cases are in" in run("brats", "--cases", "4").output
    assert archive.asked == ["bytes=0-511"]


def test_what_arrives_is_what_the_whole_archive_holds(archive, data_root, tmp_path):
    download.download("brats", cases=5)
    with tarfile.open(fileobj=io.BytesIO(archive.content)) as bundle:
        bundle.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11 knows it from 3.11.4 on
        bundle.extractall(tmp_path / "whole")
    whole, root = tmp_path / "whole", data_root / "brats"
    for mine, theirs in zip(brats.case_folders(root), brats.case_folders(whole), strict=True):
        for one, other in zip(brats.case_files(mine).values(), brats.case_files(theirs).values(), strict=True):
            assert one.read_bytes() == other.read_bytes()
    # The same from a copy on this machine, packed or not.
    shutil.rmtree(data_root)
    (tmp_path / "copy.tar").write_bytes(archive.content)
    archive.asked[:] = []
    for copy in (tmp_path / "copy.tar", whole):
        folder = download.download("brats", "decathlon", archive=copy, cases=2)
        assert len(names(folder)) == 2
        shutil.rmtree(folder)
    assert not archive.asked


@pytest.mark.parametrize("fault", ["cut", "boast", "elsewhere", 429, 503])
def test_a_server_in_trouble_is_asked_again(archive, data_root, fault):
    for number in range(12):
        archive.faults = [None] * number + [fault, fault]
        assert len(names(download.download("brats", cases=2))) == 2
        shutil.rmtree(data_root)


@pytest.mark.parametrize("status", [403, 404])
def test_a_server_that_refuses_is_named(archive, data_root, status):
    archive.faults = [status]
    result = run("brats")
    assert result.exit_code == 1 and f"{archive.url}Task01_BrainTumour.tar answers {status}" in result.stderr
    assert not (data_root / "brats").exists(), "chapters go on with phantoms"


def test_a_server_that_knows_no_parts_is_not_waited_for(archive):
    archive.ranges = False
    result = run("brats")
    assert result.exit_code == 1 and "sends the whole file where a part was asked for" in result.stderr
    assert "--archive" in result.stderr and len(archive.asked) == 1


def test_a_server_that_always_sends_another_part_gives_nothing(archive, data_root):
    archive.faults = ["elsewhere"] * 99
    with pytest.raises(DataError, match=r"could not be fetched in 5 tries .*another part than bytes 0"):
        download.download("brats", cases=2)
    assert not (data_root / "brats").exists()


def test_an_archive_that_shrinks_meanwhile_is_named(archive, tmp_path):
    web = far_tar.Web(decathlon.URL)
    total, archive.content = web.total, archive.content[:20_480]
    with pytest.raises(DataError, match=rf"had {total:,} bytes a moment ago and has 20,480 now"):
        list(far_tar.walk(web, far_tar.Contents(total)))
    with pytest.raises(DataError, match=r"has no bytes 50,000 to 50,099: it is another file than expected"):
        web.save(50_000, 100, tmp_path / "x")


def test_changed_bytes_are_found_thrown_away_and_fetched_again(archive, data_root):
    start, size = member(archive, "imagesTr/BRATS_003")
    sound = archive.content
    archive.content = flipped(sound, start + size // 2)
    result = run("brats", "--cases", "3")
    assert result.exit_code == 1 and "BRATS_003.nii.gz is truncated or not a NIfTI file" in result.stderr
    assert f"So it came from {archive.url}Task01_BrainTumour.tar, and is thrown away" in result.stderr
    assert names(data_root / "brats") == ["BRATS_449"], "the case before stays"
    archive.content = sound
    assert run("brats", "--cases", "3").exit_code == 0
    assert names(data_root / "brats") == ["BRATS_003", "BRATS_010", "BRATS_449"]


def test_changed_labels_are_fetched_again_with_the_end_they_came_from(archive, data_root):
    start, size = member(archive, "labelsTr/BRATS_003")
    sound, archive.content = archive.content, flipped(archive.content, start + size - 6)  # in the checksum
    assert "labelsTr/BRATS_003.nii.gz is truncated or not a NIfTI file" in run("brats", "--cases", "2").stderr
    archive.content = sound
    assert run("brats", "--cases", "2").exit_code == 0


def test_a_changed_header_is_found(archive):
    start, _ = member(archive, "imagesTr/BRATS_003")
    sound, archive.content = archive.content, flipped(archive.content, start - 512 + 130)
    result = run("brats", "--cases", "3")
    assert result.exit_code == 1 and f"no tar header at byte {start - 512:,}" in result.stderr
    archive.content = sound
    assert run("brats", "--cases", "3").exit_code == 0


def test_published_checksums_are_checked(archive, monkeypatch, data_root):
    monkeypatch.setattr(decathlon, "PUBLISHED", {"imagesTr/BRATS_449.nii.gz": "0" * 64})
    result = run("brats", "--cases", "1")
    assert result.exit_code == 1 and "does not have the published SHA-256" in result.stderr
    assert not (data_root / "brats").exists()


def test_a_kill_between_two_cases_costs_only_what_was_on_its_way(archive, data_root, monkeypatch):
    put = decathlon._put

    def killed(files, target, sums):
        put(files, target, sums)
        raise KeyboardInterrupt

    monkeypatch.setattr(decathlon, "_put", killed)
    with pytest.raises(KeyboardInterrupt):
        decathlon.download(3)
    assert names(data_root / "brats") == ["BRATS_449"] and len(brats.load().images) == 1
    monkeypatch.setattr(decathlon, "_put", put)
    archive.asked[:] = []
    decathlon.download(3)
    start, size = member(archive, "imagesTr/BRATS_449")
    assert f"bytes={start}-{start + size - 1}" not in archive.asked
    assert len(names(data_root / "brats")) == 3


def test_an_archive_that_has_changed_is_looked_through_anew(archive, data_root):
    decathlon.download(1)
    archive.content = tar_of([(f"{TOP}/readme", bytes(50_000)), *members(np.random.default_rng(0))])
    decathlon.download(2)
    assert names(data_root / "brats") == ["BRATS_003", "BRATS_449"]


def test_other_archives_are_refused(archive, data_root, tmp_path):
    archive.content = tar_of([("a/b", bytes(3000))])
    assert "holds no imagesTr/BRATS_<number>.nii.gz: it is another archive" in run("brats").stderr
    archive.content = tar_of([(f"{TOP}/imagesTr/BRATS_001.nii.gz", bytes(20_000))])
    assert "holds no Task01_BrainTumour/labelsTr/BRATS_001.nii.gz where labels" in run("brats").stderr
    archive.content = gzip.compress(tar_of(members(np.random.default_rng(1))))
    assert "no tar header at byte 0" in run("brats").stderr
    decathlon_archive = ["brats", "--source", "decathlon", "--archive"]
    assert "gone.tar does not exist" in run(*decathlon_archive, "gone.tar").stderr
    assert f"{tmp_path} holds no Task01_BrainTumour" in run(*decathlon_archive, str(tmp_path)).stderr
    assert not (data_root / "brats").exists()


def test_what_lies_there_already_is_not_mixed_with_it(archive, data_root):
    folder = data_root / "brats" / "MICCAI_BraTS2020_TrainingData" / "BraTS20_Training_001"
    folder.mkdir(parents=True)
    result = run("brats", "--source", "decathlon")
    assert result.exit_code == 1 and "chapters read one set. Move it away, or set UNET_COURSE_DATA" in result.stderr
    assert not archive.asked


def test_a_small_disk_is_named_before_anything_is_fetched(archive, data_root, monkeypatch):
    usage = shutil.disk_usage(data_root.parent)
    monkeypatch.setattr(decathlon.shutil, "disk_usage", lambda folder: usage._replace(free=1000))
    result = run("brats", "--cases", "3")
    assert (
        result.exit_code == 1 and "3 cases need 0.0 GB, and 0.0 GB are free. Make room, ask for fewer" in result.stderr
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["brats", "--cases", "0"], "ask for 1 to 484"),
        (["brats", "--cases", "485"], "ask for 1 to 484"),
        (["nuclei", "--cases", "3"], "goes with `brats --source decathlon` alone"),
        (["nuclei", "--source", "decathlon"], "not known for nuclei: use mirror, kaggle or local"),
        (["brats", "--source", "mirror"], "not known for brats: use decathlon, kaggle or local"),
        (["nuclei", "--small"], "--small goes with `data all`"),
        (["all", "--cases", "3"], "give --small or nothing"),
    ],
)
def test_words_that_do_not_go_together(data_root, words, message):
    result = run(*words)
    assert result.exit_code == 1 and message in result.stderr


def test_verify_knows_what_was_fetched_and_a_new_call_mends_it(archive, data_root):
    root = download.download("brats", cases=4)
    top = root / TOP
    result = run("verify", "brats")
    assert result.exit_code == 0
    assert "brats: 4 of 484 cases of the Decathlon's training set are here, all as fetched." in result.output
    image, labels = top / "imagesTr/BRATS_003.nii.gz", top / "labelsTr/BRATS_010.nii.gz"
    image.write_bytes(image.read_bytes()[:-200])
    labels.write_bytes(packed(np.ones((12, 10, 8), np.uint8)))
    (top / "labelsTr/BRATS_449.nii.gz").unlink()
    shutil.copy(top / "imagesTr/BRATS_001.nii.gz", top / "imagesTr/BRATS_777.nii.gz")
    shutil.copy(top / "labelsTr/BRATS_001.nii.gz", top / "labelsTr/BRATS_777.nii.gz")
    result = run("verify", "brats")
    assert result.exit_code == 1
    assert f"damaged: {TOP}/imagesTr/BRATS_003.nii.gz (is truncated or not a NIfTI file" in result.output
    assert f"changed: {TOP}/labelsTr/BRATS_010.nii.gz\n" in result.output
    assert f"missing: {TOP}/labelsTr/BRATS_449.nii.gz\n" in result.output
    assert f"extra: {TOP}/imagesTr/BRATS_777.nii.gz\n" in result.output
    for part in ("imagesTr", "labelsTr"):
        (top / part / "BRATS_777.nii.gz").unlink()
    assert run("brats", "--cases", "4").exit_code == 0
    assert run("verify", "brats").exit_code == 0


def test_everything_for_a_class_comes_with_one_command(archive, data_root, monkeypatch):
    asked = []
    fetched = download.download

    def recorded(key, **options):
        asked.append((key, options["cases"]))
        if key == "lgg":
            raise DataError("the server is down")
        return fetched(key, **options) if key == "brats" else data_root / key

    monkeypatch.setattr(download, "download", recorded)
    monkeypatch.setattr(decathlon, "FEW", 2)
    result = run("all", "--small")
    assert asked == [("nuclei", None), ("lgg", None), ("brain_tumor", None), ("brats", 2)]
    assert result.exit_code == 1 and result.stderr.endswith("Error: lgg is missing. the server is down\n")
    assert len(names(data_root / "brats")) == 2, "one that cannot be had does not stop the others"


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3000)), min_size=1, max_size=12), st.integers(600, 20_000))
def test_members_are_found_where_they_are(tmp_path_factory, entries, size):
    folder = tmp_path_factory.mktemp("tar")
    content = tar_of(
        (f"./a/{k}", None if is_folder else bytes(length)) for k, (is_folder, length) in enumerate(entries)
    )
    (folder / "a.tar").write_bytes(content)
    with tarfile.open(folder / "a.tar") as bundle:
        expected = {m.name.removeprefix("./"): [m.offset_data, m.size] for m in bundle.getmembers() if m.isfile()}
    disk = far_tar.Disk(folder / "a.tar")
    walked, end = far_tar.Contents(disk.total), far_tar.Contents(disk.total)
    assert set(far_tar.walk(disk, walked)) == set(expected)
    assert walked.members == expected and walked.walked == disk.total
    far_tar.look_at_end(disk, end, size, folder / "end")
    begin = (disk.total - size) // 512 * 512
    assert end.members == {name: place for name, place in expected.items() if place[0] - 512 >= begin}


def member(archive, name):
    with tarfile.open(fileobj=io.BytesIO(archive.content)) as bundle:
        found = bundle.getmember(f"./{TOP}/{name}.nii.gz")
        return found.offset_data, found.size


def flipped(content, place):
    return content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]
