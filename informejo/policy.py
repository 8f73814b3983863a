"""The law: who may do what, see what, as which audience, on which channels. Deny by default."""

import re
from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple

from flask import current_app
from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, bindparam, false, func, or_, select
from sqlalchemy.orm import aliased, joinedload
from werkzeug.exceptions import Forbidden, NotFound

from informejo import clock, db
from informejo.accounts.models import STAFF, Role, User
from informejo.built_once import Anyone, built_once
from informejo.events.models import Audience, Event
from informejo.events.names import BESIDE, PEOPLE, EventName
from informejo.glance import glance
from informejo.live.wire import LISTS, OWN, Channel
from informejo.teams.models import Team, TeamMember
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


class AsItWas(NamedTuple):
    """What decided who saw a ticket, as it was at some moment before now."""

    id: int
    requester_id: int
    assignee_id: int | None
    team_id: int | None
    confidential: bool
    named: frozenset[int]

    unverified = False  # of what came so, an account never lost sight: it is shown it later, or never


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
        return ticket.requester_id == actor.id and (actor.only is not None or _is_for_account(ticket))
    if actor.id in (ticket.requester_id, ticket.assignee_id):
        return True
    if ticket.confidential:
        return is_named(actor, ticket)
    return not actor.narrowed or ticket.team_id is None or _is_member(actor, ticket)


def _is_for_account(ticket: Ticket) -> bool:
    """Whether it is shown to its requester's account: not what came from the address of one that is not its owner's."""
    return not (ticket.unverified and ticket.requester.is_unproven)


def _author(actor, thing):
    wrote = (thing.author_id if isinstance(thing, Comment) else thing.opened_by_id) == actor.id
    return wrote and _party(actor, thing)


def _party_until_closed(actor, ticket):
    return _party(actor, ticket) and (actor.is_staff or ticket.status != Status.CLOSED)


def _themselves_or_admin(actor, user):
    return actor.only is None and (actor.id == user.id or _admin(actor, user))


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
    Rule("user.erase", "administrators, and everybody themselves", _themselves_or_admin),
    Rule("user.change", "administrators, but nobody their own role, activity or link to choose a password", _another),
    Rule("user.invite", "administrators", _admin),
    Rule("user.merge", "administrators, but nobody their own account into another", _another),
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
_HARMLESS_FIELDS = {"title", "description", "body", "status", "priority", "category", "unverified"}
# What an event says of who sees its ticket, as people read it: names. `Event.user` says who had it or was named before.
_PEOPLE = {"requester", "assignee"}
OF_SIGHT = ("requester", "assignee", "team", "confidential", "named")


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
        return [own, or_(Ticket.unverified.is_(False), _is_proven(actor))]
    open = Ticket.confidential.is_(False)
    if actor.id is None:
        return [open]
    if actor.narrowed:
        teams = select(TeamMember.team_id).where(TeamMember.user_id == actor.id)
        of_team = Ticket.team_id.is_(None) | Ticket.team_id.in_(teams)
        open = and_(open, or_(of_team, own, Ticket.assignee_id == actor.id))
    return [or_(open, Ticket.id.in_(confided_to(actor)))]


def _is_proven(actor: User) -> ColumnElement[bool]:
    """The opposite of `User.is_unproven`, for statements."""
    one = aliased(User)
    proven = or_(one.confirmed_at.is_not(None), one.role != Role.USER)
    return select(proven).where(one.id == actor.id).scalar_subquery()


def confided_to(actor: User) -> Select:
    """The ids of the confidential tickets that concern this member of the staff: few, found by an index of their own.

    So what asks for all others finds them in the indexes of lists and counts, without a look at any ticket.
    """
    one = aliased(Ticket)
    if actor.id is None:  # to a database a ticket that nobody has would be that of nobody in particular
        return select(one.id).where(false())
    # `_seeing` asks it of all people at once, and they stand two levels further out: that has to be said.
    named = select(NamedPerson.ticket_id).where(NamedPerson.user_id == actor.id).correlate(User)
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


def is_named(actor: User, ticket: Ticket | AsItWas) -> bool:
    """Whether a confidential ticket names this person among those who see it."""
    if isinstance(ticket, AsItWas):
        return actor.id in ticket.named
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


def who_sees(ticket_id: int, people: Collection[int]) -> set[int]:
    """The same for many: of these people, given by id, those who may see that ticket now."""
    return {id for (id,) in db.rows(_SEEING, ticket=ticket_id, people=list(people))}


def named_on(ticket: Ticket) -> set[int]:
    """Whom a confidential ticket names, by id."""
    if not ticket.confidential:
        return set()
    return set(db.session.scalars(select(NamedPerson.user_id).where(NamedPerson.ticket_id == ticket.id)))


def hears(user: User, ticket: Ticket) -> bool:
    """Whether mails about it go to them: to whoever sees it, and to its requester, whose mailbox is no account."""
    return sees(user, ticket) or (ticket.deleted_at is None and user.active and user.id == ticket.requester_id)


def may_end_sight(event: Event) -> bool:
    """Whether somebody who saw the event's ticket before may no longer see it after it.

    Who loses a ticket with the work on it, loses sight of it where not all of the staff see it anyway.
    """
    if event.ticket_id is None:
        return False
    harmless = _HARMLESS_FIELDS | {"assignee"} if event.ticket.is_for_all_staff else _HARMLESS_FIELDS
    return not (event.name in _HARMLESS and event.changes.keys() <= harmless)


