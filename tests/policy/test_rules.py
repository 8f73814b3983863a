"""The law, written out a second time: what each person may do, and how each address answers them."""

import pytest
from sqlalchemy import inspect
from werkzeug.exceptions import Forbidden, NotFound

from informejo import clock, db, policy
from informejo.accounts.models import Role
from informejo.policy import RULES, may
from informejo.tickets import change_actions
from informejo.tickets.words import Status

# Gus is a guest, Zoe a user, Ren the requester of the ticket, Mia an agent, Ana an admin, Dan a deactivated agent.
PEOPLE = ("gus", "zoe", "ren", "mia", "ana", "dan")
ALL = {
    "ticket.open": "gus zoe ren mia ana",
    "ticket.open_for": "mia ana",
    "ticket.see": "ren mia ana",
    "ticket.comment": "ren mia ana",
    "ticket.note": "mia ana",
    "ticket.settle": "ren mia ana",
    "ticket.triage": "mia ana",
    "ticket.confide": "mia ana",
    "ticket.link": "ren mia ana",
    "ticket.edit": "ren",
    "audit.see": "ana",
    "settings.change": "ana",
    "ticket.delete": "ana",
    "ticket.restore": "ana",
    "ticket.watch": "mia ana",
    "comment.edit": "ren",
    "desk.see": "mia ana",
    "desk.examine": "ana",
    "mail.see": "mia ana",
    "mail.settle": "mia ana",
    "mail.check": "ana",
    "team.list": "mia ana",
    "team.change": "ana",
    "sso.map": "ana",
    "user.list": "mia ana",
    "user.erase": "zoe ana",
    "user.change": "ana",
    "user.invite": "ana",
    "user.merge": "ana",
}


@pytest.fixture
def things(world, ticket):
    """What each kind of rule is asked about; the comment is Ren's."""
    return {
        "ticket": ticket,
        "comment": world.comment(world.ren, ticket, "Mine."),
        "desk": None,
        "audit": None,
        "settings": None,
        "user": world.zoe,
        "mail": None,
        "team": None,
        "sso": None,
    }


@pytest.fixture
def note(world, ticket):
    return world.note(ticket)


def test_every_rule_is_written_out_here_and_every_role_is_asked(world):
    assert {rule.what for rule in RULES} == set(ALL)
    assert {getattr(world, who).role for who in PEOPLE} == set(Role)


@pytest.mark.hardening("H-53", "H-07")
@pytest.mark.parametrize("what", ALL)
def test_a_rule_allows_exactly_those_named(world, things, what):
    thing = things[what.partition(".")[0]]
    assert [who for who in PEOPLE if may(getattr(world, who), what, thing)] == ALL[what].split()


@pytest.mark.parametrize("what", [*ALL, "ticket.unheard-of", ""])
def test_visitors_may_nothing_and_an_unknown_deed_is_nobodys(world, things, what):
    thing = things.get(what.partition(".")[0])
    assert not may(None, what, thing)
    assert what in ALL or not any(may(getattr(world, who), what, thing) for who in PEOPLE)


@pytest.mark.hardening("H-53")
@pytest.mark.parametrize("what", ALL)
def test_requiring_asks_the_same_rule(world, things, what):
    thing = things[what.partition(".")[0]]
    for who in PEOPLE:
        if may(getattr(world, who), what, thing):
            policy.require(getattr(world, who), what, thing)
        else:
            with pytest.raises(Forbidden):
                policy.require(getattr(world, who), what, thing)


def test_whoever_is_deactivated_may_nothing_at_all(world, things):
    for person in (world.mia, world.ana, world.ren):
        person.active = False
    db.commit()
    assert not [what for what in ALL for who in PEOPLE[2:] if may(getattr(world, who), what, things["ticket"])]
    assert not db.session.scalars(policy.visible_tickets(world.mia)).all()
    assert not db.session.scalars(policy.visible_comments(world.mia)).all()
    assert not db.session.scalars(policy.visible_events(world.mia)).all()
    assert not db.session.scalars(policy.binned_tickets(world.ana)).all()


def test_a_requester_settles_their_ticket_until_it_is_closed(world, ticket):
    for status in Status:
        ticket.status = status
        assert may(world.ren, "ticket.settle", ticket) == (status != Status.CLOSED)
        assert may(world.mia, "ticket.settle", ticket)


def test_a_text_belongs_to_whoever_wrote_it_and_not_to_whom_it_is_about(world):
    for_ren = world.ticket(world.mia, requester=world.ren)
    answer = world.comment(world.mia, for_ren)
    assert [who for who in PEOPLE if may(getattr(world, who), "ticket.edit", for_ren)] == ["mia"]
    assert [who for who in PEOPLE if may(getattr(world, who), "comment.edit", answer)] == ["mia"]
    assert may(world.ren, "ticket.see", for_ren)


def test_nobody_changes_their_own_rights(world):
    assert not may(world.ana, "user.change", world.ana)
    assert may(world.ana, "user.change", world.mia)


def test_tickets_are_visible_to_the_staff_and_their_requester(world, ticket):
    assert seeing(world, lambda actor: policy.find_ticket(actor, ticket.number)) == ["ren", "mia", "ana"]


def test_a_ticket_is_read_with_the_people_whom_its_page_names(world, ticket):
    db.session.expire(ticket)
    assert not inspect(policy.find_ticket(world.mia, ticket.id)).unloaded & {"requester", "assignee", "team"}


