"""Fixtures: machines that are deployed to."""

import pytest

from tests.deploy.machine import Machine


@pytest.fixture
def machine(tmp_path):
    """Nothing is deployed yet."""
    machine = Machine(tmp_path)
    machine.ship()
    yield machine
    machine.close()


@pytest.fixture(scope="package")
def running(tmp_path_factory):
    """A desk with people and a ticket is in service."""
    machine = Machine(tmp_path_factory.mktemp("machine"))
    machine.desk.populate()
    machine.ship()
    result = machine.deploy()
    assert result.returncode == 0, result.stdout + result.stderr
    yield machine
    machine.close()


@pytest.fixture
def deployed(running):
    """The same again for each test."""
    first = running.git("rev-parse", "HEAD")
    yield running
    running.git("reset", "--hard", "--quiet", first)
