"""Which tests show which row: read out of their markers, without running or importing any of them."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
MARKER = "pytest.mark.hardening"


@cache  # every test there is was read for it
def shown() -> dict[str, list[str]]:
    """Row id -> the tests that show it, as `folder/file.py::name`; the file alone where all of its tests do."""
    tests = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        file = path.relative_to(TESTS).as_posix()
        for id, name in _marked(ast.parse(path.read_text(encoding="utf-8"))):
            tests[id].append(f"{file}::{name}" if name else file)
    return dict(tests)


def _marked(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield from ((id, node.name) for decorator in node.decorator_list for id in _ids(decorator))
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            yield from ((id, "") for id in _ids(node.value))


def _ids(expression: ast.expr) -> Iterator[str]:
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == MARKER:
            yield from (ast.literal_eval(argument) for argument in node.args)
