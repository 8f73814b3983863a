"""Trying mutants: each in a process forked from one that has loaded everything, with the tests that reach its line.

In a function a mistake is put into what is loaded. Where it stands in a table or a class, everything is loaded anew.
"""

import ast
import importlib
import importlib.abc
import importlib.machinery
import inspect
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import coverage
import pytest

from bench.mutants.made import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ("-q", "-s", "-n0", "-p", "no:cacheprovider", "-m", "not browser and not server",
           "-W", "ignore::pytest.PytestAssertRewriteWarning")  # fmt: skip
LARGE = ("authlib.integrations.requests_client", "flask_migrate", "oidc_provider_mock", "sqlalchemy.dialects.sqlite")
LIMIT = 20  # seconds of its tests a mutant is given, the room's foremost first; it may take them three times as long
FOR_EVER = float("inf")
ALL = ""  # the name under which coverage keeps what importing alone reaches


class Tried(NamedTuple):
    """A mutant of a module and what became of it: killed, survived, timeout."""

    module: str
    mutant: Mutant
    came: str


class Reached(NamedTuple):
    """Which tests reach which line of each module, and how many seconds each takes, the room's foremost first."""

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    def by_line(self, module: str, line: int) -> list[str]:
        """The tests of that line, or of the nearest one above it, as a statement may have several."""
        near = max((other for other, tests in self.lines[module].items() if other <= line and any(tests)), default=0)
        return self._first(set(self.lines[module].get(near, ())) - {ALL})

    def by_module(self, module: str) -> list[str]:
        """The tests of that module."""
        return self._first({test for tests in self.lines[module].values() for test in tests} - {ALL})

    def _first(self, found: set[str]) -> list[str]:
        chosen, left = [], LIMIT
        for test in [test for test in self.seconds if test in found]:
            left -= self.seconds[test]
            if chosen and left < 0:
                break
            chosen.append(test)
        return chosen


class _Loaded:
    """In the place of running all tests once: measures what they reach, and tries the mutants of functions."""

    def __init__(self, told: Path, modules: list[str], tests: list[str]):
        self._told, self._modules, self._tests = told, modules, tests

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        session.items.sort(key=self._rank)
        known = _measured(session, self._modules)
        self._told.write_text(json.dumps(known) + "\n")
        items = {item.nodeid: item for item in session.items}
        for module in self._modules:
            for place, mutant in enumerate(mutants((ROOT / module).read_text())):
                if exchange := _exchange(module, mutant, known.lines[module]):
                    tests = [items[test] for test in known.by_line(module, mutant.line)]
                    came = _in_a_child(lambda tests=tests, exchange=exchange: exchange() or _fails(session, tests))
                    with self._told.open("a") as told:
                        told.write(json.dumps([module, place, came]) + "\n")
        return True

    def _rank(self, item: pytest.Item) -> int:
        return next(place for place, path in enumerate(self._tests) if item.nodeid.startswith(path))


class _Instead(importlib.abc.MetaPathFinder):
    """Has one module loaded from another text."""

    def __init__(self, module: Path, text: str):
        self._module, self._text = module, text

    def find_spec(self, name, path, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec and spec.origin == str(self._module):
            spec.loader.get_code = lambda _: compile(self._text, self._module, "exec")
        return spec


def tried(modules: list[str], tests: list[str]) -> Iterator[Tried]:
    """Every mutant of these modules, and what becomes of it."""
    for name in LARGE:
        importlib.import_module(name)  # what takes long and is nobody's mutant
    with TemporaryDirectory() as folder:
        told = Path(folder) / "told"
        if (
            _in_a_child(lambda: pytest.main([*OPTIONS, *tests], plugins=[_Loaded(told, modules, tests)]), FOR_EVER)
            != "survived"
        ):
            raise SystemExit("The tests fail as it is.")
        first, *rest = map(json.loads, told.read_text().splitlines())
    known, came = Reached({name: {int(line): by for line, by in lines.items()} for name, lines in first[0].items()},
                          first[1]), {(module, place): end for module, place, end in rest}  # fmt: skip
    for module in modules:
        for place, mutant in enumerate(mutants((ROOT / module).read_text())):
            end = came.get((module, place)) or _anew(ROOT / module, mutant, known.by_module(module))
            yield Tried(module, mutant, end)


def _measured(session, modules: list[str]) -> Reached:
    """Run all tests once, which must pass."""
    with TemporaryDirectory() as folder:
        kept = Path(folder) / "kept"
        if _in_a_child(lambda: _measure(session, modules, kept), FOR_EVER) != "survived":
            raise SystemExit("The tests fail as it is.")
        measured = coverage.CoverageData(str(kept))
        measured.read()
        lines = {module: measured.contexts_by_lineno(str(ROOT / module)) for module in modules}
        return Reached(lines, json.loads(kept.with_suffix(".seconds").read_text()))


def _measure(session, modules: list[str], kept: Path) -> bool:
    measured = coverage.Coverage(str(kept), include=[str(ROOT / module) for module in modules], config_file=False)
    measured.start()
    seconds = {}
    for item in session.items:
        begun = time.perf_counter()
        measured.switch_context(item.nodeid)
        _fails(session, [item])
        measured.switch_context(ALL)
        seconds[item.nodeid] = time.perf_counter() - begun
    measured.stop()
    measured.save()
    kept.with_suffix(".seconds").write_text(json.dumps(seconds))
    return session.testsfailed > 0


def _fails(session, items: list) -> bool:
    for item in items:
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        if session.testsfailed:
            return True
    return False


def _exchange(module: str, mutant: Mutant, reached: dict[int, list[str]]) -> Callable[[], None] | None:
    """What puts the mistake into the function that is loaded; None where it stands in what only loading runs."""
    [was], [now] = (ast.parse(text).body for text in (mutant.was, mutant.now))
    if not isinstance(was, ast.FunctionDef) or list(map(ast.dump, was.decorator_list)) != list(
        map(ast.dump, now.decorator_list)
    ):
        return None
    loaded = importlib.import_module(module.removesuffix(".py").replace("/", "."))
    old = inspect.unwrap(getattr(loaded, was.name))
    if (
        not inspect.isfunction(old)
        or old.__closure__
        or not any(reached.get(line) for *_, line in old.__code__.co_lines())
    ):
        return None
    now.decorator_list = []
    names = dict(vars(loaded))
    exec(compile(ast.Module([now], []), str(ROOT / module), "exec"), names)
    new = names[was.name]

    def exchange():
        old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__

    return exchange


def _anew(module: Path, mutant: Mutant, tests: list[str]) -> str:
    def run():
        sys.meta_path.insert(0, _Instead(module, mutant.source))
        with TemporaryDirectory() as folder:
            return pytest.main([*OPTIONS, "-x", f"--basetemp={folder}/t", *tests])

    return _in_a_child(run)


def _in_a_child(run: Callable[[], bool], limit: float = 3 * LIMIT) -> str:
    """Whether what was run there said that nothing is wrong: survived; or killed, or after so many seconds timeout."""
    child = os.fork()
    if child == 0:
        _run_and_end(run)
    until = time.monotonic() + limit
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return "killed" if status else "survived"
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timeout"


def _run_and_end(run: Callable[[], bool]):
    code = 2
    try:
        os.setpgid(0, 0)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.dup2(null, 2)
        code = int(run() or 0)
    finally:
        os._exit(code)
