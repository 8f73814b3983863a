"""The demonstration desk: three weeks of an invented company's tickets, for looking around and for taking pictures."""

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import exists, select

from informejo import clock, db
from informejo.accounts.models import Role, User
from informejo.accounts.passwords import hash_password
from informejo.demo import script
from informejo.demo.play import Play
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName

PASSWORD = "lantern cactus violin tide"  # noqa: S105 - printed for everybody who tries the desk
THERE = "The demonstration is there already, as it was left; what anybody changed in it is kept."
NOT_MIXED = (
    "There are people on this desk already. The demonstration does not mix with them, so nothing was invented:"
    " this is the desk as it is. For the demonstration, name another place: DATABASE_URL and UPLOAD_DIR."
)
FRESH = timedelta(hours=3)  # what happened since then has not been read by everybody yet


class DemoRefused(Exception):
    """The demonstration will not mix with a real desk; the message is a sentence for the operator."""


class Login(NamedTuple):
    """One of the people who can sign in, and how."""

    name: str
    role: str
    email: str
    password: str


def fill() -> list[Login]:
    """Fill the empty database with the demonstration; returns who can sign in. The caller commits.

    Everything goes through the actions, each at its own moment and in the order of time, so that rows and log are what
    they would be had it happened. The same day and hour give the same desk. Raises DemoRefused.
    """
    if not is_possible():
        raise DemoRefused("There are people on this desk already. The demonstration needs an empty database.")
    now = clock.now()
    play = Play(_cast(script.first_morning(now)))
    for turn in script.turns(now):
        play.perform(turn)
    play.catch_up(now - FRESH)
    return _logins(play.people.values())


def is_possible() -> bool:
    """Whether nobody is on this desk, so that the demonstration can be made here."""
    return not db.session.scalar(select(exists().select_from(User)))


def logins() -> list[Login]:
    """Who can sign in where the demonstration was made before; nobody on every other desk."""
    cast = [part.email for part in script.parts()]
    found = db.session.scalars(select(User).where(User.email.in_(cast)).order_by(User.id))
    return _logins(found)


def _logins(people: Iterable[User]) -> list[Login]:
    able = [person for person in people if person.active and person.role != Role.GUEST]
    return [Login(person.name, person.role.word, person.email, PASSWORD) for person in able]


def _cast(moment) -> dict[str, User]:
    hashed = hash_password(PASSWORD)  # one for all: hashing is slow on purpose
    with clock.at(moment):
        return {part.key: _person(part, hashed) for part in script.parts()}


def _person(part: script.Part, hashed: str) -> User:
    role = Role(part.role)
    password = None if role == Role.GUEST else hashed
    known = {"email": part.email, "name": part.name, "role": role, "department": part.department}
    user = User(**known, password_hash=password, confirmed_at=clock.now())
    db.session.add(user)
    log.record(EventName.USER_CREATED, user, audience=Audience.STAFF, user=user)
    return user
