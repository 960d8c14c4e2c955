"""Twenty questions to ask before and after a course: a sheet for students, and its key."""

import string

from .. import chapters, quizzes
from . import html_page

_BEFORE = """# What do you think?

Twenty questions about images, networks and scores. Mark one answer each; a guess is better than a gap. It is no exam:
the same sheet comes again at the end, and what counts is what has changed in between.
"""
_KEY = """# Key to the twenty questions

Give the sheet in the first session and in the last, ten to fifteen minutes each. For a class, the usual measure is the
share of what could be gained that was gained: (after - before) / (20 - before), from the means of both. A wrong answer
stands for a way of thinking; where many choose the same one, talk about that.
"""


def questions():
    """The twenty questions, in the order of the course."""
    return quizzes.read(chapters.root() / "book" / "teaching" / "concept_inventory.yaml")


def sheet():
    """The questions as a page to print, without a sign of what is right."""
    blocks = [f"**{n}.** {question.text}\n\n{_answers(question)}" for n, question in enumerate(questions(), 1)]
    return html_page.document("What do you think?", "\n\n".join([_BEFORE, *blocks]))


def key():
    """What is right, and what stands behind each answer."""
    blocks = []
    for number, question in enumerate(questions(), 1):
        right = string.ascii_lowercase[question.mixed.index(question.right)]
        reasons = [
            f"- {letter}) {one.because}" for letter, one in zip(string.ascii_lowercase, question.mixed, strict=False)
        ]
        blocks.append(f"**{number}. {right})** {question.text}\n\n" + "\n".join(reasons))
    return html_page.document("Key", "\n\n".join([_KEY, *blocks]))


def _answers(question):
    return "\n".join(
        f"- {letter}) {one.text}" for letter, one in zip(string.ascii_lowercase, question.mixed, strict=False)
    )
