"""Whom an event concerns, and why: before anybody asks whether they want to hear of it."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import select

from informejo import db, policy
from informejo.accounts.models import STAFF, User
from informejo.accounts.queries import staff_members
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.mail import choices
from informejo.mail.mentions import mentioned
from informejo.mail.models import MailChoices, Watcher
from informejo.mail.words import Kind, Why
from informejo.tickets.models import Ticket

_EAGER = select(User, MailChoices).outerjoin(MailChoices, MailChoices.user_id == User.id)
_EAGER = _EAGER.where(User.role.in_(STAFF), User.active).order_by(User.id)
_WATCHERS = select(User).join(Watcher, Watcher.user_id == User.id).order_by(User.id)
_ORDER = list(Why)
OF_WAYS_IN = {
    "second_factor",
    "passkey",
    "recovery_codes",
    "identity",
    "password",
}  # what changes of people say of them


class Concern(NamedTuple):
    """Somebody whom an event concerns: what they are to it, and what a mail to them would be about."""

    user: User
    why: Why
    kind: Kind


def concerned(event: Event) -> list[Concern]:
    """Everybody whom the event concerns, each once, for the first reason that fits."""
    find = _FOUND_BY.get(event.name)
    return _each_once(find(event)) if find else []


def of_reply(ticket: Ticket, internal: bool = False, author: User | None = None, body: str = "") -> list[User]:
    """Who gets the message that `author`, of the staff, is about to send; with `body` also whom it calls by name.

    Those who switched such mails off, or may not see it any more, are not among them.
    """
    everybody = _each_once(_of_message(ticket, body, internal, author))
    found = [one for one in everybody if one.user is not author and _may_see(one.user, ticket, internal)]
    rows = db.session.scalars(select(MailChoices).where(MailChoices.user_id.in_([one.user.id for one in found])))
    chose = {row.user_id: row for row in rows}
    return [user for user, why, kind in found if _wants(user, chose.get(user.id), why, kind)]


def _created(event: Event) -> Iterator[Concern]:
    yield Concern(event.ticket.requester, Why.REQUESTER, Kind.OPENED)
    yield from _eager(Kind.NEW, event.ticket)


def _said(event: Event) -> Iterator[Concern]:
    if event.comment is not None:
        yield from _of_message(event.ticket, event.comment.body, event.comment.internal, event.comment.author)


def _of_message(ticket: Ticket, body: str, internal: bool, author: User | None) -> Iterator[Concern]:
    if not internal:
        yield Concern(ticket.requester, Why.REQUESTER, Kind.MESSAGE)
    if ticket.assignee:
        yield Concern(ticket.assignee, Why.ASSIGNEE, Kind.MESSAGE)
    if "@" in body and author and author.is_staff:
        people = [person for person in staff_members() if _is_in_sight(person, ticket)]
        yield from (Concern(user, Why.MENTIONED, Kind.MESSAGE) for user in mentioned(body, people))
    yield from _watching(ticket, Kind.MESSAGE)
    if ticket.assignee is None:
        yield from _eager(Kind.MESSAGE, ticket)


def _updated(event: Event) -> Iterator[Concern]:
    ticket, changes = event.ticket, event.changes
    # The log has the name of the new assignee. If it is with somebody else since, a later event tells them.
    if changes.get("assignee", (None, None))[1] and ticket.assignee and ticket.assignee.name == changes["assignee"][1]:
        yield Concern(ticket.assignee, Why.ASSIGNEE, Kind.ASSIGNED)
    if "status" in changes:
        yield Concern(ticket.requester, Why.REQUESTER, Kind.STATUS)
        if ticket.assignee:
            yield Concern(ticket.assignee, Why.ASSIGNEE, Kind.STATUS)
        yield from _watching(ticket, Kind.STATUS)


def _failed(event: Event) -> Iterator[Concern]:
    """Not whom the mail was for: none reaches them."""
    assignee = event.ticket and event.ticket.assignee
    if assignee and assignee.id != event.user_id:
        yield Concern(assignee, Why.ASSIGNEE, Kind.UNDELIVERED)
    else:
        yield from (concern for concern in _eager(Kind.UNDELIVERED, event.ticket) if concern.user.id != event.user_id)


def _watched(event: Event) -> Iterator[Concern]:
    if event.user_id != event.actor_id:
        yield Concern(event.user, Why.WATCHER, Kind.WATCHING)


def _offered(event: Event) -> Iterator[Concern]:
    yield Concern(event.user, Why.ACCOUNT, Kind.PASSWORD)


def _address_offered(event: Event) -> Iterator[Concern]:
    yield Concern(event.user, Why.ACCOUNT, Kind.ADDRESS)


def _forgotten(event: Event) -> Iterator[Concern]:
    yield Concern(event.user, Why.ACCOUNT, Kind.FORGOTTEN)


def _person_updated(event: Event) -> Iterator[Concern]:
    """Whoever has got in as another adds a way in of their own, and its owner should hear of it.

    Not with the first one that a newcomer has, nor where it is a role that took the password away, or came with one.
    """
    about = OF_WAYS_IN & event.changes.keys()
    if about and "joining" not in event.changes and not (about == {"password"} and "role" in event.changes):
        yield Concern(event.user, Why.ACCOUNT, Kind.FACTORS)


def _link_offered(event: Event) -> Iterator[Concern]:
    yield Concern(event.ticket.requester, Why.REQUESTER, Kind.LINK)


def _watching(ticket: Ticket, kind: Kind) -> Iterator[Concern]:
    watchers = db.session.scalars(_WATCHERS.where(Watcher.ticket_id == ticket.id))
    return (Concern(user, Why.WATCHER, kind) for user in watchers if _is_in_sight(user, ticket))


def _eager(kind: Kind, ticket: Ticket | None) -> Iterator[Concern]:
    """The staff who want to hear of every new ticket, and of those that are with nobody."""
    eager = (user for user, row in db.session.execute(_EAGER).all() if choices.chosen(user, row).all_new)
    return (Concern(user, Why.NEW, kind) for user in eager if ticket is None or _is_in_sight(user, ticket))


def _is_in_sight(user: User, ticket: Ticket) -> bool:
    """Whether this ticket is there for one of the staff. If not, no verdict about it is theirs: they could count them.

    Of whoever is not at the desk any more the verdict says why they are not told.
    """
    return not user.is_at_the_desk or policy.may(user, "ticket.see", ticket)


def _wants(user: User, row: MailChoices | None, why: Why, kind: Kind) -> bool:
    return choices.wants(choices.chosen(user, row), why, kind)


def _may_see(user: User, ticket: Ticket, internal: bool) -> bool:
    return policy.hears(user, ticket) and (user.is_staff or not internal)


def _each_once(found: Iterable[Concern]) -> list[Concern]:
    first: dict[User, Concern] = {}
    for concern in sorted(found, key=lambda concern: _ORDER.index(concern.why)):  # stable: first come, first served
        first.setdefault(concern.user, concern)
    return list(first.values())


_FOUND_BY = {
    EventName.TICKET_CREATED: _created,
    EventName.COMMENT_ADDED: _said,
    EventName.TICKET_UPDATED: _updated,
    EventName.MAIL_FAILED: _failed,
    EventName.WATCHER_ADDED: _watched,
    EventName.PASSWORD_OFFERED: _offered,
    EventName.PASSWORD_FORGOTTEN: _forgotten,
    EventName.LINK_OFFERED: _link_offered,
    EventName.ADDRESS_OFFERED: _address_offered,
    EventName.USER_UPDATED: _person_updated,
}
