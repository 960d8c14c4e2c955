"""The glossary is complete and short, and links to it appear where a reader wants them and nowhere else."""

import importlib.util
import os
import re
import subprocess
import sys

import pytest
from docutils import nodes
from docutils.core import publish_doctree

from unet_course import paths

ROOT = paths.repo_root()
TEXT = (ROOT / "book/glossary.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"((?:^\S.*\n)+)((?:^  \S.*\n)+)", TEXT.split(":sorted:\n")[1], re.MULTILINE)
ABBREVIATIONS = ("BCE", "CRF", "ECE", "ET", "FLAIR", "FN", "FP", "GLCM", "HD95", "IoU", "LGG", "MRI", "TC", "TTA", "WT")
TERMS = [
    ("mask", "term-mask", "An image of labels."),
    ("Dice", "term-Dice", "A score."),
    ("Dice loss", "term-Dice-loss", "A loss."),
    ("batch norm", "term-batch-norm", "A layer."),
    ("batch normalisation", "term-batch-norm", "A layer."),
    ("modality", "term-modality", "A way."),
    ("ET", "term-ET", "Enhancing tumour."),
    ("U-Net", "term-U-Net", "A network."),
    ("U-Net++", "term-UNet", "Another network."),
]


@pytest.fixture(scope="module")
def extension():
    spec = importlib.util.spec_from_file_location("glossary_links", ROOT / "book/_ext/glossary_links.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def linked(extension):
    """The words that become links in a reStructuredText document, with where they lead."""

    def linked(source):
        document = publish_doctree(source, settings_overrides={"report_level": 5})
        before = document.astext()
        extension.link(document, TERMS, "../glossary.html")
        assert document.astext() == before, "the words themselves stay as they are"
        found = document.findall(lambda node: isinstance(node, nodes.reference) and "uc-term" in node["classes"])
        return [(node.astext(), node["refuri"].removeprefix("../glossary.html#term-")) for node in found]

    return linked


# The glossary


def test_it_has_many_terms_and_none_twice():
    terms = [term for block, _ in ENTRIES for term in block.strip().split("\n")]
    assert 80 <= len(terms) <= 200
    assert len({term.lower() for term in terms}) == len(terms)
    assert [term for term in ABBREVIATIONS if term not in terms] == []


def test_a_definition_has_one_to_three_sentences():
    for block, definition in ENTRIES:
        words = " ".join(re.sub(r"\{cite:p\}`[^`]+`", "", definition).split())
        sentences = re.findall(r"[.?](?= [A-Z0-9]| ?$)", words)
        assert 1 <= len(sentences) <= 3, block
        assert re.search(r"[.?] ?$", words) and words[0].isupper(), block
        assert not re.search(r"[`$*]", words), f"a definition is shown as plain text too: {block}"


# The links


def test_the_first_use_is_a_link_and_later_ones_are_not(linked):
    assert linked("A mask here.\n\nAnother mask there, and a Mask.") == [("mask", "mask")]


def test_plurals_and_the_start_of_a_sentence_count(linked):
    assert linked("Masks of two modalities.") == [("Masks", "mask"), ("modalities", "modality")]


def test_abbreviations_keep_their_case(linked):
    assert linked("It was lost et al., and ET was found.") == [("ET", "ET")]


@pytest.mark.parametrize("text", ["unmasked", "mask-like", "a.mask", "mask.py", "premask", "et", "dicey"])
def test_only_whole_words_count(linked, text):
    assert linked(f"See {text} here.") == []


def test_the_longest_term_wins_and_terms_may_cross_a_line_end(linked):
    assert linked("The Dice\nloss is not Dice.") == [("Dice\nloss", "Dice-loss"), ("Dice", "Dice")]
    assert linked("Not a U-Net++ but a U-Net.") == [("U-Net++", "UNet"), ("U-Net", "U-Net")]


def test_two_terms_with_one_definition_are_linked_once(linked):
    assert linked("Use batch normalisation, batch norm for short.") == [("batch normalisation", "batch-norm")]


def test_lists_and_emphasis_are_running_text(linked):
    assert linked("- one **mask**\n- a *Dice*") == [("mask", "mask"), ("Dice", "Dice")]


@pytest.mark.parametrize(
    "source",
    [
        "Title of a mask\n===============\n\nText.",
        "Some ``mask`` in code.",
        "::\n\n    mask = 0",
        "A `link to a mask <https://example.org>`__.",
        ".. figure:: a.png\n   :alt: a mask\n\n   The mask as caption.\n\n   The mask as legend.",
        "A formula :math:`mask`.",
        "=====  =====\nmask   Dice\n=====  =====\nDice   mask\n=====  =====",
        ".. container:: cell\n\n   A printed mask.",
        ".. container:: sd-card\n\n   A card about a mask.",
        ".. contents:: The mask",
        ".. [1] A footnote on a mask.",
    ],
)
def test_headings_code_links_figures_formulas_tables_and_outputs_stay_as_they_are(linked, source):
    assert linked(source) == []


def test_the_definition_is_shown_beside_the_link(extension):
    document = publish_doctree("A mask.")
    extension.link(document, TERMS, "glossary.html")
    (link,) = document.findall(nodes.reference)
    assert link["reftitle"] == "An image of labels." and link["internal"]


def test_every_page_is_read_again_when_the_glossary_changes(extension):
    class Environment:
        found_docs = {"book/intro", "book/glossary"}

    assert extension.read_again(None, Environment, set(), {"book/glossary"}, set()) == Environment.found_docs
    assert extension.read_again(None, Environment, {"book/intro"}, set(), set()) == []


@pytest.mark.slow
def test_a_site_links_its_pages_and_not_the_glossary_itself(tmp_path):
    pytest.importorskip("sphinx")
    book = tmp_path / "book"
    (book / "part").mkdir(parents=True)
    (book / "glossary.md").write_text(
        "# Glossary\n\nA mask.\n\n"
        "```{glossary}\nmask\n  An image\n  of {term}`labels <label>`.\n\nlabel\n  A number.\n```\n",
        encoding="utf-8",
    )
    (book / "part/page.md").write_text("# A mask\n\nA mask holds a label.\n", encoding="utf-8")
    (tmp_path / "index.md").write_text(
        "# Index\n\n```{toctree}\nbook/glossary\nbook/part/page\n```\n", encoding="utf-8"
    )
    # In a process of its own: Sphinx changes logging for good.
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-C", "-D", "extensions=myst_parser,glossary_links"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "book/_ext")}
    subprocess.run([*command, tmp_path, tmp_path / "html"], env=environment, check=True)
    page = (tmp_path / "html/book/part/page.html").read_text(encoding="utf-8")
    links = re.findall(r'<a class="uc-term[^"]*" href="([^"]+)" title="([^"]+)">(\w+)</a>', page)
    assert links == [
        ("../glossary.html#term-mask", "An image of labels.", "mask"),
        ("../glossary.html#term-label", "A number.", "label"),
    ]
    assert "uc-term" not in (tmp_path / "html/book/glossary.html").read_text(encoding="utf-8")
