"""Unpack archives from elsewhere: nothing is written outside the chosen folder, and nothing larger than expected."""

import errno
import shutil
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from tqdm.auto import tqdm

from . import DataError

_ROOM = "Make room, or set UNET_COURSE_DATA to a folder on a larger disk."


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
                _extract(archive, place, limit, bundle, [_zipped(member) for member in bundle.infolist()])
        elif tarfile.is_tarfile(archive):
            with tarfile.open(archive) as bundle:
                _extract(archive, place, limit, bundle, [_tarred(member) for member in tar_members(bundle)])
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


def _zipped(member):
    return member, member.filename, member.file_size, stat.S_ISLNK(member.external_attr >> 16)


def _tarred(member):
    return member, member.name, member.size, not (member.isfile() or member.isdir())


def _extract(archive, place, limit, bundle, members):
    total = sum(size for _, _, size, _ in members)
    if total > 1e9 * limit:
        raise DataError(f"{archive} would unpack to {total / 1e9:.1f} GB; at most {limit:g} GB are expected.")
    place.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(place.parent).free
    if total > free:
        raise DataError(f"{archive} unpacks to {total / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free. {_ROOM}")
    for _, name, _, special in members:
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or special:
            raise DataError(f"{archive} holds {name!r}, a link or to be written outside {place}: not unpacked.")
    place.mkdir(parents=True, exist_ok=True)
    options = {"filter": "data"} if isinstance(bundle, tarfile.TarFile) else {}
    for member, *_ in tqdm(members, f"unpack {archive.name}"):
        bundle.extract(member, place, **options)
