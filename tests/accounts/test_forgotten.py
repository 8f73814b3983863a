"""A forgotten password: everybody who asks is answered the same, and the owner of the address is mailed a way in."""

import re
import time
from datetime import timedelta
from statistics import median

import pytest

from informejo import clock, db
from informejo.accounts import actions, address_actions, password_actions, queries, rights_actions
from informejo.accounts.models import PasswordToken, Role, User
from informejo.events import log
from informejo.events.names import EventName
from informejo.mail.words import Kind
from informejo.sso.models import Identity
from tests import quick
from tests.accounts.test_password_link import NEW, is_in, is_void, later, signs_in
from tests.factors.conftest import App
from tests.guests.test_check import visit_from
from tests.world import PASSWORD

ADDRESSES = {
    "known": "ren@example.org",
    "unknown": "nobody@example.org",
    "deactivated": "dan@example.org",
    "by single sign-on alone": "sso@example.org",
    "a guest": "gus@example.org",
}


@pytest.fixture
def desk(world):
    """The cast, and somebody who comes by single sign-on alone."""
    known = User(email="sso@example.org", name="Sam Oda", confirmed_at=clock.now())
    db.session.add(known)
    db.session.flush()
    db.session.add(Identity(user_id=known.id, issuer="https://id.example.org", subject="1"))
    db.commit()
    return world


def ask(browser, email="ren@example.org"):
    return browser.post("/forgot-password", data={"email": email})


def body(sink) -> str:
    return sink.last.get_body(("plain",)).get_content()


def link(sink) -> str:
    """The address that the last mail leads to."""
    return re.search(r"http://localhost:3003(/choose-password/\S+)", body(sink))[1]


def test_whoever_forgot_it_gets_a_mail_chooses_another_and_is_out_everywhere_else(desk, visit, post, sink):
    elsewhere, here = visit(desk.ren), visit()
    assert 'href="/forgot-password"' in here.get("/sign-in").text
    assert ask(here, "Ren@Example.org").location == "/forgot-password/sent"
    post.deliver()
    assert sink.to == ["ren@example.org"]
    address = link(sink)
    assert is_in(elsewhere), "asking alone signs nobody out"
    for _ in range(3):
        assert visit().get(address).status_code == 200, "programs that look through mails spend nothing"
    assert here.post(address, data=NEW).location == "/"
    assert (is_in(here), is_in(elsewhere)) == (True, False)
    assert signs_in(visit, desk.ren)
    assert not signs_in(visit, desk.ren, PASSWORD)
    assert is_void(visit().post(address, data=NEW))


@pytest.mark.hardening("H-30", "S-42")
def test_nobody_learns_by_the_answer_whose_address_it_is(desk, visit, post, sink):
    answers = [ask(visit(), email) for email in ADDRESSES.values()]
    assert len({(a.status_code, a.location, a.data, tuple(dict(a.headers))) for a in answers}) == 1
    assert len({visit().get("/forgot-password/sent").data for _ in answers}) == 1
    post.deliver()
    assert sorted(sink.to) == ["gus@example.org", "ren@example.org", "sso@example.org"]


@pytest.mark.hardening("H-30")
def test_nor_by_the_time_it_takes(app, desk, visit, post, sink, record_property, monkeypatch):
    """That the same is done for each is shown elsewhere; how far apart the times lie is a figure, not a judgement."""
    monkeypatch.setattr(*quick.as_it_is("even seconds"))
    took = {email: [] for email in ADDRESSES.values()}
    for _ in range(5):
        for email, times in took.items():
            app.extensions["rates"].storage.reset()
            browser, start = visit(), time.perf_counter()
            ask(browser, email)
            times.append(time.perf_counter() - start)
    medians = [median(times) * 1000 for times in took.values()]
    record_property("ms between the medians of forgotten passwords", round(max(medians) - min(medians), 1))


@pytest.mark.hardening("S-42")
@pytest.mark.parametrize("whose", ["the first administrator's", "one that was put right", "one that was confirmed"])
@pytest.mark.parametrize("role", [Role.ADMIN, Role.USER])
def test_it_leads_round_no_second_factor_whoever_reads_that_mailbox(desk, visit, post, sink, whose, role):
    owner = desk.ren
    owner.role, owner.confirmed_at = role, clock.now()
    if whose == "the first administrator's":
        owner = actions.create_admin(email="boss@example.org", name="The Boss", password=PASSWORD)
        rights_actions.set_role(desk.ana, owner, role)
    app = App(owner)
    if whose == "one that was put right":
        address_actions.change_address(desk.ana, owner, "ren@right.example")
        db.commit()
    ask(browser := visit(), owner.email)
    post.deliver()
    assert browser.post(link(sink), data=NEW).location == "/sign-in/second"
    assert not is_in(browser)
    browser.post("/sign-in/second", data={"code": app.digits()})
    assert is_in(browser)


