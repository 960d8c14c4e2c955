"""The page of answers: every exercise with its solution and the usual mistakes, and the quizzes."""

import ast
import contextlib
import html
import io
import runpy

from ... import checks
from .. import chapters, exercises, quizzes
from ..markdown import Plain
from . import html_page


def page():
    """All answers as one HTML page.

    Returns
    -------
    str
        For each chapter: exercises, solutions, typical mistakes with the hint the student reads, quiz questions with
        the right answer.
    """
    mistakes = _mistakes(chapters.root() / "book" / "exercises")
    blocks = ["# Answers", "Hints are what `unet_course.checks` says; they come from running each wrong answer."]
    for chapter in chapters.listed():
        notebook = chapters.read(chapter)
        found = exercises.find(notebook)
        asked = quizzes.file(chapter.name, chapter.root)
        questions = quizzes.read(asked) if asked.exists() else []
        if found or questions:
            blocks.append(f"## {chapters.title(chapter)}")
        for exercise in found:
            blocks += _answer(notebook, exercise, Plain(chapter.source), mistakes)
        for question in questions:
            blocks.append(f"**Quiz.** {question.text}\n\n*{question.right.text}* {question.right.because}")
    return html_page.document("Answers", "\n\n".join(blocks))


def _answer(notebook, exercise, plain, mistakes):
    yield plain(exercise.statement)
    for position in exercise.solution:
        yield f"```python\n{notebook.cells[position].source}\n```"
    for name in exercises.checks(notebook, exercise):
        for wrong, hint in mistakes.get(name, []):
            yield f"<details><summary>{html.escape(hint)}</summary>\n\n```python\n{wrong}\n```\n\n</details>"


def _mistakes(folder):
    """The wrong answers that the tests try, by the check's name: their source and what the student reads."""
    found = {}
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        functions = {
            node.name: ast.get_source_segment(text, node) for node in tree.body if isinstance(node, ast.FunctionDef)
        }
        listed = next(n.value.elts for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "MISTAKES")
        chapter = runpy.run_path(str(path))
        framework = [chapter["FRAMEWORK"]] if "FRAMEWORK" in chapter else []  # where the answers are code of one
        for (name, wrong, _), node in zip(chapter["MISTAKES"], listed, strict=True):
            source = ast.get_source_segment(text, node.elts[1])
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                getattr(checks, name)(wrong, *framework)
            hint = "".join([*(f"{chapters.LABELS[one]}: " for one in framework), said.getvalue().strip()])
            found.setdefault(name, []).append((functions.get(source, source), hint))
    return found
