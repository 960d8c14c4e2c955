"""From files on disk to arrays: what every data set of the course looks like once it is read."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import paths

PHANTOM_MARK = "PHANTOM.json"
# How phantoms are drawn where only the package is installed.
_DRAW = """python -c 'from unet_course import paths, phantoms; phantoms.write_all(paths.data_root() / "phantoms")'"""


class DataError(ValueError):
    """A file of a data set is missing, damaged or does not fit; the message names it and says what to do."""


@dataclass(frozen=True)
class Dataset:
    """Images, what is drawn on them, and one line about each, all in the same order.

    Attributes
    ----------
    key : str
        "nuclei", "lgg", "brain_tumor" or "brats"; "folder" for images of your own.
    source : str
        "real" or "phantom" (synthetic).
    root : Path
        Folder the files were read from.
    index : pandas.DataFrame
        One line per image. Always `id`, `path` (below `root`), `group` (patient, or what else must not part in a
        split), `height` and `width` in pixels as on disk; more where a data set has it: `image_type`, `has_tumour`,
        `class`, `site`, and for nuclei `n_masks` files, `n_instances` nuclei and `overlap`, the pixels that more than
        one mask claims.
    content_hash : str
        SHA-256 of all decoded images and labels at their own sizes: two machines with the same value read the same
        data.
    images : ndarray or Ragged, (N, H, W, C)
        Read-only and memory-mapped. `Ragged` when images keep their own sizes. uint8, but for `brats`.
    masks : ndarray or Ragged, uint8, (N, H, W), optional
        Integer labels, 0 is background. None where a data set has no masks.
    instances : ndarray or Ragged, int32, (N, H, W), optional
        0 is background, 1 to n are single objects. None where a data set does not tell objects apart.
    """

    key: str
    source: str
    root: Path
    index: Any
    content_hash: str
    images: Any
    masks: Any = None
    instances: Any = None

    def __len__(self):
        return len(self.index)

    def take(self, positions):
        """The images at these positions, in this order, as a new Dataset."""
        arrays = {name: getattr(self, name) for name in ("images", "masks", "instances")}
        return replace(
            self,
            index=self.index.iloc[positions].reset_index(drop=True),
            **{name: array[positions] for name, array in arrays.items() if array is not None},
        )


def locate(key, source=None):
    """Find a data set on this machine.

    Parameters
    ----------
    key : str
        Such as "nuclei".
    source : {"real", "phantom"}, optional
        Default: real data where present, else phantoms.

    Returns
    -------
    Path

    Raises
    ------
    FileNotFoundError
        If it is not there; says which command brings it.
    """
    places = {"real": paths.data_root() / key, "phantom": paths.data_root() / "phantoms" / key}
    if source is not None and source not in places:
        raise ValueError(f"source {source!r} is not known: use 'real' or 'phantom', or leave it out.")
    wanted = [source] if source else list(places)
    for name in wanted:
        if places[name].is_dir() and any(places[name].iterdir()):
            return places[name]
    remedy = {
        "real": f"run `unet-course data {key}`, or set UNET_COURSE_DATA to the folder that holds {key}/",
        "phantom": f"run `{_DRAW if paths.repo_root() is None else 'python data_scripts/make_phantoms.py'}`",
    }
    tried = "; ".join(f"no {name} {key} data in {places[name]}: {remedy[name]}" for name in wanted)
    raise FileNotFoundError(tried)


def natural(name):
    """Key to sort names by: runs of digits count as numbers, 2 before 10; the name itself decides between 01 and 1."""
    pieces = re.split(r"(\d+)", name)  # text and numbers alternate, text first
    return [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)], name


def source_of(root):
    """ "phantom" when the folder carries the mark that our generators leave, else "real"."""
    return "phantom" if (Path(root) / PHANTOM_MARK).exists() else "real"
