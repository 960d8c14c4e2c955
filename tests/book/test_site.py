"""The site's parts without a browser: merged pages, formulas, builds that succeed, stay, and fail."""

import html
import importlib.util
import json
import logging
import re
import shutil
from xml.etree import ElementTree

import nbformat
import numpy as np
import pytest
from docutils import nodes
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from unet_course import paths, widgets
from unet_course.publishing import chapters, recorded, site
from unet_course.publishing.editions import html_page
from unet_course.publishing.mathml import FormulaError, to_mathml

ROOT = paths.repo_root()
EXTERNAL = [
    r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\ssrc=[\"']((?:https?:)?//[^\"']+)",
    r"<link\b(?![^>]*rel=[\"']?(?:canonical|next|prev))[^>]*\shref=[\"']((?:https?:)?//[^\"']+)",
    r"@import\s+(?:url\()?[\"']?((?:https?:)?//[^\"')]+)",
    r"url\([\"']?((?:https?:)?//[^\"')]+)",
]


def external_loads(folder):
    """What the HTML and CSS files below a folder would load from other hosts, as (file, address)."""
    return [
        (path.name, address)
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".html", ".css")
        for pattern in EXTERNAL
        for address in re.findall(pattern, path.read_text(encoding="utf-8"))
    ]


def run(framework, *, seconds=19, data="phantom"):
    """A small executed notebook; what depends on the framework is what it prints and draws."""
    say = [new_output("stream", name="stdout", text=f"{framework}\n")]
    picture = [new_output("display_data", data={"text/plain": framework})]
    figure = {"name": "fig-a", "caption": "A."}
    explorer = widgets.threshold_explorer([[[0, 0, 0]]], [[0.5]], np.array([[1]]), name="ex", title=framework, alt="a")
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# A chapter\n\nSome text."),
            new_code_cell(f"framework = {framework!r}", metadata={"tags": ["parameters"]}),
            new_code_cell("1 + 1", execution_count=1, outputs=[new_output("execute_result", data={"text/plain": "2"})]),
            new_code_cell("train()", outputs=say),
            new_code_cell("draw()", outputs=picture, metadata={"mystnb": {"figure": figure}}),
            new_markdown_cell("See {numref}`fig-a`."),
            new_code_cell("explore()", outputs=[new_output("display_data", data={"text/html": explorer.data})]),
        ]
    )
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata["unet_course"] = {
        "profile": "smoke",
        "framework": framework,
        "backend": {"keras": "keras 3.9 on tensorflow", "torch": "torch 2.9"}[framework],
        "device": "CPU",
        "commit": "abc1234+",
        "minutes": seconds / 60,
        "data": {"key": "nuclei", "source": data, "n": 24, "content_hash": "0123456789abcdef"},
    }
    return notebook


@pytest.fixture
def runs():
    return {"keras": run("keras"), "torch": run("torch", seconds=90)}


def tags(cell):
    return [tag for tag in cell.metadata.get("tags", []) if tag.startswith("fw-")]


def test_equal_cells_appear_once_and_others_once_per_framework(runs):
    shown = [(cell.source.split("\n")[0], tags(cell)) for cell in site.merge(runs).cells]
    assert shown == [
        ("# A chapter", []),
        ("framework = 'keras'", ["fw-keras"]),
        ("framework = 'torch'", ["fw-torch"]),
        ("1 + 1", []),
        ("train()", ["fw-keras"]),
        ("draw()", ["fw-keras"]),
        ("train()", ["fw-torch"]),
        ("draw()", ["fw-torch"]),
        ("See {numref}`fig-a`.", []),
        ("explore()", ["fw-keras"]),
        ("explore()", ["fw-torch"]),
    ]


def test_a_reader_sees_the_code_of_one_framework(runs):
    both = 'if framework == "torch":\n    x = 1\nelse:\n    x = 2\nprint(x > 0)'
    for notebook in runs.values():
        notebook.cells[2:2] = [new_code_cell(both), new_code_cell('if framework == "torch":\n    import torch')]
    shown = [(cell.source, tags(cell)) for cell in site.merge(runs).cells[2:6]]
    assert shown == [
        ("x = 2\nprint(x > 0)", ["fw-keras"]),
        ("framework = 'torch'", ["fw-torch"]),
        ("x = 1\nprint(x > 0)", ["fw-torch"]),
        ("import torch", ["fw-torch"]),
    ]


