"""Which outputs of a notebook must be the same on every machine, and whether two runs of it agree.

Numbers of a training differ from processor to processor, in more than the last digits: an epoch more and another one is
best. So of a cell that depends on a training only words and shape are compared; of all others the numbers too. Which
cells those are follows from the code: what calls a training depends on it, and so does what uses its result.
"""

import ast
import re
import symtable

from ..studies import VERDICTS

NUMBER = re.compile(r"[+-]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][+-]?\d+)?")
_VERDICT = re.compile(rf"\b({'|'.join(VERDICTS)})\b")
# Whatever trains does it through one of these; a step of an optimizer written by hand, or a slope that it would take.
TRAINING = {"fit", "find_learning_rate", "train_on_batch", "backward", "step", "GradientTape", "apply_gradients"}
IMPORTED = {"fit", "find_learning_rate"}  # of these also the bare name, unless the notebook gives it another meaning
_GROW = {"append", "extend", "update", "add"}
_NOT_NETWORKS = ("sklearn", "scipy")  # their `fit` gives the same on every machine


def training_cells(notebook):
    """Positions of the code cells whose outputs depend on a training.

    Parameters
    ----------
    notebook : NotebookNode

    Returns
    -------
    set of int

    Notes
    -----
    The cells are followed in their order. A name depends on a training when a statement that trains, or that reads
    such a name, assigns or fills it; a function does when its body trains or reads such a name at the time of the call.
    A plain assignment of something else makes a name independent again.
    """
    flow = _Flow()
    return {
        position
        for position, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and flow.follow(cell.source)
    }


def disagreement(before, now, *, trained):
    """How two outputs of one cell part; None when they agree.

    Parameters
    ----------
    before, now : str
        What the cell printed, on two machines.
    trained : bool
        The cell depends on a training: any numbers will do, as long as there are as many, in the same places, and any
        verdict of `studies.difference` in the place of another.

    Returns
    -------
    str or None
        Otherwise numbers agree when they differ by no more than one in the last digit that both print: the last digit
        of a rounded sum may differ between processors, that of a count may not.
    """
    words = [NUMBER.sub("N", _VERDICT.sub("V", text) if trained else text).split() for text in (before, now)]
    if words[0] != words[1]:
        pairs = [pair for pair in zip(*words, strict=False) if pair[0] != pair[1]]
        return f"{pairs[0][0]!r} became {pairs[0][1]!r}" if pairs else "one is longer than the other"
    if not trained:
        for a, b in zip(NUMBER.findall(before), NUMBER.findall(now), strict=True):
            if not _same(a, b):
                return f"{a} became {b}"
    return None


def _same(a, b):
    digits = [re.split("[eE]", number)[0].partition(".")[2] for number in (a, b)]
    places = min(map(len, digits))
    if a == b or not any(digits):
        return a == b
    x, y = (float(number.replace(",", "")) for number in (a, b))
    exponent = re.search(r"[eE]([+-]?\d+)", a)
    unit = 10.0 ** (int(exponent[1] if exponent else 0) - places)
    return abs(x - y) <= 1.001 * unit


