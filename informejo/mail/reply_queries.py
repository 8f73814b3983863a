"""Who gets a mail of what somebody of the staff is about to write: what the form for it says, and asks about."""

from typing import NamedTuple

from informejo.accounts.models import Role, User
from informejo.mail.recipients import of_reply
from informejo.text import is_id
from informejo.tickets.models import Ticket


class Mailed(NamedTuple):
    """Somebody who gets a mail."""

    id: int
    name: str


class Addressees(NamedTuple):
    """Whom a reply and a note on one ticket are mailed to; a reply is for its `requester`, with a mail or without."""

    requester: Mailed
    reads_here: bool  # whether the requester can sign in
    reply: tuple[Mailed, ...]
    note: tuple[Mailed, ...]

    @property
    def colleagues(self) -> tuple[Mailed, ...]:
        """Who is mailed a reply beside its requester."""
        return tuple(one for one in self.reply if one != self.requester)

    @property
    def to(self) -> str:
        """Who gets a reply, as a form brings it along: ids, the requester's first."""
        return _ids((self.requester, *self.colleagues))

    @property
    def to_note(self) -> str:
        """The same of a note."""
        return _ids(self.note)

    def difference(self, internal: bool, drawn: str) -> tuple[set[int], set[int]] | None:
        """Who came to it and who went, by id, since a form was drawn that named those; None when nobody did."""
        now = {one.id for one in (self.note if internal else (self.requester, *self.colleagues))}
        then = {int(word) for word in drawn.split() if is_id(word)}
        return (now - then, then - now) if now != then else None


def addressees(ticket: Ticket, author: User) -> Addressees:
    """Who gets what `author`, of the staff, writes on the ticket now."""
    person, reply = ticket.requester, tuple(map(_mailed, of_reply(ticket, False, author)))
    requester, signs_in = _mailed(person), person.active and person.role != Role.GUEST
    note = tuple(one for one in reply if one != requester)
    if person.is_staff:  # what they are to it beside that may have them hear of notes too
        note = tuple(map(_mailed, of_reply(ticket, True, author)))
    return Addressees(requester, signs_in, reply, note)


def _mailed(user: User) -> Mailed:
    return Mailed(user.id, user.name)


def _ids(people: tuple[Mailed, ...]) -> str:
    return " ".join(str(one.id) for one in people)
