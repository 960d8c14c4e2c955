"""Try a student's function on cases, say what was found, and hint when it is not right yet."""

import numpy as np


def check(name, function, cases):
    """Print what `first_problem` finds. Returns nothing: a cell that ends with a check shows these words only.

    Parameters
    ----------
    name : str
        Of the exercise.
    function : callable
        The student's.
    cases : sequence of (tuple, expected, str)
        Arguments, what must come out (a number or an array), and the hint when something else does.
    """
    print(f"{name}: {first_problem(function, cases) or 'right.'}")


def first_problem(function, cases):
    """One sentence on the first case that goes wrong; None when all go right."""
    for arguments, expected, hint in cases:
        try:
            result = function(*arguments)
        except NotImplementedError:
            return "nothing here yet. Replace `raise NotImplementedError` by your own lines."
        except Exception as error:  # whatever a student's code does, the answer is a hint, not a traceback
            return f"not yet. Your function stopped with {type(error).__name__}: {error}. {hint}"
        if result is None:
            return "not yet. Your function returns None: is there a `return`?"
        if np.shape(result) != np.shape(expected) or not np.allclose(result, expected, atol=1e-6, equal_nan=True):
            return f"not yet. {hint}"
    return None
