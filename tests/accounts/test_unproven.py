"""An account that a stranger may have made with somebody's address shows and is told nothing of what that one sends."""

import re

import pytest
from sqlalchemy import delete
from werkzeug.exceptions import NotFound

from informejo import clock, db, policy
from informejo.accounts import (
    address_actions,
    erase_actions,
    invite_actions,
    merge_actions,
    password_actions,
    queries,
    rights_actions,
)
from informejo.accounts.models import Role, User
from informejo.events.models import Event
from informejo.factors.models import Passkey
from informejo.mail.models import IncomingMail
from informejo.sso.models import Identity
from informejo.tickets.models import Comment, Ticket
from tests.accounts.test_forgotten import ask, link
from tests.accounts.test_password_link import NEW, is_in, signs_in
from tests.intake.letters import come, letter, mailed as mailed_by_us
from tests.world import PASSWORD

VICTIM, EVIL = "vic@example.net", "mallory@evil.example"
ACCOUNT = {"name": "Vic Orr", "email": VICTIM, "password": PASSWORD, "again": PASSWORD}


@pytest.fixture
def stranger(world, visit):
    """The browser of somebody who registered with an address that is not theirs, on a desk that let them in at once."""
    browser = visit()
    assert browser.post("/register", data=ACCOUNT).location == "/tickets"
    return browser


@pytest.fixture
def mailed(stranger) -> Ticket:
    """The ticket of a mail that the owner of the address then sends."""
    come(letter(sender=VICTIM, subject="My salary slip", text="Here is my salary slip."))
    return db.session.query(Ticket).order_by(Ticket.id.desc()).first()


@pytest.mark.hardening("O-04", "H-01")
def test_they_see_nothing_of_what_its_owner_mails(world, visit, stranger, mailed):
    assert mailed.title == "My salary slip"
    assert mailed.requester.email == VICTIM
    for page in ("/tickets", "/tickets?q=salary", "/unread", "/"):
        assert "slip" not in stranger.get(page, follow_redirects=True).text
    assert stranger.get(f"/tickets/{mailed.number}").status_code == 404
    assert stranger.post(f"/tickets/{mailed.number}/comments", data={"body": "Hello."}).status_code == 404
    with pytest.raises(NotFound):
        policy.find_ticket(mailed.requester, mailed.number)
    assert not policy.sees(mailed.requester, mailed)
    assert visit(world.mia).get(f"/tickets/{mailed.number}").status_code == 200


def test_the_owner_is_mailed_what_becomes_of_it(world, stranger, mailed, post, sink):
    world.comment(world.mia, mailed, "We look into it.")
    post.deliver()
    [mail] = [mail for to, mail in sink.mails if to == [VICTIM] and "We look" in mail.as_string()]
    assert "salary" not in mail.as_string(), "nobody has shown yet that it is theirs"


def test_what_they_open_on_the_page_they_see(stranger):
    stranger.post("/tickets", data={"title": "No sound", "description": "Since noon, in the hall."})
    assert "No sound" in stranger.get("/tickets").text


@pytest.mark.hardening("O-04")
def test_nor_an_answer_of_its_owner_to_a_ticket_of_theirs(world, stranger, post, sink):
    stranger.post("/tickets", data={"title": "Send us your number", "description": "Of your passport, please."})
    ticket = db.session.query(Ticket).order_by(Ticket.id.desc()).first()
    come(letter(sender=VICTIM, subject=f"Re: [#{ticket.number}] Send us your number", text="It is 12345."))
    assert "12345" not in stranger.get(f"/tickets/{ticket.number}").text
    assert "12345" not in stranger.get("/tickets").text


def test_no_mail_confirms_an_account_that_its_sender_may_not_have_made(app, stranger, mailed):
    app.config["MAIL_TRUSTED_SERVER"] = "mx.desk.example"
    passed = {"authentication_results": "mx.desk.example; dmarc=pass header.from=example.net"}
    come(letter(sender=VICTIM, subject="Again", text="Hello?", **passed))
    assert queries.user_by_email(VICTIM).confirmed_at is None


def test_the_owner_chooses_a_password_sees_all_of_it_and_the_stranger_is_out(
    world, visit, stranger, mailed, post, sink
):
    owner, vic = visit(), queries.user_by_email(VICTIM)
    db.session.add(Passkey(user_id=vic.id, credential_id=b"1", public_key=b"1", name="A stranger's"))
    db.session.add(Identity(user_id=vic.id, issuer="https://id.example.org", subject="stranger"))
    db.commit()
    ask(owner, VICTIM)
    post.deliver()
    assert owner.post(link(sink), data=NEW).location == "/"
    assert owner.get(f"/tickets/{mailed.number}").status_code == 200
    assert "My salary slip" in owner.get("/tickets").text
    assert not is_in(stranger)
    assert not signs_in(visit, vic, PASSWORD)
    assert not db.session.query(Passkey).all(), "nor does what the stranger set up let them in again"
    assert not db.session.query(Identity).all()


