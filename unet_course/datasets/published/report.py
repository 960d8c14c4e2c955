"""What a comparison of a data set with the published one found, in sentences: counts, files by name, remedies."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

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
        By what is counted, such as "images": how many are here, and how many the release has.
    missing, extra : list of str
        Files of the release that are not here; files here that it does not have, among those a reader would take.
    damaged, changed : dict of str to str
        Files that cannot be read, and why; files with other content, and the release that has it so, or nothing.
    here : list of str
        All files that were looked at, or one of each case.
    unit, verdict, checked, again : str
        What is counted as missing, what to say when all that is here is good, what was compared at all, and how to have
        the published files; by default, by fetching the set anew.
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
    again: str = ""

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
        again = self.again or f"move {self.root} away and run `unet-course data {self.key}`."
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


def _noted(paths):
    return [f"{path} ({note})" if note else path for path, note in paths.items()]
