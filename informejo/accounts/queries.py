"""Reading people and their sign-ins."""

import hashlib
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Select, exists, false, func, select

from informejo import clock, db, policy, slow_reads
from informejo.accounts.models import STAFF, PasswordToken, Role, Session, SetupToken, User
from informejo.events.models import Event
from informejo.folding import words_of
from informejo.ids import made_at
from informejo.paging import nearest_page
from informejo.sso.models import Identity
from informejo.tickets.models import Ticket
from informejo.tickets.words import UNSOLVED

PAGE = 50  # people on one page of the list
JUST_NOW = timedelta(minutes=2)  # longer than `security.NOTICE_SECONDS`, after which no page asks for it


class Person(NamedTuple):
    """One line of the list of people."""

    user: User
    tickets: int  # how many they asked for, of those the reader may see


class Tickets(NamedTuple):
    """What hangs on one person: how many tickets they asked for, and how many unsolved ones are assigned to them."""

    asked: int
    assigned: int


class Choice(NamedTuple):
    """Somebody who can be chosen, in a list of people."""

    id: int
    name: str


class PeoplePage(NamedTuple):
    """One page of the list of people: its lines, its number from 1, and whether there is another after it."""

    people: list[Person]
    number: int
    more: bool


def known_browser(token: str, email: str) -> int | None:
    """The id of a sign-in of that address, over or not, which this cookie's value once stood for."""
    statement = (
        select(Session.id).join(Session.user).where(Session.token_hash == fingerprint(token), User.email == email)
    )
    return db.session.scalar(statement)


def fingerprint(token: str) -> str:
    """What the database keeps of a token. Tokens are random enough that a fast hash is a safe one."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def user_by_email(email: str) -> User | None:
    """The person with that address, written in whatever case."""
    return db.session.scalar(select(User).where(User.email == email.lower()))


def user_by_id(id: int) -> User | None:
    """The person with that id."""
    return db.session.get(User, id)


def staff_members() -> list[User]:
    """The active staff, by name."""
    return list(db.session.scalars(_STAFF_MEMBERS))


def choices_of_staff() -> list[Choice]:
    """The same people as words to choose from."""
    return [Choice(*row) for row in db.rows(_CHOICES)]


def an_administrator() -> User | None:
    """The active administrator who has been there longest."""
    admins = select(User).where(User.role == Role.ADMIN, User.active).order_by(User.id)
    return db.session.scalar(admins.limit(1))


def has_admin() -> bool:
    """Whether the desk has been set up."""
    return db.session.scalar(select(exists().where(User.role == Role.ADMIN)))


def opens_setup(token: str) -> bool:
    """Whether this token still makes the first administrator."""
    return not has_admin() and db.session.get(SetupToken, fingerprint(token)) is not None


def chooses_password(user: User) -> bool:
    """Whether a password is how this person comes in; of those who come by single sign-on alone it is not."""
    theirs = select(Identity.id).where(Identity.user_id == user.id)
    return user.password_hash is not None or not db.session.scalar(select(theirs.exists()))


def password_link(token: str) -> PasswordToken | None:
    """The link with that token, while its owner can still choose a password with it."""
    holds = _holding().where(PasswordToken.token_hash == fingerprint(token))
    return db.session.scalar(holds.join(PasswordToken.user).where(User.active))


def password_link_of(user: User) -> PasswordToken | None:
    """The link this person has been given and not used yet."""
    return db.session.scalar(_holding().where(PasswordToken.user_id == user.id))


def users_for(actor: User, search: str = "", role: str = "", page: int = 1) -> PeoplePage:
    """The people that fit and have all words of `search`, by name. A page that cannot be is the nearest that can."""
    policy.require(actor, "user.list")
    own = Ticket.requester_id == User.id
    tickets = policy.visible_tickets(actor).where(own).with_only_columns(func.count(Ticket.id)).scalar_subquery()
    people = select(User, tickets).order_by(User.folded, User.id)
    if role:
        people = people.where(User.role == role)
    if search:
        people = people.where(*[User.says(word) for word in words_of(search)] or [false()])
    total = db.session.scalar(people.with_only_columns(func.count(User.id)).order_by(None))
    number = nearest_page(page, total, PAGE)
    rows = db.session.execute(people.limit(PAGE).offset((number - 1) * PAGE))
    return PeoplePage([Person(*row) for row in rows], number, total > number * PAGE)


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


def user_counts(actor: User) -> dict[str, int]:
    """How many people there are: in all, in each role, and how many of them are inactive."""
    policy.require(actor, "user.list")
    roles = dict(db.session.execute(select(User.role, func.count()).group_by(User.role)).all())
    inactive = db.session.scalar(select(func.count()).where(User.active.is_(False)))
    return {"all": sum(roles.values()), **{role.value: roles.get(role, 0) for role in Role}, "inactive": inactive}


def _holding() -> Select:
    """Links that still work: in time, and by somebody who may make them; each person may for themselves."""
    maker = PasswordToken.made_by.has(User.active & (User.role == Role.ADMIN)) | PasswordToken.is_own
    return select(PasswordToken).where(PasswordToken.expires_at > clock.now(), maker)


_AT_THE_DESK = User.role.in_(STAFF), User.active
_CHOICES = select(User.id, User.name).where(*_AT_THE_DESK).order_by(User.folded, User.id)
_STAFF_MEMBERS = select(User).where(*_AT_THE_DESK).order_by(User.folded, User.id)
