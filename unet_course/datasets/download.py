"""Bring a data set to this machine: fetch, check, unpack, and move into place in one step."""

import os
import shutil
import tempfile
from pathlib import Path

from .. import paths
from . import DataError, source_of
from .fetch import fetch
from .nuclei import image_file, sample_folders
from .unpack import unpack

SOURCES = ("mirror", "kaggle", "local")
# Broad Bioimage Benchmark Collection, image set BBBC038v1, CC0.
MIRROR = "https://data.broadinstitute.org/bbbc/BBBC038/"
COMPETITION = "data-science-bowl-2018"
ARCHIVE = "stage1_train.zip"
LIMIT = 2  # GB; the unpacked set has a tenth of it
# No checksum is published, so a set is known by its counts of pictures and masks.
RELEASES = {(670, 29_461): "the published release", (664, 28_986): "the mended release"}


def nuclei(source="mirror", *, archive=None):
    """Put the nuclei of the 2018 Data Science Bowl under `data_root()/nuclei`; does nothing when they are there.

    Parameters
    ----------
    source : {"mirror", "kaggle", "local"}
        The Broad Institute's copy, without login; Kaggle, with the package kagglehub and your token; or a file or
        folder on this machine.
    archive : path, optional
        For "local": `stage1_train.zip`, or a folder that holds the pictures' folders.

    Returns
    -------
    Path

    Raises
    ------
    DataError
        If the archive is damaged, unsafe, or not this data set. What was there before stays as it was.
    """
    if source not in SOURCES:
        raise ValueError(f"source {source!r} is not known: use one of {', '.join(SOURCES)}.")
    if (source == "local") != (archive is not None):
        raise ValueError("An archive goes with the source 'local', and the source 'local' needs one: --archive PATH.")
    target = paths.data_root() / "nuclei"
    if target.exists():
        print(f"{target} is there already: {describe(target)}. Remove it to fetch it again.")
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".nuclei.", dir=target.parent) as part:
        place = Path(part) / "stage1_train"
        fetched = Path(archive) if source == "local" else _fetch(source)
        try:
            _bring(fetched, place)
        except DataError:
            if source == "mirror":
                fetched.unlink()  # else the next call would find the same damaged file
            raise
        print(f"{fetched.name}: {describe(place)}")
        os.replace(place.parent, target)
    return target


def describe(root):
    """Count pictures and masks and name the release they belong to.

    Raises
    ------
    DataError
        If a picture has no image file or no mask.
    """
    folders = sample_folders(root)
    n_masks = 0
    for folder in folders:
        image_file(folder)
        found = len(list((folder / "masks").glob("*.png")))
        if not found:
            raise DataError(f"{folder / 'masks'} holds no mask (*.png): the archive is not complete.")
        n_masks += found
    other = "synthetic" if source_of(root) == "phantom" else "not a whole release: an excerpt, or changed"
    release = RELEASES.get((len(folders), n_masks), other)
    return f"{len(folders)} pictures, {n_masks} masks ({release})"


def _bring(fetched, place):
    """Copy or unpack into `place`, without the folders that some archives wrap around the pictures."""
    if not fetched.exists():
        raise DataError(f"{fetched} does not exist: give --archive the path of {ARCHIVE} or of its unpacked folder.")
    unpacked = fetched
    if fetched.is_file():
        unpacked = place.with_name("unpacked")
        unpack(fetched, unpacked, limit=LIMIT)
    first = next(iter(sorted(unpacked.rglob("images"))), None)
    if first is None:
        raise DataError(f"{fetched} holds no <id>/images/<id>.png: it is not the nuclei data set.")
    top = first.parent.parent
    if fetched.is_file():
        os.replace(top, place)
        shutil.rmtree(unpacked, ignore_errors=True)
    else:
        shutil.copytree(top, place)


def _fetch(source):
    if source == "kaggle":
        return _fetch_from_kaggle()
    return fetch(MIRROR + ARCHIVE, paths.data_root() / "downloads" / ARCHIVE)


def _fetch_from_kaggle():
    try:
        import kagglehub
    except ModuleNotFoundError as error:
        raise DataError("The source kaggle needs kagglehub (`pip install kagglehub`) and a Kaggle token.") from error
    try:
        return Path(kagglehub.competition_download(COMPETITION, path=ARCHIVE))
    except Exception as error:  # no common class; its text may quote the request, so it is not shown
        raise DataError(
            f"Kaggle refused ({type(error).__name__}). Accept the rules at "
            f"https://www.kaggle.com/c/{COMPETITION}/rules and set up a token, or use --source mirror, without login."
        ) from None
