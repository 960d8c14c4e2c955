"""The repository as a whole: its lists agree, its files stay small and name no folder of one machine."""

import ast
import importlib
import inspect
import json
import os
import re
import shutil
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

from unet_course.publishing import execution

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = PROJECT["dependencies"] + [line for extra in EXTRAS.values() for line in extra]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKED = dict(line.split("==") for line in LOCK.split())

# Put together here, so that this file does not hold what it forbids.
MACHINE_PATHS = [f"/{folder}/" for folder in ("work", "opt", "root")] + [r"/home/\w+/", r"/Users/\w+/"]
REGISTRIES = [r"\.".join(parts) for parts in (("pypi", "org"), ("files", "pythonhosted"), ("registry", "npmjs"))]


def tracked(*patterns):
    names = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", *patterns], capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def test_environment_yml_takes_all_that_pyproject_asks_for():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    pip = next(item["pip"] for item in environment if isinstance(item, dict))
    assert pip == [f"-e .[{','.join(EXTRAS)}]"]
    # The lock holds TensorFlow, which has no build for Python 3.14: the two commands stop there, the package does not.
    assert f"python{PROJECT['requires-python']},<3.14" in environment
    assert "<= (3, 13))" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_requirements_are_lower_bounds_but_for_the_two_with_a_reason():
    bounded = {Requirement(line).name for line in REQUIREMENTS if re.search("<|==|~=", line)}
    assert bounded == {"jupyter-book", "sphinx-book-theme"}
    assert all(">=" in line for line in REQUIREMENTS)


def test_the_lock_meets_every_requirement():
    locked = {canonicalize_name(name): version for name, version in LOCKED.items()}
    wanted = [Requirement(line) for line in REQUIREMENTS]
    assert [str(one) for one in wanted if not one.specifier.contains(locked[canonicalize_name(one.name)])] == []


def test_the_lock_holds_names_and_versions_only():
    for line in LOCK.splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line), line


def test_no_file_names_a_folder_of_one_machine_or_a_package_registry():
    # A path starts where no word or address goes on: https://example.org/opt/ is none.
    forbidden = re.compile(rf"(?<![\w.])({'|'.join(MACHINE_PATHS)})|{'|'.join(REGISTRIES)}")
    found = []
    for path in tracked():
        text = path.read_bytes().decode(errors="ignore")  # images hold no readable path
        found += [f"{path.relative_to(ROOT)}: {match.group()}" for match in forbidden.finditer(text)]
    assert found == []


def test_modules_of_the_package_open_with_what_they_are_for():
    for path in tracked("unet_course/*.py", "data_scripts/*.py"):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path


def test_importing_the_package_takes_under_300_milliseconds():
    code = "import time; t = time.perf_counter(); import unet_course; print(time.perf_counter() - t)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    assert min(float(run.stdout) for run in runs) < 0.3


