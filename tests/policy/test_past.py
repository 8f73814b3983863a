"""What an event took from whom: how a ticket was before it, whom it concerned then, and who may have lost it."""

import pytest

from informejo import db, policy
from informejo.accounts import rights_actions
from informejo.accounts.actions import edit_profile
from informejo.accounts.models import Role
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import BESIDE, EventName
from informejo.teams import actions as teams
from informejo.tickets import actions, batch_actions, change_actions, confiding_actions
from informejo.tickets.models import NamedPerson
from informejo.tickets.words import Priority, Status
from tests.world import CAST

EVERYBODY = tuple(CAST)


def test_what_can_end_somebodys_sight_is_asked_about_and_nothing_else(world, ticket, team):
    """Of each change whether it is, in a desk where all of the staff see all, and where a team sees its own."""

    def ends(change, *words) -> bool:
        change(*words)
        return sum(policy.may_end_sight(event) for event in db.commit()) > 0

    assign, set_team = change_actions.assign, change_actions.set_team
    assert not ends(change_actions.set_status, world.mia, ticket, Status.RESOLVED)
    assert not ends(change_actions.set_priority, world.mia, ticket, Priority.LOW)
    assert not ends(lambda: actions.add_comment(world.mia, ticket, body="Look."))
    assert not ends(assign, world.mia, ticket, world.mia)
    assert not ends(rights_actions.set_role, world.ana, world.zoe, Role.AGENT)
    assert ends(set_team, world.mia, ticket, team)
    assert ends(assign, world.mia, ticket, None)
    assert not ends(change_actions.set_status, world.mia, ticket, Status.OPEN)
    assert ends(confiding_actions.set_confidential, world.mia, ticket, True)
    assert ends(change_actions.delete_ticket, world.ana, world.ticket())


def test_a_ticket_is_known_as_it_was_before_each_change(world, ticket, team):
    """What each event took from it comes back, one after the other, whoever has it now."""
    other, team = world.ticket(), teams.create_team(world.ana, name="Zebras")
    db.commit()
    first, was = log.standing().latest, policy.AsItWas(ticket.id, world.ren.id, None, None, False, frozenset())
    assigned = was._replace(assignee_id=world.mia.id)
    secret = assigned._replace(confidential=True, named=frozenset([world.tom.id]))
    for change in (
        lambda: change_actions.assign(world.mia, ticket, world.mia),
        lambda: change_actions.set_team(world.mia, ticket, team),
        lambda: change_actions.set_team(world.mia, ticket, None),
        lambda: confiding_actions.set_confidential(world.mia, ticket, True),
    ):
        change()
        db.commit()
        change_actions.assign(world.mia, other, world.tom if other.assignee is not world.tom else None)
        db.commit()
    events = [event for event in log.since(first) if event.ticket_id == ticket.id]
    events = [event for event in events if "status" not in event.changes]
    before = [policy.as_it_was(event) for event in events]
    assert before[:3] == [was, assigned, assigned._replace(team_id=team.id)]
    assert before[3] == assigned
    assert secret.confidential
    assert policy.concerned_by(events[0]) == {world.ren.id, world.mia.id}
    change_actions.assign(world.mia, ticket, world.tom)
    handed = [event for event in db.commit() if "assignee" in event.changes]
    assert policy.concerned_by(handed[0]) >= {world.ren.id, world.mia.id, world.tom.id}


def test_whom_a_confidential_ticket_named_saw_it_and_nobody_else_did(world, ticket, team):
    change_actions.set_team(world.mia, ticket, team)
    confiding_actions.set_confidential(world.mia, ticket, True)  # which names Mia
    db.commit()
    first = log.standing().latest
    for change in (confiding_actions.name_person, confiding_actions.unname_person):
        change(world.mia, ticket, world.tom)
        db.commit()
    came, went = log.since(first)
    mia, tom = world.mia.id, world.tom.id
    assert [policy.as_it_was(event).named for event in (came, went)] == [{mia}, {mia, tom}]
    world.comment(world.ren, ticket, "Said to those who see it.")
    said = log.since(went.id)[0]
    assert (policy.concerned_by(said), policy.may_end_sight(said)) == ({world.ren.id, mia}, False)
    saw = {who: policy.may(getattr(world, who), "ticket.see", policy.as_it_was(went)) for who in EVERYBODY}
    assert [who for who, did in saw.items() if did] == ["mia", "tom", "ren"]
    assert not policy.may(world.tom, "ticket.see", policy.as_it_was(came))
    assert (policy.concerned_by(went), policy.may_end_sight(went)) == ({world.ren.id, mia, tom}, True)