def test_an_internal_note_is_visible_to_the_staff_alone(world, ticket, note):
    answer = world.comment(world.mia, ticket)
    assert seeing(world, lambda actor: policy.find_comment(actor, note.id)) == ["mia", "ana"]
    assert seeing(world, lambda actor: policy.find_comment(actor, answer.id)) == ["ren", "mia", "ana"]


def test_events_are_visible_with_what_they_are_about(world, ticket, note):
    note_event, ticket_event = note.ticket.last_event_id, ticket.last_public_event_id
    seen = {who: list(db.session.scalars(policy.visible_events(getattr(world, who)))) for who in PEOPLE}
    assert [who for who in PEOPLE if ticket_event in {event.id for event in seen[who]}] == ["ren", "mia", "ana"]
    assert [who for who in PEOPLE if note_event in {event.id for event in seen[who]}] == ["mia", "ana"]


def test_a_deleted_ticket_is_visible_to_nobody_and_in_the_bin_to_administrators(world, ticket):
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    assert seeing(world, lambda actor: policy.find_ticket(actor, ticket.number)) == []
    assert seeing(world, lambda actor: policy.find_binned(actor, ticket.number)) == ["ana"]


def test_people_are_visible_to_the_staff(world):
    assert seeing(world, lambda actor: policy.find_user(actor, world.zoe.id)) == ["mia", "ana"]


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63, 10**30])
def test_a_number_no_row_can_have_is_one_that_does_not_exist(world, number):
    for find in (policy.find_ticket, policy.find_binned, policy.find_comment, policy.find_user):
        with pytest.raises(NotFound):
            find(world.ana, number)


def test_the_staff_are_one_audience_and_all_others_the_other(world):
    audiences = {who: policy.audience(getattr(world, who)).value for who in PEOPLE}
    assert audiences == {
        "gus": "requester",
        "zoe": "requester",
        "ren": "requester",
        "mia": "staff",
        "ana": "staff",
        "dan": "staff",
    }


def about_a_ticket() -> list[str]:
    found = [rule.what for rule in policy.RULES if rule.what.startswith(("ticket", "comment"))]
    return [what for what in found if what != "ticket.open_for"]


@pytest.mark.hardening("H-53", "O-03")
def test_whoever_of_the_staff_does_not_see_a_ticket_may_nothing_to_it(world, ticket):
    said = world.comment(world.ana, ticket)
    change_actions.assign(world.mia, ticket, world.mia)
    ticket.confidential, ticket.opened_by_id = True, world.ana.id
    db.commit()
    for thing in (ticket, said):
        for person in (world.tom, world.ana):
            may = [what for what in about_a_ticket() if policy.may(person, what, thing)]
            assert may == ["ticket.open"]
        assert policy.may(world.mia, "ticket.note", thing)


@pytest.mark.hardening("H-53", "O-04")
def test_whoever_came_by_a_link_is_the_requester_of_one_ticket_whatever_they_are_else(world, ticket):
    ticket.requester, ticket.opened_by_id = world.ana, world.ana.id
    db.commit()
    others = [rule.what for rule in policy.RULES if rule.what not in about_a_ticket()]
    assert [what for what in others if not policy.may(world.ana, what, world.ren)] == []
    assert policy.may(world.ana, "user.erase", world.ana)
    world.ticket(world.ana, "Another of hers")
    world.ana.only = ticket.id
    assert db.session.scalars(policy.visible_tickets(world.ana)).all() == [ticket]
    mine = [what for what in about_a_ticket() if what[:6] == "ticket" and policy.may(world.ana, what, ticket)]
    assert mine == ["ticket.open", "ticket.see", "ticket.comment", "ticket.settle", "ticket.link", "ticket.edit"]
    for person in (world.ren, world.ana):
        assert not [what for what in others if policy.may(world.ana, what, person)]
    assert policy.audience(world.ana) == "requester"


@pytest.mark.hardening("S-47")
def test_what_changes_hands_while_it_is_waited_for_is_looked_at_once_more(world, ticket, monkeypatch):
    said, locked = world.comment(world.mia, ticket), []
    monkeypatch.setattr("informejo.policy.rules.db.lock", locked.append)
    policy.hold(world.mia, "comment.edit", said)
    policy.hold(world.mia, "ticket.triage", ticket)
    assert locked == [ticket, said, ticket]
    with pytest.raises(Forbidden):
        policy.hold(world.ren, "ticket.triage", ticket)
    assert locked == [ticket, said, ticket], "whoever may not does not wait"
    monkeypatch.setattr("informejo.policy.rules.db.lock", lambda row: setattr(ticket, "confidential", True))
    with pytest.raises(NotFound):
        policy.hold(world.mia, "ticket.triage", ticket)
    ticket.confidential = False
    monkeypatch.setattr("informejo.policy.rules.db.lock", lambda row: setattr(said, "author_id", world.tom.id))
    with pytest.raises(Forbidden):
        policy.hold(world.mia, "comment.edit", said)
    said.author_id = world.mia.id
    monkeypatch.setattr("informejo.policy.rules.db.lock", lambda row: setattr(ticket, "deleted_at", clock.now()))
    for who, what, thing in ((world.mia, "ticket.triage", ticket), (world.mia, "comment.edit", said)):
        with pytest.raises(NotFound):
            policy.hold(who, what, thing)
    for what in ("ticket.delete", "ticket.restore"):
        policy.hold(world.ana, what, ticket)


def seeing(world, find) -> list[str]:
    """Those for whom `find` does not raise NotFound."""

    def sees(who) -> bool:
        try:
            return find(getattr(world, who)) is not None
        except NotFound:
            return False

    return [who for who in PEOPLE if sees(who)]
