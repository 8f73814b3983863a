"""What somebody may see, as the start of every look-up, list and count."""

from collections.abc import Collection
from datetime import timedelta

from flask import current_app
from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, bindparam, false, or_, select
from sqlalchemy.orm import aliased

from informejo import clock, db
from informejo.accounts.models import STAFF, Role, User
from informejo.built_once import Anyone
from informejo.events.models import Audience, Event
from informejo.events.names import PEOPLE, EventName
from informejo.policy.rules import audience, may
from informejo.teams.models import TeamMember
from informejo.tickets.models import Attachment, Comment, NamedPerson, Ticket

# Of the selects that stand within others, which mean rows of their own. To make one is most of the price of asking.
_PERSON, _TICKET = aliased(User), aliased(Ticket)


def visible_tickets(actor: User) -> Select:
    """All tickets this person may see, as the start of every look-up and list. The bin is not among them."""
    return select(Ticket).where(Ticket.deleted_at.is_(None), *in_sight(actor))


def in_sight(actor: User) -> list[ColumnElement[bool]]:
    """What makes a ticket one this person may see, in the bin or not: the same as `party.is_party`, for statements."""
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
    proven = or_(_PERSON.confirmed_at.is_not(None), _PERSON.role != Role.USER)
    return select(proven).where(_PERSON.id == actor.id).scalar_subquery()


def confided_to(actor: User) -> Select:
    """The ids of the confidential tickets that concern this member of the staff: few, found by an index of their own.

    So what asks for all others finds them in the indexes of lists and counts, without a look at any ticket.
    """
    if actor.id is None:  # to a database a ticket that nobody has would be that of nobody in particular
        return select(_TICKET.id).where(false())
    # `_seeing` asks it of all people at once, and they stand two levels further out: that has to be said.
    named = select(NamedPerson.ticket_id).where(NamedPerson.user_id == actor.id).correlate(User)
    concerns = or_(_TICKET.requester_id == actor.id, _TICKET.assignee_id == actor.id, _TICKET.id.in_(named))
    return select(_TICKET.id).where(_TICKET.confidential, concerns)


def knows(actor: User, tickets: ColumnElement[int | None]) -> ColumnElement[bool]:
    """Whether the ticket whose id is in that column is one this person may see, in the bin or not; also if it is none.

    For rows that are about tickets: of those who see nearly all, the few that they do not see are looked up.
    """
    if audience(actor) != Audience.STAFF or not actor.active or actor.narrowed:
        seen = select(Ticket.id).where(Ticket.id == tickets, *in_sight(actor)).correlate_except(Ticket)
        return or_(tickets.is_(None), seen.exists())
    hidden = select(Ticket.id).where(Ticket.confidential, Ticket.id.not_in(confided_to(actor)))
    return or_(tickets.is_(None), tickets.not_in(hidden.correlate_except(Ticket)))


def sees_everything(actor: User) -> bool:
    """Whether there is no ticket, in the bin or not, that this person may not see: on most desks so for all staff."""
    hidden = select(Ticket.id).where(Ticket.confidential, Ticket.id.not_in(confided_to(actor)))
    return actor.is_staff and actor.active and not actor.narrowed and not db.session.scalar(select(hidden.exists()))


def who_sees(ticket_id: int, people: Collection[int]) -> set[int]:
    """The same for many: of these people, given by id, those who may see that ticket now."""
    return {id for (id,) in db.rows(_SEEING, ticket=ticket_id, people=list(people))}


def named_on(ticket: Ticket) -> set[int]:
    """Whom a confidential ticket names, by id."""
    if not ticket.confidential:
        return set()
    return set(db.session.scalars(select(NamedPerson.user_id).where(NamedPerson.ticket_id == ticket.id)))


def confided_people(tickets: Select) -> CompoundSelect:
    """The ids of all whom those of these tickets concern that are confidential."""
    its = Ticket.confidential, Ticket.id.in_(tickets)
    named = select(NamedPerson.user_id).join(Ticket, Ticket.id == NamedPerson.ticket_id).where(*its)
    return named.union(select(Ticket.requester_id).where(*its), select(Ticket.assignee_id).where(*its))


def binned_tickets(actor: User) -> Select:
    """Deleted tickets that can still be brought back (BIN_DAYS); for administrators only."""
    oldest = clock.now() - timedelta(days=current_app.config["BIN_DAYS"])
    tickets = select(Ticket).where(Ticket.deleted_at > oldest, *in_sight(actor))
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
    seen = select(Ticket.id).where(*in_sight(actor))
    return events.where(Event.ticket_id.in_(seen), Event.audience == Audience.REQUESTER)


def audited_events(actor: User) -> Select:
    """All events for the audit: also those of no ticket, and none of tickets that this administrator may not see."""
    if not may(actor, "audit.see"):
        return select(Event).where(false())
    return select(Event).where(knows(actor, Event.ticket_id))


def people_events(names: Collection[EventName] = PEOPLE) -> Select:
    """Changes of people themselves. They are told to nobody; a page that shows somebody of them is drawn anew."""
    return select(Event).where(Event.name.in_(names))


def _seeing() -> Select:
    """`in_sight` the other way round: people who see one ticket."""
    staff, narrowed = User.role.in_(STAFF), User.narrowed
    alike = (
        (~staff, Anyone(Role.USER, active=True, id=User.id)),
        (and_(staff, ~narrowed), Anyone(Role.AGENT, active=True, id=User.id)),
        (and_(staff, narrowed), Anyone(Role.AGENT, active=True, narrowed=True, id=User.id)),
    )
    people = select(User.id).join(Ticket, Ticket.id == bindparam("ticket")).where(User.active)
    people = people.where(User.id.in_(bindparam("people", expanding=True)), Ticket.deleted_at.is_(None))
    return people.where(or_(*(and_(of, *in_sight(actor)) for of, actor in alike)))


_SEEING = _seeing()
