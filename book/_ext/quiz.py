"""The directive `{quiz} <part>`: the questions of a part's chapters, which mark themselves in the reader's browser."""

import html
import re
import string
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.util.docutils import SphinxDirective

from unet_course import quizzes

_BAR = """<div class="uc-quiz-bar" hidden><p class="uc-quiz-score" aria-live="polite"></p>
<button type="button" class="uc-quiz-reset">Start again</button></div>"""

# With a script the verdicts come out of the folded list, one by one.
_QUESTION = """<fieldset class="uc-question">
<legend>{number}. {text}</legend>
{answers}
<p class="uc-verdict" aria-live="polite"></p>
<details class="uc-verdicts"><summary>Answers to question {number}</summary>
<ul>
{verdicts}
</ul></details>
</fieldset>"""

_ANSWER = """<label class="uc-answer"><input type="radio" name="{name}" value="{letter}">
<span>{letter}) {text}</span></label>"""
_VERDICT = '<li data-letter="{letter}"{mark}>{letter}) <strong>{verdict}</strong> {because}</li>'


class Quiz(SphinxDirective):
    """Sections with questions, one a chapter, and on paper a key at the end."""

    required_arguments = 1

    def run(self):
        part, root = self.arguments[0], Path(self.env.srcdir)
        if part not in quizzes.PARTS:
            raise self.error(f"There is no part {part!r}: use one of {', '.join(quizzes.PARTS)}.")
        self.env.metadata[self.env.docname]["quiz"] = part
        groups, number, key = [], 0, []
        for page in quizzes.chapters(part, root):
            file = quizzes.file(page, root)
            self.env.note_dependency(str(file))  # a file that is missing now may come
            if not file.exists():
                continue
            try:
                questions = quizzes.read(file)
            except quizzes.QuizError as error:
                raise self.error(str(error)) from error
            blocks = []
            for question in questions:
                number += 1
                blocks.append(_question(question, number))
                key.append(_key(question, number))
            groups.append(self.group(page, "\n".join(blocks)))
        return [_raw(_BAR), *groups, _raw(f'<div class="uc-quiz-key"><p>Answers</p>\n{"".join(key)}</div>')]

    def group(self, page, blocks):
        source = Path(self.env.srcdir) / "book" / page.split("/", 1)[1]
        title = re.search(r"^# (.+)$", source.with_suffix(".md").read_text(), re.MULTILINE)[1]
        section = nodes.section("", nodes.title("", title), ids=[f"quiz-{Path(page).name.replace('_', '-')}"])
        target = {"refdomain": "std", "reftype": "doc", "reftarget": f"/{page}", "refdoc": self.env.docname}
        link = pending_xref("", nodes.inline("", title), refexplicit=True, refwarn=True, **target)
        section += [_raw(blocks), nodes.paragraph("", "Back to the chapter: ", link)]
        return section


def _question(question, number):
    lettered = list(zip(string.ascii_lowercase, question.mixed, strict=False))
    answers = (_ANSWER.format(name=f"question-{number}", letter=letter, text=_text(a.text)) for letter, a in lettered)
    verdicts = (
        _VERDICT.format(
            letter=letter,
            mark=" data-right" if answer.right else "",
            verdict="Right." if answer.right else "Not right.",
            because=_text(answer.because),
        )
        for letter, answer in lettered
    )
    return _QUESTION.format(
        number=number, text=_text(question.text), answers="\n".join(answers), verdicts="\n".join(verdicts)
    )


def _key(question, number):
    letter = string.ascii_lowercase[question.mixed.index(question.right)]
    return f"<p>{number}. {letter}) {_text(question.right.because)}</p>\n"


def _text(plain):
    """Plain text as HTML; what stands in backquotes is code."""
    return re.sub(r"`([^`]+)`", r'<code class="literal">\1</code>', html.escape(" ".join(plain.split()), quote=False))


def _raw(text):
    return nodes.raw("", text, format="html")


def add_files(app, pagename, templatename, context, doctree):
    """Load the script and the style on pages with a quiz only."""
    if app.env.metadata[pagename].get("quiz"):
        app.add_js_file("quiz.js")
        app.add_css_file("quiz.css")


def setup(app):
    app.add_directive("quiz", Quiz)
    app.connect("html-page-context", add_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
