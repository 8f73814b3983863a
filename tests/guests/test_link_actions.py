"""What a link is made of, what its end leaves behind, and what somebody shows who does something by one."""

from datetime import timedelta

import pytest
from sqlalchemy import inspect
from werkzeug.exceptions import Forbidden, NotFound

from informejo import clock, db
from informejo.accounts.models import Role, Session
from informejo.accounts.queries import fingerprint
from informejo.audit.models import Access
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.guests import codes, link_actions, link_queries


def test_a_code_is_read_however_it_is_typed_and_kept_as_a_hash_that_costs_something():
    code = codes.new_code()
    assert codes.LETTERS == "23456789ABCDEFGHJKMNPQRSTVWXYZ"
    assert (len(code), set(code) <= set(codes.LETTERS)) == (10, True)
    for typed in (code, f"  {codes.shown(code)}. ", code.lower(), "_".join(code), " " * 90 + code, code + " " * 500):
        assert codes.read(typed) == code, typed
    for wrong in ("", code[:9], code + "2", "0" + code[1:], "I" + code[1:], " " * 91 + code):
        assert codes.read(wrong) == "", wrong
    kept = "c866f53f368e79de1c3d6e14b8d4c0173eac755f01a305bf1579ae9e6d23749e"
    assert codes.hashed("7KQ2MXW4TP", 7) == kept


def test_a_link_is_new_lasts_thirty_days_and_is_for_its_ticket_alone(world, ticket):
    with clock.at(clock.now()):
        first, second = (
            link_actions.make_link(world.gus, ticket, "a browser"),
            link_actions.make_link(world.gus, ticket),
        )
        db.commit()
        kept = db.session.query(Session).filter_by(token_hash=fingerprint(first.token)).one()
        assert (kept.user_id, kept.ticket_id, kept.agent) == (world.gus.id, ticket.id, "a browser")
        assert (kept.created_at, kept.seen_at) == (clock.now(), clock.now())
        assert kept.expires_at == clock.now() + timedelta(days=30)
    assert kept.code_hash == codes.hashed(first.code, world.gus.id)
    assert (len(first.token), first.token != second.token, first.code != second.code) == (43, True, True)
    assert link_queries.link_with(first.token) is kept
    assert link_queries.link_with(second.token).agent == ""
    assert link_queries.opened_by_code(world.gus.email, first.code) is kept
    assert link_queries.opened_by_code(world.zoe.email, first.code) is None


def test_a_link_is_made_once_nobody_else_changes_the_persons_address_and_hashed_before(world, ticket, monkeypatch):
    done = []
    monkeypatch.setattr(link_actions, "offload", lambda hash, *_: done.append(hash))
    monkeypatch.setattr(link_actions.db, "lock", lambda row: done.append((row, *db.session.new)))
    link_actions.make_link(world.gus, ticket)
    assert done == [codes.hashed, (world.gus,)], "it takes a while, and nobody waits for it"


def test_only_the_links_that_are_named_end_each_with_one_event_for_the_staff(world, ticket):
    for _ in range(3):
        link_actions.make_link(world.gus, ticket)
    db.commit()
    newest, middle, oldest = link_queries.links_to(world.mia, ticket)
    ids = [middle.id, oldest.id]
    with pytest.raises(Forbidden):
        link_actions.end_links(world.zoe, ticket, [newest])
    link_actions.end_links(world.mia, ticket, [middle, oldest])
    events = db.commit()
    told = [(event.name, event.audience, event.user, event.changes, event.actor) for event in events]
    assert told == [
        (EventName.SESSION_ENDED, Audience.STAFF, world.gus, {"session": [id, None]}, world.mia) for id in ids
    ]
    assert link_queries.links_to(world.mia, ticket) == [newest]
    link_actions.end_links(world.gus, ticket, [middle])
    assert db.commit() == [], "what is over does not end again"


def test_a_link_is_offered_to_the_requester_by_whoever_looks_after_the_ticket(world, ticket):
    with pytest.raises(Forbidden):
        link_actions.offer_link(world.zoe, ticket)
    link_actions.offer_link(world.mia, ticket)
    [offered] = db.commit()
    assert (offered.name, offered.audience) == (EventName.LINK_OFFERED, Audience.REQUESTER)
    assert (offered.actor, offered.ticket, offered.user) == (world.mia, ticket, world.gus)


# Role, whether the address is confirmed, whether they came by a link; whether it shows the address, and whose it is.
SHOWS = [
    (Role.GUEST, False, True, True, True),
    (Role.GUEST, False, False, False, True),
    (Role.GUEST, True, True, False, True),
    (Role.USER, False, True, False, False),
    (Role.USER, False, False, False, False),
    (Role.USER, True, False, False, True),
]


