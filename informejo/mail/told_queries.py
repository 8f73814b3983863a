"""Who was told what and why: one's own verdicts, and those of a ticket."""

from collections.abc import Collection
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from informejo import db, policy
from informejo.accounts.models import User
from informejo.events.models import Event
from informejo.events.sentences import sentence
from informejo.mail.models import Verdict
from informejo.paging import nearest_page
from informejo.tickets.models import Comment, Ticket

PAGE = 25  # verdicts on one page of one's own, events on one of a ticket
_TO_ONESELF = {"They ": "You ", "Their ": "Your ", "with them": "with you"}  # details are kept as the staff read them
_EVENT = joinedload(Verdict.event).options(
    joinedload(Event.actor),
    joinedload(Event.user),
    joinedload(Event.comment),
    joinedload(Event.ticket).joinedload(Ticket.requester),
)


class Own(NamedTuple):
    """One verdict for its own person, and what it is about in words; empty when they may not see that any more."""

    verdict: Verdict
    sentence: str
    detail: str


class About(NamedTuple):
    """All verdicts about one event."""

    event: Event
    verdicts: tuple[Verdict, ...]


class LedgerPage(NamedTuple):
    """One page of Own or About, the newest first: its number from 1, and whether there is another after it."""

    lines: list
    number: int
    more: bool


def verdicts_for(user: User, page: int | None) -> LedgerPage:
    """That person's own verdicts. A page that cannot be is the nearest that can."""
    total = db.session.scalar(select(func.count()).where(Verdict.user_id == user.id))
    number = nearest_page(page, total, PAGE)
    verdicts = _page_of(user, number)
    seen = _still_visible(user, {verdict.event_id for verdict in verdicts})
    lines = [_own(user, verdict, verdict.event_id in seen) for verdict in verdicts]
    return LedgerPage(lines, number, total > number * PAGE)


def told_of(ticket: Ticket, page: int | None) -> LedgerPage:
    """Who was told of what happened on that ticket; events that concern nobody are left out."""
    events = select(Event.id).where(Event.ticket_id == ticket.id, select(Verdict).where(_of_event).exists())
    total = db.session.scalar(select(func.count()).select_from(events.subquery()))
    number = nearest_page(page, total, PAGE)
    shown = list(db.session.scalars(events.order_by(Event.id.desc()).limit(PAGE).offset((number - 1) * PAGE)))
    verdicts = select(Verdict).where(Verdict.event_id.in_(shown)).join(User, User.id == Verdict.user_id)
    verdicts = verdicts.order_by(Verdict.event_id.desc(), User.folded, User.id, Verdict.why)
    found = db.session.scalars(verdicts.options(_EVENT, joinedload(Verdict.user), joinedload(Verdict.mail)))
    lines = [About(event, tuple(group)) for event, group in groupby(found, lambda verdict: verdict.event)]
    return LedgerPage(lines, number, total > number * PAGE)


def _page_of(user: User, number: int) -> list[Verdict]:
    """Their keys first, out of an index: somebody may have a hundred thousand."""
    mine, order = Verdict.user_id == user.id, (Verdict.event_id.desc(), Verdict.why)
    keys = select(Verdict.event_id, Verdict.why).where(mine).order_by(*order).limit(PAGE).offset((number - 1) * PAGE)
    shown = {tuple(row) for row in db.rows(keys)}
    verdicts = select(Verdict).where(mine, Verdict.event_id.in_({event for event, _ in shown})).order_by(*order)
    found = db.session.scalars(verdicts.options(_EVENT, joinedload(Verdict.mail)))
    return [verdict for verdict in found if (verdict.event_id, verdict.why) in shown]


def _own(user: User, verdict: Verdict, visible: bool) -> Own:
    event, detail = verdict.event, verdict.detail
    for theirs, yours in _TO_ONESELF.items():
        detail = detail.replace(theirs, yours)
    # Only what others did was done to the reader.
    said = sentence(event, user.id if event.actor_id != user.id else None) if visible else ""
    return Own(verdict, said, detail if visible else "")


def _still_visible(user: User, events: Collection[int]) -> set[int]:
    """Of these events, those the person may still know of: their ticket and their message are there for them."""
    tickets = policy.visible_tickets(user).with_only_columns(Ticket.id)
    own = select(Event.id).where(Event.id.in_(events), Event.ticket_id.is_(None), Event.user_id == user.id)
    seen = policy.visible_events(user).where(Event.id.in_(events), Event.ticket_id.in_(tickets))
    said = policy.visible_comments(user).with_only_columns(Comment.id)
    seen = seen.where(Event.comment_id.is_(None) | Event.comment_id.in_(said)).with_only_columns(Event.id)
    return set(db.session.scalars(own.union(seen)))


_of_event = Verdict.event_id == Event.id
