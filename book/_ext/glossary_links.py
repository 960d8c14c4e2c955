"""The glossary on every page: the first use of a term in running text becomes a link that shows its definition.

On its own page a bar of letters leads to the first term of each.
"""

import re

from docutils import nodes
from sphinx import addnodes

GLOSSARY = "book/glossary"
# Pages that explain themselves, or are no running text.
SKIPPED = (GLOSSARY, "book/references", "book/appendix/api/")
# Where a link would be in the way: what is drawn, listed, clicked or typed, and answers that are still hidden.
CLOSED_NODES = (nodes.figure, nodes.legend, nodes.table, nodes.citation, nodes.footnote, nodes.topic, nodes.sidebar)
CLOSED_CLASSES = {"cell", "cell_output", "sd-card", "solution"}
OPEN_INLINE = (nodes.paragraph, nodes.strong, nodes.emphasis)


def setup(app):
    app.connect("env-get-outdated", read_again)
    app.connect("doctree-resolved", link_page)
    app.connect("html-page-context", add_letters)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def read_again(app, env, added, changed, removed):
    """A new glossary changes the links of every page."""
    return set(env.found_docs) if GLOSSARY in added | changed else []


def link_page(app, document, page):
    if app.builder.format != "html" or page.startswith(SKIPPED) or GLOSSARY not in app.env.all_docs:
        return
    if not hasattr(app.builder, "glossary_entries"):
        app.builder.glossary_entries = entries(app.env.get_doctree(GLOSSARY))
    link(document, app.builder.glossary_entries, app.builder.get_relative_uri(page, GLOSSARY))


def add_letters(app, pagename, templatename, context, doctree):
    """Put the bar above the first term."""
    if pagename != GLOSSARY:
        return
    first = {}
    # A second name follows the first at once, wherever its own letter stands.
    for place, letter in re.findall(r'(?<!</dt>)<dt id="(term-[^"]+)">(\w)', context["body"]):
        first.setdefault(letter.upper(), place)
    links = "\n".join(f'<a href="#{place}">{letter}</a>' for letter, place in first.items())
    bar = f'<nav class="uc-letters" aria-label="Terms by letter">\n{links}\n</nav>\n'
    context["body"] = context["body"].replace("<dl ", f"{bar}<dl ", 1)


def entries(glossary):
    """What the glossary's page explains.

    Parameters
    ----------
    glossary : docutils.nodes.document

    Returns
    -------
    list of (str, str, str)
        Each term with the identifier of its place on the page and its definition. Terms with one definition share the
        place of the first.
    """
    found = []
    for listed in glossary.findall(addnodes.glossary):
        for item in listed.findall(nodes.definition_list_item):
            terms = [node for node in item.children if isinstance(node, nodes.term)]
            definition = _plain(next(item.findall(nodes.definition)))
            found += [(_name(term), terms[0]["ids"][0], definition) for term in terms]
    return found


def link(document, terms, address):
    """Make links of the first use of each definition in a document, in place.

    Parameters
    ----------
    document : docutils.nodes.document
    terms : list of (str, str, str)
        As `entries` returns them.
    address : str
        Of the glossary, seen from this page.
    """
    if not terms:
        return
    pattern, meaning = _compile(terms)
    used = set()
    for paragraph in list(document.findall(nodes.paragraph)):
        if _is_open(paragraph):
            _link_within(paragraph, pattern, meaning, used, address)


def _compile(terms):
    """One pattern for all terms, the longest first, with one group each; and what each group means."""
    terms = sorted(terms, key=lambda entry: -len(entry[0]))
    patterns = [f"({_pattern(term)})" for term, _, _ in terms]
    whole = rf"(?<![\w./-])(?:{'|'.join(patterns)})(?![\w-]|\+\+|\.\w)"
    return re.compile(whole), terms


def _pattern(term):
    """A term with its plural, across line ends; in any case, unless capitals within it make it an abbreviation."""
    words = r"\s+".join(map(re.escape, term.split()))
    words = f"{words[:-1]}(?:y|ies)" if term.endswith("y") else f"{words}s?"
    return words if re.search(r".[A-Z]|[A-Z]\d", term) else f"(?i:{words})"


def _is_open(node):
    while node.parent is not None:
        if isinstance(node, CLOSED_NODES) or CLOSED_CLASSES & set(node.get("classes", [])):
            return False
        if "solution" in node.tagname:
            return False
        node = node.parent
    return True


def _link_within(element, pattern, meaning, used, address):
    """Look through one piece of text after the other, in the order of reading."""
    _join_lines(element)
    for child in list(element.children):
        if isinstance(child, nodes.Text):
            element.replace(child, list(_pieces(child.astext(), pattern, meaning, used, address)))
        elif isinstance(child, OPEN_INLINE):
            _link_within(child, pattern, meaning, used, address)


def _join_lines(element):
    """Markdown comes line by line: put neighbouring pieces of text together, so that a term may go over a line end."""
    joined = []
    for child in element.children:
        if joined and isinstance(child, nodes.Text) and isinstance(joined[-1], nodes.Text):
            joined[-1] = nodes.Text(joined[-1].astext() + child.astext())
        else:
            joined.append(child)
    element.children = []
    element.extend(joined)


def _pieces(text, pattern, meaning, used, address):
    start = 0
    for match in pattern.finditer(text):
        _, place, definition = meaning[match.lastindex - 1]
        if place in used:
            continue
        used.add(place)
        if match.start() > start:
            yield nodes.Text(text[start : match.start()])
        yield _reference(match.group(), f"{address}#{place}", definition)
        start = match.end()
    if start < len(text):
        yield nodes.Text(text[start:])


def _reference(text, address, definition):
    return nodes.reference("", text, internal=True, refuri=address, reftitle=definition, classes=["uc-term"])


def _name(term):
    """The term without the entry for the index that Sphinx puts beside it."""
    return "".join(child.astext() for child in term.children if not isinstance(child, addnodes.index))


def _plain(definition):
    """The first paragraph of a definition as one line, without its citations."""
    paragraph = next(definition.findall(nodes.paragraph)).deepcopy()
    for reference in list(paragraph.findall(addnodes.pending_xref)):
        if reference.get("refdomain") == "cite":
            reference.parent.remove(reference)
    return re.sub(r"\s+([.,;)]|$)", r"\1", " ".join(paragraph.astext().split()))
