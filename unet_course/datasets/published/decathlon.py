"""Bring cases of the Medical Segmentation Decathlon: out of one archive of 7.6 GB, only those that are asked for."""

import os
import shutil
from pathlib import Path

from tqdm.auto import tqdm

from ... import paths
from .. import DataError
from ..brats import decathlon
from ..brats.files import REMEDY
from . import far_tar, fetch
from .sources import DECATHLON

URL = DECATHLON.mirror[0]
CASES = 484
# As many as the chapter on BraTS trains on by its defaults.
FEW = 24
SUMS = "SHA256SUMS"
# The only files of which checksums are published, by people who fetch this one case.
PUBLISHED = {
    "imagesTr/BRATS_449.nii.gz": "ed83bc811d99b9550adc3352b7fdba8d403262e566edb7791ec22617199fab14",
    "labelsTr/BRATS_449.nii.gz": "384ea5d4b374e8570f1843d2fe8899e03634de7515153d8181d78ce04f2f1475",
}
_PARTS = (decathlon.LABELS, decathlon.IMAGES)
# All labels lie at the archive's end; where the first attempt does not reach them, a larger one does.
_ENDS = (32_000_000, 128_000_000, 512_000_000)


def download(cases=FEW, archive=None):
    """Put cases below `data_root()/brats/Task01_BrainTumour`; those that are there already stay.

    Cases come in the order of the archive, so that more of them later means only the rest. Each is read before it is
    put in place: its checksum, the grid of its volumes, its labels. `SHA256SUMS` keeps what was fetched.

    Parameters
    ----------
    cases : int
        How many, at most 484.
    archive : path, optional
        `Task01_BrainTumour.tar`, or the unpacked folder, on this machine. Default: the public copy, which needs no
        account.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If `cases` is less than 1 or more than there are.
    DataError
        If BraTS 2020 lies in that place, the disk is too small, or a file cannot be had whole. Cases that came before
        stay.
    """
    if not 1 <= cases <= CASES:
        raise ValueError(f"--cases {cases}: the Decathlon has {CASES} cases; ask for 1 to {CASES}.")
    target = paths.data_root() / "brats"
    if target.exists() and any(path.is_dir() and path.name != decathlon.NAME for path in target.iterdir()):
        raise DataError(
            f"{target} holds other data, and chapters read one set. Move it away, or set UNET_COURSE_DATA to a folder "
            "for the Decathlon."
        )
    held = _Folder(archive) if archive and Path(archive).is_dir() else _Tar(archive)
    names = held.names(cases)
    sums = read_sums(target)
    lacking = [name for name in names if not _in_place(target, sums, name)]
    if len(lacking) < len(names):
        print(f"{len(names) - len(lacking)} of {len(names)} cases are in {target} already.")
    _check_room(held, lacking)
    for name in tqdm(lacking, "cases"):
        files = held.get(name)
        _check(files, held)
        _put(files, target, sums)
    return target


