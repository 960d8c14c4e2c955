"""Questions that mark themselves in the reader's browser: a chapter's own under the chapter, a part's on one page.

The directive `{quiz} <part>` shows those of all chapters of a part. Under a chapter stand its own, and what the chapter
promised, as a list to tick off.
"""

import html
import re
import string
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from unet_course.publishing import chapters, quizzes

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
_PROMISE = "You will be able to"
_TICK = '<label class="uc-can"><input type="checkbox"><span>'
_VERDICT = '<li data-letter="{letter}"{mark}>{letter}) <strong>{verdict}</strong> {because}</li>'


class Quiz(SphinxDirective):
    """Sections with questions, one a chapter, and on paper a key at the end."""

    required_arguments = 1

    def run(self):
        part, root = self.arguments[0], Path(self.env.srcdir)
        if part not in quizzes.PARTS:
            raise self.error(f"There is no part {part!r}: use one of {', '.join(quizzes.PARTS)}.")
        self.env.metadata[self.env.docname]["quiz"] = part
        groups, asked = [], []
        for page in quizzes.chapters(part, root):
            try:
                questions = _questions(self.env, page)
            except quizzes.QuizError as error:
                raise self.error(str(error)) from error
            if questions:
                blocks = [_question(question, number) for number, question in enumerate(questions, len(asked) + 1)]
                asked += questions
                groups.append(self.group(page, "\n".join(blocks)))
        return [_raw(_BAR), *groups, _answers(asked)]

    def group(self, page, blocks):
        source = Path(self.env.srcdir) / "book" / page.split("/", 1)[1]
        title = chapters.heading(source.with_suffix(".md").read_text(encoding="utf-8"))
        section = nodes.section("", nodes.title("", title), ids=[f"quiz-{Path(page).name.replace('_', '-')}"])
        target = {"refdomain": "std", "reftype": "doc", "reftarget": f"/{page}", "refdoc": self.env.docname}
        link = pending_xref("", nodes.inline("", title), refexplicit=True, refwarn=True, **target)
        section += [_raw(blocks), nodes.paragraph("", "Back to the chapter: ", link)]
        return section


def check_yourself(app, doctree):
    """Put a chapter's questions under it, and its objectives as a list to tick off."""
    page, root = app.env.docname, Path(app.srcdir)
    part = Path(page).parent.name
    if part not in quizzes.PARTS or page not in quizzes.chapters(part, root):
        return
    try:
        questions = _questions(app.env, page)
    except quizzes.QuizError as error:
        raise ExtensionError(str(error)) from error
    if not questions:
        return
    app.env.metadata[page]["quiz"] = part
    section = nodes.section("", nodes.title("", "Check yourself"), ids=["check-yourself"])
    section += [_raw(_BAR), *(_raw(_question(question, number)) for number, question in enumerate(questions, 1))]
    section += _promises(doctree)
    section += _answers(questions)
    next(doctree.findall(nodes.section)).append(section)


def _questions(env, page):
    """What is asked about a chapter; nothing where it has no file of questions."""
    file = quizzes.file(page, env.srcdir)
    env.note_dependency(str(file))  # a file that is missing now may come
    return quizzes.read(file) if file.exists() else []


def _answers(questions):
    """The key on paper."""
    lines = "".join(_key(question, number) for number, question in enumerate(questions, 1))
    return _raw(f'<div class="uc-quiz-key"><p>Answers</p>\n{lines}</div>')


def _promises(doctree):
    """What stands under "You will be able to", each with a box to tick."""
    for paragraph in doctree.findall(nodes.paragraph):
        promised = paragraph.next_node(descend=False, siblings=True)
        if paragraph.astext() == _PROMISE and isinstance(promised, nodes.bullet_list):
            ticked = promised.deepcopy()
            ticked["classes"].append("uc-can-list")
            for line in ticked.findall(nodes.paragraph):
                line.insert(0, _raw(_TICK))
                line.append(_raw("</span></label>"))
            return [nodes.paragraph("", "Tick what you can do now. Only this browser remembers it. I can"), ticked]
    return []


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
    app.connect("doctree-read", check_yourself, priority=400)  # before Sphinx collects the sections of the page
    app.connect("html-page-context", add_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
