"""One's own address: confirmed and changed by whoever both is signed in and reads what is sent there."""

import re
from datetime import timedelta

import pytest

from informejo import clock, db
from informejo.accounts import address_actions, password_actions
from informejo.events import log
from informejo.events.names import EventName
from informejo.guests.link_actions import make_link
from informejo.mail.words import Kind, OutState
from tests.accounts.test_forgotten import body
from tests.accounts.test_password_link import is_in, signs_in
from tests.world import PASSWORD

NEW = "ren@example.net"


@pytest.fixture
def ren(world, visit):
    """Ren's browser, in which he has just signed in."""
    browser = visit()
    browser.post("/sign-in", data={"email": "ren@example.org", "password": PASSWORD})
    return browser


def give(browser, email=NEW):
    return browser.post("/profile/address", data={"email": email})


def link(sink) -> str:
    return re.search(r"http://localhost:3003(/profile/address/\S+)", body(sink))[1]


def test_an_address_changes_when_its_own_mailbox_has_spoken(world, visit, post, sink, ren):
    elsewhere = visit(world.ren)
    assert give(ren, "Ren@Example.NET").location == "/profile/address"
    assert NEW in ren.get("/profile/address").text
    post.deliver()
    assert sink.to == [NEW]
    address = link(sink)
    assert "Is this address yours?" in ren.get(address).text
    assert world.ren.email == "ren@example.org", "looking spends nothing and changes nothing"
    assert ren.post(address).location == "/profile/address"
    db.session.refresh(world.ren)
    assert (world.ren.email, bool(world.ren.confirmed_at)) == (NEW, True)
    assert is_in(elsewhere), "sign-ins go on"
    assert signs_in(visit, world.ren, PASSWORD)
    post.deliver()
    assert sink.to == [NEW, "ren@example.org"]
    assert "You have another address" in body(sink)
    assert NEW not in body(sink)


def test_an_address_that_somebody_takes_in_this_very_moment_is_theirs(world, post, sink, ren, monkeypatch):
    give(ren)
    post.deliver()
    world.zoe.email = NEW
    db.commit()
    monkeypatch.setattr(address_actions, "user_by_email", lambda email: None)  # as it was when it was asked
    answer = ren.post(link(sink))
    assert (answer.status_code, "This address is in use" in answer.text) == (409, True)
    assert world.ren.email == "ren@example.org"


def test_its_link_works_once_and_sent_twice_it_says_the_same(world, post, sink, ren):
    give(ren)
    post.deliver()
    assert [ren.post(link(sink)).location for _ in range(2)] == ["/profile/address"] * 2
    assert "Your address is confirmed." in ren.get("/profile/address").text
    with clock.at(clock.now() + timedelta(minutes=5)):
        assert ren.post(link(sink)).status_code == 410


def test_the_log_says_that_it_changed_and_names_no_address(world, post, sink, ren):
    give(ren)
    post.deliver()
    ren.post(link(sink))
    offered, changed = (event for event in log.since(0) if event.name != EventName.USER_CREATED)
    assert (offered.name, offered.changes) == (EventName.ADDRESS_OFFERED, {})
    assert (changed.name, changed.changes) == (EventName.USER_UPDATED, {"address": [None, None]})


@pytest.mark.hardening("S-47")
def test_a_session_that_was_stolen_an_hour_ago_cannot_change_it(world, post, sink, ren):
    with clock.at(clock.now() + timedelta(hours=1)):
        answer = give(ren)
    assert answer.status_code == 403
    assert "Is it you?" in answer.text
    assert NEW in answer.text, "what was typed is kept"
    post.deliver()
    assert sink.mails == []


@pytest.mark.hardening("H-30")
def test_nobody_learns_whose_address_it_is(world, visit, post, sink, ren):
    answers = [give(ren, email) for email in ("zoe@example.org", "dan@example.org", "gus@example.org", NEW)]
    assert len({(a.status_code, a.location, a.data) for a in answers}) == 1


def test_one_that_somebody_else_has_stays_theirs(world, post, sink, ren):
    give(ren, "zoe@example.org")
    post.deliver()
    answer = ren.post(link(sink))
    assert answer.status_code == 409
    assert "This address is in use here already" in answer.text
    db.session.refresh(world.ren)
    assert world.ren.email == "ren@example.org"


def test_the_link_is_of_use_only_to_who_gave_the_address(world, visit, post, sink, ren):
    give(ren)
    post.deliver()
    for browser in (visit(world.zoe), visit(world.ana)):
        assert browser.post(link(sink)).status_code == 410
    assert visit().get(link(sink)).location.startswith("/sign-in?next=")


def test_only_the_newest_link_works_and_for_a_day(world, post, sink, ren, visit):
    links = []
    for email in (NEW, "ren@example.com"):
        give(ren, email)
        post.deliver()
        links.append(link(sink))
    assert [ren.get(address).status_code for address in links] == [410, 200]
    with clock.at(clock.now() + timedelta(hours=25)):
        assert visit(world.ren).get(links[1]).status_code == 410


def test_the_address_one_has_is_confirmed_by_a_link_that_can_be_mailed_again(world, post, sink, ren):
    world.ren.confirmed_at = None
    db.commit()
    assert "not confirmed yet" in ren.get("/profile/security").text
    assert "Confirm it" in ren.get("/profile").text
    for _ in range(2):
        assert ren.post("/profile/address/confirmation").status_code == 303
        post.deliver()
    assert sink.to == ["ren@example.org"] * 2
    ren.post(link(sink))
    db.session.refresh(world.ren)
    assert world.ren.confirmed_at
    assert "not confirmed yet" not in ren.get("/profile/security").text


def test_what_waits_to_be_mailed_goes_to_the_new_one_and_a_link_in_the_old_mailbox_is_void(
    world, visit, post, sink, ren
):
    give(ren)
    post.deliver()
    address = link(sink)
    waiting = post.queue(Kind.OPENED, "ren@example.org", user=world.ren)
    token = password_actions.make_own_link(world.ren)
    db.commit()
    ren.post(address)
    db.session.refresh(waiting)
    assert (waiting.goes_to, waiting.state) == (NEW, OutState.WAITING)
    assert visit().get(f"/choose-password/{token}").status_code == 410


def test_five_a_day(world, post, sink, ren):
    assert [give(ren, f"ren{n}@example.net").status_code for n in range(6)] == [303] * 5 + [429]


@pytest.mark.parametrize(
    ("email", "sentence"),
    [("ren at home", "Write a whole e-mail"), ("REN@example.org", "This is your address already.")],
)
def test_what_cannot_be_is_said_beside_the_field(world, post, sink, ren, email, sentence):
    answer = give(ren, email)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_a_desk_without_mail_says_so(world, ren):
    assert "This desk sends no mail" in ren.get("/profile/address").text
    assert give(ren).status_code == 422


@pytest.mark.hardening("S-47")
def test_links_to_tickets_in_the_mailbox_of_before_open_nothing_any_more(world, visit, post, sink, ren):
    own, others = make_link(world.ren, world.ticket()).token, make_link(world.gus, world.ticket(world.gus)).token
    give(ren)
    post.deliver()
    assert ren.post(link(sink)).status_code == 303
    address_actions.change_address(world.ana, world.gus, "gus@example.net")
    db.commit()
    assert [visit().get(f"/t/{token}").status_code for token in (own, others)] == [404, 404]
    assert is_in(ren), "sign-ins go on"
