"""What became of the mails of a ticket's messages: what stands under each of them on the page of the staff."""

from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import Select, and_, bindparam, select

from informejo import db
from informejo.accounts.models import User
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.mail.models import MailWay, OutgoingMail, Verdict
from informejo.mail.words import SENDING, Decision, OutState, Why
from informejo.tickets.models import Comment
from informejo.tickets.queries import RECENT

_BROKEN = (OutState.FAILED, OutState.BOUNCED)
_DECIDED = {  # where a verdict has led to no mail, or its mail was not needed: what it says by itself
    Decision.WAITING: "waiting",
    Decision.BUNDLED: "bundled",
    Decision.SENT: "sent",
    Decision.FAILED: "failed",
}


class Told(NamedTuple):
    """What became of one message for one person. The names are those of the statement's columns."""

    order: int
    comment_id: int
    user_id: int
    name: str
    why: Why
    decision: Decision
    detail: str
    mail_id: int | None
    state: OutState | None
    due_at: datetime | None
    tries: int | None
    error: str | None
    ended_at: datetime | None
    ill: str | None  # what the mail server says while it fails, None as long as it works

    @property
    def standing(self) -> str:
        """One word: waiting, bundled, sent, failed, bounced, or the decision that led to no mail."""
        if self.state in _BROKEN or self.state == OutState.SENT:
            return self.state.value
        if self.state in (OutState.WAITING, OutState.SENDING):
            return "bundled" if self.decision == Decision.BUNDLED else "waiting"
        return _DECIDED.get(self.decision, self.decision.value)

    @property
    def hitch(self) -> str:
        """What keeps a mail that waits, in the server's words."""
        return (self.error or "") if self.tries else (self.ill or "")


class Delivery(NamedTuple):
    """All that stands under one message."""

    order: int  # of the message: the event that added it
    comment_id: int
    told: tuple[Told, ...]

    @property
    def named(self) -> list[Told]:
        """Who is named: the requester, and each colleague whose mail did not arrive."""
        return [told for told in self.told if told.why == Why.REQUESTER or told.standing in ("failed", "bounced")]

    @property
    def colleagues(self) -> int:
        """To how many others it was mailed."""
        named = self.named
        return sum(told.standing == "sent" and told not in named for told in self.told)


def deliveries_since(ticket_id: int, first: int) -> list[Delivery]:
    """Those of the ticket's messages from the event `first` on, in their order."""
    return _by_message(db.rows(_SINCE, ticket=ticket_id, first=first))


def latest_deliveries(ticket_id: int) -> list[Delivery]:
    """Those of the messages that stand on every page of the ticket."""
    return _by_message(db.rows(_LATEST, ticket=ticket_id))


def _by_message(rows) -> list[Delivery]:
    told = [Told(*row) for row in rows if row.decision != Decision.OWN]
    return [
        Delivery(*message, tuple(group)) for message, group in groupby(told, lambda one: (one.order, one.comment_id))
    ]


def _told() -> Select:
    ill = select(MailWay.error).where(MailWay.name == SENDING, MailWay.failing_since.is_not(None)).scalar_subquery()
    mail = OutgoingMail.id, OutgoingMail.state, OutgoingMail.due_at, OutgoingMail.tries
    return (
        select(Event.id, Event.comment_id, User.id, User.name, Verdict.why, Verdict.decision, Verdict.detail, *mail)
        .add_columns(OutgoingMail.error, OutgoingMail.ended_at, ill)
        .join(Comment, and_(Comment.id == Event.comment_id, Comment.ticket_id == Event.ticket_id))  # else it was moved
        .join(Verdict, Verdict.event_id == Event.id)
        .join(User, User.id == Verdict.user_id)
        .outerjoin(OutgoingMail, OutgoingMail.id == Verdict.mail_id)
        .where(Event.ticket_id == bindparam("ticket"), Event.name == EventName.COMMENT_ADDED)
        .order_by(Event.id, User.folded, User.id)
    )


# Only such as stand on every page: under a message that is folded away there is no place.
_SHOWN = select(Event.id, Event.name).where(Event.ticket_id == bindparam("ticket"))
_SHOWN = _SHOWN.order_by(Event.id.desc()).limit(RECENT).subquery()
_MESSAGES = select(_SHOWN.c.id).where(_SHOWN.c.name == EventName.COMMENT_ADDED).order_by(_SHOWN.c.id.desc())
_SINCE = _told().where(Event.id >= bindparam("first"))
_LATEST = _told().where(Event.id.in_(_MESSAGES))