def test_a_cell_that_only_draws_is_folded_and_says_so(runs):
    figure = {"mystnb": {"figure": {"name": "fig-a"}}}
    kinds = {
        "figure, axis = plt.subplots()\nfor k in range(3):\n    axis.plot(curve[k])": True,
        "figure = plotting.rows([[later]])\nkept = later + 1": False,  # read below
        "figure = plotting.rows([[later]])\nprint(later.mean())": False,
        "figure = plotting.rows([[later]])\nshown = [k for k in kept]": True,  # made anew before it is read
        "def twice():\n    return 2 * kept\n\n\nshown = axis = twice()\nshown + axis": False,  # draws nothing
    }
    for notebook in runs.values():
        notebook.cells[2:2] = [
            new_code_cell(source, metadata=figure if source.startswith("figure") else {}) for source in kinds
        ]
    merged = {cell.source: cell for cell in site.merge(runs).cells}
    assert {source: "hide-input" in merged[source].metadata.get("tags", []) for source in kinds} == kinds
    prompts = {source for source in kinds if "code_prompt_show" in merged[source].metadata.get("mystnb", {})}
    assert prompts == {source for source in kinds if kinds[source]}


def test_a_cell_that_only_imports_is_folded(runs):
    kinds = {
        "import time\n\nstarted = time.perf_counter()": True,
        "import time\n\ntime.sleep(0)": False,
        "x = 1": False,
    }
    for notebook in runs.values():
        notebook.cells[2:2] = [new_code_cell(source) for source in kinds]
    merged = {cell.source: "hide-input" in cell.metadata.get("tags", []) for cell in site.merge(runs).cells}
    assert {source: merged[source] for source in kinds} == kinds


def test_execution_counts_alone_make_no_difference(runs):
    runs["torch"].cells[2].execution_count = 7
    assert [cell.source for cell in site.merge(runs).cells].count("1 + 1") == 1


def test_merging_leaves_the_runs_alone_and_gives_a_valid_notebook(runs):
    before = nbformat.writes(runs["torch"])
    merged = site.merge(runs)
    nbformat.validate(merged)
    assert nbformat.writes(runs["torch"]) == before
    assert merged.metadata.frameworks == "keras torch"
    assert len({cell.id for cell in merged.cells}) == len(merged.cells)


def test_the_second_framework_gets_its_own_figure_names_and_html_ids(runs):
    merged = site.merge(runs)
    names = [cell.metadata.mystnb.figure.name for cell in merged.cells if "mystnb" in cell.metadata]
    assert names == ["fig-a", "fig-a-torch"]
    pages = [cell.outputs[0].data["text/html"] for cell in merged.cells if cell.source == "explore()"]
    first, second = (set(re.findall(r'id="([^"]+)"', page)) for page in pages)
    assert first and len(first) == len(second) and not first & second
    assert '"name":"ex-torch"' in pages[1]  # by which the script finds its parts


def test_runs_of_different_texts_do_not_merge(runs):
    runs["torch"].cells.pop()
    with pytest.raises(site.SiteError, match="different numbers of cells.*run both again"):
        site.merge(runs)


def test_a_chapter_without_title_is_an_error(runs):
    for notebook in runs.values():
        notebook.cells[0].source = "No title."
    with pytest.raises(site.SiteError, match="# Title"):
        site.merge(runs)


def test_the_strip_below_the_title_says_where_the_page_comes_from(runs):
    title, _, strip, *_ = site.merge(runs).cells[0].source.split("\n")
    text = " ".join(re.sub(r"<[^>]+>", " ", strip).split())
    assert title == "# A chapter"
    assert text == (
        "Practice run on synthetic images: it shows how, and proves nothing about patients. "
        "profile smoke framework Keras 3.9 on tensorflow framework PyTorch 2.9 device CPU time 19 s time 1.5 min "
        "commit abc1234+ data phantom (synthetic) data nuclei, 24 images, 01234567"
    )
    assert 'https://github.com/unet-course/unet-course/commit/abc1234"' in strip


def test_a_page_that_runs_once_has_no_framework_and_names_all_its_data():
    page = run("keras")
    facts = page.metadata.unet_course
    del facts["framework"], facts["backend"], facts["device"]
    facts["data"] = [facts["data"], {**facts["data"], "key": "lgg", "n": 80}]
    merged = site.merge({chapters.ONCE: page})
    strip = merged.cells[0].source.split("\n")[2]
    text = " ".join(re.sub(r"<[^>]+>", " ", strip).split())
    assert "profile smoke time 19 s commit abc1234+ data phantom" in text
    assert "nuclei, 24 images" in text and "lgg, 80 images" in text
    assert "uc-fw-" not in strip
    assert not any(map(tags, merged.cells))
    assert merged.metadata.frameworks == ""


