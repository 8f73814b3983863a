"""The law: who may do what, see what, as which audience, on which channels. Deny by default."""

import re
from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple

from flask import current_app
from sqlalchemy import ColumnElement, Select, and_, bindparam, false, or_, select
from sqlalchemy.orm import aliased, joinedload
from werkzeug.exceptions import Forbidden, NotFound

from informejo import clock, db
from informejo.accounts.models import Role, User
from informejo.built_once import built_once
from informejo.events.models import Audience, Event
from informejo.events.names import BESIDE, PEOPLE, EventName
from informejo.glance import glance
from informejo.live.wire import Channel
from informejo.teams.models import TeamMember
from informejo.tickets.models import Attachment, Comment, NamedPerson, Ticket
from informejo.tickets.words import Status

NOTHING = "There is no such thing, or it is not for you to see."


class Rule(NamedTuple):
    """One rule: what may be done, who may do it in words (docs/policy.md prints them), and the same as a function."""

    what: str
    who: str
    may: callable


class Unseen(NotFound):
    """There is no such ticket for this person: it never was, or was never theirs, or is not any more, all alike.

    `binned` is the event that put it into the bin, for those who knew the ticket and may know of that; else None.
    """

    def __init__(self, number: int, binned: Event | None = None):
        super().__init__(NOTHING)
        self.number, self.binned = number, binned


def _anyone(actor, thing):
    return True


def _staff(actor, thing):
    return actor.is_staff and (not isinstance(thing, Ticket | Comment) or _party(actor, thing))


def _admin(actor, thing):
    return actor.role == Role.ADMIN and _staff(actor, thing)


def _party(actor, thing):
    ticket = thing.ticket if isinstance(thing, Comment) else thing
    if actor.only not in (None, ticket.id):
        return False
    if not actor.is_staff:
        return ticket.requester_id == actor.id
    if actor.id in (ticket.requester_id, ticket.assignee_id):
        return True
    if ticket.confidential:
        return is_named(actor, ticket)
    return not actor.narrowed or ticket.team_id is None or _is_member(actor, ticket)


def _author(actor, thing):
    wrote = (thing.author_id if isinstance(thing, Comment) else thing.opened_by_id) == actor.id
    return wrote and _party(actor, thing)


def _party_until_closed(actor, ticket):
    return _party(actor, ticket) and (actor.is_staff or ticket.status != Status.CLOSED)


def _another(actor, user):
    return _admin(actor, user) and user.id != actor.id


RULES = (
    Rule("ticket.open", "everybody; guests by mail, since they cannot sign in", _anyone),
    Rule("ticket.open_for", "staff", _staff),
    Rule("ticket.see", "staff who see it, and its requester", _party),
    Rule("ticket.comment", "staff who see it, and its requester", _party),
    Rule("ticket.note", "staff who see it", _staff),
    Rule(
        "ticket.settle",
        "staff who see it; its requester too until it is closed (solved, or open again)",
        _party_until_closed,
    ),
    Rule("ticket.triage", "staff who see it", _staff),
    Rule("ticket.confide", "staff who see it (confidential or not, and whom it names)", _staff),
    Rule("ticket.link", "staff who see it, and its requester", _party),
    Rule("ticket.edit", "the person who wrote it, while they see it", _author),
    Rule("ticket.delete", "administrators who see it", _admin),
    Rule("ticket.restore", "administrators who see it", _admin),
    Rule("ticket.watch", "staff who see it", _staff),
    Rule("comment.edit", "the person who wrote it, while they see it", _author),
    Rule("desk.see", "staff", _staff),
    Rule("desk.examine", "administrators", _admin),
    Rule("audit.see", "administrators", _admin),
    Rule("settings.change", "administrators", _admin),
    Rule("mail.see", "staff", _staff),
    Rule("mail.settle", "staff", _staff),
    Rule("mail.check", "administrators", _admin),
    Rule("team.list", "staff", _staff),
    Rule("team.change", "administrators", _admin),
    Rule("sso.map", "administrators (what roles at a provider make somebody here)", _admin),
    Rule("user.list", "staff", _staff),
    Rule("user.change", "administrators, but nobody their own role, activity or link to choose a password", _another),
)
_NUMBER = re.compile(r"[1-9][0-9]{0,10}", re.ASCII)  # one topic has one spelling
WITH_THE_BIN = ("ticket.delete", "ticket.restore")  # what can be done to a ticket that lies in it
_MAY = {rule.what: rule.may for rule in RULES}

