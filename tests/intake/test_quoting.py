"""What a mail quotes of a ticket that not all of the staff see stays theirs, whatever is done with the mail."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from informejo import clock, db
from informejo.intake.ledger_queries import find_mail
from informejo.mail.actions import save_choices
from informejo.mail.models import CaughtMail
from informejo.mail.out_queries import find_outgoing
from informejo.mail.words import InState, Pace
from informejo.teams import actions as teams
from informejo.tickets import change_actions, confiding_actions
from informejo.tickets.prune_actions import purge_lost_tickets
from tests.intake import test_guards_in
from tests.intake.letters import come, ledger, letter, mailed


@pytest.fixture
def ticket(world):
    """Ren's and Mia's, which nobody else sees."""
    ticket = world.ticket(title="My salary")
    change_actions.assign(world.mia, ticket, world.mia)
    confiding_actions.set_confidential(world.mia, ticket, True)
    db.commit()
    return ticket


@pytest.fixture
def press(visit, world):
    """`press(mail, "move", number=2)`: Mia presses that button on its page."""

    def press(mail, button, **fields):
        assert visit(world.mia).post(f"/mail/in/{mail.id}/{button}", data=fields).status_code == 303
        db.session.expire_all()

    return press


def answering(world, ticket, sender: str) -> bytes:
    return letter(sender=sender, text="As you said: 4,200.", in_reply_to=mailed(world.ren, ticket).message_id)


def is_found(world, who: str, mail) -> bool:
    try:
        return find_mail(getattr(world, who), mail.id) == mail
    except NotFound:
        return False


def test_a_ticket_that_is_made_of_a_mail_that_waited_is_as_confidential_as_what_it_answers(world, press, ticket):
    mail = come(answering(world, ticket, "dan@example.org"))
    assert mail.state == InState.QUARANTINED
    press(mail, "ticket")
    assert mail.ticket.confidential
    assert [who for who in ("mia", "tom", "ana") if is_found(world, who, mail)] == ["mia"]


def test_one_that_is_made_of_a_mail_to_a_team_is_that_teams(world, press):
    ticket, team = world.ticket(), teams.create_team(world.ana, name="Accounts", sees_all=False)
    change_actions.set_team(world.mia, ticket, team)
    db.commit()
    mail = come(answering(world, ticket, "ren@example.org"))
    press(mail, "ticket")
    assert (mail.ticket == ticket, mail.ticket.team) == (False, team)


def test_one_that_is_made_of_a_mail_that_quotes_nothing_is_everybodys(world, press):
    mail = come(answering(world, world.ticket(), "dan@example.org"))
    press(mail, "ticket")
    assert mail.ticket.is_for_all_staff
    assert is_found(world, "tom", mail)


def test_a_mail_that_is_moved_on_and_on_stays_theirs_and_its_message_goes(world, visit, press, ticket):
    people = world.mia, world.ana
    first, second = world.ticket(title="The monitor"), world.ticket(title="The keyboard")
    mail = come(answering(world, ticket, "ren@example.org"))
    for place in (first, second):
        press(mail, "move", number=place.id)
        assert (mail.ticket, is_found(world, "mia", mail), is_found(world, "ana", mail)) == (place, True, False)
        assert "As you said" in visit(world.ana).get(f"/tickets/{place.id}").text
        listed = [f"/mail/in/{mail.id}" in visit(who).get(f"/tickets/{place.id}/mail").text for who in people]
        assert listed == [True, False]
    press(mail, "undo")
    assert (mail.ticket, mail.moved_from) == (ticket, None)


def test_so_does_the_same_mail_that_comes_once_more(world, press, ticket):
    raw = answering(world, ticket, "ren@example.org")
    press(come(raw), "move", number=world.ticket(title="The monitor").id)
    again = come(raw)
    assert again.state == InState.IGNORED
    assert [who for who in ("mia", "ana") if is_found(world, who, again)] == ["mia"]


@pytest.fixture
def bundle(app, world, ticket, post):
    """`bundle()`: what Mia is sent in one mail, caught, about what Ren mailed to the ticket and about another one."""
    app.config["MAIL_CATCH"] = True
    save_choices(world.mia, pace=Pace.BUNDLED)
    other = world.ticket(title="The monitor")
    change_actions.assign(world.mia, other, world.mia)
    db.commit()
    post.deliver()

    def bundle(*mails: bytes):
        for mail in mails:
            come(mail)
        world.comment(world.ren, other, "It flickers.")
        post.deliver()
        with clock.at(clock.now() + timedelta(hours=2)):
            post.deliver()
        newest = select(CaughtMail).where(CaughtMail.address == world.mia.email).order_by(CaughtMail.id.desc())
        return db.session.scalars(newest).first()

    return bundle


def test_a_caught_bundle_stays_theirs_when_its_message_goes_elsewhere(world, visit, press, ticket, bundle):
    caught = bundle(answering(world, ticket, "ren@example.org"))
    assert b"4,200" in caught.raw
    page, (mail,) = f"/mail/caught/{caught.id}", ledger()
    assert visit(world.ana).get(page).status_code == 404
    secret = world.ticket(title="Mine too")
    confiding_actions.set_confidential(world.mia, secret, True)
    db.commit()
    press(mail, "move", number=secret.id)
    assert visit(world.ana).get(page).status_code == 404
    assert find_outgoing(world.mia, caught.mail_id).ticket in (ticket, secret)
    with pytest.raises(NotFound):
        find_outgoing(world.ana, caught.mail_id)


def test_a_caught_bundle_is_nobodys_when_a_ticket_it_told_of_is_gone_for_good(world, visit, ticket, bundle):
    caught = bundle(answering(world, ticket, "ren@example.org"))
    ticket.deleted_at = clock.now() - timedelta(days=400)
    db.commit()
    while purge_lost_tickets(100):
        db.commit()
    assert visit(world.ana).get(f"/mail/caught/{caught.id}").status_code == 404


def test_an_answer_to_a_bundle_opens_a_ticket_as_confidential_as_what_it_told_of(world, ticket, bundle):
    caught = bundle(answering(world, ticket, "ren@example.org"))
    sent = find_outgoing(world.mia, caught.mail_id)
    opened = come(letter(sender="mia@at-home.example", text="> 4,200", in_reply_to=sent.message_id)).ticket
    assert (opened in (ticket, None), opened.confidential) == (False, True)


@pytest.fixture
def second(world):
    """Zoe's, Mia's and Ana's, which nobody else sees; what is Ren's and Mia's Ana does not see."""
    second = world.ticket(world.zoe, "Her contract")
    change_actions.assign(world.mia, second, world.mia)
    confiding_actions.set_confidential(world.mia, second, True)
    confiding_actions.name_person(world.mia, second, world.ana)
    db.commit()
    return second


