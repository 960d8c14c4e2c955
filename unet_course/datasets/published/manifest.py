"""What every file of a public data set holds, as a hash of its decoded content, for the releases we have measured.

A manifest is a list in `data_scripts/manifests`, written by `data_scripts/write_manifests.py`. Hashes are of pixels and
table entries, not of bytes: an image saved again without loss is still the published one.
"""

import csv
import hashlib
import lzma
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm.auto import tqdm

from ... import paths
from .. import DataError
from ..duplicates import pixel_hash
from ..images import left_behind, read_pixels
from .sources import SOURCES


def known(key):
    """True where a manifest of this data set exists."""
    return manifest_file(key).exists()


def manifest_file(key):
    """Where the manifest of a data set lies, whether or not there is one."""
    return paths.manifests_root() / f"{key}.txt.xz"


def read(key):
    """Read the manifest of a data set.

    Parameters
    ----------
    key : str

    Returns
    -------
    dict of str to dict of str to str
        By release, as `SOURCES` names it, and by path below the root: 64 hexadecimal digits.
    """
    lines = lzma.decompress(manifest_file(key).read_bytes()).decode().splitlines()
    names = {line[2]: line[4:] for line in lines if line.startswith("# ")}
    releases = {name: {} for name in names.values()}
    for line in lines[len(names) :]:
        digest, letters, path = line.split(" ", 2)  # paths hold spaces
        for letter in letters:
            releases[names[letter]][path] = digest
    return releases


def write(key, releases, file):
    """Write a manifest: one line a file with its hash, the letters of the releases that hold it so, and its path.

    Parameters
    ----------
    key : str
    releases : dict of str to dict of str to str
        As `read` returns them.
    file : path
        Packed with xz; the same content gives the same bytes.
    """
    letters = dict(zip("abcdefgh", releases, strict=False))
    held = {}
    for letter, name in letters.items():
        for path, digest in releases[name].items():
            held[path, digest] = held.get((path, digest), "") + letter
    lines = [f"# {letter} {name}" for letter, name in letters.items()]
    lines += [f"{digest} {held[path, digest]} {path}" for path, digest in sorted(held)]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(lzma.compress(("\n".join(lines) + "\n").encode()))


def listed(key, root):
    """Files below `root` that a manifest of this set would name.

    Returns
    -------
    dict of str to str
        By path below the root, with forward slashes: how the file is read, as in `Source.files`.
    """
    found = {}
    for pattern, way in SOURCES[key].files.items():
        for path in Path(root).glob(pattern):
            if not any(left_behind(part) for part in path.relative_to(root).parts):
                found.setdefault(path.relative_to(root).as_posix(), way)
    return dict(sorted(found.items()))


def content_hash(path, way):
    """SHA-256 of what a file holds once it is decoded.

    Parameters
    ----------
    path : path
    way : {"RGB", "L", "table"}
        Images: of shape, type and pixels. Tables: of the entries, whatever separates them and ends the lines.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    DataError
        If the file is missing or cannot be decoded.
    """
    return _table_hash(path) if way == "table" else pixel_hash(read_pixels(path, way))


def content_hashes(root, files):
    """Hash many files, several at once, with a progress bar.

    Parameters
    ----------
    root : path
    files : dict of str to str
        As from `listed`.

    Returns
    -------
    dict of str to (str or DataError)
        By path: the hash, or what is wrong with the file.
    """

    def one(item):
        try:
            return content_hash(Path(root) / item[0], item[1])
        except DataError as error:
            return error

    with ThreadPoolExecutor() as pool:  # decoding and hashing run outside Python's lock
        return dict(zip(files, tqdm(pool.map(one, files.items()), "verify", len(files)), strict=True))


def _table_hash(path):
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a table ({error}). Replace it, or take it out.") from error
    separator = ";" if ";" in next(iter(lines), "") else ","
    rows = [[entry.strip() for entry in row] for row in csv.reader(lines, delimiter=separator) if row]
    return hashlib.sha256(repr(rows).encode()).hexdigest()
