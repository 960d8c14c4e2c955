"""The contract with Colab: installing the course there changes nothing that Colab has installed."""

import json
import os
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from unet_course import book, export, requirement

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LISTED = Path(os.environ.get("UNET_COURSE_COLAB_PACKAGES", ROOT / "tests" / "colab" / "packages.txt"))
COLAB = dict(line.split("==") for line in LISTED.read_text().split())
CORE = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["keras"] + PROJECT["optional-dependencies"]["torch"]
BEYOND = CORE + PROJECT["optional-dependencies"]["beyond"]


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    """An environment in which pip finds the packages of Colab's list installed, though they are names only."""
    folder = tmp_path_factory.mktemp("colab")
    venv.create(folder, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    for name, version in COLAB.items():
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return folder


@pytest.fixture(scope="module")
def constraints(colab):
    """The file that a notebook's first cell writes there, and the command it gives to pip."""
    site = next(colab.glob("lib/python*/site-packages"))
    script = f"""
import importlib.metadata, importlib.util, subprocess, sys, types
everything = importlib.metadata.distributions
importlib.metadata.distributions = lambda: everything(path=[{str(site)!r}])
importlib.util.find_spec = lambda name: None
subprocess.run = lambda command, check: print(*command[1:], sep="\\n")
module = types.SimpleNamespace(data_root=lambda: __import__("pathlib").Path("."), write_all=lambda path: [])
sys.modules["unet_course"] = types.SimpleNamespace(paths=module, phantoms=module)
{export.install(book.chapters()[0])}
"""
    result = subprocess.run([sys.executable, "-c", script], cwd=colab, check=True, capture_output=True, text=True)
    return colab / "installed_before.txt", result.stdout.splitlines()


def registry_answers():
    command = [sys.executable, "-m", "pip", "index", "versions", "tqdm"]
    return subprocess.run(command, capture_output=True, timeout=60).returncode == 0


def test_the_list_names_what_the_course_stands_on():
    assert {"numpy", "torch", "tensorflow", "keras", "scikit-image", "pandas", "ipywidgets"} <= COLAB.keys()


@pytest.mark.parametrize("requirement", [Requirement(line) for line in BEYOND], ids=lambda line: line.name)
def test_colab_meets_every_requirement_it_has(requirement):
    version = COLAB.get(canonicalize_name(requirement.name))
    assert version is None or requirement.specifier.contains(version)


def test_the_first_cell_asks_pip_once_and_keeps_what_is_there(constraints):
    kept, command = constraints
    assert dict(line.split("==") for line in kept.read_text().split()) == COLAB
    install = ["-m", "pip", "install", "--quiet", "--constraint", "installed_before.txt"]
    assert command == [*install, requirement()]


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [CORE, BEYOND], ids=["course", "beyond"])
def test_pip_would_change_nothing_that_is_there(colab, constraints, wanted, tmp_path):
    if not registry_answers():
        pytest.skip("needs a package registry to ask")
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "pip", "--python", colab / "bin" / "python", "install", "--dry-run", "--quiet"]
    asked = [*command, "--report", report, "--constraint", constraints[0], *wanted]
    result = subprocess.run(asked, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    new = {canonicalize_name(one["metadata"]["name"]) for one in json.loads(report.read_text())["install"]}
    assert "simpleitk" in new  # else nothing was asked
    assert new.isdisjoint(COLAB)
