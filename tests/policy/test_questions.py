"""The law asked directly, a table for each question: channels, the bin, whom a ticket concerns, who hears."""

import pytest
from sqlalchemy import null, select
from sqlalchemy.orm import aliased
from werkzeug.exceptions import NotFound

from informejo import clock, db, policy
from informejo.accounts import rights_actions
from informejo.accounts.models import Role
from informejo.accounts.sign_ins import Viewer
from informejo.built_once import ANY_STAFF
from informejo.events.names import PEOPLE
from informejo.live.wire import Channel
from informejo.teams import actions as teams
from informejo.tickets import change_actions
from informejo.tickets.models import NamedPerson, Ticket
from tests.world import CAST

NO_TICKET = (
    *("ticket:0", "ticket:07", "ticket:", "ticket:7x", "ticket:x7", "ticket:٣", "ticket:999999999999", "ticket:-1"),
    *("queue:7", "xticket:7", "7", "ticket:1:7", "ticket"),
)
EVERYBODY = tuple(CAST)


def viewer(user, **fields) -> Viewer:
    return Viewer(user.id, user.name, user.role)._replace(**fields)


@pytest.mark.parametrize(
    ("topic", "number"),
    [
        ("ticket:7", 7),
        ("ticket:99999999999", 99_999_999_999),
        *((wrong, None) for wrong in NO_TICKET),
    ],
)
def test_a_topic_names_a_ticket_in_one_spelling_alone(topic, number):
    assert policy.ticket_of(topic) == number


@pytest.mark.hardening("L-11", "O-04")
def test_whoever_listens_gets_the_channels_that_are_for_them(world, ticket):
    mia, ren = viewer(world.mia), viewer(world.ren)
    by_link = viewer(world.ren, only=ticket.id)
    other, own = f"ticket:{world.ticket(world.zoe).id}", f"ticket:{ticket.id}"
    user = f"user:{mia.id}"
    heard = [
        (mia, ["queue"], ["queue", user], "staff"),
        (mia, ["queue", "desk", "queue", "me"], ["queue", user, "desk"], "staff"),
        (mia._replace(narrowed=True), ["queue", "desk"], [f"queue:{mia.id}", f"desk:{mia.id}"], "staff"),
        (ren, ["me", own], [f"user:{ren.id}", own], "requester"),
        (by_link, [own], [own], "requester"),
        (mia._replace(only=ticket.id, id=ren.id), [own], [own], "requester"),
    ]
    for who, topics, channels, audience in heard:
        found, missing = policy.channels(who, topics, "json")
        assert (found, missing) == (tuple(Channel(one, audience, "json") for one in channels), [])
    for who, topic in ((ren, "queue"), (ren, "desk"), (by_link, "me"), (mia, "user:1"), (mia, ""), (mia, "ticket:0"),
                       (mia._replace(active=False), "queue")):  # fmt: skip
        with pytest.raises(NotFound):
            policy.channels(who, [topic], "html")
    not_by_it = f"ticket:{world.ticket().id}"
    for who, topic in ((ren, other), (by_link, other), (by_link, not_by_it), (by_link._replace(id=mia.id), own),
                       (mia, "ticket:987")):  # fmt: skip
        found, missing = policy.channels(who, [topic, topic], "html")
        assert (found, [one.number for one in missing]) == ((), [policy.ticket_of(topic)])


def people(world, named) -> list[int]:
    return [getattr(world, who).id for who in named.split()]


@pytest.mark.hardening("O-03")
def test_a_confidential_ticket_concerns_requester_assignee_and_whom_it_names(world, ticket):
    other = world.ticket(world.zoe)
    change_actions.assign(world.mia, ticket, world.mia)
    db.session.add(NamedPerson(ticket_id=ticket.id, user_id=world.tom.id))
    db.commit()
    ids = people(world, " ".join(EVERYBODY))
    assert policy.named_on(ticket) == set()
    assert policy.who_sees(ticket.id, ids) == {*people(world, "mia tom ana ren")}
    assert all(policy.sees_everything(getattr(world, who)) == (who in ("mia", "tom", "ana")) for who in EVERYBODY)
    ticket.confidential = True
    db.commit()
    assert policy.named_on(ticket) == {world.tom.id}
    assert policy.who_sees(ticket.id, ids) == {*people(world, "mia tom ren")}
    assert policy.who_sees(ticket.id, ids[:1]) == {world.mia.id}
    assert policy.who_sees(other.id, ids) == {*people(world, "mia tom ana zoe")}
    assert [who for who in EVERYBODY if policy.sees_everything(getattr(world, who))] == ["mia", "tom"]
    world.mia.narrowed = True
    assert not policy.sees_everything(world.mia)


