"""The reader of mail at work beside a test, with a session of its own, as `work` runs it."""

from flask import current_app
from sqlalchemy import select

from informejo import db
from informejo.accounts.models import User
from informejo.mail import verdicts
from informejo.mail.models import OutgoingMail, Verdict
from informejo.readers import Reader, following

READER = Reader("mail", verdicts.decide)


def catch_up():
    """Have all that happened decided about; what the test holds is read anew."""
    with current_app._get_current_object().app_context():
        following.catch_up(READER)
    db.session.expire_all()


def verdicts_for(user: User) -> list[Verdict]:
    """What was decided for that person, oldest first."""
    catch_up()
    order = Verdict.event_id, Verdict.at
    return list(db.session.scalars(select(Verdict).where(Verdict.user_id == user.id).order_by(*order)))


def told(user: User) -> list[tuple]:
    """The same as kind, reason and decision."""
    return [(verdict.kind, verdict.why, verdict.decision) for verdict in verdicts_for(user)]


def mails_to(user: User) -> list[OutgoingMail]:
    """The mails to that person, oldest first."""
    catch_up()
    return list(
        db.session.scalars(select(OutgoingMail).where(OutgoingMail.user_id == user.id).order_by(OutgoingMail.id))
    )
