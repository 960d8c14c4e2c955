"""Which files of a folder are images, and what they are called."""

import unicodedata

from .. import DataError

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp")
_NOTES = (".txt", ".md", ".csv", ".tsv", ".json", ".xml", ".yaml", ".yml", ".html", ".pdf", ".xlsx", ".log")
_LEFT = ("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini")


def left_behind(name):
    """True for the name of a file or folder that an operating system or an editor leaves beside the real ones.

    Parameters
    ----------
    name : str
        Without its folder.

    Returns
    -------
    bool
        True where it begins with a dot (`._a.png` and `.DS_Store` of macOS, `.ipynb_checkpoints`), and for `__MACOSX`,
        `Thumbs.db` and `desktop.ini`.
    """
    return name.startswith(".") or name.lower() in _LEFT


def stem(path):
    """A file's name without its ending, the same whether accents are written as macOS or as other systems do.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        In Unicode's composed form.
    """
    return unicodedata.normalize("NFC", path.stem)


def files_in(folder):
    """The image files of a folder, by their `ENDINGS` in capitals or not, sorted by name.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of Path
        Empty where there is no such folder. Notes and tables are passed over, and what `left_behind` knows.

    Raises
    ------
    DataError
        If it holds a file that may be an image of another kind, or a folder with images: none is left out unsaid.
    """
    found = []
    for path in folder.glob("*"):
        ending = path.suffix.lower()
        if left_behind(path.name):
            continue
        if path.is_dir():
            if any(_is_picture(below) for below in path.glob("*")):
                raise DataError(f"{path} holds images, which are read from {folder} alone: move them there, or away.")
        elif ending in ENDINGS:
            found.append(path)
        elif ending and ending not in _NOTES:
            raise DataError(f"{path} has none of the endings {', '.join(ENDINGS)}: save it as PNG, or take it out.")
    return sorted(found, key=lambda path: unicodedata.normalize("NFC", path.name))


def _is_picture(path):
    return path.suffix.lower() in ENDINGS and not left_behind(path.name)


def by_stem(files):
    """Image files by their names without ending.

    Parameters
    ----------
    files : iterable of Path

    Returns
    -------
    dict of str to Path

    Raises
    ------
    DataError
        If two files differ in the ending alone, or in how accents are written.
    """
    found = {}
    for path in files:
        name = stem(path)
        if name in found:
            raise DataError(f"{found[name]} and {path.name} share the name {name!r}: rename one, or take it out.")
        found[name] = path
    return found