# What can happen to a ticket without anybody losing sight of it. Whatever is not named here is asked about, so that
# a field that comes later and decides who sees a ticket takes it from open pages from its first day on.
_HARMLESS = {
    EventName.TICKET_CREATED,
    EventName.TICKET_UPDATED,
    EventName.COMMENT_ADDED,
    EventName.COMMENT_EDITED,
    EventName.ATTACHMENT_ADDED,
    *BESIDE,
}
_HARMLESS_FIELDS = {"title", "description", "body", "status", "priority", "category", "assignee", "unverified"}


def may(actor: User | None, what: str, thing=None) -> bool:
    """Whether `actor` may do `what` to `thing`. An unknown deed, a visitor and an inactive person are refused."""
    rule = _MAY.get(what)
    return bool(rule and actor and actor.active and rule(actor, thing))


def require(actor: User | None, what: str, thing=None):
    """Raise Forbidden unless `may`. Every action begins with this."""
    if not may(actor, what, thing):
        raise Forbidden("You may not do this.")


def hold(actor: User | None, what: str, thing: Ticket | Comment):
    """`require`, and again once the row is locked: since it was found it may have changed hands, or gone into the bin.

    Nobody can change it from here on until the transaction ends. Actions that write to something begin with this.
    Raises Forbidden, or NotFound when it is gone or its ticket lies in the bin.
    """
    require(actor, what, thing)  # whoever may not need not wait for it either
    ticket = thing.ticket if isinstance(thing, Comment) else thing
    for row in dict.fromkeys((ticket, thing)):
        db.lock(row)
    if ticket.deleted_at is not None and what not in WITH_THE_BIN:
        raise NotFound("This ticket was deleted meanwhile.")
    require(actor, what, thing)


def audience(actor: User) -> Audience:
    """As which audience this person is shown things."""
    return Audience.STAFF if actor.is_staff else Audience.REQUESTER


def visible_tickets(actor: User) -> Select:
    """All tickets this person may see, as the start of every look-up and list. The bin is not among them."""
    return select(Ticket).where(Ticket.deleted_at.is_(None), *_in_sight(actor))


def _in_sight(actor: User) -> list[ColumnElement[bool]]:
    """What makes a ticket one that this person may see, in the bin or not: the same as `_party`, for statements."""
    if not actor.active:
        return [false()]
    own = Ticket.requester_id == actor.id
    if actor.only is not None:
        return [own, Ticket.id == actor.only]
    if not actor.is_staff:
        return [own]
    open = Ticket.confidential.is_(False)
    if actor.id is None:
        return [open]
    if actor.narrowed:
        teams = select(TeamMember.team_id).where(TeamMember.user_id == actor.id)
        of_team = Ticket.team_id.is_(None) | Ticket.team_id.in_(teams)
        open = and_(open, or_(of_team, own, Ticket.assignee_id == actor.id))
    return [or_(open, Ticket.id.in_(confided_to(actor)))]


def confided_to(actor: User) -> Select:
    """The ids of the confidential tickets that concern this member of the staff: few, found by an index of their own.

    So what asks for all others finds them in the indexes of lists and counts, without a look at any ticket.
    """
    one = aliased(Ticket)
    named = select(NamedPerson.ticket_id).where(NamedPerson.user_id == actor.id)
    concerns = or_(one.requester_id == actor.id, one.assignee_id == actor.id, one.id.in_(named))
    return select(one.id).where(one.confidential, concerns)


def knows(actor: User, tickets: ColumnElement[int | None]) -> ColumnElement[bool]:
    """Whether the ticket whose id is in that column is one this person may see, in the bin or not; also if it is none.

    For rows that are about tickets: of those who see nearly all, the few that they do not see are looked up.
    """
    if audience(actor) != Audience.STAFF or not actor.active or actor.narrowed:
        seen = select(Ticket.id).where(Ticket.id == tickets, *_in_sight(actor)).correlate_except(Ticket)
        return or_(tickets.is_(None), seen.exists())
    hidden = select(Ticket.id).where(Ticket.confidential, Ticket.id.not_in(confided_to(actor)))
    return or_(tickets.is_(None), tickets.not_in(hidden.correlate_except(Ticket)))


