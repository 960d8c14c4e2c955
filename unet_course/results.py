"""Records of runs: what was measured, on which data, by which code, on which machine."""

import importlib.metadata
import json
import platform
import subprocess
import time
from dataclasses import asdict
from pathlib import Path

from . import paths
from .common.hardware import cores, peak_memory_gb

# Output of this type carries a run's provenance from the notebook to the site.
PROVENANCE_MIME = "application/vnd.unet-course.provenance+json"

_CHANGES = ("status", "--porcelain", "-uno", "--", ".", ":!book/results")
_PACKAGES = ("numpy", "scikit-image", "keras", "tensorflow", "torch", "unet-course")


def provenance(chapter, profile, twin, data):
    """Say where the numbers of a run come from.

    Parameters
    ----------
    chapter, profile : str
        For instance "case_studies/03_nuclei" and "smoke".
    twin : module or None
        `unet_course.keras` or `unet_course.torch`; None for a page that needs no framework.
    data : unet_course.datasets.Dataset or list of it

    Returns
    -------
    dict
        `chapter`, `profile`, `commit`, `versions` and `data` (key, source, number of images, content hash; a list when
        it was given as one); with a twin, `framework`, `backend` and `device`. All of it can be written as JSON.
    """
    return {
        "chapter": chapter,
        "profile": profile,
        **(twin.describe_device() if twin else {}),
        "cores": cores(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "commit": commit(),
        "versions": {name: version for name in _PACKAGES if (version := _version(name))},
        "data": [_facts(each) for each in data] if isinstance(data, list) else _facts(data),
    }


def write(provenance, protocol, metrics, history, *, minutes, folder=None):
    """Write a record as JSON, in one move.

    Parameters
    ----------
    provenance : dict
        From `provenance`.
    protocol : dict
        Split, seed, sizes, learning rate: all that is needed to repeat the run.
    metrics : dict
        Final numbers, each name saying which score and which rule for empty masks.
    history : unet_course.common.history.History
    minutes : float
        Wall time of the whole run.
    folder : Path, optional
        Default: `book/results` of the clone the package runs from, or `results` beside the data.

    Returns
    -------
    Path
        `<chapter>_<profile>_<framework>.json`.
    """
    folder = Path(folder) if folder else paths.own_results_root()
    name = f"{Path(provenance['chapter']).name}_{provenance['profile']}_{provenance['framework']}.json"
    record = {
        **provenance,
        "recorded": time.strftime("%Y-%m-%d"),
        "minutes": round(minutes, 2),
        "peak_memory_gb": peak_memory_gb(),
        "protocol": protocol,
        "metrics": metrics,
        "history": asdict(history)["epochs"],
    }
    paths.write_whole(folder / name, json.dumps(record, indent=1, default=_plain) + "\n")
    return folder / name


def read(chapter, profile, framework, *, folder=None):
    """Read a record back.

    Parameters
    ----------
    chapter, profile, framework : str
        For instance "03_nuclei", "laptop" and "torch".
    folder : Path, optional
        Default: the records of the course, `book/results`; an installed package carries a copy.

    Returns
    -------
    dict or None
        None when that run has not been recorded.
    """
    folder = Path(folder) if folder else paths.results_root()
    path = folder / f"{Path(chapter).name}_{profile}_{framework}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def best(chapter, framework, *, folder=None):
    """The record that says most about a chapter: that of `full`, else that of `laptop`.

    Parameters
    ----------
    chapter, framework : str
    folder : Path, optional
        As `read` has them.

    Returns
    -------
    dict or None
        None when neither has been recorded. The record says its `profile`.
    """
    found = (read(chapter, profile, framework, folder=folder) for profile in ("full", "laptop"))
    return next((record for record in found if record), None)


def read_all(*, folder=None):
    """Every record there is.

    Parameters
    ----------
    folder : Path, optional
        As `read` has it.

    Returns
    -------
    list of dict
        In the order of the chapters; those of one chapter by profile and framework.
    """
    folder = Path(folder) if folder else paths.results_root()
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def read_benchmark(name):
    """What `benchmarks/<name>.py` recorded; in an installed package, the copy that it carries.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict or list
        As that script wrote it.
    """
    return json.loads((paths.benchmarks_root() / f"{name}.json").read_text(encoding="utf-8"))


def write_benchmark(name, record):
    """Keep what `benchmarks/<name>.py` measured, for `read_benchmark`.

    Parameters
    ----------
    name : str
    record : dict or list
        Numbers, texts, lists and dicts of them.
    """
    paths.write_whole(paths.benchmarks_root() / f"{name}.json", json.dumps(record, indent=1, allow_nan=False) + "\n")


def commit():
    """Short hash of the commit the package runs from, or was installed from by git; "unknown" elsewhere.

    A plus sign follows when files have changed, but for the records: a run may have just written one.
    """
    root = paths.repo_root()
    if root is None:
        return _installed_commit() or "unknown"
    try:
        return _git(root, "rev-parse", "--short", "HEAD") + ("+" if _git(root, *_CHANGES) else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _facts(data):
    return {"key": data.key, "source": data.source, "n": len(data), "content_hash": data.content_hash}


def _installed_commit():
    """What pip noted (PEP 610) when it installed the package from a repository."""
    try:
        read = importlib.metadata.distribution("unet-course").read_text
    except importlib.metadata.PackageNotFoundError:
        return None
    return json.loads(read("direct_url.json") or "{}").get("vcs_info", {}).get("commit_id", "")[:7]


def _git(root, *words):
    return subprocess.run(["git", "-C", root, *words], capture_output=True, text=True, check=True).stdout.strip()


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _plain(value):
    return value.item() if hasattr(value, "item") else str(value)
