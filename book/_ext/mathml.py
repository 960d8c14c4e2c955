"""Formulas as MathML: written when the site is built, shown and read aloud by browsers without any script."""

import re
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))


def visit_inline(translator, node):
    translator.body.append(translator.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    translator.body.append(to_mathml(node.astext(), "inline", node) + "</span>")
    raise nodes.SkipNode


def visit_block(translator, node):
    translator.body.append(translator.starttag(node, "div", "", CLASS="math notranslate nohighlight"))
    translator.body.append(to_mathml(node.astext(), "block", node))
    if node["number"]:
        translator.body.append(f'<span class="eqno">({get_node_equation_number(translator, node)})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def to_mathml(latex, display, node):
    """Translate one formula; what the translator does not know becomes a warning, and so fails the build."""
    latex = latex.strip()
    if r"\begin" not in latex and r"\\" in latex:
        latex = rf"\begin{{align*}}{latex}\end{{align*}}"
    # The translator knows align* only; numbers come from Sphinx.
    others = "aligned|split|align|gather|gathered|equation"
    latex = re.sub(rf"\\(begin|end)\{{(?:{others})\*?\}}", r"\\\1{align*}", latex)
    try:
        mathml = convert(latex, display=display)
    except Exception as error:  # the translator has a dozen exception classes without a common parent
        logger.warning("formula %r: %s", latex, type(error).__name__, location=node)
        return ""
    unknown = re.findall(r"<m[io]>(\\[a-zA-Z]+)", mathml)
    if unknown or _incomplete(latex, mathml):
        problem = f"unknown command {unknown[0]}" if unknown else "a brace or an argument is missing"
        logger.warning("formula %r: %s", latex, problem, location=node)
    return _spaced(_words(mathml))


def _incomplete(latex, mathml):
    plain = re.sub(r"\\[{}\\]", "", latex)
    pairs = re.compile("(mfrac|msup|msub|mover|munder)$")
    elements = ElementTree.fromstring(mathml).iter()
    return plain.count("{") != plain.count("}") or any(pairs.search(e.tag) and len(e) != 2 for e in elements)


def _words(mathml):
    """Join the letters of an upright word ("D", "i", "c", "e") into one element, as a reader would say it."""

    def join(match):
        return '<mi mathvariant="normal">' + re.sub(r"<[^>]+>", "", match.group(0)) + "</mi>"

    return re.sub(r'(?:<mi mathvariant="normal">[A-Za-z]</mi>){2,}', join, mathml)


def _spaced(mathml):
    """Set the thin spaces around log and its like, and the sign of -y close to y, as TeX does."""
    function = r"(<mi>(?:log|ln|exp|max|min|sin|cos|tanh|arg)</mi>)"
    opening, closing = "&#x00028;", "&#x00029;"
    mathml = re.sub(rf"(</mi>|</mn>|{closing}</mo>){function}", r"\1<mspace width='0.17em'/>\2", mathml)
    mathml = re.sub(rf"{function}(?!<mo[^>]*>{opening}|</)", r"\1<mspace width='0.17em'/>", mathml)
    sign = "<mo>&#x02212;</mo>"
    return re.sub(rf"(<mo[^>]*>(?!{closing})[^<]*</mo>){sign}", r"\1<mo form='prefix'>&#x02212;</mo>", mathml)
