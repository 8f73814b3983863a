"""What the desk says of something just done, it says once, to the one who did it, and at no other time."""

import pytest

from informejo.web import NOTICES
from tests.live import dom
from tests.world import PASSWORD

DONE = {
    "profile-saved": ("ren", "/profile", {"name": "Ren Ito", "theme": "dark"}),
    "mail-choices-saved": ("ren", "/profile/mail", {"mine": "yes"}),
    "sessions-ended": ("ren", "/profile/sessions", {}),
    "draft-saved": ("ren", "/drafts", {"draft": "ticket:1", "body": "Half a sentence"}),
    "draft-discarded": ("ren", "/drafts/discard", {"draft": "ticket:1", "discard": "once"}),
    "ticket-opened": ("ren", "/tickets", {"title": "No sound", "description": "Since noon."}),
    "ticket-opened-for-another": (
        "mia",
        "/tickets",
        {"title": "No sound", "description": "He calls from home.", "requester_email": "ren@example.org"},
    ),
    "ticket-deleted": ("ana", "/tickets/1/deletion", {}),
    "examined": ("ana", "/health", {}),
    "signed-out": ("ren", "/sign-out", {}),
    "registered": (
        None,
        "/register",
        {"name": "Ina Ru", "email": "ina@example.org", "password": f"{PASSWORD}s", "again": f"{PASSWORD}s"},
    ),
}


def said(answer) -> list[str]:
    return [line.text for line in dom.read(answer.text).all("p", class_name="notice")]


@pytest.fixture
def act(world, visit):
    """Does what the notice is about, and returns the browser and where it is sent."""
    world.ticket()

    def act(name: str):
        who, address, fields = DONE[name]
        browser = visit(who and getattr(world, who))
        answer = browser.post(address, data=fields)
        assert answer.status_code == 303, answer.text
        return browser, answer.location

    return act


@pytest.mark.parametrize("name", DONE)
def test_it_is_said_on_the_next_page_and_not_again(act, name):
    browser, location = act(name)
    assert said(browser.get(location)) == [NOTICES[name]]
    assert said(browser.get(location)) == []


def test_it_does_not_stand_in_the_address(act):
    assert act("ticket-opened")[1] == "/tickets/2"


def test_what_a_script_fetches_meanwhile_does_not_take_it_away(act):
    browser, location = act("profile-saved")
    browser.get("/unread", headers={"HX-Request": "true"})
    assert said(browser.get(location)) == [NOTICES["profile-saved"]]


@pytest.mark.parametrize("path", ["/?notice=sessions-ended", "/sign-in?notice=signed-out"])
def test_a_link_that_somebody_made_up_says_nothing(visit, path):
    assert said(visit().get(path)) == []


def test_a_word_nobody_knows_says_nothing(world, visit):
    browser = visit(world.ren)
    browser.set_cookie("informejo-notice", "<b>You have won</b>")
    answer = browser.get("/tickets")
    assert said(answer) == []
    assert "won" not in answer.text


def test_what_may_not_be_so_stands_under_no_tick(world, visit):
    browser = visit(world.ana)
    browser.set_cookie("informejo-notice", "event-still-kept")
    [notice] = dom.read(browser.get("/health").text).all("p", class_name="notice")
    [sign] = notice.all("use")
    assert sign["href"].endswith("#circle-help")


def test_what_was_done_for_certain_stands_under_a_tick(act):
    browser, location = act("profile-saved")
    [notice] = dom.read(browser.get(location).text).all("p", class_name="notice")
    [sign] = notice.all("use")
    assert sign["href"].endswith("#circle-check")
