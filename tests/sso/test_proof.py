"""Showing at a provider who one is: only what it says of when somebody showed it there shows it here."""

import re

import pytest
from sqlalchemy import select

from informejo import clock, db
from informejo.accounts.models import Session
from informejo.sso.models import Identity
from tests.accounts.test_forgotten import body
from tests.accounts.test_password_link import NEW
from tests.factors.conftest import App
from tests.sso.way import Way

APP = "/profile/security/authenticator"


@pytest.fixture
def browser(desk, world, visit):
    return visit()


def _link(sink) -> str:
    return re.search(r"/choose-password/\S+", body(sink))[0]


def test_whoever_has_no_password_proves_at_the_provider_who_they_are(browser, liar):
    Way(browser).end(liar)
    db.session.scalar(select(Session).where(Session.provider == "liar")).proved_at = None
    db.commit()
    id = db.session.scalar(select(Identity.id))
    question = browser.post(f"/profile/identities/{id}/removal")
    assert question.status_code == 403
    assert 'action="/sso/liar/proof"' in question.text
    carried = {"to": f"/profile/identities/{id}/removal", "field-a": "b"}
    again = Way(browser, deed="proof", **carried).end(liar)
    assert again.status_code == 200
    assert f'action="/profile/identities/{id}/removal"' in again.text
    assert "lock yourself out" in browser.post(f"/profile/identities/{id}/removal").text


def test_old_proof_from_the_provider_proves_nothing(browser, liar):
    Way(browser).end(liar)
    liar.claims = {"auth_time": int(clock.now().timestamp()) - 3_600}
    assert "had signed you in long before" in Way(browser, deed="proof", to="/profile").end(liar).text
    liar.claims, now = {"auth_time": None}, int(clock.now().timestamp())
    liar.lies["/userinfo"] = {"sub": liar.all_claims()["sub"], "auth_time": now}
    untold = Way(browser, deed="proof", to="/profile").end(liar)
    assert untold.status_code == 403
    assert "does not say when you showed there who you are" in untold.text, "what nobody signed says no time"
    del liar.lies["/userinfo"]
    liar.claims = {"sub": "another", "email": "another@example.org"}
    assert "You are not signed in as before" in Way(browser, deed="proof", to="/profile").end(liar).text


@pytest.mark.parametrize("minutes", [None, 5, 0])
def test_coming_in_silently_is_no_proof_of_who_sits_there(browser, liar, minutes):
    told = None if minutes is None else int(clock.now().timestamp()) - 60 * minutes
    liar.claims = {"auth_time": told}
    assert Way(browser, next="/profile").end(liar).location == "/profile"
    asked = browser.post(APP)
    assert ("Is it you?" in asked.text) == (minutes != 0)
    assert 'action="/sso/liar/proof"' in asked.text or minutes == 0


@pytest.mark.parametrize("passwords", [True, False])
def test_whose_provider_never_says_when_shows_by_a_password_who_they_are(browser, liar, desk, post, sink, passwords):
    desk.config["PASSWORD_SIGN_IN"] = passwords
    liar.claims = {"auth_time": None}
    Way(browser).end(liar)
    asked = browser.post(APP)
    assert 'action="/prove/mail"' in asked.text
    assert browser.post("/prove/mail").location == "/forgot-password/sent"
    post.deliver()
    assert sink.to == ["nia@example.org"]
    browser.post(_link(sink), data=NEW)
    Way(browser).end(liar)
    proved = browser.post("/prove", data={"to": APP, "password": NEW["password"]})
    assert f'action="{APP}"' in proved.text
    assert browser.post(APP).location == APP
    assert browser.post("/prove/mail").status_code == 422, "there is a password now"


def test_no_link_goes_to_an_address_that_nobody_has_shown_to_be_theirs(browser, liar, post, sink):
    liar.claims = {"auth_time": None, "email_verified": False}
    Way(browser).end(liar)
    asked = browser.post(APP)
    assert 'action="/prove/mail"' not in asked.text
    assert "An administrator of the desk can give you a link" in asked.text
    assert browser.post("/prove/mail").status_code == 422
    post.deliver()
    assert sink.to == []


def test_who_comes_in_silently_and_shows_a_second_factor_has_shown_who_they_are(desk, liar, world, visit):
    browser = visit(world.mia)
    liar.claims = {"sub": "m", "email": "m@example.org"}
    Way(browser, deed="link").end(liar)
    liar.claims |= {"auth_time": None}
    mias, fresh = App(world.mia), visit()
    assert Way(fresh).end(liar).location == "/sign-in/second"
    fresh.post("/sign-in/second", data={"code": mias.digits()})
    assert "Is it you?" not in fresh.post(f"{APP}/removal").text
