"""Where a reader is and how long it takes: a line above each title, times on the first page, all from one function."""

import re
from pathlib import Path

from unet_course.publishing import chapters, quizzes, reading, recorded

_TIME_SAID = re.compile(r"(Reading takes) [^.]*\.")
_TIME_ASKED = re.compile(r'<span data-reading="([^"]+)"></span>')


def setup(app):
    app.connect("html-page-context", add_line, priority=950)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def add_line(app, pagename, templatename, context, doctree):
    """Write part, number and minutes of a page above its title, and times where a page asks for them."""
    root = Path(app.srcdir)
    source = pagename.removesuffix(recorded.PRACTICE)  # the page of a practice run is another view of its chapter
    if not doctree or pagename == app.config.root_doc:
        line = ""
    else:
        line = f'<p class="uc-where">{" · ".join(filter(None, (place(root, source), time(root, source))))}</p>\n'
    body = context.get("body", "").replace("<h1>", f"{line}<h1>", 1)
    body = _TIME_SAID.sub(lambda said: f"{said[1]} {time(root, source)}.", body, count=1)
    context["body"] = _TIME_ASKED.sub(lambda asked: f'<span class="uc-minutes">{time(root, asked[1])}</span>', body)


def place(root, pagename):
    """Such as "Foundations 3 / 11"; the part alone for pages that are no chapter, or have a number in their title."""
    for caption, listed in chapters.parts(root):
        if pagename in listed:
            folder = pagename.split("/")[-2]
            numbered = quizzes.chapters(folder, root) if folder in ("foundations", "beyond") else []
            number = f" {numbered.index(pagename) + 1} / {len(numbered)}" if pagename in numbered else ""
            return f"{caption}{number}"
    return ""


def time(root, name):
    """Such as "25 minutes" for a page, or "6 hours" for a part."""
    if name in quizzes.PARTS:
        return _words(sum(_minutes(root, page) for page in quizzes.chapters(name, root)))
    return "" if "/api/" in name else _words(_minutes(root, name))


def _minutes(root, page):
    """Pages are looked up in the texts, `book/`; those of the chapters are listed under `notebooks/`."""
    chapter = chapters.Chapter(page.removeprefix("notebooks/").removeprefix("book/"), root)
    return reading.minutes(chapter) if chapter.source.exists() else 0


def _words(minutes):
    if minutes >= 100:
        return f"{minutes / 60:.0f} hours"
    return f"{minutes} minute{'s' * (minutes != 1)}" if minutes else ""
