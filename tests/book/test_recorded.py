"""Real runs on the site: kept where their images may be passed on, shown while their code is the chapter's."""

import base64
import copy
import io
import json
import re

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from unet_course import paths
from unet_course.publishing import chapters, gallery, pictures, recorded, site, status

ROOT = paths.repo_root()
TEXT = """\
---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter

(part)=
## A part

See {numref}`fig-a` and {ref}`part`.

$$ (eq-a)
x
$$

```{code-cell} python
:tags: [parameters]

profile = "smoke"
framework = "keras"
epochs = 1
```

```{code-cell} python
---
mystnb:
  figure:
    name: fig-a
    caption: A.
---
draw()
```
"""


def png(side=64, seed=0):
    """A scan: grey, noisy, no drawing on white."""
    grey = np.random.default_rng(seed).integers(0, 200, (side, side), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).convert("RGB").save(file, "PNG")
    return file.getvalue()


def run(framework, profile="smoke", source="phantom", key="nuclei", epochs=1, words="practice", picture=None):
    """An executed notebook of the chapter above."""
    drawn = {"image/png": base64.b64encode(picture or png()).decode()}
    outputs = [new_output("stream", name="stdout", text=f"{words}\n"), new_output("display_data", data=drawn)]
    figure = {"name": "fig-a", "caption": "A."}
    notebook = new_notebook(
        cells=[
            new_markdown_cell(TEXT.split("---\n")[2].split("```")[0].strip()),
            new_code_cell(
                f'profile = "{profile}"\nframework = "{framework}"\nepochs = {epochs}',
                metadata={"tags": ["parameters"]},
            ),
            new_code_cell("draw()", outputs=outputs, metadata={"mystnb": {"figure": figure}}),
        ]
    )
    facts = {"profile": profile, "framework": framework, "backend": framework, "device": "CPU", "commit": "abc1234"}
    data = {"key": key, "source": source, "n": 24, "content_hash": "0123456789abcdef"}
    notebook.metadata["unet_course"] = {**facts, "minutes": 26.0, "data": data}
    return notebook


def real(framework, **options):
    return run(framework, **{"profile": "laptop", "source": "real", "epochs": 40, "words": "real", **options})


@pytest.fixture
def chapter(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book/a.md").write_text(TEXT, encoding="utf-8")
    return chapters.Chapter("a", tmp_path)


def said(notebook):
    return notebook.cells[2].outputs[0].text.strip()


def test_a_real_run_is_shown_and_says_whose_images_it_shows(chapter):
    assert recorded.keep(chapter, "torch", real("torch")) == chapter.root / "book/recorded/a_torch.ipynb"
    shown = recorded.shown(chapter, {"keras": run("keras"), "torch": run("torch")})
    assert {name: said(page) for name, page in shown.items()} == {"keras": "practice", "torch": "real"}
    assert "epochs = 40" in shown["torch"].cells[1].source
    assert shown["torch"].cells[2].metadata.mystnb.figure.caption == "A. Real images: image set BBBC038v1, CC0 1.0."
    assert shown["keras"].cells[2].metadata.mystnb.figure.caption == "A."
    strip = site.provenance_strip({name: page.metadata["unet_course"] for name, page in shown.items()})
    line = r"<strong>Real data</strong>, recorded on \d{4}-\d\d-\d\d in 26 minutes on a processor\."
    assert re.search(f'<span class="uc-fw-torch">{line}', strip)
    assert '<span class="uc-fw-keras"><strong>Practice run</strong> on synthetic images' in strip
    assert re.search('<div class="uc-fw-torch"><dt>licence</dt><dd>image set BBBC038v1, CC0 1.0</dd>', strip)


def test_words_and_captions_may_change_after_the_run_code_may_not(chapter):
    recorded.keep(chapter, "keras", real("keras"))
    practice = run("keras")
    practice.cells[0].source += "\n\nOne more sentence."
    practice.cells[2].metadata.mystnb.figure.caption = "B."
    page = recorded.shown(chapter, {"keras": practice})["keras"]
    assert said(page) == "real" and "One more sentence." in page.cells[0].source
    assert page.cells[2].metadata.mystnb.figure.caption.startswith("B. Real images")

    for change in (
        lambda cells: cells.append(new_code_cell("more()")),
        lambda cells: cells[2].update(source="draw(1)"),
        lambda cells: cells[1].update(source=cells[1].source + "\nrate = 1"),
    ):
        changed = copy.deepcopy(practice)
        change(changed.cells)
        page = recorded.shown(chapter, {"keras": changed})["keras"]
        assert said(page) == "practice"
        strip = site.provenance_strip({"keras": page.metadata["unet_course"]})
        assert re.search(r"The code of this page has changed since its run on real data of \d{4}-\d\d-\d\d\.", strip)


def test_the_table_of_pages_says_what_is_due(chapter, tmp_path):
    executed = {}
    for name in ("keras", "torch"):
        recorded.keep(chapter, name, real(name))
        practice = run(name)
        practice.cells[2].source += "#" * (name == "torch")
        executed[name] = tmp_path / f"{name}.ipynb"
        nbformat.write(practice, executed[name])
    assert re.fullmatch(r"keras 20\d\d-\d\d-\d\d, torch due", status.real_runs(chapter, executed))


def test_the_practice_run_has_a_page_of_its_own_with_labels_of_its_own(chapter):
    page = recorded.practice(run("keras"))
    text = page.cells[0].source
    assert text.startswith("# A chapter: practice run\n") and page.metadata["nosearch"]
    assert "(part-practice)=" in text and "$$ (eq-a-practice)" in text
    assert "{numref}`fig-a-practice` and {ref}`part-practice`" in text
    assert page.cells[2].metadata.mystnb.figure.name == "fig-a-practice"
    assert "## A part\n" in text, "words are no labels"


def test_a_practice_page_labels_its_images_but_not_real_ones_from_a_record():
    page = run("keras")
    figure = page.cells[2].metadata.mystnb.figure
    assert recorded.labelled(page).cells[2].metadata.mystnb.figure.caption == (
        f"{figure.caption} Practice run on synthetic images."
    )
    page.cells[2].metadata.setdefault("tags", []).append(recorded.REAL)
    assert recorded.labelled(page).cells[2].metadata.mystnb.figure.caption == figure.caption


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"source": "phantom"}, "a run on synthetic images (nuclei), not kept"),
        ({"key": "brats"}, "images of brats may not be passed on, not kept"),
    ],
)
def test_what_may_not_be_shown_is_not_kept(chapter, capsys, options, reason):
    assert recorded.keep(chapter, "keras", real("keras", **options)) is None
    assert reason in capsys.readouterr().out
    assert not recorded.file(chapter, "keras").exists()


