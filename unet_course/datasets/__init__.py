"""From files on disk to arrays: what every data set of the course looks like once it is read."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import paths

PHANTOM_MARK = "PHANTOM.json"


class DataError(ValueError):
    """A file of a data set is missing, damaged or does not fit; the message names it and says what to do."""


@dataclass(frozen=True)
class Dataset:
    """Pictures, masks and one line about each, all in the same order.

    Attributes
    ----------
    key : str
        "nuclei".
    source : str
        "real" or "phantom" (synthetic).
    root : Path
        Folder the files were read from.
    images : ndarray or Ragged, uint8, (N, H, W, 3)
        Read-only and memory-mapped. `Ragged` when pictures keep their own sizes.
    masks : ndarray or Ragged, uint8, (N, H, W)
        1 where there is a nucleus, else 0.
    instances : ndarray or Ragged, int32, (N, H, W)
        0 is background, 1 to n are single nuclei.
    index : pandas.DataFrame
        `id`, `path`, `group` (pictures of one group never part in a split), `image_type`, `height` and `width` in
        pixels as on disk, `n_masks` files, `n_instances` nuclei, and `overlap`, the pixels that more than one mask
        claims.
    content_hash : str
        SHA-256 of all decoded pictures and labels at their own sizes: two machines with the same value read the same
        data.
    """

    key: str
    source: str
    root: Path
    images: Any
    masks: Any
    instances: Any
    index: Any
    content_hash: str

    def __len__(self):
        return len(self.index)

    def take(self, positions):
        """The pictures at these positions, in this order, as a new Dataset."""
        return replace(
            self,
            images=self.images[positions],
            masks=self.masks[positions],
            instances=self.instances[positions],
            index=self.index.iloc[positions].reset_index(drop=True),
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
        "phantom": "run `python data_scripts/make_phantoms.py`",
    }
    tried = "; ".join(f"no {name} {key} data in {places[name]}: {remedy[name]}" for name in wanted)
    raise FileNotFoundError(tried)


def source_of(root):
    """ "phantom" when the folder carries the mark that our generators leave, else "real"."""
    return "phantom" if (Path(root) / PHANTOM_MARK).exists() else "real"
