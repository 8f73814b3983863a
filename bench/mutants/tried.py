"""Trying mutants: each in a process of its own that has loaded everything else, with the tests that reach its line."""

import importlib
import importlib.abc
import importlib.machinery
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import coverage
import pytest

from bench.mutants.made import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ("-q", "-n0", "-p", "no:cacheprovider", "-m", "not browser and not server",
           "-W", "ignore::pytest.PytestAssertRewriteWarning")  # fmt: skip
LARGE = ("authlib.integrations.requests_client", "flask_migrate", "oidc_provider_mock", "sqlalchemy.dialects.sqlite")
LIMIT = 20  # seconds a mutant has, and five times as long as its tests take without it
ALL = ""  # the name under which coverage keeps what importing alone reaches


class Tried(NamedTuple):
    """A mutant of a module and what became of it: killed, survived, timeout, or uncovered."""

    module: str
    mutant: Mutant
    came: str


class Reached(NamedTuple):
    """Which tests reach which line of each module, and how many seconds each test takes."""

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    def by(self, module: str, line: int) -> list[str]:
        """The tests of that line, quickest first; all tests where only importing the module reaches it."""
        found = [test for test in self.lines[module].get(line, ()) if test != ALL] or list(self.seconds)
        return sorted(found, key=self.seconds.__getitem__)


class _Clock:
    """Counts the seconds of each test, and tells coverage whose lines these are."""

    def __init__(self, measured: coverage.Coverage):
        self._measured, self.seconds = measured, {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        begun = time.perf_counter()
        self._measured.switch_context(item.nodeid)
        ended = yield
        self._measured.switch_context(ALL)
        self.seconds[item.nodeid] = time.perf_counter() - begun
        return ended


class _InOrder:
    """Runs the tests in this order."""

    def __init__(self, tests: list[str]):
        self._place = {test: place for place, test in enumerate(tests)}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        session.items.sort(key=lambda item: self._place.get(item.nodeid, len(self._place)))


class _Instead(importlib.abc.MetaPathFinder):
    """Has one module loaded from another text."""

    def __init__(self, module: Path, text: str):
        self._module, self._text = module, text

    def find_spec(self, name, path, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec and spec.origin == str(self._module):
            spec.loader.get_code = lambda _: compile(self._text, self._module, "exec")
        return spec


def reached(modules: list[str], tests: list[str]) -> Reached:
    """Run the tests, which must pass, and see what they reach."""
    with TemporaryDirectory() as folder:
        kept = Path(folder) / "kept"
        child = os.fork()
        if child == 0:
            os._exit(_measure(modules, tests, kept))
        if os.waitpid(child, 0)[1]:
            raise SystemExit("The tests fail as it is.")
        measured = coverage.CoverageData(str(kept))
        measured.read()
        lines = {module: measured.contexts_by_lineno(str(ROOT / module)) for module in modules}
        seconds = (line.partition(" ") for line in kept.with_suffix(".seconds").read_text().splitlines())
        return Reached(lines, {test: float(took) for took, _, test in seconds})


def _measure(modules: list[str], tests: list[str], kept: Path) -> int:
    measured = coverage.Coverage(str(kept), include=[str(ROOT / module) for module in modules], config_file=False)
    measured.start()
    clock = _Clock(measured)
    failed = pytest.main([*OPTIONS, *tests], plugins=[clock])
    measured.stop()
    measured.save()
    kept.with_suffix(".seconds").write_text("\n".join(f"{took} {test}" for test, took in clock.seconds.items()))
    return int(failed)


def tried(modules: list[str], tests: list[str]) -> Iterator[Tried]:
    """Every mutant of these modules, and what becomes of it."""
    _load()
    known = reached(modules, tests)
    for module in modules:
        for mutant in mutants((ROOT / module).read_text()):
            theirs = known.by(module, mutant.line)
            yield Tried(module, mutant, _try(ROOT / module, mutant, theirs, sum(map(known.seconds.get, theirs))))


def _load():
    """Whatever takes long to import and is nobody's mutant."""
    for name in LARGE:
        importlib.import_module(name)


def _try(module: Path, mutant: Mutant, tests: list[str], seconds: float) -> str:
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.dup2(null, 2)
        sys.meta_path.insert(0, _Instead(module, mutant.source))
        with TemporaryDirectory() as folder:
            os._exit(int(pytest.main([*OPTIONS, "-x", f"--basetemp={folder}/t", *tests], plugins=[_InOrder(tests)])))
    return _ending(child, time.monotonic() + LIMIT + 5 * seconds)


def _ending(child: int, until: float) -> str:
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return "killed" if status else "survived"
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timeout"
