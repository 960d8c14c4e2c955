"""What search engines, chats and browsers read before a page is shown: title, description, image, its one address."""

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

from docutils import nodes
from sphinx import addnodes

LONGEST = 200  # characters of a description; search engines cut what is longer


def setup(app):
    app.connect(
        "config-inited", lambda app, config: config.templates_path.append(str(Path(__file__).parent / "templates"))
    )
    app.connect("html-page-context", describe, priority=950)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def describe(app, pagename, templatename, context, doctree):
    """Fill in what templates/layout.html puts into the head."""
    site = app.config.html_title
    name = re.sub(r"<[^>]+>", "", context.get("title", ""))
    whole = site if pagename == app.config.root_doc else f"{name} · {site}"
    picture = f"{app.config.html_baseurl}_static/cover.png"
    context["head"] = SimpleNamespace(title=whole, name=name, description=description(doctree), picture=picture)
    # docutils writes a second line for phones.
    context["metatags"] = re.sub(r'<meta name="viewport"[^>]*>', "", context.get("metatags", ""))


def description(document):
    """The first sentences of a page as plain text, without citations; empty for a page without text."""
    for section in document.findall(nodes.section) if document else ():
        for child in section.children:
            if isinstance(child, nodes.paragraph) and len(child.astext()) >= 40:
                paragraph = child.deepcopy()
                for reference in list(paragraph.findall(lambda node: _is_citation(node))):
                    reference.parent.remove(reference)
                return shorten(re.sub(r"\s+([.,;:)])", r"\1", " ".join(paragraph.astext().split())))
    return ""


def shorten(text):
    """Whole sentences where some fit, else whole words."""
    if len(text) <= LONGEST:
        return text
    start = text[: LONGEST - 1]
    ends = [match.end() for match in re.finditer(r"[.?!](?= )", start)]
    return start[: ends[-1]] if ends and ends[-1] > LONGEST / 3 else start.rsplit(" ", 1)[0] + "…"


def _is_citation(node):
    return isinstance(node, addnodes.pending_xref | nodes.reference | nodes.inline) and "bibtex" in " ".join(
        node.get("classes", [])
    )


def finish(app, error):
    """List all pages for search engines, and leave out the theme's icon fonts: icons.css draws the icons."""
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    shutil.rmtree(out / "_static" / "vendor" / "fontawesome", ignore_errors=True)
    places = sorted(f"{app.config.html_baseurl}{app.builder.get_target_uri(page)}" for page in app.env.found_docs)
    urls = "".join(f"<url><loc>{place}</loc></url>\n" for place in places)
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    out.joinpath("sitemap.xml").write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{space}">\n{urls}</urlset>\n', encoding="utf-8"
    )
