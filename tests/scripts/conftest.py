"""Fixtures: the stand-in server, and a ticket's page on it in Chromium that fails its test if anything breaks in it."""

from pathlib import Path

import pytest

from tests.scripts.drawn import composer, talk, visit
from tests.scripts.stand_in import StandIn
from tests.waiting import PATIENCE

STATIC = Path(__file__).resolve().parents[2] / "static"


@pytest.fixture(scope="package")
def context(chromium):
    context = chromium.new_context()
    yield context
    context.close()


@pytest.fixture
def server():
    server = StandIn(STATIC)
    server.main = talk(composer())
    yield server
    server.close()


@pytest.fixture
def page(context, server):
    """An empty tab; errors in scripts and everything the content security policy blocks fail the test."""
    page, broken = context.new_page(), []
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda line: broken.append(line.text) if "Content Security Policy" in line.text else None)
    page.server = server.address
    yield page
    page.close()
    assert not broken


@pytest.fixture
def ticket(page):
    """The page of ticket 42, live."""
    return visit(page)
