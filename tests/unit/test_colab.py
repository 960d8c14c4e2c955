"""The contract with Colab: installing the course there changes nothing that Colab has installed."""

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from unet_course import requirement
from unet_course.publishing import chapters
from unet_course.publishing.colab import install

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LISTS = Path(os.environ.get("UNET_COURSE_COLAB_PACKAGES", ROOT / "tests" / "colab"))
CORE = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["keras"] + PROJECT["optional-dependencies"]["torch"]
BEYOND = CORE + PROJECT["optional-dependencies"]["beyond"]


@pytest.fixture(scope="module", params=["cpu", "gpu", "tpu"])
def listed(request):
    """What Colab has installed on machines with this kind of device: versions by name."""
    lines = (LISTS / f"{request.param}.txt").read_text(encoding="utf-8").split()
    return dict(line.split("==") for line in lines)


@pytest.fixture(scope="module")
def colab(listed, tmp_path_factory):
    """An environment in which pip finds the packages of Colab's list installed, though they are names only."""
    folder = tmp_path_factory.mktemp("colab")
    venv.create(folder, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    for name, version in listed.items():
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def constraints(colab):
    """The file that a notebook's first cell writes there, and the command it gives to pip."""
    site = next(colab.glob("lib/python*/site-packages"))
    script = f"""
import importlib.metadata, importlib.util, subprocess, sys
everything = importlib.metadata.distributions
importlib.metadata.distributions = lambda: everything(path=[{str(site)!r}])
importlib.util.find_spec = lambda name: None
subprocess.run = lambda command, check: print(*command[1:], sep="\\n")
{install(chapters.listed()[0])}
"""
    result = subprocess.run([sys.executable, "-c", script], cwd=colab, check=True, capture_output=True, text=True)
    return colab / "installed_before.txt", result.stdout.splitlines()


def registry_answers():
    command = [sys.executable, "-m", "pip", "index", "versions", "tqdm"]
    return subprocess.run(command, capture_output=True, timeout=60).returncode == 0


def test_the_list_names_what_the_course_stands_on(listed):
    assert {"numpy", "torch", "keras", "scikit-image", "pandas", "ipywidgets"} <= listed.keys()


def test_colab_meets_every_requirement_it_has(listed):
    wanted = [(line, listed.get(canonicalize_name(line.name))) for line in map(Requirement, BEYOND)]
    assert [str(line) for line, version in wanted if version and not line.specifier.contains(version)] == []


def first_cell_with(installed, folder):
    """The constraints that the cell writes where these distributions, a name and a version each, are installed."""
    for number, (name, version) in enumerate(installed):
        info = folder / f"one{number}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n" if version else "", encoding="utf-8")
    everything = importlib.metadata.distributions
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.metadata, "distributions", lambda: everything(path=[str(folder)]))
        patch.setattr(importlib.util, "find_spec", lambda name: None)
        patch.setattr(subprocess, "run", lambda command, check: None)
        patch.chdir(folder)
        exec(install(chapters.listed()[0]), {})
    return (folder / "installed_before.txt").read_text(encoding="utf-8").splitlines()


def test_what_pip_cannot_read_is_no_constraint(tmp_path):
    with contextlib.suppress(ImportError):
        import importlib_metadata  # noqa: F401  (its own finder then answers too, more strictly, as on Colab)
    sound = ["numpy==2.0.2", "torch==2.6.0+cu124", "a.b-c_d==1!2.0rc1.post2.dev3", "pytz==2025.2"]
    foreign = [("distro-info", "1.1build1"), ("-umpy", "1.0"), ("python-debian", "0.1.49ubuntu2"), ("broken", "")]
    found = first_cell_with([line.split("==") for line in sound] + foreign, tmp_path)
    assert sorted(found) == sorted(sound)


@given(
    name=st.text("aZ0._-~", min_size=1, max_size=6),
    version=st.text("01.!+-_abrcdevpostubuntu", min_size=1, max_size=12),
)
def test_every_constraint_can_be_read(name, version):
    with tempfile.TemporaryDirectory() as folder:
        for line in first_cell_with([("numpy", "2.0.2"), (name, version)], Path(folder)):
            Requirement(line)


def test_the_first_cell_asks_pip_once_and_keeps_what_is_there(listed, constraints):
    kept, command = constraints
    assert dict(line.split("==") for line in kept.read_text(encoding="utf-8").split()) == listed
    install = ["-m", "pip", "install", "--quiet", "--constraint", "installed_before.txt"]
    assert command == [*install, requirement()]


@pytest.mark.slow
def test_pip_would_change_nothing_that_is_there(request, listed, colab, constraints, tmp_path):
    if request.node.callspec.params["listed"] == "tpu" and sys.version_info < (3, 12):
        pytest.skip("dask asks for a newer importlib-metadata on Python 3.11 than the TPU list has; Colab has 3.13")
    if not registry_answers():
        pytest.skip("needs a package registry to ask")
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "pip", "--python", colab / "bin" / "python", "install", "--dry-run", "--quiet"]
    asked = [*command, "--report", report, "--constraint", constraints[0], *BEYOND]
    result = subprocess.run(asked, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    new = {
        canonicalize_name(one["metadata"]["name"]) for one in json.loads(report.read_text(encoding="utf-8"))["install"]
    }
    assert "simpleitk" in new  # else nothing was asked
    assert new.isdisjoint(listed)
