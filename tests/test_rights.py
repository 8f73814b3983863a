"""The rights matrix: each address that names a ticket x everybody x whose ticket it is, from the rows of test_routes.

A row there says how a visitor, a stranger, the requester, an agent and an administrator are answered. From that and
from SEES, which says who sees whose ticket, each cell here follows; nothing is written down twice.
"""

import re
import secrets
from datetime import timedelta
from typing import NamedTuple

import pytest

from informejo import clock, db
from informejo.accounts.models import Session, User
from informejo.accounts.queries import fingerprint
from informejo.cookies import cookie_name
from informejo.mail import actions as mail
from informejo.policy import sees
from informejo.teams.models import Team, TeamMember
from informejo.tickets import actions
from informejo.tickets.models import Ticket
from tests.test_routes import CHANGE, FILLED, GRAND, READ

WHOSE = ("own", "another's", "a team's", "confidential", "missing")
SEES = {  # whose tickets each of them sees, beside none that is missing
    "visitor": (),
    "guest by link": ("own",),
    "agent by link": ("own",),
    "user": ("own",),
    "agent": ("own", "another's", "a team's"),
    "agent of another team": ("own", "another's"),
    "admin": ("own", "another's", "a team's"),
    "deactivated": (),
}
ROLE = {  # as whom of a row's five they are answered where they see the ticket
    "guest by link": 2,
    "agent by link": 2,
    "user": 2,
    "agent": 3,
    "agent of another team": 3,
    "admin": 4,
}
TICKETS = ("/tickets/<int:number>", "/comments/<int:id>", "/files/<token>")
ROWS = [(method, row) for method, rows in (("GET", READ), ("POST", CHANGE)) for row in rows if row.startswith(TICKETS)]
ROWS.remove(("POST", "/tickets/<int:number>/restoration"))  # is asked about what lies in the bin: see tests/policy


class Desk(NamedTuple):
    """Everybody of SEES, and a browser of each. Ren is whoever else has tickets."""

    people: dict[str, User | None]
    ren: User
    team: Team


@pytest.fixture
def desk(world):
    team, printers = Team(name="Networks", sees_all=False), Team(name="Printers", sees_all=False)
    db.session.add_all([team, printers])
    db.session.flush()
    db.session.add(TeamMember(team_id=printers.id, user_id=world.tom.id))
    world.tom.narrowed = True
    db.commit()
    people = {"visitor": None, "guest by link": world.gus, "agent by link": world.mia, "user": world.zoe}
    people |= {"agent": world.mia, "agent of another team": world.tom, "admin": world.ana, "deactivated": world.dan}
    return Desk(people, world.ren, team)


@pytest.fixture
def ticket_of(desk, world):
    """`ticket_of(who, whose)`: a new ticket of that kind, with a message, a file, a watcher; None if missing."""

    def ticket_of(who: str, whose: str) -> Ticket | None:
        if whose == "missing":
            return None
        requester = desk.people[who] if whose == "own" and desk.people[who] else desk.ren
        opener = requester if requester.active else world.ana
        ticket = world.ticket(opener, requester=requester, files=[world.file()])
        world.comment(opener, ticket, "It still burns.")
        mail.watch(world.ana, ticket, world.ana)
        ticket.team = desk.team if whose == "a team's" else None
        ticket.confidential = whose == "confidential"
        db.commit()
        return ticket

    return ticket_of


@pytest.fixture
def browser_of(desk, visit, app):
    """`browser_of(who, ticket)`: their browser, signed in as far as they can, or with a link to that ticket."""

    def browser_of(who: str, ticket: Ticket | None):
        person = desk.people[who]
        if not who.endswith("by link"):
            return visit(person)
        browser, token = visit(), secrets.token_urlsafe(32)
        lasts = clock.now() + timedelta(days=1)
        own = (
            ticket
            if ticket is not None and ticket.requester is person
            else actions.open_ticket(person, title="Another of mine", description="That the link is for.")
        )
        db.session.add(Session(token_hash=fingerprint(token), user=person, expires_at=lasts, ticket_id=own.id))
        db.commit()
        browser.set_cookie(f"{cookie_name()}-{own.id}", token)
        return browser

    return browser_of


