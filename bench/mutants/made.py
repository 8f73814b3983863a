"""Mutants of a module: those of cosmic-ray, and ours for what is written as a statement of SQL or as a table."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import NamedTuple

import parso
from cosmic_ray.ast import Visitor
from cosmic_ray.operators.provider import OperatorProvider

OPPOSITES = (("and_", "or_"), ("is_", "is_not"), ("in_", "not_in"), ("any", "all"), ("min", "max"), ("desc", "asc"),
             ("union", "intersect"), ("partition", "rpartition"), ("lower", "upper"))  # fmt: skip
SWAPS = dict(OPPOSITES) | {other: one for one, other in OPPOSITES}
# Where an argument is one condition of several, or a step that can be left out.
PARTS = {"where", "and_", "or_", "having", "order_by", "options", "union"}
STEPS = {
    "where",
    "order_by",
    "options",
    "limit",
    "distinct",
    "casefold",
    "strip",
    "join",
    "with_for_update",
    "group_by",
}
# Sentences for people, and what is logged: other words are no mistake.
SAID = {
    "Trouble",
    "Untrue",
    "ValueError",
    "Forbidden",
    "NotFound",
    "ServiceUnavailable",
    "info",
    "warning",
    "look",
    "well",
}
DROP = object()


class Mutant(NamedTuple):
    """The module's text with one mistake: in which line, of what kind, and the statement as it was and as it is."""

    line: int
    kind: str
    source: str
    was: str
    now: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant that is another program. Imports, annotations and docstrings are left as they are."""
    for at, statement in _statements(source):
        lines = source.splitlines(keepends=True)
        before, after = "".join(lines[:at]), "".join(lines[at + len(statement.splitlines()) :])
        seen = {_meaning(statement)}
        for kind, line, text in [*_of_cosmic_ray(statement), *_ours(statement)]:
            meaning = _meaning(text)
            if meaning and meaning not in seen:
                seen.add(meaning)
                yield Mutant(at + line, kind, f"{before}{text.rstrip()}\n{after}", statement, text)


def _statements(source: str) -> Iterator[tuple[int, str]]:
    """The module's own statements that can be wrong, each with the lines above it."""
    lines, body = source.splitlines(keepends=True), ast.parse(source).body
    starts = [min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))]) - 1 for node in body]
    for node, (start, end) in zip(body, pairwise([*starts, len(lines)]), strict=True):
        words = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not words and not isinstance(node, ast.Import | ast.ImportFrom):
            yield start, "".join(lines[start:end])


class _Bare(ast.NodeTransformer):
    """Without annotations and docstrings."""

    def visit(self, node):
        self.generic_visit(node)
        for field in ("annotation", "returns"):
            if hasattr(node, field):
                setattr(node, field, None)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node


def _meaning(text: str) -> str:
    """What tells programs apart, empty where the text is none."""
    try:
        return ast.dump(_Bare().visit(ast.parse(text)))
    except SyntaxError:
        return ""


class _Once(Visitor):
    """Lets an operator of cosmic-ray change the place with that number."""

    def __init__(self, operator, number: int):
        self.operator, self.left, self.done = operator, number, False

    def visit(self, node):
        for index, _ in enumerate(self.operator.mutation_positions(node)):
            if self.left == 0:
                node, self.done = self.operator.mutate(node, index), True
            self.left -= 1
        return node


def _of_cosmic_ray(text: str) -> Iterator[tuple[str, int, str]]:
    operators = OperatorProvider()
    for name in operators:
        if name in ("VariableReplacer", "VariableInserter") or not _is_near(name):
            continue
        operator, nodes = operators[name](), list(_nodes(parso.parse(text)))
        lines = [start[0] for node in nodes for start, _ in operator.mutation_positions(node)]
        for number, line in enumerate(lines):
            once = _Once(operator, number)
            yield name, line, once.walk(parso.parse(text)).get_code()


