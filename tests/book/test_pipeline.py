"""The pipeline on a book of one small chapter: what it runs, what it keeps, and how it fails."""

import nbformat
import pytest

from unet_course import paths
from unet_course.publishing import build, chapters, dependencies, execution

pytestmark = pytest.mark.slow

CHAPTER = """\
---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter

```{code-cell} python
:tags: [parameters]

profile = "smoke"
framework = "torch"
size = 3
```

```{code-cell} python
from unet_course import checks

print(framework, size)
```
"""


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A clone with one chapter; `clone / "book/a.md"` is its text."""
    (tmp_path / "book/profiles").mkdir(parents=True)
    (tmp_path / "book/a.md").write_text(CHAPTER, encoding="utf-8")
    (tmp_path / "book/profiles/smoke.yaml").write_text("a:\n  size: 5\n", encoding="utf-8")
    (tmp_path / "requirements.lock").write_text("", encoding="utf-8")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters:\n- file: notebooks/a\n", encoding="utf-8"
    )
    (tmp_path / "book/kernel").symlink_to(paths.repo_root() / "book/kernel")
    monkeypatch.setattr(paths, "repo_root", lambda: tmp_path)
    return tmp_path


def edit(clone, name, old, new):
    text = (clone / name).read_text(encoding="utf-8")
    assert old in text
    (clone / name).write_text(text.replace(old, new), encoding="utf-8")


def test_runs_once_and_again_after_a_change(clone, capsys):
    chapter = chapters.chapter("a")
    output = execution.run(chapter, "smoke", "torch")
    notebook = nbformat.read(output, 4)
    assert notebook.cells[-1].outputs[0].text == "torch 5\n"
    assert notebook.metadata.unet_course.minutes > 0
    assert [cell.source for cell in notebook.cells if "size = 5" in cell.source] == [
        'profile = "smoke"\nframework = "torch"\nsize = 5'
    ], "readers see the values that were used, once"

    capsys.readouterr()
    execution.run(chapter, "smoke", "torch")
    assert "nothing changed, kept" in capsys.readouterr().out
    edit(clone, "book/profiles/smoke.yaml", "5", "6")
    execution.run(chapter, "smoke", "torch")
    assert "running" in capsys.readouterr().out
    assert nbformat.read(output, 4).cells[-1].outputs[0].text == "torch 6\n"


RECORDING = """
```{code-cell} python
import json
from pathlib import Path

record = Path("book/results/a_laptop_torch.json")
print("the record says", json.loads(record.read_text())["metrics"] if record.exists() else None)
record.parent.mkdir(exist_ok=True)
record.write_text(json.dumps({"metrics": {"dice": size}, "minutes": 1}))
```
"""


def test_a_recorded_page_shows_the_record_of_its_own_run(clone, monkeypatch, capsys):
    pages = []
    monkeypatch.setattr(execution.recorded, "keep", lambda chapter, framework, notebook: pages.append(notebook))
    text = CHAPTER.replace("size = 3", "size = 3\nsave_record = False") + RECORDING
    (clone / "book/a.md").write_text(text, encoding="utf-8")
    (clone / "book/profiles/laptop.yaml").write_text("a:\n  save_record: true\n", encoding="utf-8")
    for _ in range(2):
        execution.run(chapters.chapter("a"), "laptop", "torch", force=True)
    assert [page.cells[-1].outputs[0].text for page in pages] == ["the record says {'dice': 3}\n"] * 2
    assert capsys.readouterr().out.count("once more") == 1, "not where the record has stayed"


def test_the_key_follows_the_records_that_a_chapter_names(clone):
    chapter, record = chapters.chapter("a"), clone / "book/results/b_laptop_torch.json"
    record.parent.mkdir()

    def keys():
        for text in ("{}", "{ }"):
            record.write_text(text, encoding="utf-8")
            yield execution.fingerprint(chapter, {"framework": "torch"})

    assert len(set(keys())) == 1
    edit(clone, "book/a.md", "print(framework", 'other = results.read("b", "laptop", "torch")\nprint(framework')
    assert len(set(keys())) == 2


def test_the_key_follows_text_package_records_and_data(clone, monkeypatch, tmp_path, data_root):
    chapter = chapters.chapter("a")
    keys = [execution.fingerprint(chapter, {"framework": "torch"})]
    edit(clone, "book/a.md", "# A chapter", "# The chapter")
    keys.append(execution.fingerprint(chapter, {"framework": "torch"}))
    (clone / "book/results").mkdir()
    (clone / "book/results/a_laptop_torch.json").write_text("{}", encoding="utf-8")
    keys.append(execution.fingerprint(chapter, {"framework": "torch"}))
    recording = {"framework": "torch", "save_record": True}
    before = execution.fingerprint(chapter, recording)
    (clone / "book/results/a_laptop_torch.json").write_text("{ }", encoding="utf-8")
    assert execution.fingerprint(chapter, recording) == before, "a run that writes a record must not undo itself"
    (clone / "book/results/a_laptop_torch.json").write_text("{}", encoding="utf-8")
    changed = tmp_path / "checks.py"
    changed.write_text("# changed\n", encoding="utf-8")
    original = dependencies.source
    monkeypatch.setattr(dependencies, "source", lambda name: changed if name.endswith(".checks") else original(name))
    keys.append(execution.fingerprint(chapter, {"framework": "torch"}))
    (tmp_path / "checks.js").write_text("// a script of that module", encoding="utf-8")
    keys.append(execution.fingerprint(chapter, {"framework": "torch"}))
    settings = tmp_path / "kernel"
    settings.mkdir()
    (settings / "config.py").write_text("# settings of the kernel\n", encoding="utf-8")
    (clone / "book/kernel").unlink()
    (clone / "book/kernel").symlink_to(settings)
    keys.append(execution.fingerprint(chapter, {"framework": "torch"}))
    (data_root / "cache").mkdir(parents=True)
    same = execution.fingerprint(chapter, {"framework": "torch"})
    assert same == keys[-1], "the cache of decoded images is not data"
    (data_root / "nuclei").mkdir()
    keys.append(execution.fingerprint(chapter, {"framework": "torch"}))
    (data_root / "phantoms/nuclei").mkdir(parents=True)
    (data_root / "phantoms/nuclei/PHANTOM.json").write_text("{}", encoding="utf-8")
    keys.append(execution.fingerprint(chapter, {"framework": "torch"}))
    assert len(set(keys)) == 8


@pytest.fixture
def page(clone):
    """The chapter made a page that sets no framework and reads a benchmark's record."""
    edit(clone, "book/a.md", 'framework = "torch"\n', "")
    reads = 'results\n\n\ndef record():\n    return results.read_benchmark("b")\n\n\nprint(size)'
    edit(clone, "book/a.md", "checks\n\nprint(framework, size)", reads)
    (clone / "benchmarks/records").mkdir(parents=True)
    (clone / "benchmarks/records/b.json").write_text("[1]", encoding="utf-8")
    return chapters.chapter("a")