def test_a_guest_who_uses_it_is_a_requester_and_keeps_their_tickets(desk, visit, post, sink):
    ticket = desk.ticket(desk.mia, requester=desk.gus)
    here = visit()
    ask(here, "gus@example.org")
    post.deliver()
    assert here.post(link(sink), data=NEW).location == "/"
    db.session.refresh(desk.gus)
    assert (desk.gus.role, bool(desk.gus.confirmed_at)) == (Role.USER, True)
    assert here.get(f"/tickets/{ticket.number}").status_code == 200


def test_who_comes_by_single_sign_on_alone_is_told_so_and_gets_no_password(desk, visit, post, sink):
    ask(visit(), "sso@example.org")
    post.deliver()
    assert "sign-in of your organisation" in body(sink)
    assert "/choose-password/" not in body(sink)
    assert not db.session.query(PasswordToken).all()


@pytest.mark.hardening("S-42", "H-27")
def test_the_link_works_for_an_hour(desk, visit, post, sink, monkeypatch):
    ask(visit())
    post.deliver()
    address = link(sink)
    later(monkeypatch, minutes=59)
    assert visit().get(address).status_code == 200
    later(monkeypatch, minutes=2)
    assert is_void(visit().post(address, data=NEW))


@pytest.mark.hardening("S-42")
def test_a_newer_one_voids_the_earlier_and_signing_out_everywhere_voids_both(desk, visit, post, sink):
    links = []
    for _ in range(2):
        ask(visit())
        post.deliver()
        links.append(link(sink))
    assert [visit().get(address).status_code for address in links] == [410, 200]
    visit(desk.ren).post("/profile/sessions")
    assert is_void(visit().get(links[1]))


def test_it_is_mailed_whatever_hours_and_pace_somebody_chose(desk, visit, post, sink):
    visit(desk.ren).post("/profile/mail", data={"pace": "daily", "daily_at": "08:00"})
    ask(visit())
    post.deliver()
    assert sink.to == ["ren@example.org"]


def test_the_log_says_that_it_was_asked_for_and_not_by_whom(desk, visit, post, sink):
    ask(visit())
    event = log.since(0)[-1]
    assert (event.name, event.actor, event.user, event.changes) == (EventName.PASSWORD_FORGOTTEN, None, desk.ren, {})
    post.deliver()
    [mail] = post.mails
    assert mail.kind == Kind.FORGOTTEN
    assert all(queries.fingerprint(link(sink).rpartition("/")[2]) not in str(event.changes) for event in log.since(0))


@pytest.mark.hardening("F-17", "S-42")
def test_five_mails_a_day_for_each_who_asks_and_a_browser_they_know_has_its_own(desk, visit, post, sink):
    known = visit_from(visit, "192.0.2.1", visit(desk.ren))
    for number in range(7):
        assert ask(visit_from(visit, "192.0.2.1")).status_code == (303 if number < 5 else 429)
    assert "Retry-After" in ask(visit_from(visit, "192.0.2.1")).headers
    assert ask(visit_from(visit, "192.0.2.2")).status_code == 303, "its owner asks from elsewhere"
    assert ask(known).status_code == 303
    assert ask(visit_from(visit, "192.0.2.1"), "nobody@example.org").status_code == 303


@pytest.mark.hardening("F-17", "S-42")
def test_where_strangers_use_up_the_mails_of_an_hour_its_owner_has_a_link_that_works_and_is_told(
    desk, visit, post, sink
):
    for email in (desk.ren.email, "nobody@example.org"):
        strangers = (visit_from(visit, f"192.0.2.{number}") for number in range(10))
        assert {ask(stranger, email).status_code for stranger in strangers} == {303}
    post.deliver()
    owner = visit_from(visit, "198.51.100.1")
    refused, other = ask(owner), ask(owner, "nobody@example.org")
    assert (refused.status_code, "the newest one works, for an hour." in refused.text) == (429, True)
    assert (other.status_code, "the newest one works, for an hour." in other.text) == (429, True)
    assert owner.post(link(sink), data=NEW).location == "/"


def test_a_desk_without_mail_says_whom_to_ask(desk, visit):
    page = visit().get("/forgot-password").text
    assert "This desk sends no mail. Ask an administrator" in page
    assert 'action="/forgot-password"' not in page
    assert ask(visit()).status_code == 422
    assert not log.since(0)


@pytest.mark.parametrize("email", ["", "ren at example.org", "x" * 300])
def test_what_is_no_address_is_said_beside_the_field(desk, visit, post, sink, email):
    answer = ask(visit(), email)
    assert answer.status_code == 422
    assert 'id="problem-email"' in answer.text


def test_somebody_deactivated_meanwhile_is_mailed_nothing(desk, visit, post, sink):
    ask(visit())
    desk.ren.active = False
    db.commit()
    post.deliver()
    assert sink.mails == []


def test_a_link_of_ones_own_is_no_right_over_others(desk):
    token = password_actions.make_own_link(desk.mia)
    assert queries.password_link(token).user == desk.mia
    with clock.at(clock.now() + timedelta(hours=2)):
        assert queries.password_link(token) is None
