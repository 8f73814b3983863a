"""An account that a stranger may have made with somebody's address shows and is told nothing of what that one sends."""

import pytest
from werkzeug.exceptions import NotFound

from informejo import clock, db, policy
from informejo.accounts import queries
from informejo.accounts.models import Role, User
from informejo.factors.models import Passkey
from informejo.sso.models import Identity
from informejo.tickets.models import Ticket
from tests.accounts.test_forgotten import ask, link
from tests.accounts.test_password_link import NEW, is_in, signs_in
from tests.intake.letters import come, letter
from tests.world import PASSWORD

VICTIM = "vic@example.net"
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


def test_who_confirms_in_the_browser_they_are_signed_in_with_sees_it(stranger, mailed):
    queries.user_by_email(VICTIM).confirmed_at = clock.now()
    db.commit()
    assert stranger.get(f"/tickets/{mailed.number}").status_code == 200


def test_a_guest_has_no_account_that_could_be_a_strangers():
    assert not User(role=Role.GUEST).is_unproven
    assert not User(role=Role.AGENT).is_unproven
    assert User(role=Role.USER).is_unproven
