"""Whatever is done with a mail on its page and undone leaves all tickets as they were."""

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from informejo import db
from informejo.intake import inbound, ledger_actions, original
from informejo.intake.bringing import brought
from informejo.intake.ledger_queries import opened_by
from informejo.tickets import change_actions
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.words import Status
from tests.intake.letters import come, ledger, letter, mailed

STATUSES = st.sampled_from(list(Status))
DEEDS = st.lists(st.sampled_from(["first", "second", "ticket"]), min_size=1, max_size=3)
FILE = (("log.txt", b"..."),)
BESIDE = st.lists(st.sampled_from(["answer", "note", "requester"]), max_size=2)


def visible(tickets: dict) -> list:
    """Every ticket from these on that is not in the bin, as pages show it; messages in no order: they are made anew."""
    db.session.expire_all()
    there = db.session.query(Ticket).filter(Ticket.deleted_at.is_(None), Ticket.id >= tickets["first"].id)
    return [shown(ticket) for ticket in there.order_by(Ticket.id)]


def shown(ticket) -> tuple:
    files = [file.name for file in ticket.attachments]
    return ticket.id, ticket.title, ticket.description, ticket.status, ticket.requester_id, files, messages(ticket)


def messages(ticket) -> list:
    said = db.session.query(Comment).filter_by(ticket_id=ticket.id)
    return sorted((one.author_id, one.body, one.internal, [file.name for file in one.attachments]) for one in said)


def do(world, mail, deed: str, tickets: dict):
    """Press that button, twice."""
    parsed = original.read(mail)
    for _ in range(2):
        with brought(mail, parsed, None, tickets.get(deed)) as things:
            if deed == "undo":
                ledger_actions.undo(world.mia, mail, parsed, things)
            elif deed == "ticket":
                ledger_actions.make_ticket(world.mia, mail, parsed, things)
            else:
                ledger_actions.move(world.mia, mail, tickets[deed], parsed, things)
            db.commit()


def beside(world, ticket, what: str):
    """Something else happens on the ticket."""
    author = ticket.requester if what == "requester" else world.tom
    world.comment(author, ticket, f"Beside it: {what}.", internal=what == "note")


@pytest.fixture
def arrived(world):
    """`arrived(...)`: a mail that came in, and the two tickets to which it may be moved."""

    def arrived(answers: bool, by_machine: bool, known: bool, before: Status, after: Status, others: list[str]):
        tickets = {"first": world.ticket(title="The first"), "second": world.ticket(world.zoe, "The second")}
        change_actions.set_status(world.mia, tickets["first"], before)
        db.commit()
        said = {"sender": "ren@example.org" if known or answers else "kim@example.net", "files": FILE}
        said |= {"in_reply_to": mailed(world.ren, tickets["first"]).message_id} if answers else {}
        mail = come(**said, **({"auto_submitted": "auto-generated"} if by_machine else {}))
        for what in others:
            beside(world, mail.ticket, what)
        change_actions.set_status(world.mia, tickets["first"], after)
        db.commit()
        return mail, tickets

    return arrived


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(st.booleans(), st.booleans(), st.booleans(), STATUSES, STATUSES, BESIDE), DEEDS)
def test_what_is_done_and_undone_leaves_all_tickets_as_they_were(world, arrived, case, deeds):
    mail, tickets = arrived(*case)
    for deed in deeds:
        before, place = visible(tickets), mail.ticket_id
        do(world, mail, deed, tickets)
        if mail.ticket_id == place:
            assert visible(tickets) == before, "it was there already"
            continue
        assert opened_by(mail, mail.ticket) if deed == "ticket" else mail.ticket == tickets[deed]
        done = visible(tickets)
        do(world, mail, "undo", tickets)
        assert visible(tickets) == before
        do(world, mail, deed, tickets)
        assert visible(tickets) == done, "and once more"


def test_two_who_press_at_once_move_it_once(world):
    target, mail = world.ticket(), come(letter())
    parsed = original.read(mail)
    with brought(mail, parsed, None, target) as one, brought(mail, parsed, None, target) as other:
        ledger_actions.move(world.mia, mail, target, parsed, one)
        db.commit()
        ledger_actions.move(world.tom, mail, target, parsed, other)
        db.commit()
    assert len(messages(target)) == 1
    assert "Mia Lund" in mail.reason


def test_one_that_is_moved_before_it_was_read_is_not_read_again(world):
    target, mail = world.ticket(), inbound.store(letter(), "help", 1, 1)
    do(world, mail, "first", {"first": target})
    inbound.take_all()
    (mail,) = ledger()
    assert (len(messages(mail.ticket)), mail.ticket.title) == (1, "The printer is on fire")
