"""Unpack archives from elsewhere: nothing is written outside the chosen folder, and nothing larger than expected."""

import errno
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tqdm.auto import tqdm

from .. import DataError

_ROOM = "Make room, or set UNET_COURSE_DATA to a folder on a larger disk."


@dataclass(frozen=True)
class _Member:
    """A file or folder in an archive: its name, its size in bytes, whether it is neither, and how to read it."""

    name: str
    size: int
    special: bool
    open: Callable | None  # None for a folder

    @property
    def path(self):
        return PurePosixPath(self.name.replace("\\", "/"))


def unpack(archive, place, *, limit):
    """Unpack a zip or tar archive.

    Parameters
    ----------
    archive, place : path
        `place` is made.
    limit : float
        Largest unpacked size, GB (10^9 bytes).

    Raises
    ------
    DataError
        If the archive is damaged or neither zip nor tar, holds a link, a name that leads outside `place`, or more than
        `limit`. Unpack into a temporary folder: an archive damaged in the middle leaves what came before.
    """
    archive, place = Path(archive), Path(place)
    if not archive.is_file():
        raise DataError(f"{archive} is not a file.")
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as bundle:
                _extract(archive, place, limit, [_zipped(bundle, member) for member in bundle.infolist()])
        elif tarfile.is_tarfile(archive):
            with tarfile.open(archive) as bundle:
                _extract(archive, place, limit, [_tarred(bundle, member) for member in tar_members(bundle)])
        else:
            raise DataError(f"{archive} is damaged, or neither a zip nor a tar file: fetch it again.")
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise DataError(f"{place}: the disk is full. {_ROOM}") from error
        raise DataError(f"{archive} is damaged ({error}): fetch it again.") from error
    except (RuntimeError, NotImplementedError) as error:
        raise DataError(
            f"{archive} has a password, or is packed in a way that Python cannot undo: "
            "unpack it yourself and give the folder."
        ) from error


def tar_members(bundle):
    """All members of an open tar archive.

    Raises
    ------
    tarfile.ReadError
        If anything but zeros follows the last: Python takes a damaged header for the end, and would lose the rest.
    """
    members = bundle.getmembers()
    bundle.fileobj.seek(bundle.offset)
    while block := bundle.fileobj.read(1 << 20):  # to the end, where a packed archive has its checksum
        if block.strip(b"\0"):
            raise tarfile.ReadError(f"something else follows {members[-1].name if members else 'its beginning'}")
    return members


def _zipped(bundle, member):
    link = stat.S_ISLNK(member.external_attr >> 16)
    return _Member(member.filename, member.file_size, link, None if member.is_dir() else lambda: bundle.open(member))


def _tarred(bundle, member):
    special = not (member.isfile() or member.isdir())
    return _Member(member.name, member.size, special, None if member.isdir() else lambda: bundle.extractfile(member))


def _extract(archive, place, limit, members):
    total = sum(member.size for member in members)
    if total > 1e9 * limit:
        raise DataError(f"{archive} would unpack to {total / 1e9:.1f} GB; at most {limit:g} GB are expected.")
    place.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(place.parent).free
    if total > free:
        raise DataError(f"{archive} unpacks to {total / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free. {_ROOM}")
    for member in members:
        if member.path.is_absolute() or ".." in member.path.parts or member.special:
            raise DataError(f"{archive} holds {member.name!r}, a link or to be written outside {place}: not unpacked.")
    place.mkdir(parents=True, exist_ok=True)
    for member in tqdm(members, f"unpack {archive.name}"):
        target = place / member.path
        if member.open is None:
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        # Only the content is taken: no owner, no rights, no time, whatever the archive asks for.
        with member.open() as source, open(target, "wb") as copy:
            shutil.copyfileobj(source, copy)
