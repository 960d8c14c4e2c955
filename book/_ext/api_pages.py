"""The API pages: docstrings as Sphinx' own autodoc and napoleon read them, each with a link to its source."""

import importlib
import inspect
import re
from pathlib import Path

FOLDER = "book/appendix/api/"


def setup(app):
    app.connect("config-inited", lambda app, config: setattr(config, "linkcode_resolve", _source_link(config)))
    # Before napoleon, which listens at 500, turns sections into fields.
    app.connect("autodoc-process-docstring", plain_marks, priority=400)
    app.connect("missing-reference", leave_plain)
    for mend in (mend_signatures, name_folds):
        app.connect("html-page-context", mend, priority=950)


def plain_marks(app, what, name, obj, options, lines):
    """Let |A| be the size of A, not a substitution, and number sources docstring by docstring, not page by page."""
    for place, line in enumerate(lines):
        line = re.sub(r"\|", r"\|", line)
        line = re.sub(r"\[(\d+)\]_", r"[\1]", line)
        lines[place] = re.sub(r"^(\s*)\.\. \[(\d+)\]", r"\1*  [\2]", line)


def leave_plain(app, env, node, contnode):
    """Show a word in backticks as code where it is not the name of something on an API page, without a warning."""
    if node.get("refdomain") == "py" and node.get("refdoc", "").startswith(FOLDER):
        return contnode
    return None


def mend_signatures(app, pagename, templatename, context, doctree):
    """Write the arguments of a long signature as lines: Sphinx makes definitions of them that define no term."""
    if pagename.startswith(FOLDER):
        lines = re.compile(r"<dl>\n((?:<dd>.*</dd>\n)+)</dl>")
        context["body"] = lines.sub(_as_lines, context["body"])


def _as_lines(match):
    lines = match[1].replace("<dd>", "<span>").replace("</dd>", "</span>")
    return f'<span class="uc-lines">{lines}</span>'


def name_folds(app, pagename, templatename, context, doctree):
    """Tell screen readers what the small arrow in the sidebar unfolds."""
    plain = context.get("generate_toctree_html")

    def named(kind, **options):
        listed = plain(kind, **options)
        if kind != "sidebar":
            return listed
        return re.sub(r"(>([^<>]+)</a><details[^>]*>\s*<summary)>", r'\1 aria-label="Pages of: \2">', str(listed))

    if plain:
        context["generate_toctree_html"] = named


def _source_link(config):
    blob = f"{config.html_theme_options['repository_url']}/blob/{config.html_theme_options['repository_branch']}"

    def resolve(domain, info):
        """Address of the first line of what is documented; None for constants, which have no line of their own."""
        found = importlib.import_module(info["module"])
        for part in info["fullname"].split("."):
            found = getattr(found, part, None)
        try:
            file, line = inspect.getsourcefile(found), inspect.getsourcelines(found)[1]
        except TypeError:
            return None
        package = Path(importlib.import_module("unet_course").__file__).parent
        return f"{blob}/unet_course/{Path(file).relative_to(package).as_posix()}#L{line}"

    return resolve