def test_the_strip_tells_real_data_and_an_unknown_commit(runs):
    real = {"keras": run("keras", data="real").metadata.unet_course}
    real["keras"]["commit"] = "unknown"
    strip = site.provenance_strip(real)
    assert "<strong>Practice run</strong> on real images." in strip
    assert "real data" in strip and "phantom" not in strip
    assert "<a " not in strip and "uc-fw-" not in strip


# Formulas


def plain(mathml):
    return re.sub(r"<[^>]+>", "", html.unescape(mathml))


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\frac{2|A \cap B|}{|A| + |B|}", "2|A∩B||A|+|B|"),
        (r"p = 1 / (1 + e^{-z})", "p=1/(1+e−z)"),
        (r"\text{score} = \sum_{t} \text{TP}(t)", "score=∑tTP(t)"),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "a=bc=d"),
        (r"\mathrm{Dice}", "Dice"),
    ],
)
def test_formulas_become_mathml(latex, text):
    assert plain(to_mathml(latex, "block")) == text


def test_log_keeps_its_distance_and_a_sign_does_not():
    written = to_mathml(r"\ell = -y \log p - \log (1 - p)", "block")
    assert '<mi>log</mi><mspace width="0.167em" /><mi>p</mi>' in written
    assert re.search(r"<mi>log</mi><mo[^>]*>\(", written)
    assert written.count('form="prefix"') == 1


@pytest.mark.parametrize("latex", [r"-\sum_i p_i \log_2 p_i", r"10 \log_{10}(1 / e)", r"\max_i \log^2 x", r"a_{\log}"])
def test_a_space_never_takes_the_place_of_an_index(latex):
    formula = ElementTree.fromstring(to_mathml(latex, "block"))
    scripts = [element for element in formula.iter() if element.tag.endswith(("sub", "sup", "under"))]
    assert scripts and all(len(element) == 2 for element in scripts)
    assert not any(child.tag.endswith("mspace") for element in scripts for child in element)


@pytest.mark.parametrize("latex", [r"\nosuchcommand{x}", r"\frac{1}{2", r"\frac{1}"])
def test_a_wrong_formula_is_refused(latex):
    with pytest.raises(FormulaError) as caught:
        to_mathml(latex, "inline")
    assert latex.split("{")[0] in str(caught.value).replace("\\\\", "\\")


def test_a_wrong_formula_is_a_warning_of_the_build_and_slides_refuse_it(caplog):
    spec = importlib.util.spec_from_file_location("mathml_extension", ROOT / "book/_ext/mathml.py")
    extension = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(extension)
    with caplog.at_level(logging.WARNING):
        assert extension._translated(nodes.math("", r"\frac{1}"), "inline") == ""
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    with pytest.raises(FormulaError):
        html_page.to_html(r"A half: $\frac{1}$.")


# Builds

