"""Bring a data set to this machine: fetch, check, unpack, and move into place in one step."""

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from ... import paths
from .. import DataError, source_of
from ..images import left_behind
from . import verify
from .fetch import fetch
from .sources import DECATHLON, SOURCES, source_at
from .unpack import unpack

TERMS = "TERMS.txt"


def download(key, source=None, *, archive=None, cases=None):
    """Put a data set under `data_root()/<key>`, compared with the published one; what is there already is kept.

    Nothing is decoded again while no file has changed since the last comparison. A file that cannot be read stops it. A
    file with other content is only named: it came out of its archive without an error, so somebody packed it that way.

    Parameters
    ----------
    key : {"nuclei", "lgg", "brain_tumor", "brats"}
    source : {"mirror", "decathlon", "kaggle", "local"}, optional
        A copy that needs no account; for "brats", cases of the Medical Segmentation Decathlon, which need none either;
        Kaggle, through the package kagglehub, which takes your token where Kaggle wants one; or a file or folder on
        this machine. Default: "local" with an archive, else what needs no account.
    archive : path, optional
        For "local": a zip or tar file, or an unpacked folder, which is linked file by file where the system can. For
        "decathlon" see `decathlon.download`.
    cases : int, optional
        For "decathlon": how many. Default: 24.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        For a key or source that does not exist, or a source without what it needs.
    DataError
        If the archive is damaged, unsafe, or not this data set. What was there before stays as it was.
    """
    chosen, source = source, _checked(key, source, archive, cases)
    target = paths.data_root() / key
    if source == "decathlon" and (chosen or not target.exists() or source_at(key, target) is DECATHLON):
        return _from_decathlon(key, archive, cases)
    if target.exists():
        remedy = f"Remove it to fetch it again; `unet-course data verify {key}` names what differs"
        print(f"{target} is there already: {describe(key, target)}. {remedy}.")
        if source_of(target) == "real":
            print(verify.remembered(key, target) or verify.remember(verify.verify(key, target)))
        return target
    print(terms(SOURCES[key]))
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{key}.*/"):
        print(f"{left} was left by a call that was killed, unless another one runs right now: then remove it.")
    with tempfile.TemporaryDirectory(prefix=f".{key}.", dir=target.parent) as scratch:
        place = Path(scratch) / key
        fetched = {"mirror": _from_mirror, "kaggle": _from_kaggle}[source](key) if archive is None else [Path(archive)]
        try:
            _arrange(key, fetched, Path(scratch) / "unpacked", place)
            print(f"{key}: {describe(key, place)}")
            report = _verified(key, place)
        except DataError:
            if source == "mirror":
                for file in fetched:
                    file.unlink(missing_ok=True)  # else the next call would find the same damaged file
            raise
        (place / TERMS).write_text(terms(SOURCES[key]) + "\n", encoding="utf-8")
        try:
            os.replace(place, target)
        except OSError:
            if not target.exists():
                raise
            print(f"Another process was faster: {target} is kept as it is.")
            return target
        verify.remember(replace(report, root=target))
    return target


def describe(key, root):
    """Count what a data set holds and name the release.

    Raises
    ------
    DataError
        If nothing of it is there.
    """
    counts = _count(key, root)
    if not all(counts.values()):
        absent = next(what for what, count in counts.items() if not count)
        raise DataError(f"{root} holds no {absent} ({SOURCES[key].counts[absent]}): it is not the {key} data set.")
    other = "synthetic" if source_of(root) == "phantom" else "not a whole release: an excerpt, or changed"
    if (source := source_at(key, root)) is DECATHLON:
        other = f"an excerpt of {next(iter(source.releases.values()))}"
    return ", ".join(f"{count} {what}" for what, count in counts.items()) + f" ({release(key, root) or other})"


def release(key, root):
    """Name of the release whose counts this folder has; None where it has those of none."""
    return source_at(key, root).releases.get(tuple(_count(key, root).values()))


def terms(source):
    """Title, licence and citation of a `Source`, in three lines."""
    return f"{source.title}\nLicence: {source.licence}\nPlease cite: {source.cite}"