class _Flow:
    """What depends on a training, statement by statement."""

    def __init__(self):
        self.trained = set()  # names of values
        self.functions = {}  # name: (trains, names it reads, parameters it trains)
        self.bound = set()  # names that the notebook defines itself
        self.imported = set()
        self.untouched = set()  # names from libraries whose `fit` is no training

    def follow(self, source):
        """Take in a cell; whether any of its statements depends on a training."""
        found = False
        for statement in ast.parse(source).body:
            found |= self._statement(statement)
        return found

    def _statement(self, node, sure=True, under=False):
        """Take in one statement; `sure` if it runs in any case, `under` if what decides so depends on a training."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._imports(node)
            return False
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            self._definition(node)
            return False
        blocks = [getattr(node, name, []) for name in ("body", "handlers", "orelse", "finalbody")]
        if any(blocks):
            return self._compound(node, blocks, sure, under)
        depends = under or self._depends(node)
        self._bind(node, _assigned(node) | (set(self._filled(node)) if depends else set()), depends, sure)
        if isinstance(node, ast.Assign):
            self._alias(node)
        return depends

    def _compound(self, node, blocks, sure, under):
        """A loop, a condition, a `with` or a `try`: what decides, then what is done, twice where it is done again."""
        headers = [getattr(node, name) for name in ("test", "iter", "subject") if hasattr(node, name)]
        headers += [item.context_expr for item in getattr(node, "items", [])]
        depends = under or any(map(self._depends, headers))
        bound = [getattr(node, "target", None), *(item.optional_vars for item in getattr(node, "items", []))]
        for target in filter(None, bound):
            self._bind(target, _assigned(target), depends, sure)
        sure &= isinstance(node, ast.With)
        loops = isinstance(node, ast.For | ast.While)
        trained = False
        for _ in range(1 + loops):
            for block in blocks:
                for child in block:
                    inner = child.body if isinstance(child, ast.ExceptHandler) else [child]
                    trained |= any([self._statement(each, sure, depends) for each in inner])
        if isinstance(node, ast.For) and self.trained & _assigned(node.target) and not depends:
            self.trained |= _roots([node.iter])  # what was looped over holds what was trained
        return depends or trained

    def _bind(self, node, names, depends, sure):
        self.bound |= names
        if depends:
            self.trained |= names
        elif sure and not isinstance(node, ast.AugAssign):
            self.trained -= {
                each.id
                for each in ast.walk(node)
                if isinstance(getattr(each, "ctx", None), ast.Store) and isinstance(each, ast.Name)
            }
        for name in names if sure else ():
            self.functions.pop(name, None)

    def _imports(self, node):
        self.imported |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        module = node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
        if module.startswith(_NOT_NETWORKS):
            self.untouched |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}

    def _definition(self, node):
        parameters = [each.arg for each in node.args.args] if isinstance(node, ast.FunctionDef) else []
        self.bound.add(node.name)
        calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
        trained = {name for call in calls if list(self._trainings(call.func)) for name in self._taught(call)}
        self.functions[node.name] = (
            bool(list(self._trainings(node))),
            _reads(node),
            [position for position, name in enumerate(parameters) if name in trained],
        )
        self.trained.discard(node.name)

    def _alias(self, node):
        """`train = partial(fit, ...)` and `train = lambda ...: fit(...)` are functions too."""
        for target in node.targets if isinstance(node.value, ast.Lambda | ast.Call) else ():
            if isinstance(target, ast.Name):
                self.functions[target.id] = (bool(list(self._trainings(node))), _loaded(node.value), [])

    def _depends(self, node):
        return (
            bool(list(self._trainings(node)))
            or bool(self._reach(_loaded(node)) & self.trained)
            or any(self.functions[name][0] for name in self._reach(_loaded(node)) if name in self.functions)
        )

    def _reach(self, names):
        """These names and all that the functions among them read."""
        reached, waiting = set(), set(names)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting |= self.functions.get(name, (False, set(), []))[1]
        return reached

    def _trainings(self, node):
        """Where a statement names something that trains: `uc.fit(...)`, `partial(uc.fit, ...)`, `optimizer.step()`."""
        for each in ast.walk(node):
            if isinstance(each, ast.Attribute) and each.attr in TRAINING:
                yield from [each] if not _roots([each]) & self.untouched else []
            elif isinstance(each, ast.Name) and each.id in IMPORTED and each.id not in self.bound:
                yield each

    def _filled(self, node):
        """Names that a dependent statement changes without assigning them: trained models, lists that grow."""
        for call in (each for each in ast.walk(node) if isinstance(each, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in TRAINING or name in _GROW:
                yield from self._taught(call)
            for position in self.functions.get(name, (False, set(), []))[2]:
                yield from _roots(call.args[position : position + 1])

    def _taught(self, call):
        """What a call may change: its first argument, and the object whose method it is."""
        receiver = [call.func] if isinstance(call.func, ast.Attribute) else []
        return _roots(call.args[:1] + receiver) - self.imported


def _assigned(node):
    """Names that a statement binds, or whose items or attributes it sets."""
    stores = [each for each in ast.walk(node) if isinstance(getattr(each, "ctx", None), ast.Store)]
    return _roots(stores)


def _roots(nodes):
    """The names that expressions such as `a.b[0].c` start from."""
    found = set()
    for node in nodes:
        while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Call):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name):
            found.add(node.id)
    return found


def _loaded(node):
    """Names that an expression or a simple statement reads; those of comprehensions and lambdas are its own."""
    own = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    inner = [each for each in ast.walk(node) if isinstance(each, ast.comprehension)]
    own &= {each.id for one in inner for each in ast.walk(one.target) if isinstance(each, ast.Name)}
    own |= {each.arg for one in ast.walk(node) if isinstance(one, ast.Lambda) for each in one.args.args}
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)} - own


def _reads(definition):
    """Names that a function or class reads from outside of itself."""
    table = symtable.symtable(ast.unparse(definition), "cell", "exec")

    def read(scope):
        for symbol in scope.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                yield symbol.get_name()
        for child in scope.get_children():
            yield from read(child)

    inside = {name for child in table.get_children() for name in read(child)}
    return inside | {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()} - {definition.name}