def address_of(row: str, ticket: Ticket | None) -> str:
    address = row.partition(GRAND)[0]
    if ticket is None:
        places = {"<int:number>": "999", "<int:id>": "999", "<token>": "none-of-ours"}
    else:
        said = ticket.attachments[0].token
        comment = db.session.scalar(db.session.query(actions.Comment.id).filter_by(ticket_id=ticket.id).statement)
        places = {"<int:number>": str(ticket.id), "<int:id>": str(comment), "<token>": said, "<name>": "smoke.png"}
    if address.endswith("/removal"):
        places["<int:id>"] = "1"
    for part, value in (places | {"<name>": "smoke.png"} | FILLED | places).items():
        address = address.replace(part, value)
    return address


def expected(method: str, row: str, who: str, whose: str, by_link: bool) -> str:
    """The status of one cell, from the row of the address and from SEES."""
    cells = (READ[row] if method == "GET" else CHANGE[row][1]).split()
    if who in ("visitor", "deactivated") or (who.endswith("by link") and whose != "own"):
        return cells[0]  # a link is for one ticket; at all others, there or not, its owner is a visitor
    if whose not in SEES[who]:
        return "404"
    if who.endswith("by link") and not by_link:
        return cells[0]  # nor does it open every door
    if is_the_authors(cells) and whose == "own":
        return cells[2]  # whoever wrote it, whatever else they are
    return cells[ROLE[who]]


def opens_by_link(app, method: str, row: str) -> bool:
    """Whether the view of that address lets in who comes by a link."""
    rules = app.url_map.iter_rules()
    (view,) = {rule.endpoint for rule in rules if rule.rule == row.partition(GRAND)[0] and method in rule.methods}
    return getattr(app.view_functions[view], "by_link", False)


def changes_sight(row: tuple[str, str]) -> bool:
    """Whether what it does changes who sees the ticket: it gets one of its own, after all others."""
    return row[0] == "POST" and bool(re.search("deletion|confiden|named|team|links", row[1]))


def is_the_authors(cells: list[str]) -> bool:
    return cells[3:] == ["403", "403"] and cells[2] != "403"


@pytest.mark.hardening("H-07", "S-48")
@pytest.mark.parametrize("who", SEES)
def test_every_address_answers_everybody_as_their_sight_and_role_say(app, world, ticket_of, browser_of, who):
    tickets = {whose: ticket_of(who, whose) for whose in WHOSE}
    found, wanted, bodies = {}, {}, {}
    for method, row in sorted(ROWS, key=changes_sight):
        by_link = opens_by_link(app, method, row)
        for whose in WHOSE:
            ticket = ticket_of(who, whose) if changes_sight((method, row)) else tickets[whose]
            fields = CHANGE[row][0] if method == "POST" else None
            answer = browser_of(who, ticket).open(address_of(row, ticket), method=method, data=fields, buffered=True)
            cell = method, row, whose
            found[cell], wanted[cell] = str(answer.status_code), expected(method, row, who, whose, by_link)
            bodies[cell] = re.sub(rb"\b\d+\b", b"", answer.data)
            db.session.rollback()
            world.mia.only = world.gus.only = None  # the session of a request is this test's
    assert {cell: (found[cell], wanted[cell]) for cell in found if found[cell] != wanted[cell]} == {}
    hidden = [cell for cell in bodies if found[cell] == "404" and cell[2] not in SEES[who]]
    assert [cell for cell in hidden if bodies[cell] != bodies[*cell[:2], "missing"]] == []


def test_who_sees_whose_ticket_is_the_laws_own(desk, ticket_of):
    for who, person in desk.people.items():
        if person is None or who.endswith("by link"):
            continue
        seen = tuple(whose for whose in WHOSE if (ticket := ticket_of(who, whose)) and sees(person, ticket))
        assert seen == SEES[who], who
