"""A headless Chromium, a server for the built site, and pages that note whatever goes wrong on them."""

import contextlib
import functools
import http.server
import io
import os
import threading

import numpy as np
import pytest
from PIL import Image

from unet_course import paths
from unet_course.publishing.editions import paper
from unet_course.publishing.mathml import to_mathml

HTML = paths.repo_root() / "_build" / "html"
CHROMIUM = paper.chromium()
LEFT = "net::ERR_ABORTED"  # the browser left the page while a file was on its way; a missing file answers 404
DESKTOP = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"}


# Signs that must grow with what they span, along the columns (1) or the rows (0) of a picture. Without a math font they
# keep the size of a letter. In each formula the sign is red.
STRETCHY = {
    "a brace": (r"\underbrace{a + b + c + d + e}_{x}", "munder > munder > mo", 1),
    "a bar": (r"\overline{a + b + c + d}", "mover > mo", 1),
    "parentheses": (r"\left( \frac{a}{\frac{b}{c}} \right)", "mo[stretchy]", 0),
    "those of a column": (r"\begin{pmatrix} a \\ b \\ c \end{pmatrix}", "mrow > mo", 0),
    "a line": (r"\left| \frac{a}{\frac{b}{c}} \right|", "mo[stretchy]", 0),
    "a root, to its side": (r"\sqrt{\frac{a + b + c}{d}}", "msqrt", 1),
    "a root, upwards": (r"\sqrt{\frac{a + b + c}{d}}", "msqrt", 0),
    "a sum": (r"\sum_i a_i", "munder > mo", 0),
}


def site_pages():
    """The address of every page below the site's root; empty when the site has not been built."""
    pages = (path for path in HTML.rglob("*.html") if "_static" not in path.parts)
    apart = (HTML / "index.html", HTML / "404.html")  # a redirect, and a page that links to the published site
    return sorted(path.relative_to(HTML).as_posix() for path in pages if path not in apart)


def pages_with(mark):
    """The pages of the site whose HTML holds a text."""
    return [page for page in site_pages() if mark in (HTML / page).read_text(encoding="utf-8")]


def pytest_generate_tests(metafunc):
    if "address" in metafunc.fixturenames:
        # By module: the tests of one address follow each other, so that they can share an opened page.
        metafunc.parametrize("address", site_pages() or ["no site"], scope="module")
    if "explorer_address" in metafunc.fixturenames:
        metafunc.parametrize("explorer_address", pages_with('class="uc-explorer"') or ["no such page"])
    if "quiz_address" in metafunc.fixturenames:
        # Under a chapter stand the same questions as on its part's page: one chapter speaks for all.
        asked = [page for page in site_pages() if page.endswith(("/quiz.html", "foundations/unet.html"))]
        metafunc.parametrize("quiz_address", asked or ["no such page"])


@pytest.fixture(params=STRETCHY)
def stretchy(request, tmp_path):
    """A page with one formula, and `stretches(png)`: whether a picture of it shows a sign as large as what it spans."""
    latex, sign, along = STRETCHY[request.param]
    looks = f"math {{ font-size: 60px; color: blue }} {sign} {{ color: red }} msqrt > * {{ color: blue }}"
    font = f"<style>{(paths.repo_root() / 'book/_static/math.css').read_text(encoding='utf-8')}</style>"
    page = tmp_path / "formula.html"
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Formula</title>{font}<style>{looks}</style>'
    page.write_text(f"{head}<p>{to_mathml(latex, 'block')}</p></html>", encoding="utf-8")

    def stretches(png):
        red, _, blue = np.moveaxis(np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), float), -1, 0)
        sign, spanned = (np.ptp(np.nonzero(ink)[along]) for ink in (blue - red < -99, red - blue < -99))
        return sign >= 0.9 * spanned

    return page, stretches


def missing(what):
    """Skip, or fail where a browser was promised: continuous integration must not pass by skipping."""
    if os.environ.get("UNET_COURSE_REQUIRE_BROWSER"):
        pytest.fail(f"UNET_COURSE_REQUIRE_BROWSER is set, but {what}")
    pytest.skip(what)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="session")
def folder():
    """The folder of the built site."""
    return HTML


@contextlib.contextmanager
def served(folder):
    """The address under which this machine serves a folder."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def root():
    """The address of the site's root, served from this machine."""
    if not (HTML / "index.html").exists():
        missing("there is no built site: run `make book`")
    with served(HTML) as address:
        yield address


@pytest.fixture
def serve(tmp_path):
    """`serve(path)` is the address of a file in the test's own folder."""
    with served(tmp_path) as address:
        yield lambda path: address + path.relative_to(tmp_path).as_posix()


@pytest.fixture
def show_html(browser):
    """`show_html(html, **context)` is a page of its own with this in it; `page.problems` lists what went wrong."""
    contexts = []

    def open_page(html, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.on("console", lambda message: message.type == "error" and page.problems.append(message.text))
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        style = "<style>:root { color-scheme: light dark }</style>"
        page.set_content(f"<!doctype html><html lang=en><title>Page</title>{style}<main>{html}</main></html>")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        missing("there is no chromium, chromium-browser or google-chrome on the PATH")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        missing("playwright is not installed: pip install -e '.[dev]'")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe():
    """axe-core, which looks for what keeps people from reading or using a page."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ModuleNotFoundError:
        missing("axe-playwright-python is not installed: pip install -e '.[dev]'")
    return Axe()


@pytest.fixture
def new_page(browser, root):
    """`new_page(address, **context)` opens a page in a window of its own; `page.problems` lists what went wrong.

    Long chapters are shown whole; with `whole=False` in sittings, as people get them at first.
    """
    contexts = []

    def open_page(address, whole=True, **options):
        context = browser.new_context(**{**DESKTOP, **options})
        contexts.append(context)
        return visit(context, root, address, whole)

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def open_file(browser):
    """`open_file(path, **context)` opens a file from disk, without a network; `page.problems` lists what went wrong."""
    contexts = []

    def open_file(path, **options):
        context = browser.new_context(**{"viewport": {"width": 1000, "height": 900}, "offline": True, **options})
        contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.on("console", lambda message: message.type == "error" and page.problems.append(message.text))
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield open_file
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def opened(browser, root, address):
    """The page of an address, opened once for all tests that only look at it: opening takes longer than most looks."""
    context = browser.new_context(**DESKTOP)
    yield visit(context, root, address)
    context.close()


def visit(context, root, address, whole=True):
    if whole:
        context.add_init_script("localStorage.setItem('uc-whole-chapters', '1')")
    page = context.new_page()
    page.problems = watch(page, root)
    page.goto(root + address)
    return page


def watch(page, root):
    problems = []
    page.on("console", lambda message: message.type == "error" and problems.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    page.on("requestfailed", lambda request: request.failure != LEFT and problems.append(f"failed: {request.url}"))
    page.on("response", lambda answer: answer.status >= 400 and problems.append(f"{answer.status}: {answer.url}"))

    def local(request):
        if not request.url.startswith((root, "data:", "blob:")):
            problems.append(f"other host: {request.url}")

    page.on("request", local)
    return problems
