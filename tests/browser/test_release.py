"""Two releases one after the other on one desk: who works is asked, who is away finds the new page."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.server import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.server]
TYPED = "I was just about to"
NEEDED = ("app.py", "gunicorn.conf.py", "informejo", "migrations", "static", "templates")


@pytest.fixture
def upgrade(server, tmp_path):
    """`upgrade()` ends the server and starts the next release on the same desk; afterwards the first serves again."""
    for name in NEEDED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    style = Path(tmp_path / "static/css/utilities.css")
    style.write_text(style.read_text(encoding="utf-8") + "\n/* the next release */\n", encoding="utf-8")

    def upgrade():
        server.stop()
        server.root = tmp_path
        server.start()

    yield upgrade
    server.stop()
    server.root = ROOT
    server.start()


@pytest.fixture
def two(world, browse):
    """Ren, who types on a ticket's page, and Mia, whose window is behind another; both saw the older release."""
    ticket, people = world.ticket(), (browse(world.ren), browse(world.mia))
    people[1].page.clock.install()
    for person in people:
        person.forgives("Failed to load resource", "htmx")  # what the scripts say while the server is away
        person.open(f"/tickets/{ticket.id}")
    people[0].page.locator("#composer textarea").fill(TYPED)
    people[1].page.evaluate("document.hasFocus = () => false")
    return ticket, *(person.page for person in people)


def build(page) -> str:
    return page.locator("html").get_attribute("data-build")


def test_after_an_upgrade_who_types_is_asked_and_who_is_away_finds_the_new_page(world, two, upgrade):
    ticket, busy, away = two
    before = build(busy)
    upgrade()
    for page in (busy, away):
        expect(page.locator("#release")).to_be_visible(timeout=30_000)
    with away.expect_navigation():
        away.clock.fast_forward("06:00")
    expect(away.locator("#live-mark")).to_have_text("Live")
    assert build(away) != before == build(busy)
    world.comment(world.mia, ticket, "said by the new release")
    expect(busy.locator("#timeline")).to_contain_text("said by the new release")
    busy.get_by_role("button", name="Load the new page").click()
    expect(busy.locator("#release")).to_be_hidden()
    assert build(busy) == build(away)
    expect(busy.locator("#composer textarea")).to_have_value(TYPED)