def test_a_run_that_went_on_counts_all_its_minutes(chapter):
    paths.write_whole(chapter.root / "book/results/a_laptop_keras.json", json.dumps({"minutes": 41.5}))
    kept = nbformat.read(recorded.keep(chapter, "keras", real("keras")), 4)
    assert kept.metadata["unet_course"]["minutes"] == 41.5


def test_no_path_of_the_machine_is_kept(chapter):
    notebook = real("keras", words=f"{chapter.root}/book/results/a.json {paths.data_root()}/nuclei")
    text = recorded.keep(chapter, "keras", notebook).read_text(encoding="utf-8")
    assert str(chapter.root) not in text and str(paths.data_root()) not in text
    assert "./book/results/a.json DATA/nuclei" in text


def test_images_get_few_colours_and_too_many_images_are_refused(chapter, monkeypatch):
    rng = np.random.default_rng(0)
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (96, 96, 3), dtype=np.uint8)).save(file, "PNG")
    whole = file.getvalue()
    kept = nbformat.read(recorded.keep(chapter, "keras", real("keras", picture=whole)), 4)
    (small,) = pictures.drawn(kept.cells[2])
    assert len(small) <= 0.4 * len(whole) and Image.open(io.BytesIO(small)).size == (96, 96)
    monkeypatch.setattr(recorded, "LARGEST", 10)
    with pytest.raises(chapters.BookError, match="its images take 0.0 MB, and a run may have 0.0"):
        recorded.keep(chapter, "torch", real("torch"))
    assert not recorded.file(chapter, "torch").exists()


def test_practice_pages_stand_at_the_end_of_the_contents():
    toc = "root: book/intro\nparts:\n- caption: A\n  chapters:\n  - file: x\n- caption: B\n  chapters:\n  - file: y\n"
    assert chapters.with_pages(toc, []) == toc
    assert chapters.with_pages(toc, ["z"]).endswith("- file: y\n  - file: z\n")


def test_the_gallery_shows_the_scans_of_real_runs_once(chapter):
    for name in ("keras", "torch"):
        recorded.keep(chapter, name, real(name, picture=png(seed=len(name))))
    page = site.merge(recorded.shown(chapter, {name: run(name) for name in ("keras", "torch")}))
    for cell in page.cells:
        if "mystnb" in cell.metadata:
            cell.metadata["mystnb"]["image"] = {"alt": "A scan."}
    text, files = gallery.fill(f"# Gallery\n\n{gallery.MARK}\n", {"a": page})
    assert "## A chapter\n" in text and "{doc}`The chapter <../notebooks/a>`" in text
    assert text.count("```{figure} gallery/fig-a.png\n:name: gallery-fig-a\n:alt: A scan.") == 1
    assert "A. Real images: image set BBBC038v1, CC0 1.0." in text
    assert list(files) == ["book/gallery/fig-a.png"]
    empty, files = gallery.fill(f"{gallery.MARK}\n", {})
    assert empty == "No real run is up to date.\n" and not files


# Of the repository


def kept():
    return sorted((ROOT / "book/recorded").rglob("*.ipynb"))


def test_kept_runs_are_of_chapters_and_carry_what_the_strip_needs():
    known = {recorded.file(each, name): each for each in chapters.listed() for name in chapters.frameworks(each)}
    for path in kept():
        facts = nbformat.read(path, 4).metadata["unet_course"]
        assert path in known, f"{path}: no chapter has this name"
        assert {"recorded", "minutes", "commit", "device", "data"} <= set(facts), path
        assert not facts["commit"].endswith("+"), f"{path}: recorded with changed files"
        assert all(recorded.licences(facts)), path


def test_kept_runs_are_small_and_name_no_machine():
    sizes = {path: path.stat().st_size / 1e6 for path in kept()}
    assert sum(sizes.values()) <= 15 and max(sizes.values(), default=0) <= 1.6, sizes
    for path in kept():
        found = re.findall(r"/(?:home|root|Users|work|tmp)/[\w./-]+", path.read_text(encoding="utf-8"))
        assert not found, f"{path}: {found[:3]}"