def _is_near(name: str) -> bool:
    """Of the replacements of one operator by every other, the nearest ones: most of the rest end in a TypeError."""
    near = "Eq_NotEq NotEq_Eq Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt Is_IsNot IsNot_Is Add_Sub Sub_Add"
    near += " Mul_Div Div_Mul FloorDiv_Mul Mod_Div Pow_Mul BitOr_BitAnd BitAnd_BitOr LShift_RShift RShift_LShift"
    kind, _, pair = name.partition("Operator_")
    return kind not in ("ReplaceBinary", "ReplaceComparison") or pair in near.split()


def _nodes(node):
    yield node
    for child in getattr(node, "children", ()):
        yield from _nodes(child)


def _ours(text: str) -> Iterator[tuple[str, int, str]]:
    tree = ast.parse(text)
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    for node in list(ast.walk(tree)):
        if not _is_said(node, parents):
            for kind, holder, place, new in [*_dropped(node), *_replaced(node, parents)]:
                with _put(holder, place, new):
                    yield (
                        kind,
                        node.lineno if hasattr(node, "lineno") else 1,
                        ast.unparse(ast.fix_missing_locations(tree)),
                    )


def _is_said(node: ast.AST, parents: dict) -> bool:
    while (node := parents.get(node)) is not None:
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Call) and _name(node.func) in SAID):
            return True
    return False


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _dropped(node: ast.AST) -> Iterator[tuple]:
    """What stands in a list and can be left out: conditions, elements, named arguments."""
    lists = []
    if isinstance(node, ast.Call):
        lists = [node.keywords] + ([node.args] if _name(node.func) in PARTS and len(node.args) > 1 else [])
    elif isinstance(node, ast.Tuple | ast.List | ast.Set) and not isinstance(getattr(node, "ctx", None), ast.Store):
        lists = [node.elts]
    elif isinstance(node, ast.BoolOp) and len(node.values) > 2:
        lists = [node.values]
    elif isinstance(node, ast.comprehension):
        lists = [node.ifs]
    for parts in lists:
        for place in range(len(parts)):
            yield "drop", parts, place, DROP


def _replaced(node: ast.AST, parents: dict) -> Iterator[tuple]:
    """What can stand in the place of a node, or of a part of it."""
    for new in _instead(node):
        yield "instead", *_place(node, parents[node]), new
    if isinstance(node, ast.If):
        yield "always", node, "test", ast.Constant(True)
        yield "never", node, "test", ast.Constant(False)
    elif isinstance(node, ast.Return) and node.value and not _is_no(node.value):
        yield "return nothing", node, "value", None
    elif isinstance(node, ast.Call) and _name(node.func) in SWAPS:
        field = "attr" if isinstance(node.func, ast.Attribute) else "id"
        yield "swap", node.func, field, SWAPS[_name(node.func)]
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value and " " not in node.value:
        yield "string", node, "value", f"XX{node.value}"


def _is_no(node: ast.AST) -> bool:
    """False, None or an empty word: to whoever asks `if`, nothing is the same."""
    return isinstance(node, ast.Constant) and not node.value


def _instead(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.BoolOp) and len(node.values) == 2:
        return node.values
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.Add):
        return [node.left, node.right]
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _name(node.func) in STEPS:
        return [node.func.value]
    return [ast.Pass()] if _does_something(node) else []


def _does_something(node: ast.AST) -> bool:
    """Whether it is a statement that can be left out."""
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Attribute)
    return isinstance(node, ast.Raise | ast.AugAssign | ast.Delete)


def _place(node: ast.AST, parent: ast.AST) -> tuple:
    for field, value in ast.iter_fields(parent):
        if value is node:
            return parent, field
        if isinstance(value, list) and node in value:
            return value, value.index(node)
    raise LookupError(node)


@contextmanager
def _put(holder, place, new):
    """Inside the block `new` stands there, or nothing."""
    if isinstance(holder, list):
        before = holder[:]
        holder[place : place + 1] = [] if new is DROP else [new]
        yield
        holder[:] = before
        return
    before = getattr(holder, place)
    setattr(holder, place, new)
    yield
    setattr(holder, place, before)
