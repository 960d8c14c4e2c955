"""Where the files of BraTS lie: in folders, or in a zip or tar archive from which nothing is unpacked to disk."""

import contextlib
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .. import PHANTOM_MARK, DataError, natural, source_of
from ..images import left_behind
from ..published.sources import fetch_again
from ..published.unpack import tar_members

KEY = "brats"
REMEDY = fetch_again(KEY)
MODALITIES = ("flair", "t1", "t1ce", "t2")
TABLES = ("name_mapping.csv", "survival_info.csv")
_CASE = re.compile(r"BraTS20_Training_\d+")
_PLACES = (
    "",
    "MICCAI_BraTS2020_TrainingData",
    "BraTS2020_TrainingData",
    "BraTS2020_TrainingData/MICCAI_BraTS2020_TrainingData",
)
# A volume of the set has 18 MB, or 71 MB in the widest type: whatever is larger would only fill the memory.
LARGEST = 200_000_000
# What zipfile, tarfile and gzip raise on damage, a password, or a way of packing that Python does not know.
DAMAGE = (
    OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, tarfile.TarError, RuntimeError, NotImplementedError
)  # fmt: skip


@dataclass(frozen=True)
class StoredFile:
    """One file of a case, wherever it lies.

    Attributes
    ----------
    name : str
        Of the file alone.
    place : str
        How messages call it.
    load : callable
        Gives all its bytes; `read` is the same with a message for what can go wrong.
    size : int
        Bytes.
    position : int
        Where it begins in its archive: a packed tar can only be read front to back.
    """

    name: str
    place: str
    load: Callable[[], bytes]
    size: int
    position: int = 0

    def read(self):
        """All bytes of the file.

        Raises
        ------
        DataError
            If they cannot be had, or are far too many.
        """
        if self.size > LARGEST:
            raise DataError(f"{self.place} has {self.size / 1e9:.1f} GB; a volume of BraTS has at most 0.1 GB.")
        try:
            return self.load()
        except DAMAGE as error:
            raise damaged(self.place, error) from error


@dataclass(frozen=True)
class CaseIndex:
    """All cases of a set.

    Attributes
    ----------
    top : str
        Path of the cases' folders below the root; "." where they lie in it.
    cases : dict of str to list of StoredFile
        Case 2 before case 10.
    places : dict of str to PurePath
        How messages call the folder of each case.
    tables : dict of str to StoredFile
    source : str
        "real" or "phantom".
    """

    top: str
    cases: dict
    places: dict
    tables: dict
    source: str

    def as_stored(self):
        """Names of the cases in the order in which they are read fastest."""
        return sorted(self.cases, key=lambda name: min((file.position for file in self.cases[name]), default=0))


@contextlib.contextmanager
def open_set(root):
    """Find the cases of a folder, or of a zip or tar archive, which stays open meanwhile.

    Parameters
    ----------
    root : path

    Yields
    ------
    CaseIndex

    Raises
    ------
    FileNotFoundError
        If there is no case, or no such file or folder.
    DataError
        If the archive is damaged, or neither zip nor tar.
    """
    root = Path(root)
    if not root.is_file():
        yield _in_folders(root)
        return
    try:
        with contextlib.ExitStack() as stack:
            if zipfile.is_zipfile(root):
                files = list(_zipped(stack.enter_context(zipfile.ZipFile(root))))
            elif tarfile.is_tarfile(root):
                files = list(_tarred(stack.enter_context(tarfile.open(root))))
            else:
                raise DataError(f"{root} is damaged, or neither a zip nor a tar file: fetch it again.")
            opened = stack.pop_all()
    except DAMAGE as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{root} is damaged ({one_line(error)}): fetch it again.") from error
    with opened:
        yield _in_archive(root, files)


