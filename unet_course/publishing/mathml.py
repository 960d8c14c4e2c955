"""LaTeX as MathML, which browsers show and read aloud without any script: for the site, slides and loose pages."""

import re
from xml.etree import ElementTree

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
ROWS = {"math", "mrow", "mtd", "mstyle", "msqrt"}  # elements with any number of members, side by side
# How many members the others have.
PARTS = {"mfrac": 2, "mroot": 2, "msup": 2, "msub": 2, "mover": 2, "munder": 2, "msubsup": 3, "munderover": 3}
SCRIPTS = PARTS.keys() - {"mfrac", "mroot"}
FUNCTIONS = {"log", "ln", "exp", "max", "min", "sin", "cos", "tanh", "arg"}
LENGTHS = {"negativethinmathspace": "-0.167em"}
DASH, OVERLINE = "\u2015", "\u203e"  # the translator's bar over a term, and the one that grows
MINUS, CLOSING = "\u2212", {")", "]", "}"}


class FormulaError(Exception):
    """A formula cannot be translated; the message says what is wrong with it."""


def to_mathml(latex, display):
    """Translate one formula.

    Parameters
    ----------
    latex : str
    display : {"inline", "block"}

    Returns
    -------
    str

    Raises
    ------
    FormulaError
        If the translator does not know a command, or a brace or an argument is missing.
    """
    from latex2mathml.converter import convert

    latex = latex.strip()
    if r"\begin" not in latex and r"\\" in latex:
        latex = rf"\begin{{align*}}{latex}\end{{align*}}"
    # The translator knows align* only; numbers come from Sphinx.
    others = "aligned|split|align|gather|gathered|equation"
    latex = re.sub(rf"\\(begin|end)\{{(?:{others})\*?\}}", r"\\\1{align*}", latex)
    try:
        mathml = convert(latex, display=display)
    except Exception as error:  # the translator has a dozen exception classes without a common parent
        raise FormulaError(f"formula {latex!r}: {type(error).__name__}") from error
    unknown = re.findall(r"<m[io]>(\\[a-zA-Z]+)", mathml)
    if unknown:
        raise FormulaError(f"formula {latex!r}: unknown command {unknown[0]}")
    formula = ElementTree.fromstring(mathml.replace(f' xmlns="{NAMESPACE}"', ""))
    for row in [element for element in formula.iter() if element.tag in ROWS]:
        _join_words(row)
        _space(row)
    for bar in (each for each in formula.iter("mo") if each.text == DASH):
        bar.text = OVERLINE
    _keep_to_numbers(formula)
    plain = re.sub(r"\\[{}\\]", "", latex)
    if plain.count("{") != plain.count("}") or any(len(e) != PARTS.get(e.tag, len(e)) for e in formula.iter()):
        raise FormulaError(f"formula {latex!r}: a brace or an argument is missing")
    formula.set("xmlns", NAMESPACE)
    return ElementTree.tostring(formula, encoding="unicode")


def _join_words(row):
    """Join the letters of an upright word ("D", "i", "c", "e") into one element, as a reader would say it."""
    last = None
    for element in list(row):
        letter = element.tag == "mi" and element.get("mathvariant") == "normal" and len(element.text or "") == 1
        if letter and last is not None:
            last.text += element.text
            row.remove(element)
        else:
            last = element if letter else None


def _space(row):
    """Set the thin spaces around log and its like, and the sign of -y close to y, as TeX does.

    Only between the members of a row: anywhere else a space would take the place of an index or a limit.
    """
    spaced, before = [], None
    for element in row:
        if _is_function(element) and _ends_a_factor(before):
            spaced.append(_thin())
        elif _is_function(before) and not (element.tag == "mo" and element.text == "("):
            spaced.append(_thin())
        if element.tag == "mo" and element.text == MINUS and before is not None and before.tag == "mo":
            if before.text not in CLOSING and before.get("form") != "postfix":
                element.set("form", "prefix")
        spaced.append(element)
        before = element
    row[:] = spaced


def _is_function(element):
    """Whether this is log, or log with an index or a limit."""
    while element is not None and element.tag in SCRIPTS:
        element = element[0]
    return element is not None and element.tag == "mi" and element.text in FUNCTIONS


def _ends_a_factor(element):
    return element is not None and (element.tag in ("mi", "mn") or element.text == ")")


def _thin():
    return ElementTree.Element("mspace", width="0.167em")


def _keep_to_numbers(formula):
    """Give lengths as numbers: browsers no longer know their old names."""
    for space in formula.iter("mspace"):
        space.set("width", LENGTHS.get(space.get("width"), space.get("width")))
