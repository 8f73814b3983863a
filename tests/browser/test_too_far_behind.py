"""Who has missed more than can be told one by one gets the page anew, and keeps what they were typing."""

import pytest
from playwright.sync_api import expect

from tests.browser.drawn import as_drawn
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture(autouse=True)
def forgetful(server):
    """The server tells at most five missed events, for as long as the test takes."""
    server.settings["REPLAY_LIMIT"] = "5"
    server.restart()
    yield
    del server.settings["REPLAY_LIMIT"]
    server.restart()


def test_the_page_is_drawn_anew_around_what_is_being_typed(browse, world, line):
    ticket = world.ticket()
    tom = browse(world.tom, at=line.address)
    tom.forgives("net::ERR_", "htmx:(sse:)?error")
    page = tom.open(f"/tickets/{ticket.number}")
    page.get_by_text("Internal note").check()
    page.get_by_label("Your message").fill("Half of a sentence")
    page.evaluate("() => document.querySelector('#composer textarea').setSelectionRange(5, 9)")
    with page.expect_response(page.url):
        line.cut()
        for number in range(12):
            world.comment(world.mia if number % 3 else world.ren, ticket, f"Word {number}.")
        line.mend()
    expect(page.locator("#timeline > .comment")).to_have_count(12)
    assert page.evaluate("document.activeElement.value") == "Half of a sentence"
    assert page.evaluate("[document.activeElement.selectionStart, document.activeElement.selectionEnd]") == [5, 9]
    expect(page.locator("#internal-note")).to_be_checked()
    world.comment(world.ren, ticket, "And live again.")
    expect(page.locator("#timeline")).to_contain_text("And live again.")
    fresh = browse(world.tom)
    fresh.open(f"/tickets/{ticket.number}")
    until(lambda: fresh.page.reload() and as_drawn(page) == as_drawn(fresh.page))  # of mails it is told a moment later
