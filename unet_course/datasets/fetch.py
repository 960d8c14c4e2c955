"""Download one file: with progress, again after a failure, on from where it broke off, and in place only when whole."""

import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from pathlib import Path

from tqdm.auto import tqdm

from . import DataError

_CHUNK = 1 << 18
# Answers that another try will not change.
_FINAL = {400, 401, 403, 404, 410}


def fetch(url, path, *, sha256=None, tries=5, wait=1.0):
    """Download a file unless it is there.

    Parameters
    ----------
    url : str
    path : path
        Appears when the download is complete; until then the bytes lie in `<name>.part` beside it, and a later call
        goes on from there if the server allows it.
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
        If the file cannot be had whole; says what the server did, and that running again goes on from there.
    """
    path = Path(path)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    for attempt in range(tries):
        try:
            _receive(url, part)
            break
        except urllib.error.HTTPError as error:
            if error.code in _FINAL:
                raise DataError(f"{url} answers {error.code} {error.reason}: is the address still right?") from error
            problem = f"{error.code} {error.reason}"
        except (OSError, http.client.HTTPException) as error:
            problem = str(error) or type(error).__name__
        if attempt + 1 == tries:
            raise DataError(
                f"{url} could not be fetched in {tries} tries (last: {problem}). "
                f"{_size(part):,} bytes are kept in {part}: run the same command again to go on from there."
            )
        time.sleep(wait * 2**attempt)
    if sha256 is not None and _sha256(part) != sha256.lower():
        part.unlink()
        raise DataError(f"{url} does not have the published SHA-256 {sha256[:16]}...: it is another file, or damaged.")
    os.replace(part, path)
    return path


def _receive(url, part):
    """Append to `part` what it lacks; OSError when the connection ends early."""
    start = _size(part)
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        answer = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        if error.code == 416 and start:  # nothing lies beyond what we have: it is whole, or it is of another file
            whole = re.search(r"\*/(\d+)", error.headers.get("Content-Range", ""))
            if whole and int(whole[1]) == start:
                return
            part.unlink()
            raise OSError("the part kept from before does not fit: starting anew") from error
        raise
    with answer:
        if answer.status != 206:
            start = 0  # the server sends everything, whatever was asked
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length else None
        bar = tqdm(desc=part.stem, initial=start, total=total, unit="B", unit_scale=True)
        with bar, open(part, "ab" if start else "wb") as file:
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
    if total is not None and _size(part) != total:
        raise OSError(f"the connection ended after {_size(part):,} of {total:,} bytes")


def _size(path):
    return path.stat().st_size if path.exists() else 0


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
