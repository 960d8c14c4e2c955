"""Long pages in sittings: one is shown at a time, and a list above them says what each holds and how long it takes.

The page is whole: without JavaScript, on paper and for search engines everything is there. `sittings.js` hides what
belongs to another sitting, so that an address with a # finds its place, and the browser's own search, too.
"""

import re
from pathlib import Path

from unet_course.publishing import chapters, reading, recorded

_SECTION = re.compile(
    r'<section id="(?P<id>[^"]+)">\n(?:<span id="[^"]+"></span>)*<h2>(?P<title>.*?)<a class="headerlink"'
)
_HEAD = re.compile(r'</h1>\n(?P<ahead>.*?)(?P<strip><aside class="uc-provenance".*?</aside>)', re.DOTALL)


def setup(app):
    app.connect("html-page-context", divide, priority=960)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def divide(app, pagename, templatename, context, doctree):
    """Mark what belongs to which sitting, and list them above the first section."""
    name = pagename.removesuffix(recorded.PRACTICE)
    chapter = chapters.Chapter(name.removeprefix("notebooks/"), Path(app.srcdir))
    if not doctree or not name.startswith("notebooks/") or not chapter.source.exists():
        return
    sittings = reading.sittings(chapter)
    if len(sittings) == 1:
        return
    body = context["body"]
    sections = list(_SECTION.finditer(body))
    if len(sections) < sum(count for count, _ in sittings):
        raise ValueError(f"{pagename}: its text has more sections than the page, {len(sections)}.")
    context["body"] = _assembled(body, sections, sittings)


def _assembled(body, sections, sittings):
    belongs = [number for number, (count, _) in enumerate(sittings, start=1) for _ in range(count)]
    belongs += [len(sittings)] * (len(sections) - len(belongs))  # questions, which quiz.py puts at the end of a chapter
    pieces = [_above(body[: sections[0].start()]), _list(sections, belongs, sittings)]
    ends = [section.start() for section in sections[1:]] + [len(body)]
    for section, number, end, following in zip(sections, belongs, ends, [*belongs[1:], None], strict=True):
        pieces.append(f'<section data-sitting="{number}"{body[section.start() + len("<section") : end]}')
        if following not in (number, None):
            pieces.append(_turn(sections[belongs.index(following)], following, sittings))
    return "".join(pieces)


def _above(head):
    """What stands above the first section belongs to the first sitting, but for the title and where the run is from."""
    found = _HEAD.search(head)
    ahead, strip, rest = found["ahead"], found["strip"], head[found.end() :]
    first = '<div data-sitting="1">{}</div>\n'.format
    return f"{head[: found.start()]}</h1>\n{first(ahead)}{strip}\n{first(rest)}"


def _list(sections, belongs, sittings):
    lines = []
    for number, (_, minutes) in enumerate(sittings, start=1):
        own = [section for section, one in zip(sections, belongs, strict=True) if one == number]
        links = " · ".join(f'<a href="#{section["id"]}">{section["title"]}</a>' for section in own)
        exercises = " and the exercises" * any(section["title"] == reading.EXERCISES for section in own)
        lines.append(f'<li>{links} <span class="uc-minutes">({minutes} minutes{exercises})</span></li>')
    return (
        '<nav class="uc-sittings" aria-label="Sittings of this chapter">'
        f"<p>This chapter takes {len(sittings)} sittings:</p>\n<ol>{''.join(lines)}</ol></nav>\n"
    )


def _turn(section, number, sittings):
    """The way from the end of a sitting to the next one."""
    return (
        f'<p class="uc-turn" data-sitting="{number - 1}"><a href="#{section["id"]}">'
        f"Sitting {number} of {len(sittings)}: {section['title']}</a> ({sittings[number - 1][1]} minutes)</p>\n"
    )
