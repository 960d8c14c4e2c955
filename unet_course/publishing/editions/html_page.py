"""Markdown as HTML on its own: formulas as MathML, nothing fetched from anywhere. For slides and loose pages."""

import html

from ..mathml import to_mathml

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --paper: light-dark(#fff, #14181e); --ink: light-dark(#16191d, #e6e9ee);
  --accent: light-dark(#0b5cad, #7ab8ff); --quiet: light-dark(#f2f4f7, #232a33); }}
body {{ background: var(--paper); color: var(--ink); font: 1.05rem/1.5 system-ui, sans-serif; margin: 0; }}
a {{ color: var(--accent); }}
main {{ max-width: 50rem; margin: 0 auto; padding: 1rem; }}
code, pre {{ background: var(--quiet); border-radius: .2rem; font-size: .9em; }}
pre {{ overflow: auto; padding: .6rem; }}
table {{ border-collapse: collapse; }}
td, th {{ border-bottom: 1px solid color-mix(in srgb, var(--ink) 25%, transparent); padding: .2rem .7rem;
  text-align: left; vertical-align: top; }}
img {{ background: #fff; max-width: 100%; }}
{style}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def to_html(text):
    """Markdown with tables and dollar formulas as HTML.

    Parameters
    ----------
    text : str
        Plain Markdown, without MyST directives: see `unet_course.publishing.markdown.Plain`.

    Returns
    -------
    str
    """
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    def formula(latex, options):
        return to_mathml(latex, "block" if options["display_mode"] else "inline")

    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    parser.use(dollarmath_plugin, renderer=formula, allow_space=True, double_inline=True)
    return parser.render(text)


def document(title, text):
    """Markdown as a page of its own: `to_html` in `page`."""
    return page(title, f"<main>{to_html(text)}</main>")


def page(title, body, *, style=""):
    """A page in one file, light or dark as the reader's system is.

    Parameters
    ----------
    title : str
    body : str
        HTML.
    style : str
        CSS, added to the page's own.

    Returns
    -------
    str
    """
    return _PAGE.format(title=html.escape(title), body=body, style=style)
