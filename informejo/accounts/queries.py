"""Reading people and their sign-ins."""

import hashlib
from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Select, bindparam, exists, func, select

from informejo import clock, db, policy, slow_reads
from informejo.accounts.models import STAFF, PasswordToken, Role, Session, SetupToken, User
from informejo.addresses import one_spelling
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.ids import made_at
from informejo.sso.models import Identity
from informejo.tickets.models import Ticket
from informejo.tickets.words import UNSOLVED

JUST_NOW = timedelta(minutes=2)  # longer than `security.NOTICE_SECONDS`, after which no page asks for it


class Tickets(NamedTuple):
    """What hangs on one person: how many tickets they asked for, and how many unsolved ones are assigned to them."""

    asked: int
    assigned: int


class Choice(NamedTuple):
    """Somebody who can be chosen, in a list of people."""

    id: int
    name: str


def known_browser(token: str, email: str | None = None) -> int | None:
    """The id of a sign-in of that address, or of anybody, over or not, which this cookie's value once stood for.

    A link to a ticket is none: whoever was forwarded the mail has one, and a code makes more of them.
    """
    its = Session.token_hash == fingerprint(token), Session.ticket_id.is_(None)
    theirs = () if email is None else (User.email == email,)
    return db.session.scalar(select(Session.id).join(Session.user).where(*its, *theirs)) if token else None


def address_for(email: str) -> str:
    """The address under which tries with this one count: of an account that was merged that of the one that stays.

    Or there would be so many more of them, and none that ends by coming in.
    """
    user = user_by_email(email)
    return user.email if user else email


def fingerprint(token: str) -> str:
    """What the database keeps of a token. Tokens are random enough that a fast hash is a safe one."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def user_by_email(email: str) -> User | None:
    """The person with that address, spelled in whatever way; of an account that was merged the one that stays."""
    return surviving(db.session.scalar(select(User).where(User.email == one_spelling(email))))


def surviving(user: User | None) -> User | None:
    """The same person, with the account into which theirs was merged, if it was."""
    return db.session.get(User, user.merged_into_id) if user and user.merged_into_id else user


def user_by_id(id: int) -> User | None:
    """The person with that id."""
    return db.session.get(User, id)


def staff_members() -> list[User]:
    """The active staff, by name."""
    return list(db.session.scalars(_STAFF_MEMBERS))


def choices_of_staff() -> list[Choice]:
    """The same people as words to choose from."""
    return [Choice(*row) for row in db.rows(_CHOICES)]


def is_anybody_at_the_desk(ids: Collection[int]) -> bool:
    """Whether any of these people is active and of the staff."""
    return bool(db.rows(_ANY_OF, people=list(ids)))


def an_administrator() -> User | None:
    """The active administrator who has been there longest."""
    admins = select(User).where(User.role == Role.ADMIN, User.active).order_by(User.id)
    return db.session.scalar(admins.limit(1))


def has_admin() -> bool:
    """Whether the desk has been set up."""
    return db.session.scalar(select(exists().where(User.role == Role.ADMIN)))


def is_new_admin(user: User) -> bool:
    """Whether this is an administrator who has been there for a moment."""
    return user.role == Role.ADMIN and user.created_at > clock.now() - JUST_NOW


def opens_setup(token: str) -> bool:
    """Whether this token still makes the first administrator."""
    return not has_admin() and db.session.get(SetupToken, fingerprint(token)) is not None


def chooses_password(user: User) -> bool:
    """Whether a password is how this person comes in; of those who come by single sign-on alone it is not."""
    theirs = select(Identity.id).where(Identity.user_id == user.id)
    return user.password_hash is not None or not db.session.scalar(select(theirs.exists()))


def lacks_password(user: User) -> bool:
    """Whether this person, whose address is known to be theirs, has no password."""
    return user.password_hash is None and user.confirmed_at is not None


def password_link(token: str) -> PasswordToken | None:
    """The link with that token, while its owner can still choose a password with it."""
    holds = _holding().where(PasswordToken.token_hash == fingerprint(token))
    return db.session.scalar(holds.join(PasswordToken.user).where(User.active))


def password_link_of(user: User) -> PasswordToken | None:
    """The link this person has been given and not used yet."""
    return db.session.scalar(_holding().where(PasswordToken.user_id == user.id))


def tickets_of(actor: User, user: User) -> Tickets:
    """How many tickets hang on this person, of those the actor may see."""
    tickets = policy.visible_tickets(actor).with_only_columns(func.count(Ticket.id))
    assigned = db.session.scalar(tickets.where(Ticket.assignee_id == user.id, Ticket.status.in_(UNSOLVED)))
    ((asked,),) = slow_reads.rows(tickets.where(Ticket.requester_id == user.id))  # some ask for very many
    return Tickets(asked, assigned)


def last_change_of(user: User, by: User) -> Event | None:
    """What `by` did to this person last, if it was just now: only so few events are looked through."""
    recent = policy.people_events().where(Event.id > made_at(clock.now() - JUST_NOW), Event.user_id == user.id)
    recent = recent.where(Event.actor_id == by.id)
    return db.session.scalar(recent.order_by(Event.id.desc()).limit(1))


def has_just_changed(user: User, what: str) -> bool:
    """Whether this person changed that of themselves just now, as the log calls it: `password`, `address`."""
    by_themselves = Event.user_id == user.id, Event.actor_id == user.id
    recent = policy.people_events([EventName.USER_UPDATED]).where(*by_themselves)
    recent = recent.where(Event.id > made_at(clock.now() - JUST_NOW))
    return any(what in event.changes for event in db.session.scalars(recent))


def _holding() -> Select:
    """Links that still work: in time, and by somebody who may make them; each person may for themselves."""
    maker = PasswordToken.made_by.has(User.active & (User.role == Role.ADMIN)) | PasswordToken.is_own
    return select(PasswordToken).where(PasswordToken.expires_at > clock.now(), maker)


_AT_THE_DESK = User.role.in_(STAFF), User.active
_CHOICES = select(User.id, User.name).where(*_AT_THE_DESK).order_by(User.folded, User.id)
_ANY_OF = select(User.id).where(*_AT_THE_DESK, User.id.in_(bindparam("people", expanding=True))).limit(1)
_STAFF_MEMBERS = select(User).where(*_AT_THE_DESK).order_by(User.folded, User.id)
