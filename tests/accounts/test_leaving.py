"""Whoever leaves the desk by mistake comes back with their tickets, as one undoable batch."""

from datetime import timedelta

import pytest
from werkzeug.exceptions import Forbidden, UnprocessableEntity

from informejo import clock, db
from informejo.accounts import rights_actions, undo_actions
from informejo.accounts.models import Role
from informejo.accounts.undo_queries import last_batch_of
from informejo.audit.sentences import told
from informejo.events import log
from informejo.teams.actions import add_member, change_team, create_team
from informejo.teams.models import Team
from informejo.tickets import batch_actions, change_actions, confiding_actions
from informejo.tickets.sight_queries import named_on
from informejo.tickets.words import Status


@pytest.fixture
def tickets(world):
    """Four unsolved tickets of Ren's that are assigned to Tom."""
    tickets = [world.ticket(title=f"Number {number}") for number in range(4)]
    for ticket in tickets:
        change_actions.assign(world.mia, ticket, world.tom)
    db.commit()
    return tickets


@pytest.fixture
def shut_out(world, tickets):
    """`shut_out(to)`: Ana deactivates Tom, and this is the event of it."""

    def shut_out(to=None):
        batch = rights_actions.set_active(world.ana, world.tom, False, to)
        db.commit()
        return batch

    return shut_out


@pytest.fixture
def team(world):
    team = Team(name="Network")
    db.session.add(team)
    db.commit()
    return team


def test_all_tickets_of_somebody_who_comes_back_come_back_too(world, tickets, shut_out):
    batch = shut_out(world.mia)
    assert {ticket.assignee for ticket in tickets} == {world.mia}
    done = undo_actions.undo_batch(world.ana, batch)
    db.commit()
    assert {ticket.assignee for ticket in tickets} == {world.tom}
    assert (world.tom.active, done.name, done.changes["back"], done.batch) == (
        True,
        "user:reactivated",
        [4, 0],
        batch.id,
    )


def test_what_others_did_to_a_ticket_since_stays(world, tickets, shut_out):
    batch = shut_out(world.mia)
    taken, solved, binned, left = tickets
    change_actions.assign(world.ana, taken, world.ana)
    change_actions.set_status(world.mia, solved, Status.RESOLVED)
    change_actions.delete_ticket(world.ana, binned)
    change_actions.set_status(world.mia, left, Status.WAITING)
    db.commit()
    done = undo_actions.undo_batch(world.ana, batch)
    db.commit()
    assert [ticket.assignee for ticket in tickets] == [world.ana, world.mia, world.mia, world.tom]
    assert done.changes["back"] == [1, 3]


def test_one_that_went_away_and_back_was_changed_by_somebody(world, tickets, shut_out):
    batch = shut_out(world.mia)
    for who in (world.ana, world.mia):
        change_actions.assign(world.mia, tickets[0], who)
    db.commit()
    assert undo_actions.undo_batch(world.ana, batch).changes["back"] == [3, 1]


def test_a_team_can_take_over_and_gives_back(world, tickets, shut_out, team):
    before = Team(name="Hardware")
    db.session.add(before)
    tickets[0].team = before
    batch = shut_out(team)
    assert {(ticket.assignee, ticket.team) for ticket in tickets} == {(None, team)}
    assert batch.changes["tickets"] == [4, "Network"]
    undo_actions.undo_batch(world.ana, batch)
    db.commit()
    assert [ticket.team for ticket in tickets] == [before, None, None, None]
    assert {ticket.assignee for ticket in tickets} == {world.tom}


def test_that_a_team_has_a_ticket_now_is_nothing_its_requester_hears_of(world, shut_out, team):
    since = log.standing().latest
    shut_out(team)
    moved = [event for event in log.since(since) if "team" in event.changes]
    assert {event.audience for event in moved} == {"staff"}