@pytest.mark.hardening("O-03")
def test_whom_it_concerns_and_names_goes_with_the_ticket_they_are_named_on(world, ticket):
    other, ids = world.ticket(world.zoe), people(world, " ".join(EVERYBODY))
    change_actions.assign(world.mia, ticket, world.mia)
    ticket.confidential = True
    db.session.add(NamedPerson(ticket_id=ticket.id, user_id=world.tom.id))
    db.commit()
    for tickets, found in (([ticket, other], "ren mia tom"), ([other], "")):
        some = select(Ticket.id).where(Ticket.id.in_([one.id for one in tickets]))
        assert set(db.session.scalars(policy.confided_people(some))) == {*people(world, found)}
    db.session.execute(NamedPerson.__table__.delete())
    db.session.add(NamedPerson(ticket_id=other.id, user_id=world.tom.id))
    db.commit()
    assert policy.who_sees(ticket.id, ids) == {*people(world, "mia ren")}
    ticket.deleted_at = clock.now()
    db.commit()
    assert policy.who_sees(ticket.id, ids) == set()


def test_whom_a_mail_reaches_sees_the_ticket_or_asked_for_it(world, ticket):
    assert [who for who in EVERYBODY if policy.hears(getattr(world, who), ticket)] == ["mia", "tom", "ana", "ren"]
    world.ren.confirmed_at, ticket.unverified = None, True
    assert not policy.sees(world.ren, ticket)
    assert policy.hears(world.ren, ticket)
    assert not policy.sees(None, ticket)
    world.ren.active = False
    assert not policy.hears(world.ren, ticket)
    ticket.deleted_at = clock.now()
    assert not [who for who in EVERYBODY if policy.hears(getattr(world, who), ticket)]


def test_an_unconfirmed_ticket_is_shown_to_no_account_that_may_be_anothers(world, ticket):
    ticket.unverified = True
    for role, confirmed, shown in ((Role.USER, False, False), (Role.USER, True, True), (Role.GUEST, False, True)):
        world.ren.role, world.ren.confirmed_at = role, clock.now() if confirmed else None
        db.commit()
        assert policy.sees(world.ren, ticket) is shown
        assert bool(db.session.scalars(policy.visible_tickets(world.ren)).all()) is shown
        world.ren.only = ticket.id
        assert policy.sees(world.ren, ticket)
        assert db.session.scalars(policy.visible_tickets(world.ren)).all() == [ticket]
        world.ren.only = None
    world.ren.role, world.ren.confirmed_at, ticket.unverified = Role.USER, None, False
    db.commit()
    assert policy.sees(world.ren, ticket)
    assert db.session.scalars(policy.visible_tickets(world.ren)).all() == [ticket], "what they opened themselves"


@pytest.mark.hardening("O-03")
def test_whoever_sees_their_teams_tickets_sees_those_of_none_and_their_own_too(world, ticket, team):
    teams.add_member(world.ana, team, world.tom)
    other = teams.create_team(world.ana, name="Servers")
    teams.add_member(world.ana, other, world.mia)
    world.tom.narrowed = True
    db.commit()
    cases = {(None, None, "ren"): True, (team, None, "ren"): True, (other, None, "ren"): False,
             (other, "tom", "ren"): True, (other, None, "tom"): True, (other, "mia", "ren"): False}  # fmt: skip
    for (its, assignee, requester), seen in cases.items():
        ticket.team, ticket.requester = its, getattr(world, requester)
        ticket.assignee = assignee and getattr(world, assignee)
        db.commit()
        assert policy.sees(world.tom, ticket) is seen
        assert policy.who_sees(ticket.id, [world.tom.id, world.mia.id]) == {world.mia.id, *([world.tom.id] * seen)}
        assert bool(db.session.scalars(policy.visible_tickets(world.tom)).all()) is seen
        one = aliased(Ticket)
        known = select(one.id).where(policy.knows(world.tom, one.id))
        assert bool(db.session.scalars(known).all()) is seen
        assert bool(db.session.scalars(policy.lost_events(world.tom)).all()) is False or not seen


