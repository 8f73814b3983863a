"""A mail goes to the address its reader has when it is written: whoever reads the one of before gets no new link."""

from datetime import timedelta

import pytest

from informejo import clock, db
from informejo.accounts import address_actions, password_actions
from informejo.accounts.models import User
from informejo.mail.claims import LASTS, claim
from informejo.mail.models import OutgoingMail
from informejo.mail.words import Kind, OutState

OLD, NEW = "gus@example.org", "gus@right.example"
pytestmark = pytest.mark.hardening("S-47")


def forgotten(world):
    """They forgot their password, or whoever reads that mailbox says so."""
    password_actions.forget_password(OLD)


def opened(world):
    """The receipt of their ticket, with a link to it."""
    world.ticket(world.gus)


def move(world):
    """Their address is put right."""
    address_actions.change_address(world.ana, world.gus, NEW)
    db.commit()


@pytest.fixture(params=[forgotten, opened])
def mail(request, world, post) -> OutgoingMail:
    """A mail with a link that waits for Gus."""
    request.param(world)
    db.commit()
    post.read()
    [mail] = [mail for mail in post.mails if mail.user_id == world.gus.id]
    return mail


def came_to(sink, mail) -> list[str]:
    """Where that mail went, each time that a server took it."""
    return [to for [to], message in sink.mails if message["Message-Id"] == mail.message_id]


def test_one_that_failed_and_is_sent_again(world, visit, post, sink, mail):
    sink.answers["RCPT"] = lambda address: "550 5.1.1 no such mailbox" if address == OLD else None
    post.send()
    assert mail.state == OutState.FAILED
    move(world)
    assert OLD in visit(world.mia).get("/mail/out").text, "where it went is not rewritten"
    sink.answers.clear()
    visit(world.mia).post(f"/mail/out/{mail.id}/attempts")
    assert f"{NEW}</span>" in visit(world.mia).get("/mail/out?state=waiting").text
    post.send()
    assert came_to(sink, mail) == [NEW]


def test_one_that_somebody_had_taken_up_who_never_came_back(app, world, post, sink, mail):
    with app.app_context():
        claim(mail.id)
    move(world)
    with clock.at(clock.now() + LASTS + timedelta(seconds=1)):
        post.send()
    assert came_to(sink, mail) == [NEW]


def test_one_that_the_server_wants_later(app, world, post, sink, mail):
    ids = world.ana.id, world.gus.id

    def meanwhile(address):
        with app.app_context():
            ana, gus = (db.session.get(User, id) for id in ids)
            address_actions.change_address(ana, gus, NEW)
            db.commit()
        return "451 4.3.0 later"

    sink.answers["RCPT"] = lambda address: meanwhile(address) if address == OLD else None
    post.send()
    sink.answers.clear()
    with clock.at(clock.now() + timedelta(minutes=5)):
        post.send()
    assert came_to(sink, mail) == [NEW]


def test_what_asks_whether_an_address_is_theirs_goes_to_that_one_alone(world, post, sink):
    address_actions.offer_address(world.ren, NEW)
    db.commit()
    post.deliver()
    assert sink.to == [NEW]
    assert world.ren.email == "ren@example.org"


def test_what_tells_the_address_of_before_goes_there(world, post, sink):
    move(world)
    post.deliver()
    [moved] = [mail for mail in post.mails if mail.kind == Kind.MOVED]
    assert came_to(sink, moved) == [OLD]
