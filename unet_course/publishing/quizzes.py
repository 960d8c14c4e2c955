"""Quizzes as `book/quizzes` holds them: read, checked, and in the order of the book."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import yaml

from .. import reports
from . import recorded
from .chapters import files

PARTS = ("foundations", "case_studies", "beyond")
_WITHOUT = {"index", "quiz"}  # pages of a part that teach nothing of their own


class QuizError(Exception):
    """A file of questions is wrong; the message says which one and what to do."""


@dataclass(frozen=True)
class Answer:
    """One answer: its text, whether it is right, and why, in a sentence or two."""

    text: str
    right: bool
    because: str


@dataclass(frozen=True)
class Question:
    """A question with two to four answers, one of them right."""

    text: str
    answers: tuple

    @property
    def mixed(self):
        """The answers in an order that tells nothing, the same every time."""
        return sorted(self.answers, key=lambda one: hashlib.sha256((self.text + one.text).encode()).digest())

    @property
    def right(self):
        """The right answer."""
        return next(answer for answer in self.answers if answer.right)


def chapters(part, root):
    """The chapters of a part that are asked about, in the order of `_toc.yml`.

    Parameters
    ----------
    part : {"foundations", "case_studies", "beyond"}
    root : path
        Folder of `_toc.yml`.

    Returns
    -------
    list of str
        The pages as `_toc.yml` names them, such as "notebooks/case_studies/03_nuclei".
    """
    pages = [Path(page) for page in files(root)]
    own = [page for page in pages if page.parent.name == part and not page.name.endswith(recorded.PRACTICE)]
    return [page.as_posix() for page in own if page.name not in _WITHOUT]


def file(page, root):
    """Where the questions about a page of `_toc.yml` are; the file need not exist."""
    page = Path(page)
    return Path(root) / "book" / "quizzes" / page.parent.name / f"{page.name}.yaml"


def read(path):
    """Read a file of questions.

    Parameters
    ----------
    path : path
        See book/quizzes/README.md for what it holds.

    Returns
    -------
    list of Question

    Raises
    ------
    QuizError
        If the file is not as the README says; names the question.
    """
    try:
        found = yaml.safe_load(reports.fill_in(Path(path).read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise QuizError(f"{path} is not YAML: {error}") from error
    if not isinstance(found, list) or not found:
        raise QuizError(f"{path} must hold a list of questions: start each with `- question:`.")
    return [_question(entry, f"{path}, question {number}") for number, entry in enumerate(found, start=1)]


def _question(entry, where):
    _keys(entry, {"question", "answers"}, set(), where)
    answers = entry["answers"]
    if not isinstance(answers, list) or not 2 <= len(answers) <= 4:
        raise QuizError(f"{where} needs a list of two to four answers.")
    answers = tuple(_answer(answer, f"{where}, answer {number}") for number, answer in enumerate(answers, start=1))
    if sum(answer.right for answer in answers) != 1:
        raise QuizError(f"{where} needs exactly one answer with `right: true`.")
    if len({answer.text for answer in answers}) < len(answers):
        raise QuizError(f"{where} has the same answer twice.")
    return Question(entry["question"].strip(), answers)


def _answer(entry, where):
    _keys(entry, {"text", "because"}, {"right"}, where)
    right = entry.get("right", False)
    if not isinstance(right, bool):
        raise QuizError(f"{where}: write `right: true` or leave the line out.")
    return Answer(entry["text"].strip(), right, entry["because"].strip())


def _keys(entry, needed, allowed, where):
    if not isinstance(entry, dict) or not needed <= entry.keys() <= needed | allowed:
        raise QuizError(f"{where} needs {' and '.join(sorted(needed))}, and nothing else but {sorted(allowed)}.")
    for key in needed - {"answers"}:
        if not isinstance(entry[key], str) or not entry[key].strip():
            raise QuizError(f"{where}: {key} must be a text; put numbers and yes or no into quotation marks.")
