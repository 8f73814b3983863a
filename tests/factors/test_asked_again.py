"""What is sensitive asks again who one is, and nothing that was typed is lost by it."""

import io
import re
from html import unescape

import pytest
from sqlalchemy import select

from informejo import cookies, db
from informejo.accounts import asked_again
from informejo.accounts.asked_again import Elsewhere
from informejo.accounts.models import HalfSignIn, Session
from informejo.accounts.sign_ins import who_asks
from informejo.audit.models import Access
from tests.factors.conftest import App
from tests.factors.test_passkeys import question
from tests.world import PASSWORD, PNG

APP = "/profile/security/authenticator"
FIELDS = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@pytest.fixture
def hour_old(world, visit, later):
    """Mia's browser; in the test it is an hour later."""
    browser = visit(world.mia)
    with later(60):
        yield browser


def carried(answer) -> dict[str, str]:
    return {name: unescape(text) for name, text in FIELDS.findall(answer.text) if name != "drawn_for"}


@pytest.mark.hardening("S-47")
def test_a_session_stolen_an_hour_ago_cannot_change_how_one_signs_in(world, hour_old):
    for address in (APP, f"{APP}/removal", "/profile/security/codes", "/profile/security/passkeys"):
        asked = hour_old.post(address)
        assert asked.status_code == 403
        assert "Is it you?" in asked.text
    assert hour_old.post("/profile/security/passkeys/challenge").status_code == 403
    assert not db.session.scalars(select(HalfSignIn)).all()


@pytest.mark.hardening("S-47")
def test_whoever_sends_it_again_and_again_has_not_shown_it_for_longer(world, mias, visit, later):
    browser = visit(world.mia)
    session = db.session.scalar(select(Session).order_by(Session.id.desc()))
    session.proved_at = None
    db.commit()
    assert browser.post("/prove", data={"to": APP, "code": mias.codes[0]}).status_code == 200
    for minutes in range(1, 17):
        with later(minutes):
            browser.post("/prove", data={"to": APP, "code": "guessed"})
            browser.post("/prove", data={"to": APP})
    with later(16):
        assert browser.post(f"{APP}/removal").status_code == 403


@pytest.mark.hardening("S-47")
def test_a_question_that_waited_for_a_sign_in_is_answered_by_it(world, hour_old):
    asked = hour_old.post("/profile/address", data={"email": "mia@example.net"})
    hour_old.set_cookie(cookies.cookie_name(), "one-that-has-ended")
    late = hour_old.post("/prove", data=carried(asked) | {"password": PASSWORD})
    back = hour_old.post("/sign-in", data=carried(late) | {"email": world.mia.email, "password": PASSWORD})
    answered = hour_old.post("/prove", data=carried(back))
    assert (answered.status_code, carried(answered)) == (200, {"email": "mia@example.net"})
    assert not db.session.query(Access).filter_by(kind="factor-failed").count()


@pytest.mark.hardening("S-47")
def test_after_the_password_the_form_is_there_again(world, hour_old):
    asked = hour_old.post(APP, data={"kept": 'so "it" <was>', "password": "typed here", "code": "1"})
    assert carried(asked) == {"to": APP, "field-kept": 'so "it" <was>'}
    assert "typed here" not in asked.text
    wrong = hour_old.post("/prove", data=carried(asked) | {"password": "not it"})
    assert wrong.status_code == 422
    assert carried(wrong) == carried(asked)
    again = hour_old.post("/prove", data=carried(wrong) | {"password": PASSWORD})
    assert carried(again) == {"kept": 'so "it" <was>'}
    assert f'action="{APP}"' in again.text
    assert not db.session.scalars(select(HalfSignIn)).all(), "nothing is done until its owner sends it"
    assert hour_old.post(APP).location == APP


def test_a_field_with_several_values_keeps_them_all(world, hour_old):
    asked = hour_old.post(APP, data={"team": ["1", "2"]})
    assert FIELDS.findall(asked.text).count(("field-team", "1")) == 1
    fields = {"to": APP, "field-team": ["1", "2"], "password": PASSWORD}
    assert [text for name, text in FIELDS.findall(hour_old.post("/prove", data=fields).text) if name == "team"] == [
        "1",
        "2",
    ]


