"""A page of an older release loads the new one by itself, but never under somebody's hands or eyes."""

import pytest
from playwright.sync_api import expect

from tests.scripts.drawn import comment, visit

pytestmark = pytest.mark.browser
MINUTES = 6 * 60_000


@pytest.fixture
def old(page, server):
    """A ticket's page whose clock the test moves, and which counts how often it was loaded."""
    page.clock.install()
    page.add_init_script("sessionStorage.loads = 1 + Number(sessionStorage.loads ?? 0)")
    visit(page)
    page.evaluate("document.hasFocus = () => window.looking ?? true")
    return page


def loads(page) -> int:
    return page.evaluate("Number(sessionStorage.loads)")


def pass_minutes(page, server, build: str = "new"):
    for _ in range(MINUTES // 15_000):  # with its heartbeats, or it would take the stream for dead
        server.push(build, event="beat")
        page.wait_for_timeout(20)
        page.clock.run_for(15_000)


def test_whoever_looks_at_it_is_asked_and_nothing_happens_by_itself(old, server):
    expect(old.locator("#release")).to_be_hidden()
    server.push("new", event="beat")
    expect(old.locator("#release")).to_contain_text("Informejo was updated.")
    pass_minutes(old, server)
    assert loads(old) == 1
    old.get_by_role("button", name="Load the new page").focus()
    with old.expect_navigation():
        old.keyboard.press("Enter")
    assert loads(old) == 2


def test_a_page_that_nobody_looks_at_loads_itself_anew(old, server):
    old.evaluate("window.looking = false")
    server.push("new", event="beat")
    expect(old.locator("#release")).to_be_visible()
    with old.expect_navigation():
        pass_minutes(old, server)
    assert loads(old) == 2


def test_what_somebody_typed_is_never_taken_from_under_them(old, server):
    old.evaluate("window.looking = false")
    old.locator("textarea").first.fill("Half a sent")
    server.push("new", event="beat")
    expect(old.locator("#release")).to_be_visible()
    pass_minutes(old, server)
    assert loads(old) == 1
    expect(old.locator("textarea").first).to_have_value("Half a sent")


def test_the_same_build_and_one_that_was_taken_back_ask_nobody(old, server):
    server.push("old", event="beat")
    server.push("new", event="beat")
    expect(old.locator("#release")).to_be_visible()
    server.push("old", event="beat")
    expect(old.locator("#release")).to_be_hidden()
    old.evaluate("window.looking = false")
    pass_minutes(old, server, "old")
    assert loads(old) == 1


def test_what_an_old_page_does_not_know_does_it_no_harm(ticket, server):
    """The page of an older release, and fragments, places, swaps and events that came after it."""
    server.partial("#not-there-yet", "<p>new</p>")
    server.partial("#timeline", '<p id="odd">new</p>', "hologram")
    server.push("new", event="confetti:thrown")
    server.partial("#timeline", comment(1), "place", id=33)
    expect(ticket.locator("#comment-1")).to_be_visible()
    expect(ticket.locator("#live-mark")).to_have_text("Live")