TOC = "format: jb-book\nroot: book/intro\nchapters:\n- file: notebooks/a\n"
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
framework = "keras"
```
"""


@pytest.fixture
def clone(tmp_path, monkeypatch, runs):
    """A clone with the course's own frame, a first page and one chapter; `build()` makes its site."""
    for folder in ("book/_ext", "book/_static", "book/profiles"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (tmp_path / "_toc.yml").write_text(TOC, encoding="utf-8")
    (tmp_path / "book/intro.md").write_text("# Welcome\n\nRead {doc}`../notebooks/a`. $x^2$\n", encoding="utf-8")
    (tmp_path / "book/a.md").write_text(CHAPTER, encoding="utf-8")
    (tmp_path / "book/references.bib").write_text("", encoding="utf-8")
    (tmp_path / "unet_course").mkdir()
    executed = {}
    for framework, notebook in runs.items():
        executed[framework] = tmp_path / f"{framework}.ipynb"
        nbformat.write(notebook, executed[framework])
    monkeypatch.setattr(paths, "repo_root", lambda: tmp_path)
    names = json.dumps({"a": {k: str(v) for k, v in executed.items()}})
    tmp_path.joinpath("executed.json").write_text(names, encoding="utf-8")
    return tmp_path


def build(clone):
    return site.build_site(json.loads((clone / "executed.json").read_text(encoding="utf-8")), out=clone / "_build/html")


@pytest.mark.slow
def test_a_site_is_built_kept_and_not_replaced_by_a_broken_one(clone, capsys):
    index = build(clone)
    assert index == clone / "_build/html/index.html" and index.exists()
    assert capsys.readouterr().out.splitlines() == ["site: Jupyter Book is building the pages", str(index)]
    page = (clone / "_build/html/notebooks/a.html").read_text(encoding="utf-8")
    assert "tag_fw-keras" in page and "tag_fw-torch" in page and "uc-provenance" in page
    assert "framework = 'keras'" in plain(page) and "framework = 'torch'" in plain(page)
    assert re.findall(r"Fig\. \d+", page) == ["Fig. 1"] * 3  # two captions and a reference
    assert "edit/main/book/a.md" in page and "notebooks/a_torch.ipynb" in page
    download = (clone / "_build/html/_downloads/notebooks/a_torch.ipynb").read_text(encoding="utf-8")
    assert "find_spec" in download and "{numref}" not in download
    assert 'property="og:title"' in index.read_text(encoding="utf-8")
    assert "<math" in (clone / "_build/html/book/intro.html").read_text(encoding="utf-8")
    assert external_loads(clone / "_build/html") == []

    build(clone)
    assert capsys.readouterr().out.splitlines() == [str(index)]

    intro = clone / "book/intro.md"
    good = intro.read_text(encoding="utf-8")
    for _ in range(2):  # a second try must not take the broken page for a known one
        intro.write_text("# Welcome\n\nRead {doc}`nowhere`.\n", encoding="utf-8")
        with pytest.raises(site.SiteError, match=r"\nbook/intro.md:\d+: WARNING: .*nowhere"):
            build(clone)
        assert index.exists() and "<math" in (clone / "_build/html/book/intro.html").read_text(encoding="utf-8")

    intro.write_text(good.replace("Welcome", "Hello"), encoding="utf-8")
    build(clone)
    assert "Hello" in (clone / "_build/html/book/intro.html").read_text(encoding="utf-8")

    real = run("keras", data="real")
    real.metadata["unet_course"] |= {"profile": "laptop", "recorded": "2026-11-29"}
    (clone / "book/recorded").mkdir()
    nbformat.write(real, clone / "book/recorded/a.ipynb")
    build(clone)
    page, practice = (
        (clone / f"_build/html/notebooks/{name}.html").read_text(encoding="utf-8") for name in ("a", "a_practice")
    )
    assert "recorded on 2026-11-29" in page and '<a href="a_practice.html">' in page
    assert "recorded on" not in practice and '<a href="a.html">' in practice and "A chapter: practice run" in practice


def test_a_case_study_whose_real_run_is_out_of_date_says_so(tmp_path, monkeypatch):
    real = run("keras", data="real")
    real.metadata["unet_course"] |= {"profile": "laptop", "recorded": "2026-11-29"}
    [cell for cell in real.cells if cell.cell_type == "code"][-1].source += "\nprint('as it was')"
    nbformat.write(real, tmp_path / "real.ipynb")
    monkeypatch.setattr(recorded, "file", lambda chapter, framework: tmp_path / "real.ipynb")
    page, practice = site._page_and_practice("case_studies/a", {"keras": run("keras")})
    assert practice is None and "since its run on real data of 2026-11-29" in page.cells[0].source


def test_a_page_opens_in_the_framework_that_has_a_real_run(tmp_path, monkeypatch):
    real = run("torch", data="real")
    real.metadata["unet_course"] |= {"profile": "laptop", "recorded": "2026-11-29"}
    nbformat.write(real, tmp_path / "torch.ipynb")
    monkeypatch.setattr(recorded, "file", lambda chapter, framework: tmp_path / f"{framework}.ipynb")
    page, practice = site._page_and_practice("foundations/a", {name: run(name) for name in ("keras", "torch")})
    assert page.metadata["opens_in"] == "torch" and "opens_in" not in practice.metadata


def test_the_message_names_the_chapter(clone, runs):
    del runs["torch"].metadata["unet_course"]
    nbformat.write(runs["torch"], clone / "torch.ipynb")
    with pytest.raises(site.SiteError, match="a: the run's provenance lacks 'unet_course'"):
        build(clone)


# Other hosts


def test_the_scan_finds_what_would_be_loaded_from_elsewhere(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="https://ok.example/">a link is fine</a><script async src="https://one.example/x.js"></script>'
        '<link rel="stylesheet" href="//two.example/x.css"><img alt="" src="x.png"><img src=\'http://three.example/x\'>',
        encoding="utf-8",
    )
    (tmp_path / "b.css").write_text(
        '@import "https://four.example/x.css"; a { background: url(//five.example/x) }', encoding="utf-8"
    )
    hosts = [re.search(r"//(\w+)", address)[1] for _, address in external_loads(tmp_path)]
    assert hosts == ["one", "three", "two", "four", "five"]


def test_the_built_site_loads_nothing_from_elsewhere():
    if not (ROOT / "_build/html/index.html").exists():
        pytest.skip("needs the site: run `make book`")
    assert external_loads(ROOT / "_build/html") == []
