"""What a search finds. It reads through all texts; an index, if there is one later, belongs here."""

from sqlalchemy import ColumnElement, and_, false, or_

from informejo import policy
from informejo.accounts.models import User
from informejo.events.names import EventName
from informejo.folding import words_of
from informejo.text import is_number
from informejo.tickets.models import Attachment, Comment, Ticket

# Events after which other words find a ticket, beside changes of its fields.
SAYING = (EventName.COMMENT_ADDED, EventName.COMMENT_EDITED, EventName.ATTACHMENT_ADDED)


def says(actor: User, search: str) -> ColumnElement[bool]:
    """Whether a ticket has all words of `search`, each somewhere that the actor may look.

    That is its number, title and description, its messages, its files' names, and who asked, with address and
    department.
    """
    words = words_of(search)
    return and_(*(_has(actor, word) for word in words)) if words else false()


def _has(actor: User, word: str) -> ColumnElement[bool]:
    comments = policy.visible_comments(actor).where(Comment.ticket_id == Ticket.id, Comment.says(word))
    files = policy.visible_attachments(actor).where(Attachment.ticket_id == Ticket.id, Attachment.says(word))
    places = [Ticket.says(word), Ticket.requester.has(User.says(word)), comments.exists(), files.exists()]
    number = word.removeprefix("#")
    if is_number(number):
        places.insert(0, Ticket.id == int(number))
    return or_(*places)