@pytest.mark.parametrize("vouched", ["by making it", "by its address", "by its role", "not at all"])
def test_what_the_desk_vouched_for_lasts_longer_than_the_log(world, visit, stranger, post, sink, vouched):
    """Else whoever had an account from the desk would lose their second factor with a forgotten password."""
    user = queries.user_by_email(VICTIM)
    if vouched == "by making it":
        user = invite_actions.invite(world.ana, email="kim@example.net", name="Kim Oda", role=Role.USER)
    elif vouched == "by its address":
        address_actions.change_address(world.ana, user, "vic@other.example")
    elif vouched == "by its role":
        rights_actions.set_role(world.ana, user, Role.AGENT, known=True)
        rights_actions.set_role(world.ana, user, Role.USER)
    db.session.add(Passkey(user_id=user.id, credential_id=b"1", public_key=b"1", name="Theirs"))
    db.session.execute(delete(Event).where(Event.user_id == user.id))
    token = password_actions.make_own_link(user)
    db.commit()
    visit().post(f"/choose-password/{token}", data=NEW)
    assert len(db.session.query(Passkey).all()) == (vouched != "not at all")


def test_who_confirms_in_the_browser_they_are_signed_in_with_sees_it(stranger, mailed):
    queries.user_by_email(VICTIM).confirmed_at = clock.now()
    db.commit()
    assert stranger.get(f"/tickets/{mailed.number}").status_code == 200


def moves_on(world, stranger, post, sink):
    """They give an address that is theirs, and use the link that is mailed to it."""
    stranger.post("/profile/address", data={"email": EVIL})
    post.deliver()
    [mail] = [mail for to, mail in sink.mails if to == [EVIL]]
    address = re.search(r"(/profile/address/\S+)", mail.get_body(("plain",)).get_content())[1]
    assert stranger.post(address).status_code == 303


def moved_on(world, stranger, post, sink):
    """An administrator puts their address right, and they confirm it."""
    address_actions.change_address(world.ana, queries.user_by_email(VICTIM), EVIL)
    queries.user_by_email(EVIL).confirmed_at = clock.now()
    db.commit()


def merged(world, stranger, post, sink):
    """An administrator takes their account for another one of somebody who is here."""
    merge_actions.merge(world.ana, queries.user_by_email(VICTIM), world.zoe)
    db.commit()


def deleted(world, stranger, post, sink):
    """They delete their account."""
    assert stranger.post("/profile/data/deletion", data={"sure": "yes"}).status_code == 303


@pytest.mark.hardening("O-04", "H-01")
@pytest.mark.parametrize("goes", [moves_on, moved_on, merged, deleted])
def test_what_its_owner_mailed_stays_with_the_address_when_the_account_goes(
    world, visit, stranger, mailed, post, sink, goes
):
    said = come(letter(sender=VICTIM, subject="My salary slip", text="Here is the next one."))
    number, next = mailed.number, said.ticket_id
    goes(world, stranger, post, sink)
    sink.forget()
    db.session.expire_all()
    for browser in (stranger, visit(world.zoe)):
        assert [browser.get(f"/tickets/{one}").status_code == 200 for one in (number, next)] == [False, False]
    assert (mailed.requester.email, mailed.requester.role) == (VICTIM, Role.GUEST)
    assert (said.sender, said.person) == (VICTIM, mailed.requester)
    world.comment(world.mia, mailed, "We look into it.")
    post.deliver()
    told = [to for [to], mail in sink.mails if "We look" in mail.as_string()]
    assert told == [VICTIM, "ana@example.org"], "whoever asked, and who wants to hear of all that nobody has"
    assert come(letter(sender=VICTIM, subject="And again", text="Hello?")).person == mailed.requester


def test_its_owner_answers_what_was_mailed_to_them_before_the_account_went(world, stranger, mailed, post, sink):
    comment = world.comment(world.mia, mailed, "Which month?")
    sent = mailed_by_us(mailed.requester, mailed, comment)
    moves_on(world, stranger, post, sink)
    come(letter(sender=VICTIM, subject="Re: My salary slip", text="May.", in_reply_to=sent.message_id))
    assert [one.body for one in db.session.query(Comment).order_by(Comment.id)] == ["Which month?", "May."]


def test_who_merges_it_is_told_before(world, visit, mailed):
    ana, vic = visit(world.ana), mailed.requester
    told = "it stays with a guest who has that address"
    assert told in ana.get(f"/users/{vic.id}/merge?into={world.zoe.id}").text
    assert told not in ana.get(f"/users/{world.gus.id}/merge?into={world.zoe.id}").text


def test_what_they_wrote_themselves_goes_with_them(stranger, mailed, world, post, sink):
    stranger.post("/tickets", data={"title": "No sound", "description": "Since noon, in the hall."})
    moves_on(world, stranger, post, sink)
    assert "No sound" in stranger.get("/tickets").text


def test_an_administrator_erases_an_address_whoever_has_it(world, mailed):
    erase_actions.erase(world.ana, queries.user_by_email(VICTIM))
    db.commit()
    assert queries.user_by_email(VICTIM) is None
    assert not db.session.query(IncomingMail).where(IncomingMail.sender == VICTIM).all()


def test_a_guest_has_no_account_that_could_be_a_strangers():
    assert not User(role=Role.GUEST).is_unproven
    assert not User(role=Role.AGENT).is_unproven
    assert User(role=Role.USER).is_unproven
