"""Single sign-on that is refused, cancelled or goes on by another way costs nobody what they were writing."""

import pytest

from informejo import cookies
from informejo.drafts.queries import draft_for
from informejo.sso import actions, discovery
from tests.accounts.test_kept_text import TEXT, hidden, write
from tests.sso.way import Way
from tests.world import PASSWORD


@pytest.fixture
def late(desk, world, visit):
    """Ren's browser, in which he wrote while his session ended."""
    world.ticket()
    browser = visit(world.ren)
    browser.set_cookie(cookies.cookie_name(), "one-that-has-ended")
    return browser


@pytest.fixture
def kept(late):
    """What goes through the sign-in page then."""
    return hidden(write(late, "/tickets/1/comments", draft="ticket:1", body=TEXT))


def gone(liar):
    liar.lies["/.well-known/openid-configuration"] = lambda: (500, {}, b"")
    discovery.forget()


def carried_on(browser, answer) -> str:
    """The page behind the button of a page that says why nobody is signed in."""
    page = browser.post("/sign-in", data=hidden(answer))
    assert page.status_code == 200
    assert "What you were writing is kept" in page.text
    assert "Sign in with Liar" in page.text
    return page


def signs_in(browser, answer, next=None):
    """With the password, and what was being written is there."""
    fields = hidden(answer) | {"email": "ren@example.org", "password": PASSWORD}
    assert browser.post("/sign-in", data=fields).location == (next or "/tickets/1?all=yes")


def test_where_the_provider_is_down(late, kept, liar, world):
    gone(liar)
    answer = Way(late, **kept).page
    assert answer.status_code == 502
    signs_in(late, carried_on(late, answer))
    assert draft_for(world.ren, "ticket:1")["body"] == TEXT


@pytest.mark.parametrize("said", [{"error": "access_denied"}, {"error": "server_error"}, {"code": "a", "iss": "x"}])
def test_where_it_is_cancelled_or_refused_there(late, kept, liar, world, said):
    way = Way(late, **kept)
    answer = way.back(state=way.asked["state"], **said)
    assert answer.status_code == 403
    signs_in(late, carried_on(late, answer))
    assert draft_for(world.ren, "ticket:1")["body"] == TEXT


def test_where_it_is_refused_here(late, kept, liar, world):
    liar.claims = {"email": "ren@example.org", "email_verified": False}
    answer = Way(late, **kept).end(liar)
    assert "Somebody has this address here" in answer.text
    signs_in(late, carried_on(late, answer))
    assert draft_for(world.ren, "ticket:1")["body"] == TEXT


def test_where_the_desk_itself_has_trouble(late, kept, liar, monkeypatch):
    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(actions, "arrive", fail)
    answer = Way(late, **kept).end(liar)
    assert answer.status_code == 500
    carried_on(late, answer)


def test_where_the_account_has_to_be_linked_first(late, kept, liar, world):
    liar.claims = {"email": "ren@example.org", "sub": "r"}
    asked = late.get(Way(late, **kept).end(liar).location)
    assert "What you were writing is kept" in asked.text
    signs_in(late, asked, next="/sso/link")
    assert draft_for(world.ren, "ticket:1")["body"] == TEXT
    assert late.post("/sso/link").location == "/profile/security"
    assert TEXT not in late.get("/sign-in?other&next=/sso/link").text


def test_a_form_that_is_no_draft_goes_along_too(late, liar):
    kept = hidden(write(late, "/profile", name="Ren the Third"))
    way = Way(late, **kept)
    answer = way.back(state=way.asked["state"], error="access_denied")
    page = late.post("/sign-in", data=hidden(answer))
    assert "What you were about to do is kept" in page.text
    assert hidden(page) == kept


def test_a_form_that_waits_for_proof_waits_on(desk, world, liar, visit):
    browser = visit()
    Way(browser).end(liar)
    form = {"to": "/profile/address", "field-email": "nia-new@example.org"}

    def cancelled():
        way = Way(browser, deed="proof", **form)
        return way.back(error="access_denied", state=way.asked["state"])

    def long_ago():
        liar.claims = {"auth_time": 1}
        return Way(browser, deed="proof", **form).end(liar)

    def down():
        gone(liar)
        return Way(browser, deed="proof", **form).page

    for way, sentence in ((cancelled, "was not allowed"), (long_ago, "long before"), (down, "was asked, and")):
        answer = way()
        assert answer.status_code in (403, 502)
        assert ("Is it you?" in answer.text, sentence in answer.text) == (True, True), way
        assert hidden(answer) == form


def test_a_form_that_waits_for_proof_is_shown_to_its_owner_alone(desk, world, liar, visit):
    browser = visit()
    Way(browser).end(liar)
    way = Way(browser, deed="proof", to="/profile/address", **{"field-email": "nia-new@example.org"})
    browser.post("/sign-in", data={"email": "ren@example.org", "password": PASSWORD})
    answer = way.back(error="access_denied", state=way.asked["state"])
    assert answer.status_code == 403
    assert "nia-new" not in answer.text


def test_whose_text_it_is_signs_in_by_a_way_that_there_is(desk, world, visit):
    desk.config["PASSWORD_SIGN_IN"] = False
    world.ticket()
    sent = {"draft": "ticket:1", "body": TEXT, "drawn_for": str(world.ren.id)}
    asked = visit(world.mia).post("/tickets/1/comments", data=sent)
    assert asked.status_code == 409
    assert 'name="password"' not in asked.text
    assert 'formaction="/sso/liar/sign-in"' in asked.text
    assert hidden(asked)["kept-body"] == TEXT
    desk.config["PASSWORD_SIGN_IN"] = True
    assert 'name="password"' in visit(world.mia).post("/tickets/1/comments", data=sent).text


def test_a_password_that_is_not_taken_any_more_costs_no_text(late, kept, desk):
    desk.config["PASSWORD_SIGN_IN"] = False
    refused = late.post("/sign-in", data=kept | {"email": "ren@example.org", "password": PASSWORD})
    assert refused.status_code == 403
    assert hidden(refused) == kept
    carried_on(late, refused)
