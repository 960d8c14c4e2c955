"""The repository as a whole: its lists agree, its files stay small and name no folder of one machine."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from unet_course import execution

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = PROJECT["dependencies"] + [line for extra in EXTRAS.values() for line in extra]
LOCK = (ROOT / "requirements.lock").read_text()
LOCKED = dict(line.split("==") for line in LOCK.split())

# Put together here, so that this file does not hold what it forbids.
MACHINE_PATHS = [f"/{folder}/" for folder in ("work", "opt", "root")] + [r"/home/\w+/", r"/Users/\w+/"]
REGISTRIES = [r"\.".join(parts) for parts in (("pypi", "org"), ("files", "pythonhosted"), ("registry", "npmjs"))]


def tracked(*patterns):
    names = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", *patterns], capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def test_environment_yml_asks_for_what_pyproject_asks_for():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(item["pip"] for item in environment if isinstance(item, dict))
    assert [line for line in pip if not line.startswith("--")] == REQUIREMENTS
    # The lock holds TensorFlow, which has no build for Python 3.14: the two commands stop there, the package does not.
    assert f"python{PROJECT['requires-python']},<3.14" in environment
    assert "<= (3, 13))" in (ROOT / "Makefile").read_text()


def test_requirements_are_lower_bounds_but_for_the_two_with_a_reason():
    bounded = {Requirement(line).name for line in REQUIREMENTS if re.search("<|==|~=", line)}
    assert bounded == {"jupyter-book", "sphinx-book-theme"}
    assert all(">=" in line for line in REQUIREMENTS)


@pytest.mark.parametrize("requirement", [Requirement(line) for line in REQUIREMENTS], ids=lambda line: line.name)
def test_the_lock_meets_every_requirement(requirement):
    locked = {canonicalize_name(name): version for name, version in LOCKED.items()}
    assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)])


def test_the_lock_holds_names_and_versions_only():
    for line in LOCK.splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line), line


@pytest.mark.parametrize("name", ["_config.yml", "_toc.yml"])
def test_every_key_of_the_book_settings_has_a_comment(name):
    for line in (ROOT / name).read_text().splitlines():
        if re.match(r"[\s-]*[\w/]+:", line):
            assert re.search(r"\s# \S", line), f"{name}: no comment on {line.strip()!r}"


def test_no_file_names_a_folder_of_one_machine_or_a_package_registry():
    # A path starts where no word or address goes on: https://example.org/opt/ is none.
    forbidden = re.compile(rf"(?<![\w.])({'|'.join(MACHINE_PATHS)})|{'|'.join(REGISTRIES)}")
    found = []
    for path in tracked():
        text = path.read_bytes().decode(errors="ignore")  # pictures hold no readable path
        found += [f"{path.relative_to(ROOT)}: {match.group()}" for match in forbidden.finditer(text)]
    assert found == []


def test_modules_are_under_300_lines():
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in tracked("*.py")}
    assert {name: length for name, length in lengths.items() if length >= 300} == {}


def test_modules_of_the_package_open_with_what_they_are_for():
    for path in tracked("unet_course/*.py", "data_scripts/*.py"):
        assert ast.get_docstring(ast.parse(path.read_text())), path


def test_importing_the_package_takes_under_300_milliseconds():
    code = "import time; t = time.perf_counter(); import unet_course; print(time.perf_counter() - t)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    assert min(float(run.stdout) for run in runs) < 0.3


@pytest.mark.parametrize("folder", ["keras", "torch"])
def test_a_twin_never_imports_the_other(folder):
    other = {"keras": "torch", "torch": "keras"}[folder]
    for path in tracked(f"unet_course/{folder}/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(other in name.split(".") for name in names), f"{path.name} imports {names}"


def test_twins_have_the_same_names_and_arguments():
    pytest.importorskip("keras")
    pytest.importorskip("torch")
    twins = [importlib.import_module(f"unet_course.{name}") for name in ("keras", "torch")]
    names, other_names = (set(twin.__all__) for twin in twins)
    assert names == other_names
    for name in sorted(names):
        first, second = (getattr(twin, name) for twin in twins)
        assert inspect.signature(first) == inspect.signature(second), name


def test_make_gives_kernels_the_environment_that_the_book_gives_them(tmp_path):
    (tmp_path / "book" / "kernel").mkdir(parents=True)
    wanted = execution.kernel_environment(tmp_path, smoke=True)
    text = (ROOT / "Makefile").read_text()
    lines = [re.search(rf"{name} := (.*?[^\\])\n", text, re.DOTALL)[1] for name in ("ONE_THREAD", "KERNEL_ENVIRONMENT")]
    given = dict(re.findall(r'(\w+)="?([^"\s]+)"?', " ".join(lines).replace("$(CURDIR)", str(tmp_path))))
    assert given == wanted


def test_every_target_of_the_makefile_is_explained():
    text = (ROOT / "Makefile").read_text()
    targets = re.search(r"\.PHONY: (.*)", text).group(1).split()
    assert set(targets) == set(re.findall(r"^([a-z]+):.*  ## \S", text, re.MULTILINE))


def test_comparing_notebooks_stays_fast_on_pictures_written_as_text():
    nbval = pytest.importorskip("nbval.plugin")
    patterns = nbval.get_sanitize_patterns((ROOT / "tests" / "nbval_sanitize.cfg").read_text())
    assert len(patterns) > 5
    picture = "iVBORw0KGgo/AAANSUhEUg+0x1f8d12" * 1_000
    started = time.perf_counter()
    for pattern, replacement in patterns:
        re.sub(pattern, replacement, picture)
    assert time.perf_counter() - started < 1


def test_the_wheel_carries_the_records_and_the_manifests(tmp_path):
    pytest.importorskip("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    for path in (ROOT / "book" / "results").iterdir():
        assert f"unet_course/_book/results/{path.name}" in names
    for path in (ROOT / "data_scripts" / "manifests").iterdir():
        assert f"unet_course/_data_scripts/manifests/{path.name}" in names
    for chapter in (ROOT / "book").glob("**/*.md"):
        for name in re.findall(r'read_benchmark\("(\w+)"\)', chapter.read_text()):
            assert f"unet_course/_book/benchmarks/{name}.json" in names, f"{chapter.name} reads {name}"
