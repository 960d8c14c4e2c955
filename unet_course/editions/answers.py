"""The page of answers: every exercise with its solution and the usual mistakes, and the quizzes."""

import ast
import contextlib
import html
import io
import runpy

from .. import book, checks, exercises, quizzes
from ..plain import Plain
from . import markdown


def page():
    """All answers as one HTML page.

    Returns
    -------
    str
        For each chapter: exercises, solutions, typical mistakes with the hint the student reads, quiz questions with
        the right answer.
    """
    mistakes = _mistakes(book.root() / "tests" / "exercises")
    blocks = ["# Answers", "Hints are what `unet_course.checks` says; they come from running each wrong answer."]
    for chapter in book.chapters():
        notebook = book.read(chapter)
        found = exercises.find(notebook)
        asked = quizzes.file(chapter.name, chapter.root)
        questions = quizzes.read(asked) if asked.exists() else []
        if found or questions:
            blocks.append(f"## {book.title(chapter)}")
        for exercise in found:
            blocks += _answer(notebook, exercise, Plain(chapter.source), mistakes)
        for question in questions:
            blocks.append(f"**Quiz.** {question.text}\n\n*{question.right.text}* {question.right.because}")
    return markdown.document("Answers", "\n\n".join(blocks))


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
        text = path.read_text()
        tree = ast.parse(text)
        functions = {
            node.name: ast.get_source_segment(text, node) for node in tree.body if isinstance(node, ast.FunctionDef)
        }
        listed = next(n.value.elts for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "MISTAKES")
        for (name, wrong, _), node in zip(runpy.run_path(str(path))["MISTAKES"], listed, strict=True):
            source = ast.get_source_segment(text, node.elts[1])
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                getattr(checks, name)(wrong)
            found.setdefault(name, []).append((functions.get(source, source), said.getvalue().strip()))
    return found
