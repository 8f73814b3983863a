"""Two people at Chromium, HAProxy and nginx between them and the desk."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.server]

PROTOCOL = "() => performance.getEntriesByType('navigation')[0].nextHopProtocol"


def say(person, text):
    person.page.get_by_label("Your message").fill(text)
    person.page.get_by_role("button", name="Send").click()


@pytest.fixture
def at_ticket(browse, world):
    ticket = world.ticket()

    def at_ticket(name):
        person = browse(name)
        person.open(f"/tickets/{ticket.number}")
        person.page.evaluate("window.isTheSamePage = true")
        return person

    return at_ticket


def test_a_comment_crosses_two_browsers_through_the_whole_chain(at_ticket):
    mia, ren = at_ticket("mia"), at_ticket("ren")
    assert [person.page.evaluate(PROTOCOL) for person in (mia, ren)] == ["h2", "h2"]
    say(mia, "Which **tray** is it?")
    expect(ren.page.locator("#timeline strong", has_text="tray")).to_be_visible()
    say(ren, "The *lower* one.")
    expect(mia.page.locator("#timeline em", has_text="lower")).to_be_visible()
    assert all(person.page.evaluate("isTheSamePage") for person in (mia, ren))


@pytest.mark.hardening("H-50")
def test_the_sign_in_cookie_is_for_this_host_over_https_alone(browse):
    (cookie,) = browse("ren").context.cookies()
    assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("__Host-informejo", True, True)
    assert (cookie["sameSite"], cookie["path"], cookie["domain"]) == ("Lax", "/", "help.example.org")


@pytest.mark.hardening("L-22")
def test_ten_tabs_are_all_live_at_once(browse, world):
    ren = browse("ren")
    tickets = [world.ticket(title=f"Matter {number}") for number in range(10)]
    tabs = [ren.new_tab(f"/tickets/{ticket.number}") for ticket in tickets]
    for ticket in tickets:
        world.comment(world.mia, ticket, "You have this open.")
    for page in tabs:
        expect(page.locator("#timeline")).to_contain_text("You have this open.")
