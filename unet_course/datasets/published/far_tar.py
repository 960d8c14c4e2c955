"""Single members of a large tar archive: found by its headers and fetched alone, from a server or from this disk.

A tar archive has no table of contents: before each member stands a header with its name and size, and the next header
follows the member. Who knows where one header begins finds all that follow, without reading what lies between.
"""

import dataclasses
import json
import mmap
import shutil
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from ... import paths
from .. import DataError
from . import fetch

_BLOCK = 512
# Small members stand close together: several headers come with one request.
_AHEAD = 1 << 14


class Web:
    """An archive on a server that sends parts of a file.

    Parameters
    ----------
    url : str
    """

    def __init__(self, url):
        self.place = url
        _, self.total = fetch.peek(url, 0, _BLOCK)

    def peek(self, start, length):
        """Bytes of the archive, in memory."""
        content, total = fetch.peek(self.place, start, length)
        if total != self.total:
            raise DataError(f"{self.place} had {self.total:,} bytes a moment ago and has {total:,} now: start again.")
        return content

    def save(self, start, size, path, sha256=None):
        """Write bytes of the archive to a file, which appears when it is complete."""
        fetch.fetch(self.place, path, span=(start, start + size), sha256=sha256)


class Disk:
    """An archive on this machine; the same methods as `Web`."""

    def __init__(self, path):
        self.place, self.total = Path(path), Path(path).stat().st_size

    def peek(self, start, length):
        """Bytes of the archive, in memory."""
        with open(self.place, "rb") as file:
            file.seek(start)
            return file.read(length)

    def save(self, start, size, path, sha256=None):
        """Write bytes of the archive to a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.place, "rb") as source, open(path, "wb") as copy:
            source.seek(start)
            shutil.copyfileobj(_Limited(source, size), copy)
        if path.stat().st_size != size:
            path.unlink()
            raise DataError(f"{self.place} ends before byte {start + size:,}: it is cut short. Fetch it again.")
        if sha256 is not None and fetch.file_sha256(path) != sha256:
            path.unlink()
            raise DataError(f"{self.place}, bytes {start:,} and further: not the published SHA-256 {sha256[:16]}...")


@dataclass
class Contents:
    """What is known of an archive.

    Attributes
    ----------
    total : int
        Its length.
    walked : int
        All headers before this byte are known.
    members : dict of str to list of int
        By name: where the content of a file begins, and how long it is.
    """

    total: int
    walked: int = 0
    members: dict = field(default_factory=dict)

    @classmethod
    def read(cls, file, total):
        """What was found out before, if it is of an archive of this length."""
        try:
            known = cls(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return cls(total)
        return known if known.total == total else cls(total)

    def write(self, file):
        """Keep it for the next call."""
        paths.write_whole(file, json.dumps(dataclasses.asdict(self)))


def walk(archive, contents):
    """Go from header to header, on from where the last walk ended.

    Parameters
    ----------
    archive : Web or Disk
    contents : Contents
        Grows.

    Yields
    ------
    str
        The name of each file, when it is known.

    Raises
    ------
    DataError
        If what should be a header is none.
    """
    for name, start, size, following in _headers(_Window(archive), contents.walked, archive):
        contents.walked = following
        if name is not None:
            contents.members[name] = [start, size]
            yield name
    contents.walked = contents.total


def look_at_end(archive, contents, size, path):
    """Find the members of the last bytes of an archive, without those before.

    Any header there will do: the others follow from it, and the chain must end where the archive does.

    Parameters
    ----------
    archive : Web or Disk
    contents : Contents
        Grows.
    size : int
        How many bytes to fetch.
    path : Path
        Where they are kept. Nothing is found in an end without a header: then a larger one helps.
    """
    start = max(0, contents.total - size) // _BLOCK * _BLOCK
    archive.save(start, contents.total - start, path)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as end:
        tail = _Tail(f"{archive.place}, from byte {start:,}", contents.total, start, end)
        at = end.find(b"ustar")
        while at >= 0:
            if at % _BLOCK == 257:  # where a header has this word
                try:
                    found = list(_headers(tail, start + at - 257, archive))
                except DataError:  # the word stood in the content of a file
                    found = []
                if found:
                    contents.members |= {name: [begin, length] for name, begin, length, _ in found if name is not None}
                    return
            at = end.find(b"ustar", at + 1)


@dataclass
class _Tail:
    place: str
    total: int
    start: int
    content: mmap.mmap

    def block(self, start):
        return self.content[start - self.start : start - self.start + _BLOCK]


class _Window:
    """Reads a little more than a header at a time."""

    def __init__(self, archive):
        self.archive, self.start, self.content = archive, 0, b""

    def block(self, start):
        if not self.start <= start <= self.start + len(self.content) - _BLOCK:
            self.start, self.content = start, self.archive.peek(start, _AHEAD)
        return self.content[start - self.start : start - self.start + _BLOCK]


class _Limited:
    """A file that ends after so many bytes."""

    def __init__(self, file, size):
        self.file, self.left = file, size

    def read(self, length):
        content = self.file.read(min(length, self.left))
        self.left -= len(content)
        return content


def _headers(blocks, start, archive):
    """Of each member from the header at `start` on: name (None if it is no file), start, size, next header."""
    while start < archive.total:
        try:
            member = tarfile.TarInfo.frombuf(blocks.block(start), "utf-8", "surrogateescape")
        except tarfile.EOFHeaderError:  # zeros: the end
            return
        except tarfile.HeaderError as error:
            raise DataError(
                f"{archive.place}: no tar header at byte {start:,} ({error}). It is packed, another file, or damaged "
                "on its way: run the same command again."
            ) from error
        begin = start + _BLOCK
        start = begin + -(-member.size // _BLOCK) * _BLOCK
        yield member.name.removeprefix("./") if member.isreg() else None, begin, member.size, start
