"""Fixtures: the stand-in server, and a ticket's page on it in Chromium that fails its test if anything breaks in it."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.scripts.drawn import composer, talk, visit
from tests.scripts.stand_in import StandIn

STATIC = Path(__file__).resolve().parents[2] / "static"
ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]


@pytest.fixture(scope="package")
def chromium():
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser.new_context()
        browser.close()


@pytest.fixture
def server():
    server = StandIn(STATIC)
    server.main = talk(composer())
    yield server
    server.close()


@pytest.fixture
def page(chromium, server):
    """An empty tab; errors in scripts and everything the content security policy blocks fail the test."""
    page, broken = chromium.new_page(), []
    page.set_default_timeout(5000)
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
