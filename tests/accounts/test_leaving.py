"""Whoever leaves the desk by mistake comes back with their tickets, as one undoable batch."""

import re
from datetime import timedelta

import pytest
from werkzeug.exceptions import Forbidden, UnprocessableEntity

from informejo import clock, db, policy
from informejo.accounts import rights_actions, undo_actions
from informejo.accounts.models import Role
from informejo.accounts.undo_queries import last_batch_of
from informejo.audit.sentences import told
from informejo.events import log
from informejo.events.sentences import done_to
from informejo.teams.actions import add_member, change_team, create_team, remove_member
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
    assert undo_actions.undo_batch(world.tom, handed).changes["back"] == [2, 0], "of confidential ones no number tells"
    assert (old.assignee, new.assignee) == (world.tom, world.mia)


def test_nothing_comes_back_to_whoever_left_or_has_another_role_since(world, tickets, shut_out):
    handed = batch_actions.hand_over(world.mia, world.tom, world.mia)
    left = shut_out()
    assert last_batch_of(world.tom) == left, "with or without tickets"
    with pytest.raises(UnprocessableEntity):
        undo_actions.undo_batch(world.mia, handed)
    assert undo_actions.undo_batch(world.ana, left).changes["back"] == [0, 0]
    assert (last_batch_of(world.tom), world.tom.active) == (None, True)
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


@pytest.fixture
def hidden(world, tickets):
    """One of Tom's tickets that nobody else of the staff sees."""
    confiding_actions.set_confidential(world.tom, tickets[0], True)
    db.commit()
    return tickets[0]


def test_undo_gives_nobody_sight_that_ended_since(world, tickets, team):
    other = create_team(world.ana, name="Printers", sees_all=False)
    change_team(world.ana, team, name="Network", sees_all=False, categories=[])
    add_member(world.ana, team, world.tom)
    change_actions.set_team(world.mia, tickets[0], team)
    handed = batch_actions.hand_over(world.tom, world.tom, world.mia)
    remove_member(world.ana, team, world.tom)
    add_member(world.ana, other, world.tom)
    db.commit()
    assert undo_actions.undo_batch(world.tom, handed).changes["back"] == [3, 1]
    assert [ticket.assignee for ticket in tickets] == [world.mia, world.tom, world.tom, world.tom]


def test_nor_sight_of_a_ticket_that_named_them_and_does_so_no_more(world, tickets, hidden):
    confiding_actions.name_person(world.tom, hidden, world.tom)
    handed = batch_actions.hand_over(world.tom, world.tom, world.mia)
    confiding_actions.unname_person(world.mia, hidden, world.tom)
    undo_actions.undo_batch(world.tom, handed)
    db.commit()
    assert [ticket.assignee for ticket in tickets] == [world.mia, world.tom, world.tom, world.tom]


def test_nor_is_one_taken_from_others_by_whoever_handed_it_over_and_sees_it_no_more(world, tickets, hidden):
    confiding_actions.name_person(world.tom, hidden, world.mia)
    handed = batch_actions.hand_over(world.mia, world.tom, world.ana)
    confiding_actions.unname_person(world.ana, hidden, world.mia)
    undo_actions.undo_batch(world.mia, handed)
    db.commit()
    assert [ticket.assignee for ticket in tickets] == [world.ana, world.tom, world.tom, world.tom]


def test_after_undo_whoever_was_named_sees_it_no_more_also_where_a_colleague_is_called_so(world, hidden):
    world.mia.name = world.ana.name
    batch = rights_actions.set_active(world.ana, world.tom, False)
    db.commit()
    assert named_on(hidden) == [world.ana]
    undo_actions.undo_batch(world.ana, batch)
    db.commit()
    assert (hidden.assignee, named_on(hidden)) == (world.tom, [])


@pytest.mark.parametrize("how", [rights_actions.set_active, rights_actions.set_role])
@pytest.mark.parametrize("named", [False, True])
def test_after_undo_whoever_was_named_in_their_place_sees_it_no_more(world, hidden, how, named):
    if named:  # it is not theirs to work on, but names them
        confiding_actions.name_person(world.tom, hidden, world.tom)
        change_actions.assign(world.tom, hidden, None)
    batch = how(world.ana, world.tom, Role.USER if how is rights_actions.set_role else False)
    db.commit()
    assert policy.sees(world.ana, hidden)
    undo_actions.undo_batch(world.ana, batch)
    db.commit()
    assert [policy.sees(who, hidden) for who in (world.tom, world.ana)] == [True, False]
    assert named_on(hidden) == ([world.tom] if named else [])


def test_what_it_names_by_then_because_somebody_said_so_stays(world, hidden):
    batch = rights_actions.set_active(world.ana, world.tom, False)
    confiding_actions.name_person(world.ana, hidden, world.mia)
    change_actions.assign(world.ana, hidden, world.mia)
    undo_actions.undo_batch(world.ana, batch)
    db.commit()
    assert (hidden.assignee, named_on(hidden)) == (world.mia, [world.mia])


def test_nobody_is_told_how_many_confidential_tickets_went(world, visit, hidden, shut_out):
    """Ana, who sees it neither before nor after, is told of the three that she sees."""
    ana, page = visit(world.ana), f"/users/{world.tom.id}/rights"
    assert "<b>3</b> unsolved tickets are assigned" in ana.get(page).text
    batch = shut_out(world.mia)
    shown = ana.get(page).text + ana.get("/audit").text
    assert "3 tickets went" in shown
    assert "3 of their tickets went to Mia Lund" in shown
    undone = undo_actions.undo_batch(world.ana, batch)
    db.commit()
    assert (hidden.assignee, undone.changes["back"]) == (world.tom, [3, 0])


def test_whether_there_were_any_nobody_learns_either(world, visit, hidden, tickets):
    """With confidential ones alone everything is said as with none."""
    for ticket in tickets[1:]:
        change_actions.assign(world.mia, ticket, None)
    said = []
    for whom in (world.tom, world.mia):
        event = rights_actions.set_active(world.ana, whom, False)
        db.commit()
        page = visit(world.ana).get(f"/users/{whom.id}/rights").text
        said.append([text.replace(whom.name, "") for text in (told(event), done_to(event), undo_panel(page))])
    assert said[0] == said[1]
    assert "can be undone" in said[0][2]


def undo_panel(page: str) -> str:
    """What it says, but for the moment at which it was."""
    return re.sub("<time.*?</time>", "", re.search("panel undo.*?</form>", page, re.DOTALL)[0].split("<p>")[1])
