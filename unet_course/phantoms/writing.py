"""Write a synthetic set in one step: all of it, with its mark, or nothing."""

import json
import tempfile
from pathlib import Path

from ..datasets import PHANTOM_MARK

NOTE = "Synthetic, drawn by unet_course.phantoms; results on it say nothing about real images."


def write_set(dest, record, fill):
    """Let `fill` write a set into a neighbouring folder, mark it, and rename it to `dest`.

    An interrupted run leaves no half set behind, and a set that is there with the same record is not written again.

    Parameters
    ----------
    dest : path-like
    record : dict
        What decides about every byte: key, seed, sizes, version of the code. Kept in the mark.
    fill : callable
        Takes the empty folder.

    Returns
    -------
    Path
        `dest`.

    Raises
    ------
    ValueError
        When `dest` holds files but no mark: it may be real data.
    """
    dest, record = Path(dest), json.loads(json.dumps({**record, "note": NOTE}))  # tuples become lists, as in the mark
    if _is_written(dest, record):
        return dest
    dest.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dest.parent, prefix=f".{dest.name}-") as scratch:
        fresh = Path(scratch) / "fresh"
        fresh.mkdir()
        fill(fresh)
        (fresh / PHANTOM_MARK).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        if dest.exists():
            dest.rename(Path(scratch) / "old")
        fresh.rename(dest)
    return dest


def _is_written(dest, record):
    """Say whether `dest` already holds this set; refuse a folder that no phantom wrote."""
    if not dest.exists() or not any(dest.iterdir()):
        return False
    if not (dest / PHANTOM_MARK).exists():
        raise ValueError(
            f"{dest} is not empty and has no {PHANTOM_MARK}, so it may hold real data; "
            "choose another folder for the phantom, or move those files away first"
        )
    return json.loads((dest / PHANTOM_MARK).read_text(encoding="utf-8")) == record
