"""Synthetic stand-ins for the real data sets, in their exact layouts on disk."""

from pathlib import Path

from unet_course.phantoms import nuclei


def write_all(root):
    """Write every phantom data set below one folder; those already there are left alone.

    Parameters
    ----------
    root : path-like
        Created when missing; each set gets its own folder, `root/nuclei`.

    Returns
    -------
    list of Path
        The folders, ready to be read like the real sets.

    Raises
    ------
    ValueError
        When one of the folders holds files that no phantom wrote.
    """
    return [nuclei.write(Path(root) / "nuclei")]
