"""Say what this machine has for the course (packages, devices, memory, data) and how to get what is missing."""

import importlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys

from . import datasets, paths, requirement, results
from .common.hardware import cores, has_bfloat16
from .datasets.published.sources import SOURCES

TOOLS = {
    "core": ("numpy", "scipy", "scikit-image", "scikit-learn", "pandas", "matplotlib"),
    "beyond": ("accelerate", "distributed", "onnx", "onnxruntime"),
    "book": ("jupyter-book", "jupytext", "papermill", "ipykernel"),
    "dev": ("pytest", "nbval", "playwright", "ruff"),
}
FRAMEWORKS = {"keras": ("keras", "tensorflow"), "torch": ("torch",)}
_ENOUGH_DISK = 5  # GB, for the real sets and what is decoded from them
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def examine():
    """Look at everything.

    Returns
    -------
    str
        A report in plain text. Whatever is missing is named at the end, each with its remedy.
    """
    parts = [_python(), *(_framework(name) for name in FRAMEWORKS), _machine(), *map(_data, SOURCES), _browser()]
    lines = [line for found, _ in parts for line in found]
    missing = [f"  - {remedy}" for _, remedies in parts for remedy in remedies]
    return "\n".join([*lines, "", "Missing:" if missing else "Nothing is missing.", *missing])


def forecast(chapter, profile, framework=None, sets=()):
    """Say whether this machine is ready for a chapter's run, and how long it may take.

    Parameters
    ----------
    chapter : str
        For instance "case_studies/03_nuclei".
    profile : str
        "smoke", "laptop" or "full".
    framework : {"keras", "torch"}, optional
        None for a page that needs no framework.
    sets : sequence of str
        Real data sets to look for.

    Returns
    -------
    list of str
        Lines: device, memory, disk, minutes, and each set that is not here. What will not do begins with "Missing".
    """
    device = importlib.import_module(f"unet_course.{framework}").describe_device()["device"] if framework else "CPU"
    record = results.read(chapter, profile, framework) or {}
    free, memory = _free_disk(), _memory_gb()
    lines = [
        f"device     {device}, {cores()} cores, {_memory()} memory, {free:.0f} GB free in {paths.data_root()}",
        f"time       {_duration(profile, record)}",
    ]
    if memory and record.get("peak_memory_gb", 0) > memory:
        lines.append("Missing    memory: choose a smaller profile, or smaller batches")
    if free < _ENOUGH_DISK and profile != "smoke":
        lines.append(f"Missing    {_ENOUGH_DISK} GB of disk: set UNET_COURSE_DATA to a folder that has them")
    for key in missing(sets) if profile != "smoke" else ():
        lines.append(f"Missing    {key}: fetch it with `unet-course data {key}`")
    return lines


def missing(sets):
    """Those of the real data sets that are not on this machine."""

    def is_here(key):
        try:
            return datasets.locate(key, "real").is_dir()
        except FileNotFoundError:
            return False

    return [key for key in sets if not is_here(key)]


def _duration(profile, record):
    if not record:
        return "seconds to four minutes on two cores" if profile == "smoke" else "nobody has recorded this run yet"
    where = f"{record['device']} with {record.get('cores', 'an unknown number of')} cores"
    memory = f", {record['peak_memory_gb']:.0f} GB of memory at most" if record.get("peak_memory_gb") else ""
    return f"{record['minutes']:.0f} minutes when it was recorded, on {where}{memory}"


def probe(name):
    """Import a twin and print its device as JSON; `examine` runs this in a process of its own.

    A framework can take the whole process down, or fill it with log lines, when its installation is broken.
    """
    device = importlib.import_module(f"unet_course.{name}").describe_device()
    engine = "torch" if name == "torch" else importlib.import_module("keras").backend.backend()
    print(json.dumps(device | {"bfloat16": _bfloat16(engine)}))