def is_named(actor: User, ticket: Ticket) -> bool:
    """Whether a confidential ticket names this person among those who see it."""
    return db.session.get(NamedPerson, (ticket.id, actor.id)) is not None


def _is_member(actor: User, ticket: Ticket) -> bool:
    return db.session.get(TeamMember, (ticket.team_id, actor.id)) is not None


def sees_everything(actor: User) -> bool:
    """Whether there is no ticket, in the bin or not, that this person may not see: on most desks so for all staff."""
    hidden = select(Ticket.id).where(Ticket.confidential, Ticket.id.not_in(confided_to(actor)))
    return actor.is_staff and actor.active and not actor.narrowed and not db.session.scalar(select(hidden.exists()))


def sees(actor: User | None, ticket: Ticket) -> bool:
    """The same as a question: whether this person may see that ticket now."""
    return ticket.deleted_at is None and may(actor, "ticket.see", ticket)


def may_end_sight(event: Event) -> bool:
    """Whether somebody who saw the event's ticket before may no longer see it after it."""
    return event.ticket_id is not None and not (event.name in _HARMLESS and event.changes.keys() <= _HARMLESS_FIELDS)


def is_lost(event: Event, channel: Channel) -> bool:
    """Whether those on this channel may no longer see the ticket of an event, whatever it was that happened."""
    kind, _, id = channel.topic.partition(":")
    if kind == "user":
        return not sees(db.session.get(User, int(id)), event.ticket)
    return event.ticket.deleted_at is not None


def tells_of_loss(event: Event, channel: Channel) -> bool:
    """Whether this event tells those on the channel that its ticket is gone: only who would see it outside the bin."""
    if not may_end_sight(event):
        return False
    kind, _, id = channel.topic.partition(":")
    return kind != "user" or may(db.session.get(User, int(id)), "ticket.see", event.ticket)


def binned_tickets(actor: User) -> Select:
    """Deleted tickets that can still be brought back (BIN_DAYS); for administrators only."""
    oldest = clock.now() - timedelta(days=current_app.config["BIN_DAYS"])
    tickets = select(Ticket).where(Ticket.deleted_at > oldest, *_in_sight(actor))
    return tickets if may(actor, "ticket.restore") else tickets.where(false())


def visible_comments(actor: User) -> Select:
    """All comments this person may see."""
    return comments_on(audience(actor), visible_tickets(actor).with_only_columns(Ticket.id))


def comments_on(audience: str, tickets: Collection[int] | Select) -> Select:
    """The comments this audience may see on tickets with these ids, which are visible to whoever asks."""
    comments = select(Comment).where(Comment.ticket_id.in_(tickets))
    return comments if audience == Audience.STAFF else comments.where(Comment.internal.is_(False))


def visible_attachments(actor: User) -> Select:
    """All files this person may see: those of comments, and those that came with a description."""
    of_comments = Attachment.comment_id.in_(visible_comments(actor).with_only_columns(Comment.id))
    of_tickets = Attachment.ticket_id.in_(visible_tickets(actor).with_only_columns(Ticket.id))
    return select(Attachment).where(of_comments | Attachment.comment_id.is_(None) & of_tickets)


def visible_events(actor: User) -> Select:
    """All events this person may know of. Those of tickets in the bin are among them."""
    events = select(Event).where(Event.ticket_id.is_not(None))
    if audience(actor) == Audience.STAFF:
        return events.where(knows(actor, Event.ticket_id))
    seen = select(Ticket.id).where(*_in_sight(actor))
    return events.where(Event.ticket_id.in_(seen), Event.audience == Audience.REQUESTER)


def audited_events(actor: User) -> Select:
    """All events for the audit: also those of no ticket, and none of tickets that this administrator may not see."""
    if not may(actor, "audit.see"):
        return select(Event).where(false())
    return select(Event).where(knows(actor, Event.ticket_id))