def test_a_confidential_ticket_that_goes_to_a_team_names_whoever_sent_it_there(world, tickets, shut_out, team):
    tickets[0].confidential = True
    shut_out(team)
    assert (tickets[0].assignee, tickets[0].team, named_on(tickets[0])) == (None, team, [world.ana])


def test_one_that_goes_to_a_person_names_nobody(world, tickets, shut_out):
    tickets[0].confidential = True
    shut_out(world.mia)
    assert (tickets[0].assignee, named_on(tickets[0])) == (world.mia, [])


def test_whoever_does_not_see_a_confidential_ticket_cannot_hand_it_over(world, tickets):
    tickets[0].confidential = True
    db.commit()
    batch_actions.hand_over(world.ana, world.tom, world.ana)
    assert tickets[0].assignee == world.tom
    assert tickets[1].assignee == world.ana
    batch_actions.hand_over(world.tom, world.tom, None)
    assert tickets[0].assignee == world.tom, "with nobody, nobody at the desk would see it"
    batch_actions.hand_over(world.tom, world.tom, world.mia)
    assert tickets[0].assignee == world.mia


def test_what_was_handed_over_comes_back_to_whoever_left_and_then_that_they_left(world, tickets, shut_out):
    batch = shut_out(world.mia)
    for ticket in tickets:
        change_actions.assign(world.mia, ticket, world.ana)
    reopened = world.ticket()
    reopened.assignee = world.tom  # it was solved when they left
    db.commit()
    handed = batch_actions.hand_over(world.mia, world.tom, None)
    db.commit()
    assert (reopened.assignee, last_batch_of(world.tom)) == (None, handed)
    assert batch_actions.hand_over(world.mia, world.tom, None) is None
    with pytest.raises(Forbidden):
        undo_actions.undo_batch(world.ren, handed)
    undone = undo_actions.undo_batch(world.mia, handed)
    db.commit()
    assert told(undone) == "Mia Lund changed Tom Berg: 1 of their tickets came back."
    assert (reopened.assignee, world.tom.active) == (world.tom, False)
    assert last_batch_of(world.tom) == batch


def test_a_confidential_ticket_that_comes_back_to_whoever_left_is_still_seen_at_the_desk(world, tickets):
    ticket = tickets[0]
    change_actions.set_status(world.tom, ticket, Status.RESOLVED)
    confiding_actions.set_confidential(world.tom, ticket, True)
    confiding_actions.name_person(world.tom, ticket, world.mia)
    rights_actions.set_active(world.ana, world.tom, False)
    change_actions.set_status(world.mia, ticket, Status.OPEN)
    ticket.assignee = world.tom  # left behind, as in a desk that is older than handing over
    handed = batch_actions.hand_over(world.mia, world.tom, world.mia)
    confiding_actions.unname_person(world.mia, ticket, world.mia)
    assert named_on(ticket) == []
    undo_actions.undo_batch(world.mia, handed)
    db.commit()
    assert (ticket.assignee, named_on(ticket)) == (world.tom, [world.mia])


def test_what_became_confidential_since_does_not_come_back_to_whoever_handed_it_over(world, tickets):
    old, new = tickets[:2]
    confiding_actions.set_confidential(world.tom, old, True)
    handed = batch_actions.hand_over(world.tom, world.tom, world.mia)
    confiding_actions.set_confidential(world.mia, new, True)
    db.commit()
    assert undo_actions.undo_batch(world.tom, handed).changes["back"] == [3, 1]
    assert (old.assignee, new.assignee) == (world.tom, world.mia)


def test_nothing_comes_back_to_whoever_left_or_has_another_role_since(world, tickets, shut_out):
    handed = batch_actions.hand_over(world.mia, world.tom, world.mia)
    shut_out()
    assert last_batch_of(world.tom) is None
    with pytest.raises(UnprocessableEntity):
        undo_actions.undo_batch(world.mia, handed)
    rights_actions.set_active(world.ana, world.tom, True)
    assert last_batch_of(world.tom) == handed
    change_actions.assign(world.mia, tickets[0], world.tom)
    left = rights_actions.set_role(world.ana, world.tom, Role.USER)
    assert last_batch_of(world.tom) == left
    rights_actions.set_role(world.ana, world.tom, Role.ADMIN, known=True)
    assert last_batch_of(world.tom) is None


