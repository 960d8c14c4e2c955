"""What no option of Jupyter Book 1 gives: formulas without scripts, right buttons, shared figure numbers."""

import re

import mathml

from unet_course.publishing import chapters, recorded

# Runs before the page is painted, so that neither the other framework's cells nor the other theme ever flash up.
# _config.yml makes light the theme of a page without JavaScript; with it, the reader's system decides at first.
EARLY_SCRIPT = """
(function () {
  var root = document.documentElement, first = document.querySelector("meta[name=uc-framework]"), framework, mode;
  try {
    framework = localStorage.getItem("uc-framework");
    mode = localStorage.getItem("mode");
  } catch (error) { /* private window */ }
  framework = framework || (first && first.content);
  root.dataset.ucFramework = framework === "torch" ? "torch" : "keras";
  if (!mode || mode === "auto") {
    root.dataset.mode = "auto";
    root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
})();
"""


def fix_buttons(app, pagename, templatename, context, doctree):
    """Point "Suggest edit" at the text in book/; offer the notebooks of both frameworks to Colab and as downloads."""
    source = pagename.removesuffix(recorded.PRACTICE)  # the page of a practice run is another view of its chapter
    chapter = source.removeprefix("notebooks/") if source.startswith("notebooks/") else None
    for button in _walk(context.get("header_buttons", [])):
        if button.get("label") == "source-edit-button" and chapter:
            button["url"] = button["url"].replace(f"{pagename}.ipynb", f"book/{chapter}.md")
        if button.get("label") == "launch-buttons" and chapter:
            links = [one | {"url": one["url"].replace(pagename, source)} for one in button["buttons"] if "url" in one]
            button["buttons"] = list(_per_framework(links, _frameworks(app, pagename)))
        if button.get("label") == "download-buttons":
            paper = [one for one in button["buttons"] if one.get("label") == "download-pdf-button"]
            button["buttons"] = [*_notebooks(app, pagename, context), *({**one, "text": "Print, PDF"} for one in paper)]


def open_in(app, pagename, templatename, context, doctree):
    """Name the framework that a reader who has not chosen sees first; site.build_site wrote it into the notebook."""
    if first := app.env.metadata.get(pagename, {}).get("opens_in"):
        context["metatags"] = f'{context.get("metatags", "")}<meta name="uc-framework" content="{first}">'


def _notebooks(app, pagename, context):
    """Links to the notebooks that site.build_site writes beside the pages."""
    if not pagename.startswith("notebooks/"):
        return
    url = context["pathto"](f"_downloads/{pagename.removesuffix(recorded.PRACTICE)}.ipynb", 1)
    link = {"type": "link", "url": url, "text": "Notebook", "icon": "fas fa-file", "tooltip": "Download the notebook"}
    yield from _per_framework([link], _frameworks(app, pagename))


def _per_framework(links, frameworks):
    for link in links:
        if not link.get("url", "").endswith(".ipynb") or not frameworks:
            yield link
            continue
        for framework in frameworks:
            url = f"{link['url'].removesuffix('.ipynb')}{chapters.ending(framework, frameworks[0])}.ipynb"
            yield {**link, "text": f"{link['text']} ({chapters.LABELS[framework]})", "url": url}


def _frameworks(app, pagename):
    """The frameworks on this page, the chapter's own first: site.merge wrote them into the notebook."""
    return app.env.metadata[pagename].get("frameworks", "").split()


def _walk(buttons):
    for button in buttons:
        yield button
        yield from _walk(button.get("buttons", []))


def mend_bibliography(app, pagename, templatename, context, doctree):
    """Use roles that go together: a list may hold list items only, and docutils writes `doc-biblioentry`."""
    context["body"] = context.get("body", "").replace('role="doc-biblioentry"', 'role="listitem"')


def drop_thebe(app, pagename, templatename, context, doctree):
    """Leave out sphinx-thebe: it is always loaded, twice, names another host, and nothing here uses it."""
    context["script_files"] = [file for file in context["script_files"] if not _is_thebe(file)]
    context["css_files"] = [file for file in context["css_files"] if "sphinx-thebe" not in str(file.filename)]


def _is_thebe(file):
    body = getattr(file, "attributes", {}).get("body") or ""
    return "THEBE_JS_URL" in body or "sphinx-thebe" in str(getattr(file, "filename", file))


def share_figure_numbers(app, env):
    """Give the two frameworks' versions of a figure (`fig-x` and `fig-x-torch`) one number."""
    skipped = {}
    for kinds in env.toc_fignumbers.values():
        figures = kinds.get("figure", {})
        for name, number in sorted(figures.items(), key=lambda item: item[1]):
            chapter = number[:-1]
            twin = re.sub("-(keras|torch)$", "", name)
            if twin != name and twin in figures:
                skipped[chapter] = skipped.get(chapter, 0) + 1
                figures[name] = figures[twin]
            else:
                figures[name] = (*chapter, number[-1] - skipped.get(chapter, 0))
    return []


def add_address(app, pagename, templatename, context, doctree):
    """End each page with its address: on paper it is the way back."""
    address = context.get("pageurl")
    if doctree and address:
        context["body"] += f'<p class="uc-address">{address}</p>'


def wait_with_cards(app, pagename, templatename, context, doctree):
    """Load the images of cards when they come into view: their room is kept, so nothing jumps."""
    card = 'class="sd-card-img-top"'
    context["body"] = context.get("body", "").replace(card, f'{card} loading="lazy"')


def keep_room(app, pagename, templatename, context, doctree):
    """Give the sizes of figures as attributes: in a narrow window they shrink, and keep their room while they load."""
    drawn = r'style="width: (\d+)px; height: (\d+)px;"'
    context["body"] = re.sub(drawn, r'width="\1" height="\2"', context.get("body", ""))


def drop_shared_ids(app, pagename, templatename, context, doctree):
    """Leave out the ids that sphinx-exercise gives to every exercise and every solution alike: nothing uses them."""
    context["body"] = re.sub(r' id="(?:exercise|solution)-content"', "", context.get("body", ""))


def add_search_script(app, pagename, templatename, context, doctree):
    """Load synonyms and better snippets on the page of the search, after Sphinx's own script."""
    if pagename == "search":
        app.add_js_file("search.js", defer="defer")


def setup(app):
    mathml.setup(app)
    app.add_js_file(None, body=EARLY_SCRIPT)
    app.connect("html-page-context", open_in)
    for mend in (fix_buttons, mend_bibliography, drop_thebe, add_address, wait_with_cards, keep_room, drop_shared_ids):
        app.connect("html-page-context", mend, priority=950)
    app.connect("html-page-context", add_search_script)
    app.connect("env-get-updated", share_figure_numbers, priority=950)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