@pytest.mark.parametrize(("role", "confirmed", "by_link", "address", "theirs"), SHOWS)
def test_what_is_done_by_a_link_shows_the_address_and_whose_ticket_it_is(
    world, ticket, role, confirmed, by_link, address, theirs
):
    gus, ticket.unverified = world.gus, True
    gus.role, gus.confirmed_at = role, clock.now() if confirmed else None
    db.commit()
    gus.only = ticket.id if by_link else None
    link_actions.prove(gus, ticket)
    events = db.commit()
    assert (gus.confirmed_at is not None) == (confirmed or address)
    assert [(one.kind, one.said) for one in db.session.query(Access)] == [
        ("link-used", "For the first time.")
    ] * address
    assert ticket.unverified is not theirs
    changed = [event for event in events if event.name == EventName.TICKET_UPDATED]
    assert [(event.audience, event.changes, event.ticket) for event in changed] == [
        (Audience.STAFF, {"unverified": [True, False]}, ticket)
    ] * theirs
    assert {one.user_id for one in db.session.query(Access)} <= {gus.id}
    for person in (world.mia, gus):  # staff who look after it show nothing, and whoever has shown it shows no more
        link_actions.prove(person, ticket)
        assert db.commit() == []
    assert ticket.unverified is not theirs


def test_what_somebody_shows_of_a_ticket_that_was_deleted_meanwhile_is_not_kept(world, ticket):
    ticket.unverified, ticket.deleted_at = True, clock.now()
    db.commit()
    with pytest.raises(NotFound):
        link_actions.prove(world.gus, ticket)


def made(ticket, user, **fields) -> tuple[link_actions.Link, Session]:
    link = link_actions.make_link(user, ticket)
    db.session.flush()
    session = db.session.query(Session).filter_by(token_hash=fingerprint(link.token)).one()
    for name, value in fields.items():
        setattr(session, name, value)
    db.commit()
    return link, session


@pytest.mark.hardening("H-33", "O-04")
def test_a_link_lets_in_whoever_may_come_in_to_a_ticket_that_is_theirs_in_its_time(world, ticket):
    def lets_in(link) -> tuple[bool, bool]:
        return link_queries.link_with(link.token) is not None, link_queries.opened_by_code(
            user.email, link.code
        ) is not None

    user = world.gus
    with clock.at(clock.now()):
        link, session = made(ticket, user, expires_at=clock.now() + timedelta(seconds=1))
        assert lets_in(link) == (True, True)
        session.expires_at = clock.now()
        assert lets_in(link) == (False, False)
        session.expires_at, user.active = clock.now() + timedelta(hours=1), False
        assert lets_in(link) == (False, False)
        user.active, ticket.requester = True, world.zoe
        assert lets_in(link) == (False, False)
        ticket.requester = user
        assert lets_in(link) == (True, True)


def test_a_link_is_read_with_the_person_whom_it_lets_in(world, ticket):
    link, session = made(ticket, world.gus)
    db.session.expire(session)
    assert "user" not in inspect(link_queries.link_with(link.token)).unloaded


def test_links_are_listed_a_page_at_a_time_for_who_looks_after_the_ticket(world, ticket, monkeypatch):
    monkeypatch.setattr(link_queries, "PAGE", 2)
    ages = [clock.now() - timedelta(minutes=minutes) for minutes in (1, 4, 3, 2)]
    sessions = [made(ticket, world.gus, created_at=age)[1] for age in ages]
    first, last = [sessions[0], sessions[3]], [sessions[2], sessions[1]]
    for page, found in ((None, (first, 1, True, 4)), (1, (first, 1, True, 4)), (2, (last, 2, False, 4))):
        assert link_queries.listed_links(world.mia, ticket, page) == found
    made(ticket, world.gus)
    assert link_queries.listed_links(world.gus, ticket, 2)[1:] == (2, True, 5)
    with pytest.raises(Forbidden):
        link_queries.listed_links(world.zoe, ticket)
    with pytest.raises(Forbidden):
        link_queries.find_link(world.zoe, ticket, sessions[0].id)
    with pytest.raises(NotFound):
        link_queries.find_link(world.mia, ticket, 10**30)


def test_a_browser_is_known_by_the_newest_ticket_to_which_it_has_a_link_of_that_person(world, ticket):
    newer, theirs = world.ticket(world.gus), world.ticket(world.zoe)
    linked = {"newer": (newer, world.gus), "older": (ticket, world.gus), "theirs": (theirs, world.zoe)}
    links = {name: made(*whose)[0].token for name, whose in linked.items()}
    links["over"] = made(ticket, world.gus, expires_at=clock.now() - timedelta(days=1))[0].token
    cases = {("older",): ticket.id, ("newer", "older"): newer.id, ("older", "newer", "theirs"): newer.id,
             ("over",): ticket.id, ("theirs",): None, ("unknown",): None, (): None}  # fmt: skip
    for names, number in cases.items():
        held = link_queries.ticket_held([links.get(name, name) for name in names], world.gus.email)
        assert held == number, names