def test_whoever_left_and_has_yet_another_role_by_now_comes_back_by_no_undo(world, shut_out):
    left = shut_out()
    rights_actions.set_role(world.ana, world.tom, Role.ADMIN)
    assert last_batch_of(world.tom) is None
    with pytest.raises(UnprocessableEntity):
        undo_actions.undo_batch(world.ana, left)
    rights_actions.set_role(world.ana, world.tom, Role.AGENT)
    assert last_batch_of(world.tom) == left


def test_a_role_is_given_back_by_no_undo_to_whom_was_shut_out_since(world, tickets):
    became = rights_actions.set_role(world.ana, world.tom, Role.USER)
    rights_actions.set_active(world.ana, world.tom, False)
    assert last_batch_of(world.tom) is None
    with pytest.raises(UnprocessableEntity):
        undo_actions.undo_batch(world.ana, became)
    rights_actions.set_active(world.ana, world.tom, True)
    assert last_batch_of(world.tom) == became


@pytest.mark.parametrize("new", [False, True])
def test_a_ticket_comes_back_to_its_team_whatever_that_is_called_now(world, tickets, shut_out, team, new):
    change_actions.set_team(world.mia, tickets[0], team)
    batch = shut_out(create_team(world.ana, name="Printers"))
    change_team(world.ana, team, name="Cables", sees_all=True, categories=[])
    if new:
        create_team(world.ana, name="Network")
    undo_actions.undo_batch(world.ana, batch)
    db.commit()
    assert [ticket.team for ticket in tickets] == [team, None, None, None]


def test_another_role_is_undone_like_a_deactivation(world, tickets):
    batch = rights_actions.set_role(world.ana, world.tom, Role.USER)
    db.commit()
    undo_actions.undo_batch(world.ana, batch)
    db.commit()
    assert (world.tom.role, {ticket.assignee for ticket in tickets}) == (Role.AGENT, {world.tom})


def test_whoever_comes_back_sees_what_their_teams_say_and_no_more(world, tickets, team):
    change_team(world.ana, team, name="Network", sees_all=False, categories=[])
    add_member(world.ana, team, world.tom)
    batch = rights_actions.set_role(world.ana, world.tom, Role.USER)
    db.commit()
    assert not world.tom.narrowed
    undo_actions.undo_batch(world.ana, batch)
    db.commit()
    assert world.tom.narrowed


@pytest.mark.parametrize("why", ["undone", "too late", "something else since", "merged"])
def test_what_cannot_be_undone_any_more_is_refused(world, tickets, shut_out, monkeypatch, why):
    batch = shut_out(world.mia)
    assert last_batch_of(world.tom) == batch
    if why == "undone":
        undo_actions.undo_batch(world.ana, batch)
    elif why == "too late":
        later = clock.now() + timedelta(days=31)
        monkeypatch.setattr(clock, "now", lambda: later)
    elif why == "merged":
        world.tom.merged_into_id = world.mia.id
    else:
        rights_actions.set_active(world.ana, world.tom, True)
        change_actions.assign(world.mia, tickets[0], world.tom)
        rights_actions.set_active(world.ana, world.tom, False)
    db.session.flush()
    assert last_batch_of(world.tom) != batch
    with pytest.raises(UnprocessableEntity):
        undo_actions.undo_batch(world.ana, batch)


def test_only_an_administrator_undoes_and_not_for_themselves(world, shut_out):
    batch = shut_out(world.mia)
    for who in (world.mia, world.ren, world.tom):
        with pytest.raises(Forbidden):
            undo_actions.undo_batch(who, batch)