def read_sums(root):
    """What was fetched: by path below `Task01_BrainTumour`, the SHA-256 of the file; empty where nothing is noted."""
    file = Path(root) / SUMS
    lines = [line.partition("  ") for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []
    return {path.removeprefix(f"{decathlon.NAME}/"): digest for digest, _, path in lines}


class _Tar:
    """The archive, far away or here."""

    def __init__(self, path):
        if path is not None and not Path(path).is_file():
            raise DataError(f"{path} does not exist: give --archive the path of the archive or of its unpacked folder.")
        self.archive = far_tar.Web(URL) if path is None else far_tar.Disk(path)
        self.place, self.folder = self.archive.place, paths.data_root() / "downloads" / "brats"
        self.known = self.folder / "contents.json"
        self.contents = far_tar.Contents.read(self.known, self.archive.total)

    def names(self, cases):
        """The first cases of the archive; their labels are known then."""
        try:
            if len(self._images()) < cases:
                for _ in tqdm(far_tar.walk(self.archive, self.contents), "look for cases", unit=" files"):
                    if len(self._images()) >= cases:
                        break
            names = self._images()[:cases]
            if not names:
                raise DataError(
                    f"{self.place} holds no {decathlon.IMAGES}/BRATS_<number>.nii.gz: it is another archive."
                )
            self._find_labels(names)
        finally:
            self.contents.write(self.known)
        return names

    def size(self, name):
        return sum(self.contents.members[self._member(part, name)][1] for part in _PARTS)

    def get(self, name):
        """Fetch the two files of a case; those that came before are not fetched again."""
        files = []
        for part in _PARTS:
            start, size = self.contents.members[self._member(part, name)]
            files.append(self.folder / part / name)
            if not files[-1].exists():
                self._save(start, size, files[-1], PUBLISHED.get(f"{part}/{name}"))
        return files

    def discard(self, files):
        """Forget a case that came damaged, and the end it may have come from: the next call fetches both anew."""
        for path in (*files, *map(self._end, _ENDS)):
            path.unlink(missing_ok=True)

    def _save(self, start, size, path, sha256):
        """Take bytes from the archive's end where that is here, else from the archive."""
        for end in filter(Path.exists, map(self._end, _ENDS)):
            begin = self.archive.total - end.stat().st_size
            if start >= begin:
                far_tar.Disk(end).save(start - begin, size, path, sha256)
                return
        self.archive.save(start, size, path, sha256)

    def _end(self, size):
        return self.folder / f"end-{size}-of-{self.archive.total}"

    def _images(self):
        """Cases in the order of the archive, as far as all headers are known."""
        top = f"{decathlon.NAME}/{decathlon.IMAGES}/BRATS_"
        found = [
            (start, name.rpartition("/")[2])
            for name, (start, _) in self.contents.members.items()
            if name.startswith(top) and start < self.contents.walked
        ]
        return [name for _, name in sorted(found)]

    def _find_labels(self, names):
        wanted = [self._member(decathlon.LABELS, name) for name in names]
        for size in _ENDS:
            if all(member in self.contents.members for member in wanted):
                return
            if self.contents.walked < self.archive.total:
                far_tar.look_at_end(self.archive, self.contents, size, self._end(size))
        missing = next((member for member in wanted if member not in self.contents.members), None)
        if missing:
            raise DataError(
                f"{self.place} holds no {missing} where labels should be. Fetch it whole, and use --archive."
            )

    @staticmethod
    def _member(part, name):
        return f"{decathlon.NAME}/{part}/{name}"


class _Folder:
    """The unpacked archive."""

    def __init__(self, path):
        self.place = path
        self.cases = {decathlon.files(case)[0].name: case for case in decathlon.cases(path)}
        if not self.cases:
            raise DataError(f"{path} holds no {decathlon.NAME}/{decathlon.IMAGES}/BRATS_<number>.nii.gz.")

    def names(self, cases):
        return list(self.cases)[:cases]

    def size(self, name):
        return sum(path.stat().st_size for path in decathlon.files(self.cases[name]))

    def get(self, name):
        images, labels = decathlon.files(self.cases[name])
        files = [paths.data_root() / "downloads" / "brats" / path.parent.name / path.name for path in (labels, images)]
        for source, copy in zip((labels, images), files, strict=True):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
        return files

    def discard(self, files):
        for path in files:
            path.unlink()


def _in_place(target, sums, name):
    """True where both files of a case are as they were fetched."""
    files = [f"{part}/{name}" for part in _PARTS]
    here = [target / decathlon.NAME / file for file in files]
    return all(path.is_file() for path in here) and all(
        fetch.file_sha256(path) == sums.get(file) for file, path in zip(files, here, strict=True)
    )


def _check_room(held, names):
    needed = sum(map(held.size, names))
    root = paths.data_root()
    root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root).free
    if needed > free:
        raise DataError(
            f"{root}: {len(names)} cases need {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free. Make room, ask "
            "for fewer --cases, or set UNET_COURSE_DATA to a folder on a larger disk."
        )
    if names:
        print(f"{len(names)} cases to fetch, {needed / 1e6:,.0f} MB.")


def _check(files, held):
    """Read a case; what cannot be read is thrown away."""
    labels, images = files
    try:
        decathlon.read(images.with_name(images.name.removesuffix(".gz").removesuffix(".nii")))
    except DataError as error:
        held.discard(files)
        reason = str(error).removesuffix(REMEDY).strip()
        raise DataError(
            f"{reason.rstrip('.')}. So it came from {held.place}, and is thrown away: run the same command again, or "
            "take another copy."
        ) from error


def _put(files, target, sums):
    """Move a case into place, first labels, then images: a case that is seen is whole."""
    for path in files:
        place = target / decathlon.NAME / path.parent.name / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        sums[f"{path.parent.name}/{path.name}"] = fetch.file_sha256(path)
        os.replace(path, place)
    lines = [f"{digest}  {decathlon.NAME}/{path}" for path, digest in sorted(sums.items())]
    paths.write_whole(target / SUMS, "\n".join(lines) + "\n")
