"""The cast of all tests: a small desk whose people everybody knows by name."""

import re
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import current_app
from sqlalchemy import select

from informejo import clock, db
from informejo.accounts.models import Role, User
from informejo.accounts.passwords import hash_password
from informejo.events.models import LogEpoch
from informejo.tickets import actions
from informejo.tickets.files import Kept, place
from informejo.tickets.models import Comment

PASSWORD = "correct horse battery"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
CAST = {
    "mia": ("Mia Lund", Role.AGENT),
    "tom": ("Tom Berg", Role.AGENT),
    "ana": ("Ana Silva", Role.ADMIN),
    "ren": ("Ren Ito", Role.USER),
    "zoe": ("Zoe Kaur", Role.USER),
    "gus": ("Gus Visser", Role.GUEST),
    "dan": ("Dan Wolf", Role.AGENT),  # deactivated
}


@dataclass
class World:
    """The people of the cast, and what tests need most often to happen among them."""

    mia: User
    tom: User
    ana: User
    ren: User
    zoe: User
    gus: User
    dan: User

    def ticket(self, by: User | None = None, title: str = "The printer is on fire", **fields):
        """A ticket, by Ren unless somebody else is named; committed."""
        fields.setdefault("description", "Smoke comes out of the tray at the back.")
        ticket = actions.open_ticket(by or self.ren, title=title, **fields)
        db.commit()
        return ticket

    def comment(self, by: User, ticket, body: str = "We are looking into it.", **fields):
        """A message on the ticket; committed."""
        comment = actions.add_comment(by, ticket, body=body, **fields)
        db.commit()
        return comment

    def note(self, ticket, body: str = "Only for us.", by: User | None = None, **fields):
        """An internal note, by Mia unless somebody else is named; committed."""
        return self.comment(by or self.mia, ticket, body, internal=True, **fields)

    def file(self, content: bytes = PNG) -> Kept:
        """A picture, smoke.png, on disk as an upload leaves it: `files` of a ticket or a message takes it."""
        token = secrets.token_hex(16)
        stored = place(Path(current_app.config["UPLOAD_DIR"]), token)
        stored.parent.mkdir(parents=True, exist_ok=True)
        stored.write_bytes(content)
        return Kept(token, "smoke.png", "image/png", len(content), token)


def addressed(address: str) -> str:
    """`/comments/2/edit` stands for the second message there is, whatever its id."""
    found = re.match(r"/comments/(\d)(/.*)", address)
    if not found:
        return address
    place, rest = int(found[1]), found[2]
    ids = db.session.scalars(select(Comment.id).order_by(Comment.id))
    return f"/comments/{next(iter(list(ids)[place - 1 :]), place)}{rest}"


@cache
def password_hash() -> str:
    return hash_password(PASSWORD)


def populate() -> World:
    """Fill an empty database with the cast."""
    people = {key: _person(key, name, role) for key, (name, role) in CAST.items()}
    db.session.add_all([LogEpoch(word="test"), *people.values()])
    db.commit()
    return World(**people)


def there() -> World:
    """The cast, which is put there if nobody is."""
    if db.session.scalar(select(User.id).limit(1)) is None:
        return populate()
    world = find()
    db.commit()
    return world


def find() -> World:
    """The cast as it stands in a database that was filled before."""
    people = {user.email.partition("@")[0]: user for user in db.session.scalars(select(User))}
    return World(**{key: people[key] for key in CAST})


def _person(key: str, name: str, role: Role) -> User:
    password = None if role == Role.GUEST else password_hash()
    return User(
        email=f"{key}@example.org",
        name=name,
        role=role,
        password_hash=password,
        active=key != "dan",
        confirmed_at=clock.now(),
    )