@pytest.mark.parametrize("folder", ["keras", "torch"])
def test_a_twin_never_imports_the_other(folder):
    other = {"keras": "torch", "torch": "keras"}[folder]
    for path in tracked(f"unet_course/{folder}/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(other in name.split(".") for name in names), f"{path.name} imports {names}"


def test_no_module_of_the_library_imports_publishing():
    """The command line alone does: whoever only learns or computes needs nothing of what makes the book."""
    offenders = []
    for path in tracked("unet_course/*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[1] in ("publishing", "cli"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                base = ".".join([*parts[: len(parts) - node.level], *filter(None, [node.module])])
                names = [f"{base if node.level else node.module}.{alias.name}" for alias in node.names]
            if any(f"{name}.".startswith("unet_course.publishing.") for name in names):
                offenders.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert offenders == []


def test_readers_and_numpy_references_import_no_framework():
    names = ("datasets.brats", "datasets.published.verify", "metrics", "denoising", "features", "postprocessing.crf")
    code = f"import sys, {', '.join(f'unet_course.{name}' for name in names)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"keras", "tensorflow", "torch", "jax"} & set(loaded)


@pytest.mark.slow
def test_twins_have_the_same_names_and_arguments():
    pytest.importorskip("keras")
    pytest.importorskip("torch")
    twins = [importlib.import_module(f"unet_course.{name}") for name in ("keras", "torch")]
    names, other_names = (set(twin.__all__) for twin in twins)
    assert names == other_names
    for name in sorted(names):
        first, second = (getattr(twin, name) for twin in twins)
        assert inspect.signature(first) == inspect.signature(second), name


def test_a_command_can_be_run_in_the_environment_of_the_kernels(monkeypatch):
    """So `make test` compares notebooks under the very variables with which they were executed."""
    monkeypatch.setenv("UNET_COURSE_THREADS", "2")
    wanted = execution.kernel_environment(ROOT, smoke=True)
    assert wanted["OMP_NUM_THREADS"] == "2"
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    command = [sys.executable, "-m", "unet_course.publishing.execution", sys.executable, "-c", code]
    given = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert {name: given[name] for name in wanted} == wanted


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
@pytest.mark.parametrize(("fails", "said"), [("", "everything"), ("-n", "the package"), ("--nbval", "notebooks")])
def test_make_test_runs_all_its_parts_and_names_those_that_failed(tmp_path, fails, said):
    """`python` is a stand-in that fails when it is given a certain word, and writes down what it was given."""
    (tmp_path / "book" / "kernel").mkdir(parents=True)
    (tmp_path / "_build").mkdir()
    python = tmp_path / "python"
    last = {"": "no", "-n": "--no-loadscope-reorder", "--nbval": "--nbval _build/executed/smoke"}[fails]
    python.write_text(f'#!/bin/sh\necho "$*" >> calls\ncase "$*" in *"{last}") exit 3;; esac\n', encoding="utf-8")
    python.chmod(0o755)
    command = ["make", "-f", ROOT / "Makefile", "-o", "book", "test", f"BIN={tmp_path}"]
    outer = {name: value for name, value in os.environ.items() if "MAKE" not in name and name != "MFLAGS"}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=outer)
    assert len((tmp_path / "calls").read_text(encoding="utf-8").splitlines()) == 2, "a red part must not hide the other"
    assert (done.returncode != 0) == bool(fails)
    assert said in done.stdout.splitlines()[-1] and ("FAILED" in done.stdout) == bool(fails)


def test_every_target_of_the_makefile_is_explained():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"\.PHONY: (.*)", text).group(1).split()
    assert set(targets) == set(re.findall(r"^([a-z]+):.*  ## \S", text, re.MULTILINE))


def test_comparing_notebooks_stays_fast_on_pictures_written_as_text():
    nbval = pytest.importorskip("nbval.plugin")
    patterns = nbval.get_sanitize_patterns((ROOT / "tests" / "nbval_sanitize.cfg").read_text(encoding="utf-8"))
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
    for folder in ("results", "reports"):
        for path in tracked(f"book/{folder}"):
            assert f"unet_course/_{path.relative_to(ROOT).as_posix()}" in names
    for path in (ROOT / "data_scripts" / "manifests").iterdir():
        assert f"unet_course/_data_scripts/manifests/{path.name}" in names
    for path in (ROOT / "benchmarks" / "records").iterdir():
        assert f"unet_course/_book/benchmarks/{path.name}" in names


def test_every_text_file_is_read_and_written_as_utf_8():
    """Windows would take another encoding. Ruff sees this where it knows that something is a path (PLW1514)."""
    silent = []
    for path in tracked("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "attr", "")
            if name in ("read_text", "write_text") and "encoding" not in {word.arg for word in node.keywords}:
                silent.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert silent == []


def test_a_word_of_the_field_has_one_spelling():
    """Optimizer, as both frameworks spell it; tumour, but for the names of public sets and of their files."""
    american, british = "tum" + "or", "optimi" + "ser"
    other = re.compile(rf"{british}|(?<![-_}}]){american}s?(?![-_])", re.IGNORECASE)
    names = re.compile(rf"title *=|brain {american} (segmentation|classification)|no{american}", re.IGNORECASE)
    found = []
    for path in tracked("book/*.md", "*.md", "unet_course/*.py", "tests/*.py", "benchmarks/*.py", "book/*.yaml"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if other.search(line) and not names.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert found == []