def case_folders(root):
    """Folders `BraTS20_Training_<number>`, case 2 before case 10.

    Parameters
    ----------
    root : path
        As `brats.load` accepts it.

    Returns
    -------
    list of Path

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    for place in _PLACES:
        folders = [path for path in (Path(root) / place).glob("BraTS20_Training_*") if path.is_dir()]
        if folders:
            return sorted(folders, key=lambda folder: natural(folder.name))
    raise FileNotFoundError(
        f"{root} holds no BraTS20_Training_<number> folder and no Task01_BrainTumour. Point to the folder that "
        f"contains MICCAI_BraTS2020_TrainingData or Task01_BrainTumour, or run `unet-course data {KEY}`."
    )


def stored_in(folder):
    """The files of one folder."""
    return [
        StoredFile(path.name, str(path), path.read_bytes, path.stat().st_size)
        for path in sorted(Path(folder).iterdir())
        if path.is_file()
    ]


def pick_case_files(files, case, place):
    """The five files of a case by what they hold: "flair", "t1", "t1ce", "t2" and "seg".

    Parameters
    ----------
    files : iterable
        Paths, or `StoredFile`.
    case : str
        With which their names begin.
    place : path
        Their folder, for messages.

    Returns
    -------
    dict of str to an entry of `files`

    Raises
    ------
    DataError
        If a file is missing, or there twice.
    """
    found = {}
    for file in files:
        if file.name.endswith((".nii", ".nii.gz")) and not left_behind(file.name):
            found.setdefault(file.name.removesuffix(".gz").removesuffix(".nii"), []).append(file)
    chosen = {what: _only(found.pop(f"{case}_{what}", []), f"{case}_{what}", place) for what in MODALITIES}
    # Without `_seg`, the only other NIfTI file has the labels: `W39_1998.09.19_Segm.nii` in case 355.
    chosen["seg"] = _only(found.get(f"{case}_seg") or sum(found.values(), []), f"{case}_seg", place)
    return chosen


def damaged(place, error):
    """The error for a file that cannot be read."""
    return DataError(f"{place} is truncated or not a NIfTI file ({one_line(error)}). {REMEDY}")


def one_line(error):
    """The text of an error on one line; some span several."""
    return " ".join(str(error).split()) or type(error).__name__


def _only(files, name, place):
    if not files:
        raise DataError(f"{place / name}.nii (or .nii.gz) is missing. {REMEDY}")
    if len(files) > 1:
        names = " and ".join(file.name for file in files)
        raise DataError(f"{place} holds {names}, of which only one can be read. Move the wrong one away.")
    return files[0]


def _in_folders(root):
    folders = case_folders(root)
    top = folders[0].parent
    tables = {file.name: file for file in stored_in(top) if file.name in TABLES}
    cases = {folder.name: stored_in(folder) for folder in folders}
    places = {folder.name: folder for folder in folders}
    return CaseIndex(top.relative_to(root).as_posix(), cases, places, tables, source_of(root))


def _zipped(bundle):
    for info in bundle.infolist():
        if not info.is_dir():
            yield info.filename.replace("\\", "/"), lambda info=info: bundle.read(info), info.file_size, 0


def _tarred(bundle):
    for member in tar_members(bundle):
        if member.isfile():  # links lead nowhere: nothing is unpacked
            yield member.name, lambda member=member: bundle.extractfile(member).read(), member.size, member.offset


def _in_archive(root, files):
    """Names only serve to find the cases, so none can do harm; where cases lie twice, those nearest the top count."""
    by_folder = {}
    for name, load, size, position in files:
        path = PurePosixPath(name)
        stored = StoredFile(path.name, f"{root}: {path}", load, size, position)
        by_folder.setdefault(path.parent, []).append(stored)
    cases = [folder for folder in by_folder if _CASE.fullmatch(folder.name) and "__MACOSX" not in folder.parts]
    if not cases:
        raise FileNotFoundError(
            f"{root} holds no BraTS20_Training_<number> folder: it is not the BraTS training set. Is it the "
            f"Decathlon's? Then run `unet-course data {KEY} --source decathlon --archive {root}`."
        )
    top = min((folder.parent for folder in cases), key=lambda folder: (len(folder.parts), str(folder)))
    cases = sorted((folder for folder in cases if folder.parent == top), key=lambda folder: natural(folder.name))
    tables = {file.name: file for file in by_folder.get(top, []) if file.name in TABLES}
    phantom = any(file.name == PHANTOM_MARK for folder in (top, *top.parents) for file in by_folder.get(folder, []))
    return CaseIndex(
        str(top),
        {case.name: by_folder[case] for case in cases},
        {case.name: PurePosixPath(f"{root}: {case}") for case in cases},
        tables,
        "phantom" if phantom else "real",
    )