@pytest.mark.hardening("O-03")
def test_of_one_ticket_the_law_says_what_it_says_of_lists(world, ticket, team):
    """Whoever looks, in whatever way: each ticket by itself is theirs to see where it is among those they see."""
    teams.add_member(world.ana, team, world.tom)
    other = teams.create_team(world.ana, name="Servers")
    world.tom.narrowed = True
    kinds = ({}, {"team": team}, {"team": other}, {"confidential": True}, {"confidential": True, "assignee": world.tom},
             {"requester": world.tom, "confidential": True}, {"requester": world.mia, "confidential": True},
             {"requester": world.zoe}, {"team": other, "assignee": world.mia}, {"unverified": True})  # fmt: skip
    tickets = [ticket, *(world.ticket() for _ in kinds)]
    for one, kind in zip(tickets[1:], kinds, strict=True):
        for field, value in kind.items():
            setattr(one, field, value)
    db.session.add(NamedPerson(ticket_id=tickets[4].id, user_id=world.tom.id))
    db.commit()
    for who in EVERYBODY:
        for only in (None, ticket.id, tickets[2].id):
            person = getattr(world, who)
            person.only = only
            among = set(db.session.scalars(policy.visible_tickets(person)))
            alone = {one for one in tickets if policy.sees(person, one)}
            assert alone == among, (who, only)
            assert only is None or who == "ren" or not among
            person.only = None


@pytest.mark.hardening("O-03")
def test_in_the_bin_a_ticket_is_as_secret_as_before_and_whom_one_names_another_does_not(world, ticket):
    other = world.ticket(world.zoe)
    for one, named in ((ticket, world.tom), (other, world.ana)):
        one.confidential = True
        db.session.add(NamedPerson(ticket_id=one.id, user_id=named.id))
    ticket.deleted_at = other.deleted_at = clock.now()
    db.commit()
    assert (policy.named_on(ticket), policy.named_on(other)) == ({world.tom.id}, {world.ana.id})
    assert db.session.scalars(policy.binned_tickets(world.ana)).all() == [other]


@pytest.mark.hardening("O-03")
def test_who_knows_of_a_ticket_is_who_sees_it_in_the_bin_too_and_of_none_is_everybody(world, ticket):
    other, known_id = world.ticket(world.zoe), aliased(Ticket).id  # in another table than the law's own
    world.tom.narrowed, ticket.deleted_at, ticket.confidential = True, clock.now(), True
    ticket.assignee = world.mia
    db.commit()
    for who, knows in {
        "mia": {1, 2},
        "tom": {2},
        "ana": {2},
        "ren": {1},
        "zoe": {2},
        "gus": set(),
        "dan": set(),
    }.items():
        person = getattr(world, who)
        assert set(db.session.scalars(select(known_id).where(policy.knows(person, known_id)))) == knows, who
        assert db.session.scalar(select(other.id).where(policy.knows(person, null()))) == other.id


@pytest.mark.hardening("O-03")
def test_what_all_of_the_staff_share_says_nothing_of_a_confidential_ticket_that_nobody_has(world, ticket):
    other, known_id = world.ticket(world.zoe), aliased(Ticket).id
    ticket.confidential = True
    db.commit()
    assert db.session.scalars(select(known_id).where(policy.knows(ANY_STAFF, known_id))).all() == [other.id]
    assert not db.session.scalars(policy.confided_to(ANY_STAFF)).all()
    assert db.session.scalars(policy.confided_to(world.ren)).all() == [ticket.id], "it is kept, for whom it concerns"


@pytest.mark.hardening("O-03")
def test_administrators_audit_what_is_of_no_ticket_and_of_tickets_that_they_see(world, ticket, team):
    other = world.ticket(world.zoe)
    ticket.confidential = True
    db.commit()
    audited = {who: db.session.scalars(policy.audited_events(getattr(world, who))).all() for who in EVERYBODY}
    assert {event.ticket_id for event in audited.pop("ana")} == {None, other.id}
    assert not any(audited.values())
    rights_actions.set_role(world.ana, world.zoe, Role.AGENT)
    changed = db.commit()
    assert db.session.scalars(policy.people_events()).all() == [one for one in changed if one.name in PEOPLE] != []
