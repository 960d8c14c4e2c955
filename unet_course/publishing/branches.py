"""A cell that speaks to both frameworks, as the reader of one should see it: without the other's branch."""

import ast
import re
import textwrap


def of_framework(source, framework):
    """Leave out of a cell what runs in another framework only.

    Parameters
    ----------
    source : str
        Code of a cell. `if framework == "torch":` with what follows it, `elif` and `else`, and the same question inside
        an expression, are replaced by what this framework runs; where that returns, what stands below it goes, too.
    framework : {"keras", "torch"}

    Returns
    -------
    str
        Empty where nothing is left. Code that Python alone cannot read, such as a line of magic, comes back as it is.
    """
    try:
        source = _without_rest(source, framework)
    except SyntaxError:
        return source
    tree, lines = ast.parse(source), source.split("\n")
    for node in sorted(_questions(tree), key=lambda node: node.lineno, reverse=True):  # so that earlier lines stay
        if isinstance(node, ast.IfExp):
            _shorten(lines, node, framework)
        else:
            first, last = node.lineno - 1, node.end_lineno
            lines[first:last] = _branch(lines, node, framework)
    return "\n".join(lines).strip("\n")


def _without_rest(source, framework):
    """A cell without what stands, in the same block, behind a branch in which this framework returns."""
    for parent in ast.walk(ast.parse(source)):
        block = parent.body if isinstance(parent, ast.FunctionDef) else []
        for node in block[:-1]:
            if isinstance(node, ast.If) and _asked(node) and _returns(node, framework):
                lines = source.split("\n")
                del lines[node.end_lineno : block[-1].end_lineno]
                return _without_rest("\n".join(lines), framework)
    return source


def _returns(node, framework):
    kept = node.body if _asked(node) == framework else node.orelse
    return bool(kept) and isinstance(kept[-1], ast.Return | ast.Raise)


def _questions(tree):
    """The outermost questions after the framework."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If | ast.IfExp) and _asked(node) is not None:
            yield node
        else:
            yield from _questions(node)


def _asked(node):
    """The framework that a condition asks for, None where it asks for something else."""
    match node.test:
        case ast.Compare(left=ast.Name(id="framework"), ops=[ast.Eq()], comparators=[ast.Constant(value=asked)]):
            return asked
    return None


def _branch(lines, node, framework):
    """The lines that a framework runs, as far to the left as the question stood."""
    margin = re.match(r"\s*", lines[node.lineno - 1])[0]
    after = node.orelse[0].lineno - 1 if node.orelse else node.end_lineno
    is_elif = node.orelse and lines[after].lstrip().startswith("elif ")
    if not is_elif and node.orelse:  # comments may stand between `else:` and the first line below it
        after = next(i for i in range(after, node.lineno, -1) if lines[i].strip().startswith("else:"))
    if _asked(node) == framework:
        kept = lines[node.lineno : after]
    elif is_elif and _asked(node.orelse[0]) is not None:
        return _branch(lines, node.orelse[0], framework)
    elif is_elif:
        kept = [lines[after].replace("elif", "if", 1), *lines[after + 1 : node.end_lineno]]
    else:
        kept = lines[after + 1 : node.end_lineno] if node.orelse else []
    inner = of_framework(textwrap.dedent("\n".join(kept)), framework)
    return textwrap.indent(inner, margin).split("\n") if inner else []


def _shorten(lines, node, framework):
    """Replace a conditional expression that stands on one line by the value that a framework takes."""
    if node.lineno != node.end_lineno:
        return
    line = lines[node.lineno - 1]
    kept = ast.get_source_segment("\n".join(lines), node.body if _asked(node) == framework else node.orelse)
    lines[node.lineno - 1] = line[: node.col_offset] + kept + line[node.end_col_offset :]
