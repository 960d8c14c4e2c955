"""The site's parts without a browser: merged pages, formulas, builds that succeed, stay, and fail."""

import html
import importlib.util
import json
import logging
import re
import shutil

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from unet_course import book, paths, site, widgets

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
        for address in re.findall(pattern, path.read_text())
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
    assert 'getElementById("ex-torch-" + part)' in pages[1]


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
        "profile smoke framework Keras 3.9 on tensorflow device CPU time 19 s framework PyTorch 2.9 device CPU "
        "time 1.5 min commit abc1234+ data phantom (synthetic) data nuclei, 24 images, 01234567"
    )
    assert 'https://github.com/unet-course/unet-course/commit/abc1234"' in strip


def test_a_page_that_runs_once_has_no_framework_and_names_all_its_data():
    page = run("keras")
    facts = page.metadata.unet_course
    del facts["framework"], facts["backend"], facts["device"]
    facts["data"] = [facts["data"], {**facts["data"], "key": "lgg", "n": 80}]
    merged = site.merge({book.ONCE: page})
    strip = merged.cells[0].source.split("\n")[2]
    text = " ".join(re.sub(r"<[^>]+>", " ", strip).split())
    assert text.startswith("profile smoke time 19 s commit abc1234+ data phantom")
    assert "nuclei, 24 images" in text and "lgg, 80 images" in text
    assert "uc-fw-" not in strip
    assert not any(map(tags, merged.cells))
    assert merged.metadata.frameworks == ""


def test_the_strip_tells_real_data_and_an_unknown_commit(runs):
    real = {"keras": run("keras", data="real").metadata.unet_course}
    real["keras"]["commit"] = "unknown"
    strip = site.provenance_strip(real)
    assert "real data" in strip and "phantom" not in strip
    assert "<a " not in strip and "uc-fw-" not in strip


# Formulas


@pytest.fixture(scope="module")
def mathml():
    spec = importlib.util.spec_from_file_location("mathml", ROOT / "book/_ext/mathml.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
def test_formulas_become_mathml(mathml, caplog, latex, text):
    written = mathml.to_mathml(latex, "block", None)
    assert plain(written) == text
    assert not caplog.records


def test_log_keeps_its_distance_and_a_sign_does_not(mathml):
    written = mathml.to_mathml(r"\ell = -y \log p - \log (1 - p)", "block", None)
    assert "<mi>log</mi><mspace width='0.17em'/><mi>p</mi>" in written
    assert re.search(r"<mi>log</mi><mo[^>]*>&#x00028;", written)
    assert written.count("form='prefix'") == 1


@pytest.mark.parametrize("latex", [r"\nosuchcommand{x}", r"\frac{1}{2", r"\frac{1}"])
def test_a_wrong_formula_is_a_warning(mathml, caplog, latex):
    with caplog.at_level(logging.WARNING):
        mathml.to_mathml(latex, "inline", None)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert latex.split("{")[0] in caplog.text.replace("\\\\", "\\")


# Builds

TOC = "format: jb-book\nroot: book/intro\nchapters:\n- file: notebooks/a\n"


@pytest.fixture
def clone(tmp_path, monkeypatch, runs):
    """A clone with the course's own frame, a first page and one chapter; `build()` makes its site."""
    for folder in ("book/_ext", "book/_static"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (tmp_path / "_toc.yml").write_text(TOC)
    (tmp_path / "book/intro.md").write_text("# Welcome\n\nRead {doc}`../notebooks/a`. $x^2$\n")
    (tmp_path / "book/references.bib").write_text("")
    (tmp_path / "unet_course").mkdir()
    executed = {}
    for framework, notebook in runs.items():
        executed[framework] = tmp_path / f"{framework}.ipynb"
        nbformat.write(notebook, executed[framework])
    monkeypatch.setattr(paths, "repo_root", lambda: tmp_path)
    tmp_path.joinpath("executed.json").write_text(json.dumps({"a": {k: str(v) for k, v in executed.items()}}))
    return tmp_path


def build(clone):
    return site.build_site(json.loads((clone / "executed.json").read_text()), out=clone / "_build/html")


@pytest.mark.slow
def test_a_site_is_built_kept_and_not_replaced_by_a_broken_one(clone, capsys):
    index = build(clone)
    assert index == clone / "_build/html/index.html" and index.exists()
    assert capsys.readouterr().out.splitlines() == ["site: Jupyter Book is building the pages", str(index)]
    page = (clone / "_build/html/notebooks/a.html").read_text()
    assert "tag_fw-keras" in page and "tag_fw-torch" in page and "uc-provenance" in page
    assert "framework = 'keras'" in plain(page) and "framework = 'torch'" in plain(page)
    assert re.findall(r"Fig\. \d+", page) == ["Fig. 1"] * 3  # two captions and a reference
    assert "edit/main/book/a.md" in page and "notebooks/a_torch.ipynb" in page
    assert (clone / "_build/html/_sources/notebooks/a_torch.ipynb").read_bytes() == (clone / "torch.ipynb").read_bytes()
    assert "<math" in (clone / "_build/html/book/intro.html").read_text()
    assert external_loads(clone / "_build/html") == []

    build(clone)
    assert capsys.readouterr().out.splitlines() == [str(index)]

    intro = clone / "book/intro.md"
    good = intro.read_text()
    for _ in range(2):  # a second try must not take the broken page for a known one
        intro.write_text("# Welcome\n\nRead {doc}`nowhere`.\n")
        with pytest.raises(site.SiteError, match=r"\nbook/intro.md:\d+: WARNING: .*nowhere"):
            build(clone)
        assert index.exists() and "<math" in (clone / "_build/html/book/intro.html").read_text()

    intro.write_text(good.replace("Welcome", "Hello"))
    build(clone)
    assert "Hello" in (clone / "_build/html/book/intro.html").read_text()


def test_the_message_names_the_chapter(clone, runs):
    del runs["torch"].metadata["unet_course"]
    nbformat.write(runs["torch"], clone / "torch.ipynb")
    with pytest.raises(site.SiteError, match="a: the run's provenance lacks 'unet_course'"):
        build(clone)


# Other hosts


def test_the_scan_finds_what_would_be_loaded_from_elsewhere(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="https://ok.example/">a link is fine</a><script async src="https://one.example/x.js"></script>'
        '<link rel="stylesheet" href="//two.example/x.css"><img alt="" src="x.png"><img src=\'http://three.example/x\'>'
    )
    (tmp_path / "b.css").write_text('@import "https://four.example/x.css"; a { background: url(//five.example/x) }')
    hosts = [re.search(r"//(\w+)", address)[1] for _, address in external_loads(tmp_path)]
    assert hosts == ["one", "three", "two", "four", "five"]


def test_the_built_site_loads_nothing_from_elsewhere():
    if not (ROOT / "_build/html/index.html").exists():
        pytest.skip("needs the site: run `make book`")
    assert external_loads(ROOT / "_build/html") == []
