"""Synthetic stand-ins for the real data sets, in their exact layouts on disk."""

import importlib
from pathlib import Path

# What the course runs on where there are no real data: sizes that are drawn in seconds and trained on a laptop.
STAND_INS = {
    "nuclei": {},
    "lgg": {"n_patients": 12, "n_slices": 16, "size": 128},
    "brats": {"n_cases": 6, "shape": (64, 64, 32)},
    "brain_tumor": {"n_images": 120, "size": 192},
}


def write_all(root, keys=tuple(STAND_INS)):
    """Write phantom data sets below one folder; those already there are left alone.

    Parameters
    ----------
    root : path-like
        Created when missing; each set gets its own folder, `root/nuclei`, `root/lgg` and so on.
    keys : sequence of str
        Only these sets.

    Returns
    -------
    list of Path
        The folders, ready to be read like the real sets.

    Raises
    ------
    ValueError
        When one of the folders holds files that no phantom wrote.
    """
    sets = {key: importlib.import_module(f"{__name__}.{key}") for key in keys}
    return [module.write(Path(root) / key, **STAND_INS[key]) for key, module in sets.items()]
