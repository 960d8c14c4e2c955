"""Compare a data set on this machine with the published one: which files are missing, extra, changed or damaged."""

import contextlib
import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from . import DataError, manifest, source_of
from .sources import SOURCES

_SHOWN = 20


@dataclass(frozen=True)
class Report:
    """What a comparison found; paths are below the set's folder.

    Attributes
    ----------
    key : str
    root : Path
    release : str or None
        The known release that fits best; None where no file is as in any.
    counts : dict of str to tuple of int
        By what is counted, such as "pictures": how many are here, and how many the release has.
    missing, extra : list of str
        Files of the release that are not here; files here that it does not have, among those a reader would take.
    damaged, changed : dict of str to str
        Files that cannot be read, and why; files with other content, and the release that has it so, or nothing.
    here : list of str
        All files that were looked at, or one of each case.
    unit, verdict, checked : str
        What is counted as missing, what to say when all that is here is good, and what was compared at all.
    """

    key: str
    root: Path
    release: str | None
    counts: dict
    missing: list = field(default_factory=list)
    extra: list = field(default_factory=list)
    damaged: dict = field(default_factory=dict)
    changed: dict = field(default_factory=dict)
    here: list = field(default_factory=list)
    unit: str = "files"
    verdict: str = "all as published"
    checked: str = "Compared: the decoded content of every file."

    @property
    def whole(self):
        """True when nothing is missing, extra, changed or damaged."""
        return self.release is not None and not (self.missing or self.extra or self.damaged or self.changed)

    def summary(self):
        """The outcome in one sentence."""
        if self.release is None:
            return f"{self.key}: no file is as in {' or '.join(SOURCES[self.key].releases.values())}."
        counts = ", ".join(f"{here:,} of {there:,} {what}" for what, (here, there) in self.counts.items())
        counts = f"{self.key}: {counts} of {self.release} are here"
        if not (self.changed or self.damaged or self.extra):
            total = len(self.missing) + len(self.here)
            missing = f"; {len(self.missing):,} of {total:,} {self.unit} missing" if self.missing else ""
            return f"{counts}, {self.verdict}{missing}."
        found = {"damaged": self.damaged, "changed": self.changed, "extra": self.extra, "missing": self.missing}
        return (
            f"{counts}; {self.unit}: {', '.join(f'{len(paths):,} {word}' for word, paths in found.items() if paths)}."
        )

    def lines(self, *, every=False):
        """The files by name, the remedies, and what was compared.

        Parameters
        ----------
        every : bool
            Name every file. Default: a folder that is missing with all its files is one line, and of each kind at most
            20 lines are given.

        Returns
        -------
        list of str
        """
        kinds = {"damaged": _noted(self.damaged), "changed": _noted(self.changed), "extra": self.extra}
        kinds["missing"] = self.missing if every else self._folded()
        how = f"`unet-course data verify {self.key} --all` names every file"
        lines = []
        for word, names in kinds.items():
            shown = names if every else names[:_SHOWN]
            lines += [f"  {word}: {name}" for name in shown]
            if len(shown) < len(names):
                lines.append(f"  {word}: ... and {len(names) - len(shown):,} more; {how}")
        return [*lines, *self._remedies(), self.checked]

    def _folded(self):
        """Missing files, those of a wholly missing folder as one line."""
        here = {folder for path in self.here for folder in PurePosixPath(path).parents}
        lines = Counter()
        for path in self.missing:
            absent = [folder for folder in PurePosixPath(path).parents if folder not in here]
            lines[f"{absent[-1]}/" if absent else path] += 1
        return [f"{name} ({count} files)" if count > 1 else name for name, count in lines.items()]

    def _remedies(self):
        again = f"move {self.root} away and run `unet-course data {self.key}`."
        remedies = []
        if self.release is None or self.changed or self.damaged:
            remedies.append(f"To have the published files, {again}")
        elif self.missing:
            remedies.append(f"Chapters run on a part as well. For the whole set, {again}")
        if self.extra:
            remedies.append("Readers take extra files for data: move them out.")
        if self.release is None and any(pattern.endswith(".jpg") for pattern in SOURCES[self.key].files):
            remedies.append(
                "Where a set was fetched without an error, this machine may decode JPEG in a way of its own."
            )
        return remedies


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
        raise DataError(f"{root} holds synthetic pictures, and nothing is published to compare them with.")
    if not manifest.known(key):
        from . import brats_check  # it reads volumes, for which other sets need not wait

        return brats_check.check(root)
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


def _noted(paths):
    return [f"{path} ({note})" if note else path for path, note in paths.items()]


def stamp_file(root):
    """Where the outcome of the last comparison is kept: beside the data, so that they stay as they were fetched."""
    root = Path(root)
    return root.with_name(f"{root.name}.verified.json")


def remember(report):
    """Keep the outcome beside the data, with the state of all files; returns it as a sentence."""
    note = {"state": _state(report.key, report.root), "summary": report.summary()}
    with contextlib.suppress(OSError):  # data shared by many are often read-only: then every call compares anew
        stamp_file(report.root).write_text(json.dumps(note, indent=1) + "\n")
    return report.summary()


def remembered(key, root):
    """The sentence of the last comparison, where no file has changed in size or time since; else None."""
    try:
        note = json.loads(stamp_file(root).read_text())
        return note["summary"] if note["state"] == _state(key, root) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _state(key, root):
    """A hash of the manifest, and of path, size and time of change of every file it could name."""
    file = manifest.manifest_file(key)
    digest = hashlib.sha256(file.read_bytes() if file.exists() else b"")
    patterns = SOURCES[key].files or [f"{folder}/**/*" for folder in SOURCES[key].folders]
    paths = {path for pattern in patterns for path in Path(root).glob(pattern)}
    for path in sorted(paths):
        state = path.stat()
        digest.update(f"{path.relative_to(root).as_posix()} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()
