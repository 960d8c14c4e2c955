"""The ways in which people keep images and what is drawn on them: one reader each, behind one door.

.. list-table::
   :header-rows: 1
   :widths: 45 55

   * - What a folder holds
     - What it means
   * - ``images/a.png`` and ``masks/a.png``, or ``a.png`` beside ``a_mask.png``
     - one mask an image; several values are several classes. `datasets.folder` reads it
   * - ``images/a.png`` and ``masks/nucleus/a.png``, ``masks/membrane/a.png``
     - one folder a class
   * - ``images/a.png`` and ``masks/a/1.png``, ``masks/a/2.png``; or ``a/images/a.png`` and ``a/masks/1.png``
     - one mask an object
   * - images and one COCO file (``.json``), here or in ``annotations/``
     - polygons, with names of classes
   * - ``a.png`` beside LabelMe's ``a.json``
     - polygons, rectangles and circles, with names of classes
   * - ``images/a.nii.gz``, or the folder ``images/a/`` of a DICOM series, and ``masks/a.nii.gz``
     - volumes, slice by slice; the numbers in a mask are classes. ``imagesTr`` and ``labelsTr`` do as well
"""

from pathlib import Path

from ...datasets import DataError, folder
from ...datasets.images import ENDINGS, left_behind
from . import coco, entries, labelme, sorted_masks, volumes

READERS = (volumes, coco, labelme, sorted_masks)
_SHOWN = 8  # names in a message


def load(root, wanted=None):
    """Read a folder in whichever of the layouts it has.

    Parameters
    ----------
    root : path
    wanted : str, optional
        The class that counts as foreground. Default: everything that is drawn.

    Returns
    -------
    Dataset
        Images of uint8 in colour, at their own sizes; masks 0 and 1. In the index, `values` lists the classes that are
        drawn, and `group` is the volume that a slice is of; else it is the image itself.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no image in it.
    DataError
        If the layout is none of these, a file is refused, or nothing is of the wanted class.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is no folder: give the one that holds your images and masks.")
    reader = next((one for one in READERS if one.fits(root)), None)
    data = entries.load(root, reader, wanted) if reader else folder.load(root, value=wanted, **_pairs(root))
    if wanted is not None and not any(wanted in line for line in data.index["values"]):
        there = sorted({value for line in data.index["values"] for value in line})
        raise DataError(
            f"{root}: nothing is drawn of the class {wanted!r}; there are {', '.join(there[:_SHOWN]) or 'none'}: "
            "give one of them to --class."
        )
    return data


def _pairs(root):
    """The arguments of `folder.load`."""
    inside = sorted(path.name for path in root.iterdir() if not left_behind(path.name))
    folders = [name for name in inside if (root / name).is_dir()]
    if {"images", "masks"} <= set(folders):
        return {"images": "images", "masks": "masks"}
    if any(Path(name).suffix.lower() in ENDINGS for name in inside) and not folders:
        return {"images": ".", "masks": "."}
    there = ", ".join(inside[:_SHOWN]) + (", ..." if len(inside) > _SHOWN else "")
    raise DataError(
        f"{root} holds {there or 'nothing'}: make it two folders, images/ and masks/, with the same names; or one "
        "folder with x.png beside x_mask.png. Other layouts (COCO, LabelMe, NIfTI, DICOM, one folder a class, one mask "
        'an object) are listed in the chapter "Your own images".'
    )