def _verified(key, place):
    """Compare what was fetched with the published set; print what differs, refuse what cannot be read."""
    report = verify.verify(key, place)
    print(report.summary())
    if report.damaged:
        path, reason = next(iter(report.damaged.items()))
        raise DataError(
            f"Damaged files: {len(report.damaged):,}, the first is {path} ({reason}). "
            "Fetch the archive again; nothing was put in place."
        )
    if report.changed or report.extra:
        print(*report.lines(), sep="\n")
    return report


def _count(key, root):
    return {
        what: sum(1 for path in Path(root).glob(pattern) if not left_behind(path.name))
        for what, pattern in source_at(key, root).counts.items()
    }


def _checked(key, source, archive, cases):
    if key not in SOURCES:
        raise ValueError(f"There is no data set {key!r}; there are: {', '.join(SOURCES)}.")
    if source is None:
        source = "local" if archive is not None else "mirror" if SOURCES[key].mirror else "decathlon"
    known = ("decathlon" if key == "brats" else "mirror", "kaggle", "local")
    if source not in known:
        raise ValueError(f"source {source!r} is not known for {key}: use {known[0]}, kaggle or local.")
    if (archive is not None and source not in ("local", "decathlon")) or (source == "local" and archive is None):
        raise ValueError("An archive goes with the source 'local', and the source 'local' needs one: --archive PATH.")
    if cases is not None and source != "decathlon":
        raise ValueError("A number of cases goes with `brats --source decathlon` alone: other sets come whole.")
    return source


def _from_decathlon(key, archive, cases):
    from . import decathlon  # it reads volumes, for which other sets need not wait

    print(terms(DECATHLON))
    target = decathlon.download(decathlon.FEW if cases is None else cases, archive)
    (target / TERMS).write_text(terms(DECATHLON) + "\n", encoding="utf-8")
    print(f"{key}: {describe(key, target)}")
    return target


def _from_mirror(key):
    folder = paths.data_root() / "downloads" / key
    try:
        return [fetch(url, folder / url.rpartition("/")[2]) for url in SOURCES[key].mirror]
    except DataError as error:
        raise DataError(f"{error} Other ways: --source kaggle, or --archive with a copy you have.") from error


def _from_kaggle(key):
    try:
        import kagglehub
    except ModuleNotFoundError as error:
        raise DataError(
            "The source kaggle needs kagglehub: `pip install kagglehub`. Public sets need no token, competitions do."
        ) from error
    owner, name = SOURCES[key].kaggle.split("/")
    competition = owner == "competition"
    page = f"https://www.kaggle.com/{'c' if competition else f'datasets/{owner}'}/{name}"
    try:
        if competition:
            return [Path(kagglehub.competition_download(name, path="stage1_train.zip"))]
        return [Path(kagglehub.dataset_download(f"{owner}/{name}"))]
    except Exception as error:  # no common class; its text may quote the request, so it is not shown
        raise DataError(
            f"Kaggle refused ({type(error).__name__}). Where it wants an account, open {page}, accept its rules and "
            "set up a token there, or fetch the archive in a browser and use --archive."
        ) from None


def _arrange(key, fetched, unpacked, place):
    """Unpack what was fetched and put the set's own folders, wherever they lie in it, below `place`."""
    roots = []
    for path in fetched:
        if not path.exists():
            raise DataError(f"{path} does not exist: give --archive the path of an archive or of its unpacked folder.")
        roots.append(path if path.is_dir() else unpacked / path.name.partition(".")[0])
        if path.is_file():
            unpack(path, roots[-1], limit=SOURCES[key].limit)
    place.mkdir()
    for name in SOURCES[key].folders:
        found = _find(roots, name, SOURCES[key])
        if found is None:
            raise DataError(f"{fetched[0]} holds no {name}/{SOURCES[key].marker}: it is not the {key} data set.")
        if unpacked in found.parents:
            os.replace(found, place / name)
        else:
            shutil.copytree(found, place / name, copy_function=_link_or_copy)


def _find(roots, name, source):
    """The folder of this name nearest to the top, or, where a set has one folder only, one of any name that fits."""
    folders = [folder for root in roots for folder in (root, *root.rglob("*/")) if any(folder.glob(source.marker))]
    folders.sort(key=lambda folder: len(folder.parts))
    named = [folder for folder in folders if folder.name == name]
    return next(iter(named or (folders if len(source.folders) == 1 else [])), None)


def _link_or_copy(source, target):
    try:
        os.link(source, target)  # 33 GB need not lie on the disk twice
    except OSError:
        shutil.copy2(source, target)
