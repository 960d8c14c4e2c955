"""Download one file, or a part of one: with progress, again after a failure, on from where it broke off."""

import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from pathlib import Path

from tqdm.auto import tqdm

from .. import DataError

_CHUNK = 1 << 18
# Answers that another try will not change.
_FINAL = {400, 401, 403, 404, 410}


def fetch(url, path, *, span=None, sha256=None, tries=5, wait=1.0):
    """Download a file unless it is there.

    Parameters
    ----------
    url : str
    path : path
        Appears when the download is complete; until then the bytes lie in `<name>.part` beside it, and a later call
        goes on from there if the server allows it.
    span : tuple of int, optional
        Only the bytes from the first number up to, but not including, the second. Default: the whole file.
    sha256 : str, optional
        Hexadecimal digest of the content, where one is published.
    tries : int
        How often to connect before giving up.
    wait : float
        Seconds before the second try; doubled each time.

    Returns
    -------
    Path

    Raises
    ------
    DataError
        If the file cannot be had whole; says what the server did, and that running again goes on from there. With
        `span` also if the server sends the whole file, or has none of these bytes.
    """
    path = Path(path)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")

    def kept():
        return f" {_size(part):,} bytes are kept in {part}: run the same command again to go on from there."

    _persist(url, lambda: _receive(url, part, span), tries, wait, kept)
    if sha256 is not None and file_sha256(part) != sha256.lower():
        part.unlink()
        raise DataError(f"{url} does not have the published SHA-256 {sha256[:16]}...: it is another file, or damaged.")
    os.replace(part, path)
    return path


def peek(url, start, length, *, tries=5, wait=1.0):
    """Download a few bytes of a file into memory.

    Parameters
    ----------
    url : str
    start, length : int
        Fewer bytes come where the file ends before.
    tries, wait
        As for `fetch`.

    Returns
    -------
    content : bytes
    total : int
        Length of the whole file.

    Raises
    ------
    DataError
        As `fetch` with a span.
    """

    def once():
        with _open(url, start, start + length - 1) as answer:
            total = _total(url, answer, start)
            content = answer.read(length)
        if len(content) != min(length, total - start):
            raise OSError(f"{len(content):,} bytes came instead of {min(length, total - start):,}")
        return content, total

    return _persist(url, once, tries, wait, lambda: " Run the same command again.")


def file_sha256(path):
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _persist(url, attempt, tries, wait, remedy):
    """What `attempt()` returns, at the first try that does not fail for a reason that may pass."""
    for number in range(tries):
        try:
            return attempt()
        except urllib.error.HTTPError as error:
            if error.code in _FINAL:
                raise DataError(f"{url} answers {error.code} {error.reason}: is the address still right?") from error
            problem = f"{error.code} {error.reason}"
        except (OSError, http.client.HTTPException) as error:
            problem = str(error) or type(error).__name__
        if number + 1 < tries:
            time.sleep(wait * 2**number)
    raise DataError(f"{url} could not be fetched in {tries} tries (last: {problem}).{remedy()}")


def _open(url, start, last):
    headers = {"Range": f"bytes={start}-{'' if last is None else last}"} if start or last is not None else {}
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30)
    except urllib.error.HTTPError as error:
        if error.code == 416 and last is not None:
            raise DataError(f"{url} has no bytes {start:,} to {last:,}: it is another file than expected.") from error
        raise


def _total(url, answer, start):
    """Length of the whole file, from an answer that must hold a part of it that begins at `start`."""
    if answer.status != 206:
        raise DataError(
            f"{url}: the server sends the whole file where a part was asked for. "
            "Fetch the file with a browser, and give its path with --archive."
        )
    said = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
    if not said or int(said[1]) != start:
        raise OSError(f"the server sent another part than bytes {start:,} and further")
    return int(said[2])


def _receive(url, part, span):
    """Append to `part` what it lacks; OSError when the connection ends early."""
    first, end = span or (0, None)
    have = _size(part)
    if span and have >= end - first:
        if have == end - first:
            return
        part.unlink()
        raise OSError("the part kept from before is too long: starting anew")
    try:
        answer = _open(url, first + have, None if end is None else end - 1)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing lies beyond what we have: it is whole, or it is of another file
            whole = re.search(r"\*/(\d+)", error.headers.get("Content-Range", ""))
            if whole and int(whole[1]) == have:
                return
            part.unlink()
            raise OSError("the part kept from before does not fit: starting anew") from error
        raise
    with answer:
        if span:
            _total(url, answer, first + have)
        elif answer.status != 206:
            have = 0  # the server sends everything, whatever was asked
        length = answer.headers.get("Content-Length")
        total = end - first if span else have + int(length) if length else None
        bar = tqdm(desc=part.stem, initial=have, total=total, unit="B", unit_scale=True, leave=span is None)
        with bar, open(part, "ab" if have else "wb") as file:
            while chunk := answer.read(_CHUNK if total is None else min(_CHUNK, total - have)):
                file.write(chunk)
                have += len(chunk)
                bar.update(len(chunk))
    if total is not None and _size(part) != total:
        raise OSError(f"the connection ended after {_size(part):,} of {total:,} bytes")


def _size(path):
    return path.stat().st_size if path.exists() else 0
