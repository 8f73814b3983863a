"""Mail: what goes out and why, what came in and what became of it, who watches what, and the ways that mail takes."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from informejo import clock
from informejo.accounts.models import User
from informejo.db import Model, Moment, words
from informejo.events.models import Event
from informejo.ids import next_id
from informejo.mail.words import Decision, InState, Kind, OutState, Pace, Why
from informejo.tickets.models import Comment, Ticket


class MailChoices(Model):
    """Which events mail one person, and when. Who has no row has chosen nothing: see `choices.of`."""

    __tablename__ = "mail_choices"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    receipt: Mapped[bool]  # of a ticket of their own that was opened
    mine: Mapped[bool]  # what happens to tickets they asked for
    assigned: Mapped[bool]
    mentioned: Mapped[bool]
    watched: Mapped[bool]
    all_new: Mapped[bool]  # every new ticket, and what is said on those that are with nobody
    pace: Mapped[Pace] = words(Pace)
    bundle_minutes: Mapped[int]
    daily_at: Mapped[int]  # minutes after midnight, in their own time zone, as are the two below
    quiet_from: Mapped[int | None]  # no mail from then on ...
    quiet_to: Mapped[int | None]  # ... until then, which may be the next morning


class Watcher(Model):
    """Somebody who may see a ticket and wants to hear of it; who asked them to, and when, is in the log."""

    __tablename__ = "watchers"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)

    user: Mapped[User] = relationship()


class OutgoingMail(Model):
    """One mail to one address. What it says is written when it is sent, from how things are then."""

    __tablename__ = "outgoing_mails"
    __table_args__ = (
        Index("ix_outgoing_mails_due", "state", "due_at"),
        Index("ix_outgoing_mails_address", "address", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=next_id)
    kind: Mapped[Kind] = words(Kind)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    address: Mapped[str]
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), index=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), index=True)
    incoming_id: Mapped[int | None] = mapped_column(ForeignKey("incoming_mails.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[str | None] = mapped_column(unique=True)  # with its angle brackets; the same at each try
    subject: Mapped[str] = mapped_column(default="")  # as it was sent
    state: Mapped[OutState] = words(OutState, default=OutState.WAITING)
    due_at: Mapped[datetime] = mapped_column(Moment)
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")  # the last one, in the server's own words
    claimed_until: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)  # when it was sent, given up or came back

    user: Mapped[User | None] = relationship()
    ticket: Mapped[Ticket | None] = relationship()
    comment: Mapped[Comment | None] = relationship()
    event: Mapped[Event | None] = relationship()
    verdicts: Mapped[list["Verdict"]] = relationship(back_populates="mail", order_by="Verdict.event_id")

    @property
    def goes_to(self) -> str:
        """The address its reader has now, whatever they had when it was asked for; of one that has gone where it went.

        They may not get at the mailbox of before any more, and links stand in it.
        """
        gone = self.state not in (OutState.WAITING, OutState.SENDING)
        return self.address if gone or self.user is None or self.kind.of_one_address else self.user.email


class Verdict(Model):
    """What was decided about one event for one person, and why it concerned them."""

    __tablename__ = "mail_verdicts"
    __table_args__ = (Index("ix_mail_verdicts_user", "user_id", "event_id"),)

    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    why: Mapped[Why] = words(Why, primary_key=True)
    kind: Mapped[Kind] = words(Kind)
    decision: Mapped[Decision] = words(Decision)
    detail: Mapped[str] = mapped_column(default="")  # what the word alone does not say: until when, the server's words
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("outgoing_mails.id", ondelete="SET NULL"), index=True)
    at: Mapped[datetime] = mapped_column(Moment, default=clock.now)

    event: Mapped[Event] = relationship()
    user: Mapped[User] = relationship()
    mail: Mapped[OutgoingMail | None] = relationship(back_populates="verdicts")


class CaughtMail(Model):
    """A mail as it would have been sent, where MAIL_CATCH keeps all of them here."""

    __tablename__ = "caught_mails"

    id: Mapped[int] = mapped_column(primary_key=True, default=next_id)
    address: Mapped[str]
    subject: Mapped[str]
    mail_id: Mapped[int | None]  # the OutgoingMail it was; once that is gone nobody can be asked whose it is
    raw: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    at: Mapped[datetime] = mapped_column(Moment, default=clock.now)


class IncomingMail(Model):
    """One mail that came in, as it is: its bytes lie in UPLOAD_DIR under `stored_name`. Nothing is ever dropped."""

    __tablename__ = "incoming_mails"
    __table_args__ = (
        UniqueConstraint("mailbox", "uid_validity", "uid"),
        Index("ix_incoming_mails_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=next_id)
    mailbox: Mapped[str]  # the name of a MailWay; "standard input" where the mail server hands it over
    uid_validity: Mapped[int | None] = mapped_column(BigInteger)
    uid: Mapped[int | None] = mapped_column(BigInteger)
    stored_name: Mapped[str] = mapped_column(unique=True)
    size: Mapped[int]  # bytes
    received_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    state: Mapped[InState] = words(InState, default=InState.NEW)
    reason: Mapped[str] = mapped_column(default="")  # why it is in that state, as a sentence
    match: Mapped[str] = mapped_column(default="")  # what led to the ticket, as a sentence
    tries: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None] = mapped_column(Moment)  # while somebody reads it; found again after it
    message_id: Mapped[str] = mapped_column(default="", index=True)  # without one, a digest of its bytes
    sender: Mapped[str] = mapped_column(default="", index=True)  # the address, lower-case
    subject: Mapped[str] = mapped_column(default="")
    automatic: Mapped[bool] = mapped_column(default=False)
    dmarc: Mapped[str] = mapped_column(default="")  # pass, fail or nothing, from our own server's header
    person_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="SET NULL"), index=True)
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="SET NULL"), index=True)
    moved_from_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="SET NULL"))  # for "undo"

    person: Mapped[User | None] = relationship()
    ticket: Mapped[Ticket | None] = relationship(foreign_keys=ticket_id)
    comment: Mapped[Comment | None] = relationship()
    moved_from: Mapped[Ticket | None] = relationship(foreign_keys=moved_from_id)

    @property
    def key(self) -> str:
        """The once-only key of what it says: a mail that is taken up twice says nothing twice."""
        return f"mail:{self.id}"


class QuotedTicket(Model):
    """A ticket of which a mail tells, whatever its own is: who does not see that one does not see the mail."""

    __tablename__ = "quoted_tickets"

    id: Mapped[int] = mapped_column(primary_key=True, default=next_id)
    outgoing_id: Mapped[int | None] = mapped_column(ForeignKey("outgoing_mails.id", ondelete="CASCADE"), index=True)
    incoming_id: Mapped[int | None] = mapped_column(ForeignKey("incoming_mails.id", ondelete="CASCADE"), index=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)

    ticket: Mapped[Ticket] = relationship()


class MailPicture(Model):
    """A picture that came inside somebody's mail, to know a logo that comes with each of them again."""

    __tablename__ = "mail_pictures"

    sender: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)  # SHA-256 of its bytes
    first_id: Mapped[int | None] = mapped_column(ForeignKey("incoming_mails.id", ondelete="SET NULL"))


class MailWay(Model):
    """A way that mail takes: the server that sends (`SMTP`), or a mailbox. How it fares, and what it signs in with."""

    __tablename__ = "mail_ways"

    name: Mapped[str] = mapped_column(primary_key=True)
    well_at: Mapped[datetime | None] = mapped_column(Moment)  # when it worked last
    failing_since: Mapped[datetime | None] = mapped_column(Moment)  # None while it works
    error: Mapped[str] = mapped_column(default="")  # in the server's own words, without names and passwords
    refresh_token: Mapped[str] = mapped_column(default="")  # OAuth 2; the newest that the provider gave us
    token_expires_at: Mapped[datetime | None] = mapped_column(Moment)


class Lease(Model):
    """Who of several processes does what only one may do at a time, and until when."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime] = mapped_column(Moment)


class MailKey(Model):
    """One row: the secret that signs the ids and reply addresses of mails. A restore keeps it: sent mails carry it."""

    __tablename__ = "mail_key"

    word: Mapped[str] = mapped_column(primary_key=True)
