"""Every exported notebook, with each profile that its form offers, up to the end of its first training.

Minutes for each: `UNET_COURSE_PROFILES=1 python -m pytest tests/book/test_profiles.py`. The weekly workflow does it.
"""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from unet_course import notebook, phantoms
from unet_course.publishing import chapters

ROOT = Path(__file__).resolve().parents[2]
RUNS = [
    (chapter, framework, profile)
    for chapter in chapters.listed()
    for framework in chapters.frameworks(chapter)
    for profile in notebook.profiles()
    if notebook.values(chapter.name, profile) and profile != "smoke"  # which `make book` runs
]
# What "full" needs and no test has: the internet for weights, and the full width that fits them.
FROM_SMOKE = ("weights", "shallow")
STOP = """
class FirstTrainingEnded(Exception):
    pass

def _once(*args, _fit=uc.fit, **options):
    _fit(*args, **options)
    raise FirstTrainingEnded

uc.fit = _once
"""

pytestmark = pytest.mark.skipif(
    "UNET_COURSE_PROFILES" not in os.environ, reason="takes minutes: UNET_COURSE_PROFILES=1 tries every profile"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Phantoms, and links to them where the real sets are looked for: they have the same layout."""
    root = tmp_path_factory.mktemp("data")
    phantoms.write_all(root / "phantoms", phantoms.STAND_INS)
    for key in phantoms.STAND_INS:
        (root / key).symlink_to(root / "phantoms" / key)
    return root


def tiny(chapter, profile):
    """Sizes and counts that the smoke run has smaller, from there; all else is the profile's."""
    small = chapters.defaults(chapter) | notebook.values(chapter.name, "smoke")
    values = notebook.values(chapter.name, profile)
    large = [name for name, value in values.items() if _is_number(value) and not 0 < value <= small[name]]
    return {name: small[name] for name in {*large, *FROM_SMOKE} & small.keys()}


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def prepared(chapter, framework, profile):
    """The exported notebook with the form set to a profile, at the smoke run's size."""
    page = nbformat.read(ROOT / "notebooks" / chapter.notebook(framework), as_version=4)
    code = [cell for cell in page.cells if cell.cell_type == "code"]
    form = next(cell for cell in code if "# @param" in cell.source)
    assert 'profile = "smoke"  # @param' in form.source
    form.source = form.source.replace('profile = "smoke"', f"profile = {profile!r}")
    values = next(cell for cell in code if "globals().update(chosen)" in cell.source)
    values.source += f"\nglobals().update({tiny(chapter, profile)!r})\nsave_record = False"
    chosen = next((cell for cell in code if "import torch as uc" in cell.source), None)
    if chosen is not None:
        chosen.source += STOP
    return page


@pytest.mark.parametrize("chapter, framework, profile", RUNS, ids=lambda part: getattr(part, "name", part))
def test_a_profile_gets_through_its_first_training(chapter, framework, profile, data, tmp_path, monkeypatch):
    monkeypatch.setenv("UNET_COURSE_DATA", str(data))
    page = prepared(chapter, framework, profile)
    try:
        NotebookClient(page, timeout=1200, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    except CellExecutionError as error:
        assert error.ename == "FirstTrainingEnded", error
