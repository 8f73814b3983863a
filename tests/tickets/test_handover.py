"""Whoever leaves the desk leaves no ticket behind: each goes to a colleague or the queue, and everybody hears of it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest
from werkzeug.exceptions import UnprocessableEntity

from informejo import db, policy
from informejo.accounts import rights_actions
from informejo.accounts.models import Role, User
from informejo.desk import stats
from informejo.events import log
from informejo.events.names import EventName
from informejo.tickets import actions, change_actions
from informejo.tickets.words import Status
from tests.live import dom
from tests.live.sse import Listener

LEAVE = {
    "shut out": lambda world, to=None: rights_actions.set_active(world.ana, world.tom, False, to),
    "a requester now": lambda world, to=None: rights_actions.set_role(world.ana, world.tom, Role.USER, to),
}


@pytest.fixture(params=LEAVE)
def leave(world, request):
    """Tom leaves the desk, in each of the two ways there are; his tickets go to whom is named."""

    def leave(to=None):
        LEAVE[request.param](world, to)
        db.commit()

    return leave


@pytest.fixture
def ticket(world):
    """Ren's ticket, which Tom has."""
    ticket = world.ticket()
    change_actions.assign(world.mia, ticket, world.tom)
    db.commit()
    return ticket


def test_each_ticket_has_its_own_line_in_the_log_and_says_what_it_belongs_to(world, ticket, leave):
    since = log.standing().latest
    leave(world.mia)
    left, handed = log.since(since)[:2]
    assert (left.batch, handed.batch) == (None, left.id)
    assert (handed.name, handed.actor, handed.ticket) == (EventName.TICKET_UPDATED, world.ana, ticket)
    assert handed.changes == {"assignee": ["Tom Berg", "Mia Lund"]}
    assert left.user == world.tom
    assert left.changes["tickets"] == [1, "Mia Lund"]


def test_open_queues_pages_and_the_receiver_hear_of_it(world, visit, ticket, leave):
    receiver, queue = Listener(visit(world.mia), "/live?on=me"), Listener(visit(world.mia), "/live?on=queue")
    page = Listener(visit(world.ren), f"/live?on=ticket:{ticket.id}")
    leave(world.mia)
    row = dom.read("".join(message.data for message in queue.heard())).find(f"row-{ticket.number}")
    assert "Mia Lund" in [sign["aria-label"] for sign in row.all("span", role="img")]
    assert "Mia Lund is on it" in dom.read("".join(message.data for message in page.heard())).text
    [toast] = [message.data for message in receiver.heard() if "toast-" in message.data]
    assert f"#{ticket.number} The printer is on fire" in dom.read(toast).text


def test_what_goes_to_nobody_waits_in_the_queue_and_is_counted(world, ticket, leave):
    before = stats.counts_for(world.mia, log.standing()).unassigned
    leave()
    assert (ticket.assignee, stats.counts_for(world.mia, log.standing()).unassigned) == (None, before + 1)


def test_many_go_together_and_none_of_others(world, ticket, leave):
    for number in range(45):
        change_actions.assign(world.mia, world.ticket(title=f"Number {number}"), world.tom)
    others = world.ticket(title="Of nobody")
    db.commit()
    leave(world.mia)
    owners = [listed.assignee for listed in db.session.scalars(policy.visible_tickets(world.mia))]
    assert (owners.count(world.mia), others.assignee) == (46, None)


def test_whoever_stays_at_the_desk_keeps_theirs(world, ticket):
    rights_actions.set_role(world.ana, world.tom, Role.ADMIN, world.mia)
    db.commit()
    assert ticket.assignee == world.tom


@pytest.mark.parametrize("over", [Status.RESOLVED, Status.CLOSED])
@pytest.mark.parametrize("how", ["the requester writes", "the status is set"])
def test_a_solved_one_that_is_opened_again_waits_for_anybody(world, ticket, leave, over, how):
    change_actions.set_status(world.mia, ticket, over)
    leave()
    assert ticket.assignee == world.tom, "who solved it is no secret"
    if how == "the status is set":
        change_actions.set_status(world.mia, ticket, Status.OPEN)
    elif over == Status.CLOSED:
        ticket = actions.reply(world.ren, ticket, body="It is broken again.")  # which opens another
    else:
        actions.add_comment(world.ren, ticket, body="It is not solved.")
    db.commit()
    assert (ticket.status, ticket.assignee) == (Status.OPEN, None)
    if over == Status.RESOLVED or how == "the status is set":
        assert log.since(0)[-1].changes == {"status": [over, "open"], "assignee": ["Tom Berg", None]}


def test_one_that_is_opened_again_stays_with_whoever_is_at_the_desk(world, ticket):
    change_actions.set_status(world.mia, ticket, Status.RESOLVED)
    actions.add_comment(world.ren, ticket, body="It is not solved.")
    db.commit()
    assert ticket.assignee == world.tom


def test_one_that_comes_back_from_the_bin_waits_for_anybody(world, visit, ticket, leave):
    change_actions.delete_ticket(world.ana, ticket)
    leave(world.mia)
    change_actions.restore_ticket(world.ana, ticket)
    db.commit()
    assert ticket.assignee is None
    said = dom.read(visit(world.mia).get(f"/tickets/{ticket.number}").text).find("timeline").text
    assert "brought this ticket back and gave this back to the queue" in said


def test_nothing_is_changed_when_the_receiver_left_meanwhile(world, ticket):
    with pytest.raises(UnprocessableEntity):
        rights_actions.set_active(world.ana, world.tom, False, world.dan)
    db.session.rollback()
    assert (world.tom.active, ticket.assignee) == (True, world.tom)


def test_none_that_is_given_to_them_meanwhile_slips_through(app, world):
    """Ten tickets are given to Tom while he is shut out: each is refused, or handed over."""
    together = Barrier(11)

    def at_once(deed, id):
        with app.app_context(), suppress(UnprocessableEntity):
            mia, tom, ana = (db.session.get(User, person) for person in (1, 2, 3))
            together.wait()
            deed(mia, tom, ana, id)
            db.commit()

    def give(mia, tom, _ana, id):
        change_actions.assign(mia, policy.find_ticket(mia, id), tom)

    def shut_out(_mia, tom, ana, _id):
        rights_actions.set_active(ana, tom, False)

    deeds = [(give, world.ticket().id) for _ in range(10)] + [(shut_out, 0)]
    with ThreadPoolExecutor(11) as pool:
        list(pool.map(at_once, *zip(*deeds, strict=True)))
    db.session.expire_all()
    assert not world.tom.active
    assert [listed.assignee for listed in db.session.scalars(policy.visible_tickets(world.mia))] == [None] * 10