@pytest.mark.hardening("O-03")
def test_of_two_who_are_called_alike_nobody_is_taken_for_whom_it_named(world, ticket):
    confiding_actions.set_confidential(world.mia, ticket, True)
    confiding_actions.name_person(world.mia, ticket, world.tom)
    db.commit()
    confiding_actions.unname_person(world.mia, ticket, world.tom)
    [went] = db.commit()
    mia, tom = world.mia.id, world.tom.id
    other = world.ticket(world.zoe)
    db.session.add(NamedPerson(ticket_id=other.id, user_id=world.ana.id))
    went.user = None
    db.commit()
    assert tom in policy.concerned_by(went)
    both = {"named": [[world.tom.name, world.ana.name, world.mia.name], [world.mia.name]]}
    gone = log.record(EventName.TICKET_UPDATED, world.mia, ticket=ticket, audience=Audience.STAFF, changes=both)
    assert policy.as_it_was(gone).named == {mia, tom, world.ana.id}
    db.session.rollback()
    assert policy.as_it_was(went).named == {mia, tom}, "there is one Tom Berg of the staff"
    world.zoe.name = world.tom.name
    assert policy.as_it_was(went).named == {mia, tom}, "and one who is not of it"
    world.dan.name = world.tom.name
    assert policy.as_it_was(went).named == {mia}, "of two who are called so it could be either"


@pytest.mark.hardening("O-03")
def test_an_event_that_says_whom_it_meant_means_nobody_else_who_is_called_so(world, ticket):
    confiding_actions.set_confidential(world.mia, ticket, True)
    confiding_actions.name_person(world.mia, ticket, world.tom)
    db.commit()
    confiding_actions.unname_person(world.mia, ticket, world.tom)
    [went] = db.commit()
    world.dan.name, world.tom.role = world.tom.name, Role.USER  # of the staff Dan alone is called so now
    db.commit()
    assert policy.as_it_was(went).named == {world.mia.id, world.tom.id}


@pytest.mark.hardening("O-03")
def test_whoever_takes_a_colleagues_former_name_did_not_see_what_that_one_had(world, ticket):
    """Of many that go at once no event says by itself whose they were."""
    ticket.assignee = world.tom
    db.commit()
    batch = batch_actions.hand_over(world.mia, world.tom, world.mia)
    db.commit()
    [handed] = log.since(batch.id)
    edit_profile(world.tom, name="Tom Berg-Lund")
    edit_profile(world.ana, name="Tom Berg")
    db.commit()
    assert policy.as_it_was(handed).assignee_id == world.tom.id


@pytest.mark.hardening("O-03")
def test_whoever_loses_tickets_that_go_at_once_is_told_also_where_others_are_called_so(world, ticket, team):
    change_actions.assign(world.ana, ticket, world.tom)
    change_actions.set_team(world.ana, ticket, team)
    world.tom.narrowed, world.mia.name = True, world.tom.name
    db.commit()
    batch = batch_actions.hand_over(world.ana, world.tom, world.ana)
    db.commit()
    [handed] = log.since(batch.id)
    assert world.tom.id in policy.concerned_by(handed)
    assert policy.may(world.tom, "ticket.see", policy.as_it_was(handed))
    assert not policy.sees(world.tom, ticket)


