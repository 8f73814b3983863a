"""Fixtures: a chain of these tests' own, whose parts may be ended."""

import pytest

from tests.chain import conftest as calm

server, chain = calm.server, calm.chain
desk, app, world = calm.desk, calm.app, calm.world


@pytest.fixture(scope="package", autouse=True)
def quiet():
    """Nothing is quiet here."""
