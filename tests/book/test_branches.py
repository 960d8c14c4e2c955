"""Code for both frameworks, cut down to one: what is left runs, and does what the whole did."""

import ast

import pytest

from unet_course.publishing import chapters
from unet_course.publishing.branches import of_framework

BOTH = """\
x = 1
if framework == "torch":
    import torch

    def add(a):
        if framework == "torch":
            return a + 1  # one more
        return a

else:
    # Keras counts from two
    add = lambda a: a + 2
y = add(3 if framework == "torch" else 5)
"""


def result(source, framework):
    names = {"framework": framework}
    exec(source, names)
    return names["x"], names["y"]


@pytest.mark.parametrize("framework", ["keras", "torch"])
def test_what_is_left_does_what_the_whole_did(framework):
    short = of_framework(BOTH, framework)
    assert "framework" not in short
    assert result(short, framework) == result(BOTH, framework)


def test_the_lines_of_a_framework_move_to_the_left_with_their_comments():
    assert of_framework(BOTH, "keras").split("\n")[1:3] == ["# Keras counts from two", "add = lambda a: a + 2"]
    assert "    return a + 1  # one more" in of_framework(BOTH, "torch").split("\n")


def test_what_stands_behind_a_branch_that_returns_is_the_other_frameworks():
    early = 'def add(a):\n    if framework == "torch":\n        return a + 1\n    # Keras\n    return a + 2\n\n\nx = 3'
    assert of_framework(early, "torch") == "def add(a):\n    return a + 1\n\n\nx = 3"
    assert of_framework(early, "keras") == "def add(a):\n    # Keras\n    return a + 2\n\n\nx = 3"


def test_a_chain_of_questions_is_followed():
    chain = 'if framework == "torch":\n    y = 1\nelif framework == "keras":\n    y = 2\nelse:\n    y = 3'
    assert [of_framework(chain, name) for name in ("torch", "keras", "jax")] == ["y = 1", "y = 2", "y = 3"]


def test_another_question_in_the_chain_is_still_asked():
    chain = 'if framework == "torch":\n    y = 1\nelif x:\n    y = 2\nelse:\n    y = 3'
    assert of_framework(chain, "keras") == "if x:\n    y = 2\nelse:\n    y = 3"


def test_of_the_other_framework_alone_nothing_is_left():
    assert of_framework('if framework == "torch":\n    import torch\n', "keras") == ""


@pytest.mark.parametrize("source", ["%matplotlib inline\nx = 1", 'if name == "torch":\n    x = 1', "x = framework"])
def test_what_asks_for_something_else_stays(source):
    assert of_framework(source, "keras") == source


def test_no_chapter_keeps_a_question_after_the_framework():
    left = []
    for chapter in chapters.listed():
        for framework in set(chapters.frameworks(chapter)) & set(chapters.FRAMEWORKS):
            for cell in chapters.read(chapter).cells:
                if cell.cell_type == "code" and "framework ==" in (short := of_framework(cell.source, framework)):
                    left.append((chapter.name, short))
                elif cell.cell_type == "code" and not cell.source.startswith(("%", "!")):
                    ast.parse(of_framework(cell.source, framework))
    assert left == []
