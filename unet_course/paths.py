"""Where things lie: data on this machine, the clone, the records of runs; and how files and folders get there whole."""

import contextlib
import os
import shutil
from pathlib import Path

PACKAGE = Path(__file__).parent


def data_root():
    """Folder of all data sets: the environment variable UNET_COURSE_DATA, or ~/.cache/unet_course."""
    chosen = os.environ.get("UNET_COURSE_DATA")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "unet_course"


def repo_root():
    """The clone this package runs from; None when the package was installed without one."""
    parent = PACKAGE.parent
    return parent if (parent / "_toc.yml").exists() and (parent / "book").is_dir() else None


def results_root():
    """Folder of the recorded runs: in the clone, or the copy that an installed package carries."""
    root = repo_root()
    return root / "book" / "results" if root else PACKAGE / "_book" / "results"


def own_results_root():
    """Folder for the records of one's own runs: in the clone, or with the data, never in an installed package."""
    return results_root() if repo_root() else data_root() / "results"


def benchmarks_root():
    """Folder of what the benchmarks recorded: in the clone, or the copy that an installed package carries."""
    root = repo_root()
    return root / "benchmarks" / "records" if root else PACKAGE / "_book" / "benchmarks"


def reports_root():
    """Folder of the published reports' numbers: in the clone, or the copy that an installed package carries."""
    root = repo_root()
    return root / "book" / "reports" if root else PACKAGE / "_book" / "reports"


def profiles_root():
    """Folder of the profiles: in the clone, or the copy that an installed package carries."""
    root = repo_root()
    return root / "book" / "profiles" if root else PACKAGE / "_book" / "profiles"


def manifests_root():
    """Folder of the manifests of the public data sets: in the clone, or the copy that an installed package carries."""
    root = repo_root()
    return root / "data_scripts" / "manifests" if root else PACKAGE / "_data_scripts" / "manifests"


def write_whole(path, text):
    """Write a text file in one move: a kill leaves the old file or the new one, and two processes do not meet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8", newline="\n")
    os.replace(part, path)


@contextlib.contextmanager
def whole_folder(path):
    """A new folder to fill; it takes the place of the one at `path` when the block ends without an error."""
    part = path.with_name(f"{path.name}.new")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    yield part
    if path.exists():
        shutil.rmtree(path)
    part.rename(path)