def test_a_page_without_framework_runs_once(page, capsys):
    assert chapters.frameworks(page) == (chapters.ONCE,)
    assert chapters.parameters(page, "smoke", chapters.ONCE) == {"profile": "smoke", "size": 5}
    output = execution.run(page, "smoke", chapters.ONCE)
    assert nbformat.read(output, 4).cells[-1].outputs[0].text == "5\n"
    with pytest.raises(chapters.BookError, match="framework 'torch' is not known: use once"):
        execution.run(page, "smoke", "torch")


def test_a_page_that_shows_every_record_runs_again_after_any(page, clone):
    edit(clone, "book/a.md", 'results.read_benchmark("b")', "results.read_all()")
    before = execution.fingerprint(page, {})
    (clone / "book/results").mkdir()
    (clone / "book/results/other_laptop_torch.json").write_text("{}", encoding="utf-8")
    assert execution.fingerprint(page, {}) != before


def test_building_runs_every_chapter_and_stops_at_one_that_fails(clone, monkeypatch, capfd):
    given = []
    monkeypatch.setattr("unet_course.publishing.site.build_site", lambda executed, out: given.append(executed))
    edit(clone, "book/a.md", "print(framework, size)", "import os\nos.write(2, b'a greeting')\nprint(framework, size)")
    build.build("smoke")
    assert "a greeting" in (clone / "_build" / "kernels.log").read_text(encoding="utf-8")
    assert "a greeting" not in capfd.readouterr().err
    assert [name.parts[-2] for name in given[0]["a"].values()] == ["torch", "keras"]
    edit(clone, "book/a.md", "print(framework, size)", "1 / 0")
    with pytest.raises(chapters.BookError, match="ZeroDivisionError"):
        build.build("smoke")