def as_it_was(event: Event) -> AsItWas:
    """The event's ticket as it was before it, as far as that decides who saw it: what changed since is taken back."""
    ticket = event.ticket
    named = frozenset(db.session.scalars(select(NamedPerson.user_id).where(NamedPerson.ticket_id == ticket.id)))
    its = ticket.id, ticket.requester_id, ticket.assignee_id, ticket.team_id, ticket.confidential
    was, since = AsItWas(*its, named), select(Event).where(Event.ticket_id == ticket.id, Event.id >= event.id)
    for change in db.session.scalars(since.where(_changes_sight()).order_by(Event.id.desc())):
        was = was._replace(**{name: value for field in change.changes for name, value in _before(change, field, was)})
    return was


def lost_events(actor: User) -> Select:
    """Events by which this member of the staff may have lost tickets that they do not see now.

    They may be told no more than the number, and that only if they saw the ticket before: see `as_it_was`.
    """
    seen = select(Ticket.id).where(Ticket.id == Event.ticket_id, *_in_sight(actor))
    return select(Event).where(Event.ticket_id.is_not(None), ~seen.exists(), _changes_sight())


def confided_people(tickets: Select) -> CompoundSelect:
    """The ids of all whom those of these tickets concern that are confidential."""
    its = Ticket.confidential, Ticket.id.in_(tickets)
    named = select(NamedPerson.user_id).join(Ticket, Ticket.id == NamedPerson.ticket_id).where(*its)
    return named.union(select(Ticket.requester_id).where(*its), select(Ticket.assignee_id).where(*its))


def _changes_sight() -> ColumnElement[bool]:
    return or_(*(Event.changes[field].as_string().is_not(None) for field in OF_SIGHT))


def _before(event: Event, field: str, was: AsItWas) -> list[tuple]:
    """What the event's change of that field replaced, as a part of AsItWas."""
    old, new = event.changes[field]
    if field == "confidential":
        return [(field, bool(old))]
    if field == "team":
        return [("team_id", _team_called(old) if old else None)]
    if field == "named":
        came, went = _people(event, {*new} - {*old}), _people(event, {*old} - {*new})
        return [(field, was.named - came | went)]
    return [(f"{field}_id", next(iter(_people(event, {old} - {None})), None))] if field in _PEOPLE else []


def _team_called(name: str) -> int:
    """The team of that name; one in which nobody is where there is none any more: its members were not all of us."""
    return db.session.scalar(select(Team.id).where(Team.name == name)) or 0


def _people(event: Event, names: Collection[str]) -> frozenset[int]:
    """Who of the staff was meant by these names: whoever the event is about, or else whoever alone has such a name.

    Of two who are called alike nobody is taken: what one of them saw must not be told to the other.
    """
    if event.user and event.user.name in names:
        names = names - {event.user.name}
    alone = select(func.min(User.id)).where(User.role.in_(STAFF), User.name.in_(names))
    found = db.session.scalars(alone.group_by(User.name).having(func.count() == 1)) if names else ()
    return frozenset(found) | ({event.user_id} if event.user else set())


def concerned_by(event: Event) -> set[int]:
    """Whom the event's ticket concerns and, where that can have ended by it, whom it concerned before."""
    ticket = event.ticket
    people = {ticket.requester_id, ticket.assignee_id, event.user_id, *named_on(ticket)}
    if may_end_sight(event):
        before = as_it_was(event)
        people |= {before.requester_id, before.assignee_id, *before.named}
    return people - {None}


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


def people_events(names: Collection[EventName] = PEOPLE) -> Select:
    """Changes of people themselves. They are told to nobody; a page that shows somebody of them is drawn anew."""
    return select(Event).where(Event.name.in_(names))


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
            found |= dict.fromkeys(Channel(one, who, form) for one in _topics(actor, topic))
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


def _topics(actor: User, topic: str) -> tuple[str, ...]:
    """Whoever shares a list is told on a topic of their own what is not for all who share it."""
    if topic in LISTS and may(actor, "desk.see"):
        return (f"{topic}:{actor.id}",) if actor.narrowed else (topic, f"{OWN}{actor.id}")
    if topic == "me" and actor.only is None:
        return (f"{OWN}{actor.id}",)
    raise NotFound("There is nothing to listen to under that name.")


def _is_visible(actor: User, number: int) -> bool:
    if actor.only not in (None, number):
        return False
    whose = _visible_id(actor if actor.only is None else _BY_LINK)  # not one statement for each link
    return bool(glance(whose, me=actor.id, number=number))


@built_once
def _visible_id(actor) -> Select:
    return visible_tickets(actor).where(Ticket.id == bindparam("number")).with_only_columns(Ticket.id)


def _seeing() -> Select:
    """`_in_sight` the other way round: people who see one ticket."""
    staff, narrowed = User.role.in_(STAFF), User.narrowed
    alike = (
        (~staff, Anyone(Role.USER, active=True, id=User.id)),
        (and_(staff, ~narrowed), Anyone(Role.AGENT, active=True, id=User.id)),
        (and_(staff, narrowed), Anyone(Role.AGENT, active=True, narrowed=True, id=User.id)),
    )
    people = select(User.id).join(Ticket, Ticket.id == bindparam("ticket")).where(User.active)
    people = people.where(User.id.in_(bindparam("people", expanding=True)), Ticket.deleted_at.is_(None))
    return people.where(or_(*(and_(of, *_in_sight(actor)) for of, actor in alike)))


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


_SEEING, _BY_LINK = _seeing(), Anyone(Role.USER, active=True, only=bindparam("number"))
