"""Whoever of the staff does not see a ticket finds nothing of it behind any door, and no number that counts it."""

import itertools
import random
import re

import pytest
from sqlalchemy import select

from informejo import clock, db, policy
from informejo.accounts.models import Role, User
from informejo.built_once import ANY_STAFF
from informejo.mail.models import CaughtMail, OutgoingMail, Verdict
from informejo.mail.words import Decision, Kind, OutState, Why
from informejo.readers.models import KeptEvent
from informejo.shelf import shelf
from informejo.teams import actions as teams
from informejo.teams.models import TeamMember
from informejo.tickets import change_actions, confiding_actions
from informejo.tickets.models import NamedPerson, Ticket
from tests.intake.letters import come
from tests.test_no_leak import FILES, MARKER, look

SEES = {"confidential": ("mia", "ren"), "of a team": ("mia", "ana", "ren")}
ELSE = ("tom", "ana", "zoe")  # Tom is in another team, Ana an administrator, Zoe a requester
OTHERS = ("/live", "/metrics")  # streams have their own tests; what is measured is for programs
LISTS = ("/queue", "/queue/news", "/tickets", "/bin", "/mail/in", "/mail/out")
LOOKED = ("", f"?q={MARKER[:5]}&status=", "?status=&all=yes", "?assignee=none&status=unsolved", "?team=1&status=")


@pytest.fixture
def other(world):
    """Tom's team sees its own; the ticket is of another one."""
    own, other = (teams.create_team(world.ana, name=name) for name in ("Phones", "Servers"))
    teams.change_team(world.ana, own, name="Phones", sees_all=False, categories=[])
    teams.add_member(world.ana, own, world.tom)
    db.commit()
    return other


@pytest.fixture(params=SEES)
def hidden(request, world, other, visit):
    """A ticket of which some do not know, with the marker wherever words can be, and what hangs on it."""
    ticket = world.ticket(title=f"{MARKER} in the hall", description=f"A {MARKER} stands there.")
    change_actions.assign(world.mia, ticket, world.mia)
    if request.param == "confidential":
        confiding_actions.set_confidential(world.mia, ticket, True)
    else:
        change_actions.set_team(world.mia, ticket, other)
    db.commit()
    ticket.kind, ticket.came = request.param, come(subject="A mail", text=MARKER)
    opened = ticket.came.ticket
    opened.title = opened.description = "Opened by a mail that belongs elsewhere"
    ticket.came.ticket = ticket
    db.commit()
    return ticket


def fill(world, ticket):
    """Messages, a note, a file, mails both ways, a bundle, one that was caught, an event that a reader failed on."""
    said = world.comment(world.ren, ticket, f"The {MARKER} is asleep.")
    world.note(ticket, f"Wake the {MARKER}.")
    about = {"address": "kim@example.net", "due_at": clock.now(), "state": OutState.FAILED, "error": MARKER}
    single = OutgoingMail(kind=Kind.MESSAGE, ticket=ticket, subject=MARKER, **about)
    bundle = OutgoingMail(kind=Kind.BUNDLE, subject=MARKER, **about)
    db.session.add_all([single, bundle])
    db.session.flush()
    kept = {"event_id": said.ticket.last_event_id, "why": Why.WATCHER, "kind": Kind.MESSAGE}
    db.session.add(Verdict(user_id=world.mia.id, decision=Decision.FAILED, mail_id=bundle.id, **kept))
    raw = f"Subject: {MARKER}\r\n\r\n{MARKER}\r\n".encode()
    for mail in (single, bundle):
        db.session.add(CaughtMail(address="kim@example.net", subject=MARKER, raw=raw, mail_id=mail.id))
    ticket.came.subject = MARKER
    db.session.add(KeptEvent(reader="mail", event_id=ticket.last_event_id, error=MARKER, since=clock.now(), tries=1))
    db.commit()
    return {
        "comment": said.id,
        "in": ticket.came.id,
        "out": single.id,
        "caught": db.session.scalar(select(CaughtMail.id)),
    }


def addresses(app, ticket, ids: dict[str, int]) -> list[str]:
    """Every address that can be read, filled with what belongs to the ticket."""
    found = []
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and rule.endpoint not in FILES]
    with app.test_request_context():
        adapter = app.url_map.bind("localhost")
        for rule in rules:
            thing = next(
                (kind for kind in ("in", "out", "caught") if rule.rule.startswith(f"/mail/{kind}/")), "comment"
            )
            id = 1 if rule.rule.startswith(("/users", "/teams")) else ids[thing]
            values = {"number": ticket.id, "id": id, "token": "none", "name": "x.png", "user_id": 1, "event_id": 1}
            values = {name: values.get(name, "mail") for name in rule.arguments}
            if "<int:id>/parts" in rule.rule:
                values["number"] = 1
            found.append(adapter.build(rule.endpoint, values))
    return [address for address in found if not address.startswith(OTHERS)]