def test_the_key_of_a_page_follows_the_benchmark_it_reads_and_both_twins(page, clone, monkeypatch):
    before = execution.fingerprint(page, {})
    (clone / "benchmarks/records/other.json").write_text("{}", encoding="utf-8")
    assert execution.fingerprint(page, {}) == before
    (clone / "benchmarks/records/b.json").write_text("[2]", encoding="utf-8")
    assert execution.fingerprint(page, {}) != before
    skipped = []
    monkeypatch.setattr(dependencies, "modules", lambda code, skip: skipped.append(skip) or [])
    execution.fingerprint(page, {})
    execution.fingerprint(page, {"framework": "torch"})
    assert skipped == [(), ("unet_course.keras",)]


def test_the_key_knows_what_a_module_imports():
    modules = dependencies.modules("from unet_course import torch as uc", skip="unet_course.keras")
    assert {"unet_course", "unet_course.torch", "unet_course.torch.models", "unet_course.common.batches"} <= modules
    assert not any(name.startswith("unet_course.keras") for name in modules)


def test_values_are_replaced_and_comments_stay():
    source = 'profile = "smoke"  # or laptop\nsize = 128\nother = 1'
    new = execution.with_values(source, {"profile": "full", "size": 64})
    assert new == 'profile = "full"  # or laptop\nsize = 64\nother = 1'


def test_pieces_of_one_print_are_joined(clone):
    edit(clone, "book/a.md", "print(framework, size)", "import time\nprint(1, flush=True)\ntime.sleep(0.5)\nprint(2)")
    outputs = nbformat.read(execution.run(chapters.chapter("a"), "smoke", "torch"), 4).cells[-1].outputs
    assert [output.text for output in outputs] == ["1\n2\n"]


def test_a_failing_cell_is_named_and_nothing_is_kept(clone):
    edit(clone, "book/a.md", "print(framework, size)", "1 / 0")
    with pytest.raises(chapters.BookError, match=r"a \[smoke, torch\] failed in cell .*ZeroDivisionError"):
        execution.run(chapters.chapter("a"), "smoke", "torch")
    assert not chapters.chapter("a").executed("smoke", "torch").exists()


def test_a_smoke_run_has_no_network(clone):
    ask = "import urllib.request\nurllib.request.urlopen('http://192.0.2.1')"
    edit(clone, "book/a.md", "print(framework, size)", ask)
    with pytest.raises(chapters.BookError, match="This run has no network, but something asked for 192.0.2.1"):
        execution.run(chapters.chapter("a"), "smoke", "torch")


def test_progress_bars_leave_no_trace(clone):
    edit(clone, "book/a.md", "print(framework, size)", "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)): pass")
    assert nbformat.read(execution.run(chapters.chapter("a"), "smoke", "torch"), 4).cells[-1].outputs == []


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("book/profiles/smoke.yaml", "size", "sise", "has no parameter 'sise'; its parameters cell has profile"),
        ("book/a.md", ":tags: [parameters]", "", "has 0 cells tagged `parameters` and needs exactly one"),
        ("book/a.md", 'profile = "smoke"', "", "does not set 'profile'"),
        ("_toc.yml", "notebooks/a", "notebooks/b", "lists notebooks/b, but .* does not exist"),
    ],
)
def test_mistakes_are_named_before_anything_runs(clone, file, old, new, message):
    edit(clone, file, old, new)
    with pytest.raises(chapters.BookError, match=message):
        execution.run(chapters.listed()[0], "smoke", "torch")
    assert not (clone / "_build").exists()


def test_unknown_words_are_named(clone):
    chapter = chapters.chapter("a")
    with pytest.raises(chapters.BookError, match="profile 'somke' is not known: use one of smoke"):
        execution.run(chapter, "somke", "torch")
    with pytest.raises(chapters.BookError, match="a: framework 'jax' is not known: use keras or torch"):
        execution.run(chapter, "smoke", "jax")
    with pytest.raises(chapters.BookError, match="There is no chapter 'z'; there are: a"):
        chapters.chapter("z")


def test_the_book_needs_a_clone(monkeypatch):
    monkeypatch.setattr(paths, "repo_root", lambda: None)
    with pytest.raises(chapters.BookError, match="git clone"):
        chapters.listed()
