"""How much room there is for files: in one ticket, and for one person in a day, in all their tickets together."""

from datetime import timedelta
from typing import NamedTuple

from flask import current_app
from sqlalchemy import bindparam, func, select

from informejo import clock, db
from informejo.accounts.models import User
from informejo.text import file_size
from informejo.tickets.models import Attachment, Comment, Ticket

DAY = timedelta(hours=24)
STAFF = 10  # times as much as others send, they do: they work here all day
TICKET_FULL = "“{name}” does not fit: the files of one ticket can have {quota} together."
PERSON_FULL = "“{name}” does not fit: the files that one person sends within 24 hours can have {quota} together."
_IN_TICKET = (
    select(func.sum(Attachment.size))
    .outerjoin(Attachment.comment)
    .where(Attachment.ticket_id == bindparam("ticket"), func.coalesce(Comment.internal, False) == bindparam("internal"))
)
_OF_PERSON = (
    select(func.sum(Attachment.size))
    .join(Attachment.ticket)
    .where(
        Attachment.uploader_id == bindparam("person"),
        Attachment.created_at > bindparam("since"),
        Ticket.unverified == bindparam("unverified"),
    )
)


class Room(NamedTuple):
    """So many bytes, and the sentence for the first file that is beyond them, with a place for its name."""

    left: int
    full: str


def room_in(ticket: Ticket | None, internal: bool) -> Room:
    """What a ticket has left; None is a new one."""
    quota = current_app.config["TICKET_QUOTA"]
    taken = db.rows(_IN_TICKET, ticket=ticket.id, internal=internal)[0][0] if ticket else 0
    return Room(quota - (taken or 0), TICKET_FULL.replace("{quota}", file_size(quota)))


def room_of(person: User, unverified: bool) -> Room:
    """What somebody may still send today; to tickets of which nobody has shown that they are theirs it counts apart.

    Else strangers could use it up by the form for visitors, or by a mail that names a false sender.
    """
    quota = current_app.config["PERSON_QUOTA"] * (STAFF if person.is_staff else 1)
    asked = {"person": person.id, "since": clock.now() - DAY, "unverified": unverified}
    taken = db.rows(_OF_PERSON, **asked)[0][0]
    return Room(quota - (taken or 0), PERSON_FULL.replace("{quota}", file_size(quota)))


def room_for(person: User | None, ticket: Ticket | None, internal: bool, unverified: bool) -> Room:
    """The smaller of both; without a person, that of the ticket."""
    there = room_in(ticket, internal)
    return min(there, room_of(person, unverified)) if person else there
