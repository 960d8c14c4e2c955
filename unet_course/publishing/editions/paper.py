"""The whole book as one PDF, with an outline and page numbers: the built pages in one document, printed by Chromium."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.request import url2pathname

from .. import chapters, colab

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_ARTICLE = re.compile(r'<article class="bd-article">(.*)</article>', re.DOTALL)
_STYLE = """\
@page { size: A4; }
body { background: #fff; font-family: system-ui, sans-serif; }
.uc-page, .uc-contents { break-before: page; }
.uc-page:first-child { break-before: auto; }
.uc-contents li { list-style: none; }
.sd-card { break-inside: avoid; }
"""


def chromium():
    """Path of a Chromium on this machine, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def pdf(out):
    """Print the built site into one file.

    Parameters
    ----------
    out : path
        Folder of the file, `unet_course.pdf`, which is written in one move.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    chapters.BookError
        If the site has not been built, or no browser is there or it does not answer.
    """
    site = chapters.root() / "_build" / "html"
    browser = chromium()
    if browser is None:
        raise chapters.BookError("A PDF is printed by Chromium, which is not here: `sudo apt-get install chromium`.")
    wanted = [entry for entry, _ in chapters.pages() if "/api/" not in entry]
    missing = [entry for entry in wanted if not (site / f"{entry}.html").exists()]
    if missing:
        raise chapters.BookError(f"The site lacks {missing[0]}: run `make book` first.")
    out.mkdir(parents=True, exist_ok=True)
    book = out / "unet_course.pdf"
    with tempfile.TemporaryDirectory() as folder:
        whole, printed = Path(folder) / "book.html", book.with_suffix(".part")
        whole.write_text(_with_small_scans(document(site, wanted), Path(folder)), encoding="utf-8")
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
        command += ["--no-pdf-header-footer", "--generate-pdf-document-outline", f"--print-to-pdf={printed}"]
        answer = subprocess.run([*command, whole.as_uri()], capture_output=True, text=True)
        if not printed.exists():
            raise chapters.BookError(f"{browser} printed nothing. It said:\n{answer.stderr[-2000:]}")
        printed.replace(book)
    return book


def document(site, wanted):
    """Pages of the site in one HTML document, each under ids of its own, links between them inside it.

    Parameters
    ----------
    site : Path
        Folder of the built pages.
    wanted : list of str
        Their addresses below it, without the ending, in the order of the book.

    Returns
    -------
    str
    """
    texts = {page: (site / f"{page}.html").read_text(encoding="utf-8") for page in wanted}
    sheets = re.findall(r'<link rel="stylesheet"[^>]* href="([^"?]+)', "".join(texts.values()))
    names = dict.fromkeys(re.sub(r"^(\.\./)+", "", sheet) for sheet in sheets)
    links = "".join(f'<link rel="stylesheet" href="{(site / name).as_uri()}">\n' for name in names)
    first, *others = (_section(site, page, text, set(wanted)) for page, text in texts.items())
    titles = {page: re.sub(r"<[^>]+>", "", re.search(r"<h1>(.*?)<a class", text)[1]) for page, text in texts.items()}
    entries = "\n".join(f'<li><a href="#{_prefix(page)}">{title}</a></li>' for page, title in titles.items())
    contents = f'<nav class="uc-contents"><h1>Contents</h1>\n<ul>\n{entries}\n</ul></nav>'
    body = "\n".join([first, contents, *others])
    return (
        '<!DOCTYPE html>\n<html lang="en" data-theme="light" data-mode="light" data-uc-framework="keras">\n'
        f'<meta charset="utf-8">\n<title>U-Net on medical images</title>\n{links}<style>{_STYLE}</style>\n'
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _section(site, page, text, wanted):
    """One page's article; ids and addresses as the whole document needs them."""
    folder = (site / page).parent
    article = _ARTICLE.search(text)[1]
    article = re.sub(r'(\sid=")([^"]*")', rf"\1{_prefix(page)}-\2", article)
    article = re.sub(r'(\ssrc=")(?!data:)([^"]+)"', lambda m: f'{m[1]}{(folder / m[2]).resolve().as_uri()}"', article)
    article = re.sub(r'(\shref=")([^"]*)"', lambda m: f'{m[1]}{_address(page, m[2], wanted)}"', article)
    return f'<section class="uc-page" id="{_prefix(page)}">{article}</section>'


def _address(page, link, wanted):
    """Where a link leads: within the document where the page is in it, to the published site where not."""
    if re.match(r"[a-z]+:", link):
        return link
    file, _, mark = link.partition("#")
    target = os.path.normpath(os.path.join(os.path.dirname(page), file)) if file else f"{page}.html"
    name = target.removesuffix(".html")
    if name in wanted:
        return f"#{_prefix(name)}-{mark}" if mark else f"#{_prefix(name)}"
    return f"{colab.SITE}/{target}{'#' * bool(mark)}{mark}"


def _with_small_scans(text, folder):
    """The document with scans as JPEG: a PDF keeps those as they are, but writes every pixel of a PNG again."""
    from PIL import Image

    def smaller(match):
        png = Path(url2pathname(match[2].removeprefix("file://")))
        jpeg = folder / f"{'-'.join(png.parts[1:])}.jpg"
        if png.suffix == ".png" and not jpeg.exists():
            image = Image.open(png)
            if "transparency" in image.info:
                return match[0]
            image.convert("RGB").save(jpeg, quality=85)
        use = jpeg.exists() and jpeg.stat().st_size < 1.2 * png.stat().st_size
        return f"{match[1]}{jpeg.as_uri() if use else match[2]}"

    return re.sub(r'(\ssrc=")(file:[^"]+)', smaller, text)


def _prefix(page):
    return page.replace("/", "-")