def _python():
    lines = [f"Python     {platform.python_version()} in {sys.prefix}"]
    remedies = []
    # Without a clone there is no book to build or to test: its tools are not missed.
    for extra, packages in TOOLS.items() if paths.repo_root() else list(TOOLS.items())[:2]:
        versions = {package: _version(package) for package in packages}
        lines.append(f"{extra:<10} " + ", ".join(f"{name} {version or '-'}" for name, version in versions.items()))
        absent = [name for name, version in versions.items() if version is None]
        if absent:
            remedies.append(f"{', '.join(absent)}: {_install(extra)}")
    return lines, remedies


def _framework(name):
    versions = ", ".join(f"{package} {_version(package) or '-'}" for package in FRAMEWORKS[name])
    code = f"from unet_course import doctor; doctor.probe({name!r})"
    search = os.pathsep.join(filter(None, [str(paths.PACKAGE.parent), os.environ.get("PYTHONPATH")]))
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": search}
    )
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or [f"it ended with code {result.returncode}"])[-1]
        reason = reason.removeprefix("ModuleNotFoundError: ")
        return [f"{name:<10} {versions}: does not work here"], [f"{name}: {reason.rstrip('.')}. Here: {_install(name)}"]
    device = json.loads(result.stdout.strip().splitlines()[-1])
    return [f"{name:<10} {versions}: {device['backend']}, device {device['device']}, bfloat16 {device['bfloat16']}"], []


def _bfloat16(engine):
    """In words: whether the device computes in bfloat16 by itself, which makes training shorter and smaller."""
    if engine == "torch":
        import torch

        if torch.cuda.is_available():
            return "yes" if torch.cuda.is_bf16_supported(including_emulation=False) else "no"
    if engine == "tensorflow":
        import tensorflow

        for device in tensorflow.config.list_physical_devices("GPU"):
            details = tensorflow.config.experimental.get_device_details(device)
            return "yes" if details.get("compute_capability", (0, 0)) >= (8, 0) else "no"
    return "yes" if has_bfloat16() else "only in software (slow)"


def _machine():
    root, free = paths.data_root(), _free_disk()
    enough = free > _ENOUGH_DISK
    remedies = [] if enough else [f"disk space: set UNET_COURSE_DATA to a folder with 5 GB free, not {root}"]
    return [
        f"machine    {cores()} cores, {_memory()} memory, {platform.system()} {platform.machine()}",
        f"data root  {root} ({free:.0f} GB free)",
    ], remedies


def _memory():
    memory = _memory_gb()
    return f"{memory:.0f} GB" if memory else "unknown"


def _memory_gb():
    """Memory of the machine in GB; None where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    except (AttributeError, ValueError, OSError):  # Windows
        return None


def _free_disk():
    """GB that are free where the data lie."""
    root = paths.data_root()
    existing = next(folder for folder in (root, *root.absolute().parents) if folder.is_dir())
    return shutil.disk_usage(existing).free / 1e9


def _data(key):
    lines, remedies = [], []
    for source in ("real", "phantom"):
        try:
            root = datasets.locate(key, source)
            lines.append(f"{key:<10} {source}: {_describe(key, root)} in {root}")
        except (FileNotFoundError, datasets.DataError) as error:
            lines.append(f"{key:<10} {source}: -")
            remedies.append(f"{key}, {source}: {error}")
    return lines, remedies


def _describe(key, root):
    from .datasets.published import download

    return download.describe(key, root)


def _browser():
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    line = f"browser    {found or '-'} (only tests of the site need it)"
    remedies = [] if found else ["chromium, for tests of the site: `sudo apt-get install chromium` (Debian, Ubuntu)"]
    return [line], remedies


def _install(extra):
    package = requirement("" if extra == "core" else extra)
    if paths.repo_root():
        return f"run `make env`, or `pip install '{package}'`"
    # As the notebooks' first cell does it: nothing that is there becomes another version.
    return f"`pip freeze > installed.txt && pip install --constraint installed.txt '{package}'`"


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
