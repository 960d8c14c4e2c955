"""Which modules of the package some code uses, found without running it: change one, and a chapter runs again."""

import ast
from functools import cache

from .. import paths


def modules(code, *, skip):
    """Every module of the package that this code imports, directly or through others.

    Parameters
    ----------
    code : str
        Python source.
    skip : str or tuple of str
        Modules whose name starts so are left out, with what only they import.

    Returns
    -------
    set of str
    """
    found, waiting = set(), {*_imports(code, "")}
    while waiting:
        name = waiting.pop()
        if name in found or name.startswith(skip) or source(name) is None:
            continue
        found.add(name)
        file = source(name)
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        waiting |= _imports(file.read_text(encoding="utf-8"), package)
        waiting.add(name.rpartition(".")[0])  # importing a.b runs a/__init__.py too
    return found


@cache
def _imports(code, package):
    """Kept, because every chapter uses much the same modules."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*base, *filter(None, [node.module])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return frozenset(name for name in names if name.startswith("unet_course"))


def source(name):
    """File of a module of the package; None for names that are no module."""
    path = paths.PACKAGE.joinpath(*name.split(".")[1:])
    if name.split(".")[0] != "unet_course":
        return None
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    return next((file for file in candidates if file.is_file()), None)
