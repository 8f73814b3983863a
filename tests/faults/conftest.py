"""What all fault tests share: room for many sockets, and figures that the summary shows."""

import pytest

from bench import server
from tests.server import Server

POOLED = 3 * 20  # files: SQLite opens three for a connection, and the pool keeps twenty


@pytest.fixture(autouse=True, scope="session")
def room():
    """Thousands of streams need as many file numbers, here and in the servers that are started from here."""
    server.allow_files(8_000)


@pytest.fixture(autouse=True, scope="session")
def loaded(room):
    """What is measured here is not the start: servers are forked from a process that has loaded everything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "launch", Server.starter.start)
        yield


@pytest.fixture
def figures(record_property, tmp_path):
    """`figures(fault, ...)` is what that fault measured, in a folder of its own; all of it goes into the report."""

    def figures(fault, **sizes) -> dict:
        measured = fault(tmp_path, **sizes)
        for name, figure in measured.items():
            record_property(name, figure)
        return measured

    return figures
