"""What stands behind the forms on Colab: a zip file or a folder of Google Drive in, a zip file out."""

import shutil
import tempfile
from pathlib import Path

from ..datasets import DataError
from ..datasets.images import left_behind
from ..datasets.published.unpack import unpack
from . import prediction, training

_DRIVE = Path("/content/drive")
_LARGEST = 20  # GB, unpacked


def images(drive_folder=""):
    """The folder to work with.

    Parameters
    ----------
    drive_folder : str
        A folder of Google Drive, which is asked for. Empty: the person is asked for a zip file.

    Returns
    -------
    Path
        Where a zip file holds one folder and nothing else, that folder.

    Raises
    ------
    FileNotFoundError
        If the folder is not there, or no file was chosen.
    DataError
        If the file is no zip file, is damaged, or would write elsewhere.
    """
    if drive_folder:
        return _on_drive(Path(drive_folder.strip()))
    from google.colab import files

    chosen = files.upload()
    if not chosen:
        raise FileNotFoundError("No file was chosen: press the button again, and choose one zip file.")
    if len(chosen) > 1:
        raise DataError(f"{len(chosen)} files were chosen, {', '.join(chosen)}: put all images into one zip file.")
    [(name, content)] = chosen.items()
    place = Path(tempfile.mkdtemp())
    archive = place / "chosen.zip"
    archive.write_bytes(content)
    inside = place / Path(name).stem
    unpack(archive, inside, limit=_LARGEST)
    archive.unlink()
    return _only_folder(inside)


def train(folder, *, group="", wanted="", merge=False, **options):
    """`training.train` with what a form holds, where "" means nothing chosen; a run that was cut off goes on.

    Parameters
    ----------
    folder : Path
        From `images`. The result is written beside it.
    group, wanted : str
    merge : bool
    **options
        As for `training.train`.

    Returns
    -------
    Path
        The folder with the network and its report.
    """
    out = folder.with_name(f"{folder.name}_unet")
    resume = (out / training.RUN).exists()
    training.train(folder, out, group=group or None, wanted=wanted or None, merge=merge, resume=resume, **options)
    return out


def predict(model, drive_folder="", *, spacing=0):
    """`prediction.predict` on images as `images` finds them; says which files were not read.

    Parameters
    ----------
    model : Path
        From `train`.
    drive_folder : str
    spacing : float
        In mm; 0: unknown.

    Returns
    -------
    Path
        A new folder with masks, overlays and a table.
    """
    folder = images(drive_folder)
    out = Path(tempfile.mkdtemp()) / f"{folder.name}_masks"
    table, refused = prediction.predict(model, [folder], out, spacing=spacing or None)
    print(table.to_string(index=False) if len(table) else "No image was segmented.")
    print(*refused.values(), sep="\n")
    return out


def download(folder):
    """Offer a folder as one zip file; what training keeps for itself stays out.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Path
        The zip file.
    """
    from google.colab import files

    place = Path(tempfile.mkdtemp())
    shutil.copytree(folder, place / folder.name, ignore=shutil.ignore_patterns(training.CHECKPOINT, training.RUN))
    archive = shutil.make_archive(str(place / folder.name), "zip", place, folder.name)
    files.download(archive)
    return Path(archive)


def _on_drive(folder):
    if _DRIVE in folder.parents and not _DRIVE.exists():
        from google.colab import drive

        drive.mount(str(_DRIVE))
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is no folder: open the files on the left, find yours below drive/MyDrive, and copy its path."
        )
    return folder


def _only_folder(place):
    inside = [path for path in place.iterdir() if not left_behind(path.name)]
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else place
