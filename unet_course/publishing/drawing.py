"""Which cells only draw: pages and notebooks fold their code away, so that what is read is the lesson.

A cell only draws when it shows a figure with a caption, prints nothing, and makes no name that a later cell reads. What
a later cell reads was part of the lesson and stays open.
"""

import ast
import symtable

_SAYS = {"print", "display"}


def fold(cells):
    """Tag the cells of a notebook that draw and do nothing else with `hide-input`, in place.

    Parameters
    ----------
    cells : sequence of NotebookNode
        All cells, in their order.
    """
    for position in _only_draw(cells):
        tags = cells[position].metadata.setdefault("tags", [])
        if "hide-input" not in tags:
            tags.append("hide-input")


def _only_draw(cells):
    """Positions of these cells."""
    steps = [[_reads_and_makes(statement) for statement in _statements(cell)] for cell in cells]
    return {
        position
        for position, cell in enumerate(cells)
        if "figure" in cell.metadata.get("mystnb", {})
        and not any(reads & _SAYS for reads, _ in steps[position])
        and not _read_later(steps[position], steps[position + 1 :])
    }


def _statements(cell):
    """The statements of a code cell; of any other cell, or of one that is no Python, none."""
    try:
        return ast.parse(cell.source).body if cell.cell_type == "code" else []
    except SyntaxError:
        return []


def _read_later(own, later):
    """Whether a name that a cell makes is read by a later one before it gets another meaning."""
    left = set().union(*(makes for _, makes in own))
    for reads, makes in (step for cell in later for step in cell):
        if left & reads:
            return True
        left -= makes
    return False


def _reads_and_makes(statement):
    """Names of the notebook that a statement needs from before, and those that it makes."""
    table = symtable.symtable(ast.unparse(statement), "cell", "exec")
    makes = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    reads = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()} | _outer_reads(table)
    # `for axis in axes: axis.plot(...)` reads its own axis, `axis = axis + 1` an older one.
    return (reads if isinstance(statement, ast.Assign | ast.AugAssign) else reads - makes), makes


def _outer_reads(table):
    """What functions and comprehensions inside read of the notebook's names."""
    inner = table.get_children()
    own = {symbol.get_name() for child in inner for symbol in child.get_symbols() if symbol.is_global()}
    return own.union(*map(_outer_reads, inner))
