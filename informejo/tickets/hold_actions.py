"""What becomes of a file that was held: the scanner has seen it at last."""

from flask import current_app

from informejo import db
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.tickets.models import Attachment
from informejo.tickets.words import Hold


def note_verdict(attachment: Attachment, found: str):
    """Let it be opened from now on; or, if something was `found` in it, by nobody ever."""
    db.lock(attachment)
    if attachment.hold != Hold.UNCHECKED:
        return
    attachment.hold = Hold.INFECTED if found else None
    if found:
        current_app.logger.warning("attachment %s is held for good: the scanner found %s", attachment.id, found)
    comment = attachment.comment
    log.record(
        EventName.ATTACHMENT_CHECKED,
        None,
        ticket=attachment.ticket,
        comment=comment,
        attachment=attachment,
        audience=comment.audience if comment else Audience.REQUESTER,
    )
