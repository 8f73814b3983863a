"""Mails as they stand after whoever sends them has been at it."""

from sqlalchemy import select

from informejo import clock, db
from informejo.accounts.models import User
from informejo.mail.models import OutgoingMail, Verdict
from informejo.mail.words import Decision, OutState
from informejo.tickets.models import Comment
from tests.mail.deciding import catch_up

ENDED = (OutState.SENT, OutState.FAILED, OutState.BOUNCED)


def stand(comment: Comment, user: User, state: OutState, **fields) -> OutgoingMail:
    """The mail of that message to that person comes to stand so, and whoever looks at its ticket is told."""
    catch_up()
    mine = select(Verdict).join(Verdict.event).where(Verdict.user_id == user.id, Verdict.mail_id.is_not(None))
    [verdict] = [one for one in db.session.scalars(mine) if one.event.comment_id == comment.id]
    mail, fields["state"] = verdict.mail, state
    if state in (OutState.SENT, OutState.BOUNCED):
        fields["message_id"] = f"<c.{comment.id}.{mail.id}.{'a' * 16}@example.org>"
    for name, value in ({"ended_at": clock.now() if state in ENDED else None} | fields).items():
        setattr(mail, name, value)
    verdict.decision = {OutState.SENT: Decision.SENT, OutState.FAILED: Decision.FAILED}.get(state, verdict.decision)
    db.notice(f"mails:{comment.ticket_id}")
    db.commit()
    return mail
