"""The API pages name everything that is public, and every docstring there says what it takes and returns."""

import importlib
import importlib.util
import inspect
import re

import pytest
import yaml

from unet_course import paths

ROOT = paths.repo_root()
PAGES = sorted((ROOT / "book/appendix/api").glob("*.md"))
PACKAGES = ("torch", "keras", "metrics", "checks", "widgets", "features", "datasets.brats")
DIRECTIVE = re.compile(r"\.\. (currentmodule|automodule|autofunction|autoclass|py:data):: (\S+)\n((?:   :.*\n)*)")


def listed(text):
    """What a page documents, as (module, name)."""
    module = None
    for kind, name, options in DIRECTIVE.findall(text):
        if kind in ("currentmodule", "automodule"):
            module = importlib.import_module(name)
        if kind == "automodule":
            members = re.search(r":members: ?(.*)", options)[1].split(", ")
            own = getattr(module, "__all__", None) if "imported-members" in options else None
            yield from ((module, member) for member in (members if members != [""] else own or public(module)))
        elif kind != "currentmodule":
            yield module, name


def public(module):
    """What automodule takes when it is not told: the functions and classes of the module itself."""
    return [
        name
        for name, found in vars(module).items()
        if not name.startswith("_") and getattr(found, "__module__", None) == module.__name__ and inspect.getdoc(found)
    ]


DOCUMENTED = [pair for page in PAGES for pair in listed(page.read_text(encoding="utf-8"))]
IDS = [f"{module.__name__.removeprefix('unet_course.')}.{name}" for module, name in DOCUMENTED]


def test_every_public_name_is_on_a_page():
    elsewhere = [getattr(where, name) for where, name in DOCUMENTED if hasattr(where, name)]
    missing = []
    for package in PACKAGES:
        module = importlib.import_module(f"unet_course.{package}")
        # The pages show the PyTorch twin; another test holds the names of the two together.
        shown = {name for where, name in DOCUMENTED if where.__name__ == module.__name__.replace("keras", "torch")}
        missing += [
            f"{package}.{name}"
            for name in sorted(set(module.__all__) - shown)
            if package == "keras" or not any(getattr(module, name) is one for one in elsewhere)
        ]
    assert missing == [], "name them on a page in book/appendix/api"


def test_nothing_is_on_two_pages():
    assert len(set(IDS)) == len(IDS), sorted(name for name in set(IDS) if IDS.count(name) > 1)


def test_every_page_is_in_the_table_of_contents():
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert [page.stem for page in PAGES if f"book/appendix/api/{page.stem} " not in contents] == []
    assert yaml.safe_load(contents)


def section(doc, title):
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[\w ]*\n---|\Z)", doc, re.DOTALL | re.MULTILINE)
    return found and found[1]


def gaps(module, name):
    """What a docstring leaves out."""
    found = getattr(module, name)
    if not callable(found) or inspect.isclass(found) and issubclass(found, Exception):
        return  # the page itself describes a constant, its message an error
    doc = inspect.getdoc(found) or ""
    if not doc.partition("\n")[0].rstrip(":").endswith((".", "?")):
        yield "opens with no sentence"
    if module.__name__.endswith("checks"):
        return  # they all take the student's function and return nothing; their sentence says what it must do
    arguments = [p for p in inspect.signature(found).parameters.values() if p.kind != p.VAR_KEYWORD]
    described = section(doc, "Parameters") or section(doc, "Attributes") or ""
    names = re.findall(r"\*{0,2}(\w+)", " ".join(re.findall(r"^(?:\w|\*).*?(?= :|$)", described, re.MULTILINE)))
    if "parameters as `" not in doc:
        yield from (p.name for p in arguments if p.name not in names)
    returns = inspect.isfunction(found) and "return " in inspect.getsource(found)
    if returns and arguments and not section(doc, "Returns"):
        yield "does not say what comes back"


def test_a_docstring_names_every_argument_and_the_result():
    found = {name: list(gaps(*pair)) for name, pair in zip(IDS, DOCUMENTED, strict=True)}
    assert {name: missing for name, missing in found.items() if missing} == {}


@pytest.fixture(scope="module")
def extension():
    spec = importlib.util.spec_from_file_location("api_pages", ROOT / "book/_ext/api_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_marks_that_mean_something_else_to_sphinx_are_made_plain(extension):
    lines = ["Dice 2|A| of [1]_.", ".. [1] Someone (1999),", "   somewhere."]
    extension.plain_marks(None, "function", "f", None, None, lines)
    assert lines == [r"Dice 2\|A\| of [1].", "*  [1] Someone (1999),", "   somewhere."]


def test_a_name_leads_to_its_line_in_the_repository(extension):
    class Config:
        html_theme_options = {"repository_url": "https://example.org/u", "repository_branch": "main"}

    link = extension._source_link(Config)
    line = inspect.getsourcelines(importlib.import_module("unet_course.metrics").dice)[1]
    found = link("py", {"module": "unet_course.metrics", "fullname": "dice"})
    assert found == f"https://example.org/u/blob/main/unet_course/metrics/overlap.py#L{line}"
    assert link("py", {"module": "unet_course.metrics", "fullname": "NAMES"}) is None


def test_a_long_signature_is_no_list_of_definitions(extension):
    context = {
        "body": '<dt>f(\n<dl>\n<dd><em class="a">x</em>,</dd>\n<dd>y,</dd>\n</dl>\n)</dt><dl class="b"><dd>z</dd></dl>'
    }
    extension.mend_signatures(None, "book/appendix/api/losses", None, context, None)
    assert '<span class="uc-lines"><span><em class="a">x</em>,</span>\n<span>y,</span>\n</span>' in context["body"]
    assert context["body"].endswith('<dl class="b"><dd>z</dd></dl>')


def test_the_arrow_in_the_sidebar_says_what_it_unfolds(extension):
    sidebar = '<li><a href="i.html">API reference</a><details><summary><i></i></summary><ul></ul></details></li>'
    context = {"generate_toctree_html": lambda kind, **options: sidebar}
    extension.name_folds(None, "any", None, context, None)
    assert '<summary aria-label="Pages of: API reference">' in context["generate_toctree_html"]("sidebar", startdepth=0)
    assert context["generate_toctree_html"]("raw") == sidebar
