"""Compare a data set on this machine with the published one: which files are missing, extra, changed or damaged."""

import contextlib
import hashlib
import json
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from .. import DataError, source_of
from . import manifest
from .report import Report
from .sources import DECATHLON, SOURCES, source_at


def verify(key, root):
    """Compare a data set with the known release that fits it best.

    Parameters
    ----------
    key : {"nuclei", "lgg", "brain_tumor", "brats"}
    root : path
        Folder with the set's own folders, such as `stage1_train`.

    Returns
    -------
    Report

    Raises
    ------
    DataError
        If nothing of the set is there, or it is a phantom.
    """
    root = Path(root)
    if source_of(root) == "phantom":
        raise DataError(f"{root} holds synthetic images, and nothing is published to compare them with.")
    if not manifest.known(key):
        from . import brats_check, decathlon_check  # they read volumes, for which other sets need not wait

        return (decathlon_check if source_at(key, root) is DECATHLON else brats_check).check(root)
    files = manifest.listed(key, root)
    if not files:
        raise DataError(f"{root} holds nothing of the {key} set. Run `unet-course data {key}`.")
    return compare(key, root, manifest.content_hashes(root, files))


def compare(key, root, found):
    """Compare hashes, as `manifest.content_hashes` gives them, with the manifest; see `verify`."""
    releases = manifest.read(key)
    fits = {name: sum(found.get(path) == digest for path, digest in held.items()) for name, held in releases.items()}
    best = max(releases, key=lambda name: (fits[name], -len(releases[name])))
    damaged = {path: "cannot be decoded" for path, digest in found.items() if isinstance(digest, DataError)}
    if not fits[best]:
        return Report(key, root, None, {}, damaged=damaged, here=list(found))
    held = releases[best]
    changed = [path for path in found if path in held and path not in damaged and found[path] != held[path]]
    return Report(
        key,
        root,
        best,
        {what: _counted(pattern, found, held) for what, pattern in SOURCES[key].counts.items()},
        missing=[path for path in held if path not in found],
        extra=sorted(found.keys() - held.keys() - damaged.keys()),
        damaged=damaged,
        changed={path: _known_from(path, found[path], releases) for path in changed},
        here=list(found),
    )


def _counted(pattern, found, held):
    """How many of the release's things that the pattern names are here, and how many it has; "a/b/" names folders."""
    folders = pattern.endswith("/")
    names = {f"{PurePosixPath(path).parent}/" if folders else path: None for path in held}
    here = {f"{PurePosixPath(path).parent}/" if folders else path for path in found}
    wanted = [name for name in names if fnmatchcase(name, pattern)]
    return sum(name in here for name in wanted), len(wanted)


def _known_from(path, digest, releases):
    return next((f"as in {name}" for name, held in releases.items() if held.get(path) == digest), "")


def stamp_file(root):
    """Where the outcome of the last comparison is kept: beside the data, so that they stay as they were fetched."""
    root = Path(root)
    return root.with_name(f"{root.name}.verified.json")


def remember(report):
    """Keep the outcome beside the data, with the state of all files; returns it as a sentence."""
    note = {"state": _state(report.key, report.root), "summary": report.summary()}
    with contextlib.suppress(OSError):  # data shared by many are often read-only: then every call compares anew
        stamp_file(report.root).write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
    return report.summary()


def remembered(key, root):
    """The sentence of the last comparison, where no file has changed in size or time since; else None."""
    try:
        note = json.loads(stamp_file(root).read_text(encoding="utf-8"))
        return note["summary"] if note["state"] == _state(key, root) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _state(key, root):
    """A hash of the manifest, and of path, size and time of change of every file it could name."""
    file = manifest.manifest_file(key)
    digest = hashlib.sha256(file.read_bytes() if file.exists() else b"")
    source = source_at(key, root)
    patterns = source.files or [f"{folder}/**/*" for folder in source.folders]
    paths = {path for pattern in patterns for path in Path(root).glob(pattern)}
    for path in sorted(paths):
        state = path.stat()
        digest.update(f"{path.relative_to(root).as_posix()} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()
