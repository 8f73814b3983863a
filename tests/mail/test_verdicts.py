"""Who is mailed about what happens, who is not, and why: each event, for each person whom it concerns."""

import pytest

from informejo import db
from informejo.mail.words import Decision, Kind, Why
from informejo.tickets import change_actions
from tests.mail.deciding import catch_up, told


@pytest.fixture
def desk(world):
    """The cast, with the reader of mail at the end of the log."""
    catch_up()
    return world


def test_who_opens_a_ticket_gets_a_receipt_and_administrators_hear_of_it(desk):
    desk.ticket()
    assert told(desk.ren) == [(Kind.OPENED, Why.REQUESTER, Decision.WAITING)]
    assert told(desk.ana) == [(Kind.NEW, Why.NEW, Decision.WAITING)]
    assert told(desk.mia) == []


def test_a_reply_is_mailed_to_the_requester_and_not_to_its_author(desk):
    ticket = desk.ticket()
    change_actions.assign(desk.mia, ticket, desk.mia)
    db.commit()
    desk.comment(desk.mia, ticket, "Look here, @Tom")
    assert told(desk.ren)[1:] == [(Kind.MESSAGE, Why.REQUESTER, Decision.WAITING)]
    assert told(desk.tom) == [(Kind.MESSAGE, Why.MENTIONED, Decision.WAITING)]
    assert told(desk.mia) == [
        (Kind.ASSIGNED, Why.ASSIGNEE, Decision.OWN),
        (Kind.MESSAGE, Why.ASSIGNEE, Decision.OWN),
    ]
