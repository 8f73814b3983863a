"""What a mail tells and quotes of a ticket: only what its very reader may see, and to strangers no stranger's words."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import joinedload

from informejo import db, policy
from informejo.accounts.models import STAFF, Role, User
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.events.sentences import deeds, gave_it_to
from informejo.mail.choices import place
from informejo.mail.limit_queries import came_with
from informejo.tickets.files import is_lost
from informejo.tickets.models import Attachment, Comment, Ticket

QUOTED = 3  # messages that stand below an answer
MOST_QUOTED = 2_000  # characters of each
# Bytes of all files of a mail. Made text they are more by 37 %, and Postfix takes no mail beyond 10,240,000 bytes if it
# is not told otherwise: then not even the answer itself would reach a guest.
MOST_ATTACHED = 7_000_000
SOMEBODY = "Somebody"  # who it was is a word that a stranger chose


class File(NamedTuple):
    """A file by its name, its size in bytes, and where the reader has it."""

    name: str
    size: int
    where: str


class Said(NamedTuple):
    """One message as a mail shows it."""

    who: str
    at: str
    body: str
    internal: bool
    files: list[File]


class Told(NamedTuple):
    """One event as a mail tells it: a sentence, and what was said with it, if anything was."""

    sentence: str
    at: str
    said: Said | None


class Reader(NamedTuple):
    """Who a mail is for: a person, or an address alone. `known` says that the address was shown to be theirs."""

    user: User | None
    known: bool

    @property
    def opens(self) -> bool:
        """Whether they can sign in, and so open pages of the desk without a link of their own."""
        return self.user is not None and self.user.role != Role.GUEST

    def time(self, moment: datetime) -> str:
        """The moment in their own time zone, with its name: `30 Nov 2026, 10:12 UTC`."""
        zone = place(self.user.time_zone if self.user else "")
        return f"{moment.astimezone(zone):%d %b %Y, %H:%M %Z}".removeprefix("0")

    def name(self, person: User | None) -> str:
        """Who did something; of those who are not of the staff, strangers chose the name."""
        if person is None:
            return "The desk"
        return person.name if self.known or person.is_staff else SOMEBODY

    def title(self, ticket: Ticket) -> str:
        """What a ticket is called, where it may be said."""
        return ticket.title if self.known else ""

    def message(self, comment: Comment, attaching: bool = False) -> Said | None:
        """A message they may see, as it is now; None when a stranger wrote it to an address that nobody confirmed.

        `attaching` says that its files go with this mail, as far as they are `attached`.
        """
        if not (self.known or comment.author.is_staff):
            return None
        files = self._files(comment.attachments, self.attached(comment) if attaching else [])
        return Said(self.name(comment.author), self.time(comment.created_at), comment.body, comment.internal, files)

    def opening(self, ticket: Ticket) -> Said | None:
        """What the ticket said when it was opened, under the same rule; a mail may not be from whom it says."""
        by_us = ticket.opened_by.is_staff and not ticket.unverified and came_with(ticket) is None
        if not (self.known or by_us):
            return None
        files = self._files(ticket.attachments, [])
        return Said(self.name(ticket.opened_by), self.time(ticket.created_at), ticket.description, False, files)

    def attached(self, comment: Comment) -> list[Attachment]:
        """The files of a message that go with its mail: to guests, for whom mail is the way they know."""
        found, room = [], MOST_ATTACHED
        for file in comment.attachments if not self.opens else ():
            if file.size <= room and not file.hold and not is_lost(file):
                found.append(file)
                room -= file.size
        return found

    def told(self, event: Event) -> Told:
        """One event, for a mail that tells of several, or of one that is no message."""
        sentence = f"{self.name(event.actor)} {self._deeds(event)}"
        is_message = event.name == EventName.COMMENT_ADDED and event.comment
        said = self.message(event.comment, attaching=True) if is_message else None
        if event.name == EventName.TICKET_CREATED:
            said = self.opening(event.ticket)
        return Told(sentence, self.time(event.at), said)

    def earlier(self, ticket: Ticket, notes: bool, than: Comment | None = None, opening: bool = True) -> list[Said]:
        """The last messages of the conversation before that one, newest first; a stranger's address gets none.

        `notes` may be among them where an answer is a note itself: of what programs quote, not all can be told from
        what is said. With `opening`, where there is room, also what the ticket said when it was opened.
        """
        if not (self.known and self.user):
            return []
        comments = policy.visible_comments(self.user).where(Comment.ticket_id == ticket.id)
        if not notes:
            comments = comments.where(Comment.internal.is_(False))
        if than is not None:
            comments = comments.where(Comment.id < than.id)
        latest = comments.order_by(Comment.id.desc()).limit(QUOTED).options(joinedload(Comment.author))
        found = [self.message(comment) for comment in db.session.scalars(latest)]
        if opening and len(found) < QUOTED:
            found.append(self.opening(ticket))
        return [said._replace(body=_shortened(said.body)) for said in found]

    def last_answer(self, ticket: Ticket) -> Said | None:
        """What the staff wrote to the requester last."""
        public = policy.comments_on(Audience.REQUESTER, [ticket.id]).join(Comment.author).where(User.role.in_(STAFF))
        comment = db.session.scalar(public.order_by(Comment.id.desc()).limit(1))
        return self.message(comment) if comment else None

    def _files(self, files: list[Attachment], attached: list[Attachment]) -> list[File]:
        away = "On the ticket’s page" if self.user else "Not attached, ask us for it"
        return [File(file.name, file.size, "Attached" if file in attached else away) for file in files]

    def _deeds(self, event: Event) -> str:
        if event.name == EventName.TICKET_CREATED:
            return "opened this ticket"
        if event.name == EventName.MAIL_FAILED and not self.known:
            return "could not deliver a mail"  # to whom and why are a stranger's name and a strange server's words
        done, me = deeds([event], it="this ticket"), self.user and self.user.id
        if event.name == EventName.WATCHER_ADDED and event.user_id == me:
            return done.replace(f"asked {event.user.name} to", "asked you to")
        if gave_it_to(event, me):
            return done.replace(f"to {event.changes['assignee'][1]}", "to you")
        return done


def _shortened(body: str) -> str:
    return body if len(body) <= MOST_QUOTED else f"{body[:MOST_QUOTED]}…"
