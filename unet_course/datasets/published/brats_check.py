"""Check the BraTS training set where nothing is published to compare it with: counts, names and headers."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm.auto import tqdm

from .. import DataError
from ..brats import volumes
from ..brats.files import MODALITIES, REMEDY, case_folders, pick_case_files
from .report import Report
from .sources import SOURCES

CHECKED = (
    "Compared: number and names of cases and files, their headers and lengths. There is no list of what BraTS files "
    "hold: a voxel that was changed is not noticed, and damage inside a file only when it is read."
)


def check(root):
    """Look for every case and every file, and read all headers.

    Parameters
    ----------
    root : path

    Returns
    -------
    Report
        `missing` names whole cases or single files, `extra` cases that BraTS 2020 does not have, `damaged` files that
        are cut short, are no NIfTI files, or do not have the shape of their case.
    """
    root = Path(root)
    (number,), release = next(iter(SOURCES["brats"].releases.items()))
    try:
        folders = case_folders(root)
    except FileNotFoundError as error:
        raise DataError(str(error)) from error
    top = folders[0].parent.relative_to(root)
    known = [f"BraTS20_Training_{case:03}" for case in range(1, number + 1)]
    found = {folder.name: folder for folder in folders}
    missing = [f"{(top / name).as_posix()}/" for name in known if name not in found]
    damaged = {}
    with ThreadPoolExecutor() as pool:
        for absent, faults in tqdm(pool.map(_look_at, folders), "verify", len(folders)):
            missing += [path.relative_to(root).as_posix() for path in absent]
            damaged |= {path.relative_to(root).as_posix(): reason for path, reason in faults.items()}
    return Report(
        "brats",
        root,
        release,
        {"cases": (sum(name in found for name in known), number)},
        missing=missing,
        extra=[f"{(top / name).as_posix()}/" for name in found if name not in known],
        damaged=damaged,
        here=[f"{(top / name).as_posix()}/{name}_flair.nii" for name in found],
        unit="cases or files",
        verdict="none damaged as far as headers tell",
        checked=CHECKED,
        again=f"move {root} away and run `unet-course data brats --source kaggle`.",
    )


def _look_at(folder):
    """Files that are missing from one folder, and what is wrong with others, by path."""
    names = [f"{folder.name}_{what}" for what in MODALITIES]
    absent = [folder / f"{name}.nii" for name in names if not any(folder.glob(f"{name}.nii*"))]
    if absent:
        return absent, {}
    try:
        files = pick_case_files(sorted(folder.iterdir()), folder.name, folder)
    except DataError as error:  # no segmentation, or a file twice
        return [], {folder: reason(error, folder)}
    shapes, faults = {}, {}
    for what, path in files.items():
        try:
            shapes[what] = volumes.header(path)
        except DataError as error:
            faults[path] = reason(error, path)
    for what, shape in shapes.items():
        if shape != shapes.get("flair", shape):
            sizes = [" x ".join(map(str, size)) for size in (shape, shapes["flair"])]
            faults[files[what]] = f"{sizes[0]} voxels, the FLAIR volume of its case {sizes[1]}"
    return [], faults


def reason(error, path):
    """The text of an error without the path it begins with, and without the remedy."""
    return str(error).removeprefix(f"{path}").removeprefix("/").removesuffix(REMEDY).strip(" .")