@pytest.fixture
def of_both(world, ticket, second, bundle):
    """A caught bundle that tells of both."""
    to_second = letter(sender="zoe@example.org", text="As you said.", in_reply_to=mailed(world.zoe, second).message_id)
    return bundle(answering(world, ticket, "ren@example.org"), to_second)


def who_sees(world, visit, address: str) -> list[str]:
    return [who for who in ("mia", "ana") if visit(getattr(world, who)).get(address).status_code == 200]


@pytest.mark.parametrize("order", [1, -1])
def test_a_bundle_about_two_confidential_tickets_is_as_secret_as_both_when_their_messages_went_elsewhere(
    world, visit, press, of_both, order
):
    """Its verdicts went with the messages; who sees one of the tickets read of the other."""
    sent = of_both.mail_id
    assert [find_outgoing(world.mia, sent).id] == [sent]
    elsewhere = world.ticket(title="The mouse")
    for mail in ledger()[::order]:
        press(mail, "move", number=elsewhere.id)
    assert who_sees(world, visit, f"/mail/caught/{of_both.id}") == []  # they are for administrators, and Mia is none
    assert find_outgoing(world.mia, sent).id == sent
    with pytest.raises(NotFound):
        find_outgoing(world.ana, sent)


def test_what_comes_back_of_such_a_bundle_or_answers_it_is_as_secret_as_both(world, of_both):
    sent = find_outgoing(world.mia, of_both.mail_id)
    answer = letter(sender="mia@at-home.example", text="> 4,200", in_reply_to=sent.message_id)
    back = come(test_guards_in.TestReports().report(sent))
    answered = come(answer)
    again = come(answer)
    assert answered.state == InState.QUARANTINED, "a ticket that it opened would be as secret as one of them"
    for mail in (back, answered, again):
        assert (is_found(world, "mia", mail), is_found(world, "ana", mail)) == (True, False)


@pytest.mark.parametrize("answers_second", [True, False])
def test_a_mail_that_was_moved_from_one_confidential_ticket_to_another_and_on_is_as_secret_as_both(
    world, press, ticket, second, answers_second
):
    to_second = letter(sender="zoe@example.org", text="As you said.", in_reply_to=mailed(world.zoe, second).message_id)
    mail = come(to_second if answers_second else answering(world, ticket, "ren@example.org"))
    for place in (ticket if answers_second else second, world.ticket(title="The mouse")):
        press(mail, "move", number=place.id)
    assert (is_found(world, "mia", mail), is_found(world, "ana", mail)) == (True, False)
