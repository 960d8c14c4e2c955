"""Formulas as MathML, written when the site is built; what cannot be translated is a warning and fails the build."""

from docutils import nodes
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from unet_course.publishing.mathml import FormulaError, to_mathml

logger = logging.getLogger(__name__)


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.connect("html-page-context", add_font)


def add_font(app, pagename, templatename, context, doctree):
    """Load the font on pages with formulas only."""
    if "<math" in context.get("body", ""):
        app.add_css_file("math.css")


def visit_inline(translator, node):
    translator.body.append(translator.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    translator.body.append(_translated(node, "inline") + "</span>")
    raise nodes.SkipNode


def visit_block(translator, node):
    translator.body.append(translator.starttag(node, "div", "", CLASS="math notranslate nohighlight"))
    translator.body.append(_translated(node, "block"))
    if node["number"]:
        translator.body.append(f'<span class="eqno">({get_node_equation_number(translator, node)})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def _translated(node, display):
    try:
        return to_mathml(node.astext(), display)
    except FormulaError as error:
        logger.warning("%s", error, location=node)
        return ""