@pytest.mark.hardening("O-03")
def test_a_team_that_takes_anothers_former_name_did_not_see_what_that_one_had(world, ticket, team):
    change_actions.set_team(world.mia, ticket, team)
    change_actions.set_team(world.mia, ticket, teams.create_team(world.ana, name="Third"))
    moved, name = db.commit()[-1], team.name
    teams.change_team(world.ana, team, name="Wages", sees_all=False, categories=[])
    teams.add_member(world.ana, teams.create_team(world.ana, name=name, sees_all=False), world.tom)
    db.commit()
    before = policy.as_it_was(moved)
    assert (before.team_id, policy.may(world.tom, "ticket.see", before)) == (team.id, False)
    teams.delete_team(world.ana, team)
    db.commit()
    before = policy.as_it_was(moved)
    assert (before.team_id, policy.may(world.tom, "ticket.see", before)) == (0, False), "nor where it is no more"


@pytest.mark.hardening("O-03")
def test_whoever_had_a_ticket_is_known_whatever_they_and_others_are_called_by_then(world, ticket):
    about = {"ticket": ticket, "user": world.tom, "changes": {"assignee": [world.tom.name, world.ana.name]}}
    handed = log.record(EventName.TICKET_UPDATED, world.ana, audience=Audience.STAFF, **about)
    world.tom.name, world.mia.name = "Former user", world.tom.name  # which no event tells
    db.commit()
    assert policy.as_it_was(handed).assignee_id == world.tom.id


def test_whom_a_ticket_concerned_before_is_told_whoever_the_event_is_about(world, ticket, team):
    change_actions.set_team(world.mia, ticket, team)
    change_actions.assign(world.mia, ticket, world.mia)
    db.commit()
    change_actions.assign(world.tom, ticket, world.tom)
    [handed] = [event for event in db.commit() if "assignee" in event.changes]
    handed.user = None
    db.commit()
    assert policy.concerned_by(handed) == {world.ren.id, world.mia.id, world.tom.id}
    ticket.requester = world.zoe
    changes = {"requester": [world.ana.name, world.zoe.name], "status": ["open", "in_progress"]}
    given = log.record(EventName.TICKET_UPDATED, world.mia, ticket=ticket, audience=Audience.STAFF, changes=changes)
    db.commit()
    assert policy.as_it_was(given).requester_id == world.ana.id
    watched = log.record(EventName.WATCHER_ADDED, world.mia, ticket=ticket, audience=Audience.STAFF, user=world.mia)
    assert policy.concerned_by(watched) == {world.zoe.id, world.tom.id, world.mia.id}
    assert policy.concerned_by(given) == {world.zoe.id, world.ana.id, world.tom.id}


@pytest.mark.hardening("O-03")
def test_tickets_are_lost_by_what_changed_who_sees_them_and_by_nothing_else(world, ticket, team):
    kept = world.ticket()
    world.tom.narrowed = True
    world.comment(world.mia, ticket, "Look.")
    for one in (ticket, kept):
        change_actions.assign(world.mia, one, world.mia)
    change_actions.set_team(world.mia, ticket, team)
    db.commit()
    lost = db.session.scalars(policy.lost_events(world.tom)).all()
    assert [(event.ticket_id, min(event.changes)) for event in lost] == [(1, "assignee"), (1, "team")]
    assert not db.session.scalars(policy.lost_events(world.mia)).all()


def test_what_is_not_known_to_be_harmless_is_asked_about(world, ticket):
    def ends(name: str, *fields: str) -> bool:
        changes = {field: ["a", "b"] for field in fields}
        return policy.may_end_sight(
            log.record(name, world.mia, ticket=ticket, audience=Audience.STAFF, changes=changes)
        )

    fields = ("title", "description", "body", "status", "priority", "category", "unverified", "assignee")
    harmless = ["ticket:created", "ticket:updated", "comment:added", "comment:edited"]
    harmless += ["attachment:added", "attachment:checked", *BESIDE]
    assert [name for name in harmless if ends(name, *fields)] == []
    assert all(ends("ticket:updated", field) for field in ("requester", "team", "confidential", "named", "new-field"))
    assert ends("ticket:deleted")
    ticket.confidential = True
    assert ends("ticket:updated", "assignee")
    assert not ends("ticket:updated", "title")