def people_events() -> Select:
    """Changes of people themselves. They are told to nobody; a page that shows somebody of them is drawn anew."""
    return select(Event).where(Event.name.in_(PEOPLE))


def find_ticket(actor: User, number: int) -> Ticket:
    """The visible ticket with that number. Raises NotFound, the same for one that is hidden and one that never was."""
    ticket = _first(_ticket(actor), me=actor.id, number=number)
    if ticket is None:
        raise unseen(actor, number)
    return ticket


def unseen(actor: User, number: int) -> Unseen:
    """Why that ticket is not there for this person, as far as they may know."""
    gone = visible_events(actor).join(Ticket, Ticket.id == Event.ticket_id).where(Ticket.deleted_at.is_not(None))
    gone = gone.where(Event.ticket_id == number, Event.name == EventName.TICKET_DELETED)
    return Unseen(number, _first(gone.order_by(Event.id.desc()).limit(1)))


def find_binned(actor: User, number: int) -> Ticket:
    """The deleted ticket with that number. Raises NotFound."""
    return _found(binned_tickets(actor).where(Ticket.id == number))


def find_comment(actor: User, id: int) -> Comment:
    """The visible comment with that id. Raises NotFound."""
    comment = _first(visible_comments(actor).where(Comment.id == id))
    if comment is None:
        raise _unseen_comment(actor, id)
    return comment


def find_attachment(actor: User, token: str) -> Attachment:
    """The file with that token, if its comment or its ticket's description is visible. Raises NotFound."""
    return _found(visible_attachments(actor).where(Attachment.token == token))


def find_user(actor: User, id: int) -> User:
    """The person with that id, for those who may see the list of people. Raises NotFound."""
    return _found(select(User).where(User.id == id) if may(actor, "user.list") else select(User).where(false()))


def channels(actor: User, topics: list[str], form: str) -> tuple[tuple[Channel, ...], list[Unseen]]:
    """The channels behind the topics a browser names, and of these the tickets that are not there for this person.

    Raises NotFound for any other topic that is unknown or not for them.
    """
    who, found, missing = audience(actor).value, {}, {}
    for topic in topics:
        if (number := ticket_of(topic)) is None:
            found[Channel(_topic(actor, topic), who, form)] = None
        elif _is_visible(actor, number):
            found[Channel(topic, who, form)] = None
        elif number not in missing:
            missing[number] = unseen(actor, number)
    return tuple(found), list(missing.values())


def ticket_of(topic: str) -> int | None:
    """The number of the ticket that a topic names, None when it names none."""
    kind, _, number = topic.partition(":")
    return int(number) if kind == "ticket" and _NUMBER.fullmatch(number) else None


@built_once
def _ticket(actor) -> Select:
    """Read with the people whom every page of it names."""
    people = joinedload(Ticket.requester), joinedload(Ticket.assignee), joinedload(Ticket.team)
    return visible_tickets(actor).where(Ticket.id == bindparam("number")).options(*people)


def _topic(actor: User, topic: str) -> str:
    if topic in ("queue", "desk") and may(actor, "desk.see"):
        return topic
    if topic == "me" and actor.only is None:
        return f"user:{actor.id}"
    raise NotFound("There is nothing to listen to under that name.")


def _is_visible(actor: User, number: int) -> bool:
    return bool(glance(_visible_id(actor), me=actor.id, number=number))


@built_once
def _visible_id(actor) -> Select:
    return visible_tickets(actor).where(Ticket.id == bindparam("number")).with_only_columns(Ticket.id)


def _unseen_comment(actor: User, id: int) -> NotFound:
    """The same for a message: only those who might have read it are told that its ticket is in the bin."""
    event = _first(visible_events(actor).where(Event.comment_id == id).limit(1))
    return unseen(actor, event.ticket_id) if event else NotFound(NOTHING)


def _found(statement: Select):
    thing = _first(statement)
    if thing is None:
        raise NotFound(NOTHING)
    return thing


def _first(statement: Select, **values):
    try:
        return db.session.scalar(statement, values)
    except OverflowError:  # a number in the address that no row can have
        return None