def places(browser, addresses: list[str]) -> set[str]:
    """Where the marker is found."""
    asked = (address + query for address in addresses for query in (LOOKED if address in LISTS else ("",)))
    return {place for place in asked if MARKER.encode() in look(browser, place)}


@pytest.mark.hardening("O-03")
def test_nothing_of_it_is_behind_any_door_of_those_who_do_not_see_it(app, world, visit, hidden):
    ids = fill(world, hidden)
    everywhere = addresses(app, hidden, ids)
    found = places(visit(world.mia), everywhere)
    assert {f"/tickets/{hidden.id}", "/queue", "/desk", "/mail/in", "/mail/out"} <= found, "it is kept, for who sees it"
    for who in ELSE:
        if who not in SEES[hidden.kind]:
            assert places(visit(getattr(world, who)), everywhere) == set(), who
    gone = [f"/tickets/{hidden.id}", f"/mail/in/{ids['in']}", f"/comments/{ids['comment']}"]
    for address in gone:
        missing, unseen = (
            visit(world.tom).get(place) for place in (address[: address.rindex("/")] + "/987654", address)
        )
        assert (unseen.status_code, unseen.data) == (404, missing.data)
        assert visit(world.mia).get(address).status_code in (200, 302)


@pytest.mark.hardening("O-03")
def test_no_count_and_no_order_moves_for_those_who_do_not_see_it(app, world, visit, hidden):
    pages = ["/desk", "/desk/counts", "/queue", "/queue?status=", "/mail/in", "/mail/out", "/users", "/unread", "/bin"]
    pages += ["/tickets", "/profile/mail", "/teams/2", f"/users/{world.ren.id}", f"/users/{world.mia.id}"]
    blind = next(who for who in ELSE if who not in SEES[hidden.kind])
    numbers = {}
    with clock.at(clock.now()):
        for who in (blind, "mia"):
            browser = visit(getattr(world, who))
            numbers[who] = [_still(browser.get(page).text) for page in pages]
        fill(world, hidden)
        shelf.forget()
        after = {who: [_still(visit(getattr(world, who)).get(page).text) for page in pages] for who in numbers}
    assert [page for page, one, two in zip(pages, numbers[blind], after[blind], strict=True) if one != two] == []
    assert numbers["mia"] != after["mia"]


def _still(text: str) -> str:
    """Without the bookmarks, which are sealed anew each time."""
    return re.sub(r"since=[\w-]{48}", "", text)


def test_the_two_ways_to_ask_who_sees_a_ticket_say_the_same(world, other):
    """`policy.sees` of a ticket at hand, `visible_tickets` and `knows` in statements: of anybody and any ticket."""
    rng, people = random.Random(11), [world.mia, world.tom, world.ana, world.ren, world.zoe, world.gus, world.dan]
    own = db.session.scalar(select(TeamMember.team_id))
    for team_id, confidential, assignee, requester, named in itertools.product(
        (None, own, other.id), (False, True), (None, world.tom, world.mia), (world.ren, world.tom), (None, world.tom)
    ):
        ticket = world.ticket(requester, f"Ticket {rng.random()}")
        ticket.team_id, ticket.confidential, ticket.assignee = team_id, confidential, assignee
        for person in {named, rng.choice(people)} - {None}:
            db.session.add(NamedPerson(ticket_id=ticket.id, user_id=person.id))
        ticket.deleted_at = clock.now() if rng.random() < 0.1 else None
    db.commit()
    tickets = db.session.scalars(select(Ticket)).all()
    for narrowed, only in itertools.product((False, True), (None, tickets[3].id)):
        for person in people:
            person.narrowed, person.only = narrowed and person.role == Role.AGENT, only
            visible = {ticket.id for ticket in db.session.scalars(policy.visible_tickets(person))}
            assert visible == {ticket.id for ticket in tickets if policy.sees(person, ticket)}, person
            known = set(db.session.scalars(select(Ticket.id).where(policy.knows(person, Ticket.__table__.c.id))))
            assert person.only or known >= visible
            person.only = None
    User.only = None
    shared = {ticket.id for ticket in db.session.scalars(policy.visible_tickets(ANY_STAFF))}
    assert shared == {ticket.id for ticket in tickets if not ticket.confidential and ticket.deleted_at is None}


def test_a_ticket_that_was_of_a_team_which_is_called_otherwise_now_was_not_everybodys(world, other):
    ticket = world.ticket()
    change_actions.set_team(world.mia, ticket, other)
    db.commit()
    change_actions.set_team(world.mia, ticket, None)
    [moved] = db.commit()
    teams.change_team(world.ana, other, name="Machines", sees_all=True, categories=[])
    db.commit()
    before = policy.as_it_was(moved)
    assert not policy.may(world.tom, "ticket.see", before), "Tom, who never saw it, is not told that it went"
    assert policy.may(world.mia, "ticket.see", before)