def test_that_a_file_has_to_be_chosen_again_is_said_before_and_after_the_question(world, visit, later):
    ana, sent = visit(world.ana), {"LOGO": (io.BytesIO(PNG), "x.png"), "kept": "yes"}
    with later(20):
        assert "Files could not be kept" not in ana.post("/settings/logo", data={"remove": "yes"}).text
        asked = ana.post("/settings/logo", data=sent, content_type="multipart/form-data")
        wrong = ana.post("/prove", data=carried(asked) | {"password": "not it"})
        right = ana.post("/prove", data=carried(wrong) | {"password": PASSWORD})
    assert ["Files could not be kept" in answer.text for answer in (asked, wrong, right)] == [True] * 3
    assert carried(right) == {"kept": "yes"}


def test_a_code_or_a_passkey_is_as_good(world, visit, key, later):
    app, browser, other, third = App(world.mia), *(visit(world.mia) for _ in range(3))
    with later(60):
        assert "Use a passkey" in browser.post(APP).text
        assert browser.post("/prove", data={"to": APP, "code": "000000"}).status_code == 422
        assert browser.post("/prove", data={"to": APP, "code": app.digits()}).status_code == 200
        credential = key.use(question(other, "/prove"))
        assert third.post("/prove", data={"to": APP, "credential": credential}).status_code == 422
        for _ in range(2):  # sent twice it has been shown all the same
            assert f'action="{APP}"' in other.post("/prove", data={"to": APP, "credential": credential}).text
        assert third.post("/prove", data={"to": APP, "credential": credential}).status_code == 422


def test_somebody_elses_passkey_is_no_proof(world, visit, key, later):
    zoe = visit(world.zoe)
    with later(60):
        assert zoe.post("/prove", data={"credential": key.use(question(zoe, "/prove"))}).status_code == 422


@pytest.mark.hardening("W-06")
@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "javascript:x", ""])
def test_the_form_goes_to_no_other_site(world, visit, to):
    again = visit(world.mia).post("/prove", data={"to": to, "password": PASSWORD})
    assert 'action="/"' in again.text
    assert "evil" not in again.text


def test_in_a_page_of_htmx_the_question_takes_the_place_of_everything(world, hour_old):
    assert hour_old.post(APP, headers={"HX-Request": "true"}).headers["HX-Retarget"] == "body"


def test_guessing_the_password_here_is_counted(world, hour_old):
    for _ in range(10):
        assert hour_old.post("/prove", data={"password": "wrong"}).status_code == 422
    assert hour_old.post("/prove", data={"password": PASSWORD}).status_code == 429


@pytest.mark.hardening("S-40", "H-35")
def test_guessing_codes_here_is_counted(world, visit, later):
    app, browser = App(world.mia), visit(world.mia)
    with later(60):
        for _ in range(5):
            assert browser.post("/prove", data={"code": "000000"}).status_code == 422
        assert browser.post("/prove", data={"code": app.digits()}).status_code == 429


def test_people_without_a_password_are_sent_to_whoever_signs_them_in(world, hour_old, monkeypatch):
    world.mia.password_hash = None
    db.commit()
    assert "no way to ask you here" in hour_old.post(APP).text
    monkeypatch.setattr(asked_again, "ELSEWHERE", [lambda user: [Elsewhere("At the provider", f"/sso/{user.id}")]])
    asked = hour_old.post(APP, data={"kept": "x"})
    assert f'action="/sso/{world.mia.id}"' in asked.text
    assert carried(asked)["field-kept"] == "x"


def test_a_new_sign_in_has_shown_who_it_is(world, visit):
    browser = visit()
    browser.post("/sign-in", data={"email": "mia@example.org", "password": PASSWORD})
    assert who_asks(browser.get_cookie(cookies.cookie_name()).value).session.proved_at
    assert browser.post(APP).location == APP


def test_a_link_to_one_ticket_proves_nothing(world, visit):
    ticket, browser = world.ticket(world.mia), visit(world.mia)
    [session] = db.session.scalars(select(Session))
    session.ticket_id = ticket.id
    db.commit()
    assert browser.post(APP).status_code in (401, 403)
