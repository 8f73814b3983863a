"""The bundle that waits for somebody."""

from sqlalchemy import select

from informejo import db
from informejo.accounts.models import User
from informejo.mail.models import OutgoingMail
from informejo.mail.words import Kind, OutState


def open_bundle(user: User) -> OutgoingMail | None:
    """The bundle for this person that nobody has begun to send, locked; it takes in what comes until somebody does.

    So it is one mail too where no server has taken it for days, and not one for each half hour.
    """
    bundles = select(OutgoingMail).where(OutgoingMail.user_id == user.id, OutgoingMail.kind == Kind.BUNDLE)
    fresh = OutgoingMail.state == OutState.WAITING, OutgoingMail.tries == 0, OutgoingMail.message_id.is_(None)
    first = bundles.where(*fresh).order_by(OutgoingMail.id).limit(1)
    return db.session.scalar(first.with_for_update().execution_options(populate_existing=True))
