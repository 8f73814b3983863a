"""Once a second factor is demanded, it is demanded of everybody at once, also of those who are signed in."""

import pytest
from pyotp import TOTP

from informejo import clock, db
from informejo.accounts import rights_actions
from informejo.accounts.models import Role
from informejo.accounts.sign_ins import sessions_of
from informejo.drafts.queries import draft_for
from tests.accounts.test_kept_text import hidden
from tests.factors.conftest import CODE, MIA, is_in
from tests.factors.test_second_step import SECOND, _secret, second
from tests.live.sse import Listener

WORDS = "This desk wants a second factor of you now."
REPLY = {"draft": "ticket:1", "body": "It burns.", "key": "once"}


def demand(browser, whom="staff", was=""):
    return browser.post("/settings", data={"was-SECOND_FACTOR": was, "SECOND_FACTOR": whom})


def show_one(browser):
    """Add an app where somebody is signed in."""
    browser.post("/profile/security/authenticator")
    digits = TOTP("".join(_secret(browser.get("/profile/security/authenticator")))).at(clock.now().timestamp())
    assert browser.post("/profile/security/authenticator/confirmation", data={"code": digits}).status_code == 200


@pytest.mark.hardening("S-40", "L-11")
def test_whoever_is_signed_in_without_one_is_led_to_it_at_once_and_everybody_else_stays(world, mias, visit):
    ticket, strong = world.ticket(), visit()
    strong.post("/sign-in", data=MIA)
    second(strong, mias.digits())
    people = {"tom": visit(world.tom), "ren": visit(world.ren), "mia, with her password alone": visit(world.mia)}
    people |= {"mia": strong, "ana": visit(world.ana)}
    refused = demand(people["ana"])
    assert (refused.status_code, "Show yours first" in refused.text) == (422, True)
    assert is_in(people["tom"])
    show_one(people["ana"])
    streams = {name: Listener(browser, "/live?on=ticket:1&on=me") for name, browser in people.items()}
    assert demand(people["ana"]).status_code == 303
    world.comment(world.ren, ticket, "after the demand")
    for name, browser in people.items():
        stays = name in ("mia", "ren", "ana")
        assert (streams[name].is_open, is_in(browser), WORDS in browser.get("/sign-in").text) == (
            stays,
            stays,
            not stays,
        )
        assert ("after the demand" in str(streams[name].heard())) == stays
        assert browser.get("/live?on=me", buffered=False).status_code == (200 if stays else 401)
    late = people["tom"].post("/tickets/1/comments", data=REPLY)
    assert (late.status_code, WORDS in late.text, hidden(late)["kept-body"]) == (401, True, "It burns.")


@pytest.mark.hardening("S-40")
def test_they_sign_in_once_more_set_one_up_and_find_their_text(app, world, visit):
    world.ticket()
    browser = visit(world.tom)
    app.config["SECOND_FACTOR"] = "staff"
    page = browser.post("/tickets/1/comments", data=REPLY)
    page = browser.post("/sign-in", data=hidden(page) | MIA | {"email": "tom@example.org"})
    done = second(browser, TOTP("".join(_secret(page))).at(clock.now().timestamp()), **hidden(page))
    assert "Your recovery codes" in done.text
    assert is_in(browser)
    assert draft_for(world.tom, "ticket:1")["body"] == "It burns."
    assert len(sessions_of(world.tom)) == 1
    db.session.rollback()
    assert browser.get(SECOND).location == "/sign-in"


@pytest.mark.parametrize("what", [REPLY, {"name": "Network", "sees": "all"}], ids=["a text", "a form"])
@pytest.mark.parametrize("whose", ["mia", "tom"])
def test_the_codes_push_nothing_aside_that_waits_to_be_asked_about(app, world, visit, whose, what):
    """It was written by Tom, whose sign-in ended; he, or Mia, signs in there and sets up what is demanded."""
    world.ticket()
    browser = visit(world.tom)
    app.config["SECOND_FACTOR"] = "staff"
    address = "/tickets/1/comments" if what is REPLY else "/teams/1"
    page = browser.post(address, data=what | {"drawn_for": str(world.tom.id)})
    page = browser.post("/sign-in", data=hidden(page) | MIA | {"email": f"{whose}@example.org"})
    done = second(browser, TOTP("".join(_secret(page))).at(clock.now().timestamp()), **hidden(page))
    assert len(CODE.findall(done.text)) == 10
    kept = draft_for(world.tom, "ticket:1").get("body") if (whose, what) == ("tom", REPLY) else done.text
    assert (what.get("body") or what["name"]) in kept
    assert is_in(browser)


@pytest.mark.hardening("S-40")
def test_what_was_shown_once_counts_until_the_last_one_is_gone(app, world, visit):
    browser, other = visit(world.mia), visit(world.mia)
    show_one(browser)
    app.config["SECOND_FACTOR"] = "staff"
    assert [is_in(browser), is_in(other)] == [True, False]
    app.config["SECOND_FACTOR"] = ""
    browser.post("/profile/security/authenticator/removal")
    assert is_in(browser)
    app.config["SECOND_FACTOR"] = "staff"
    assert not is_in(browser)


@pytest.mark.hardening("S-40", "S-50")
def test_whoever_is_promoted_to_a_role_of_which_one_is_demanded_sets_one_up_first(app, world, visit):
    app.config["SECOND_FACTOR"] = "admins"
    browser = visit(world.mia)
    assert is_in(browser)
    rights_actions.set_role(world.ana, world.mia, Role.ADMIN)
    db.commit()
    assert not is_in(browser)
    assert browser.post("/sign-in", data=MIA).location == SECOND
    assert not is_in(browser)
