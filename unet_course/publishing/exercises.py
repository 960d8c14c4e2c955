"""The exercises of a chapter: their words, stubs and solutions, as the chapter's own text has them."""

import re
from dataclasses import dataclass, field

_START = re.compile(r"```\{exercise-start\}\n:label: (\S+)\n```\n")
_END = re.compile(r"```\{exercise-end\}\n```")
_SOLUTION = re.compile(r"```\{solution-start\} (\S+)\n(?::.*\n)*```")
_SOLUTION_END = re.compile(r"```\{solution-end\}\n```")


@dataclass
class Exercise:
    """One exercise. `stub` and `solution` are positions of code cells in the notebook it was found in."""

    label: str
    statement: str
    stub: int | None = None
    solution: list = field(default_factory=list)


def find(notebook):
    """The exercises of a chapter, in order.

    Parameters
    ----------
    notebook : NotebookNode
        A chapter with its MyST directives: from `chapters.read`, or executed.

    Returns
    -------
    list of Exercise
        Explained in the page for instructors.
    """
    exercises, open_solution = [], False
    for position, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            if open_solution:
                exercises[-1].solution.append(position)
            elif exercises and exercises[-1].stub is None:
                exercises[-1].stub = position
            continue
        # One Markdown cell may end a solution and start the next exercise.
        for match in _START.finditer(cell.source):
            end = _END.search(cell.source, match.end())
            exercises.append(Exercise(match[1], cell.source[match.end() : end and end.start()].strip()))
        marks = [*_SOLUTION.finditer(cell.source), *_SOLUTION_END.finditer(cell.source)]
        if marks:
            open_solution = max(marks, key=lambda match: match.start()).re is _SOLUTION
    return exercises


def checks(notebook, exercise):
    """The names of the functions of `unet_course.checks` that an exercise's stub calls."""
    return re.findall(r"^checks\.(\w+)\(", notebook.cells[exercise.stub].source, re.MULTILINE)
