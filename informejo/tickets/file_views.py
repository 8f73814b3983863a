"""Sending attached files: as a download, and pictures also within a page."""

from flask import Blueprint, abort, current_app
from werkzeug.exceptions import Gone, Locked

from informejo import downloads, policy, web
from informejo.tickets import files
from informejo.tickets.models import Attachment
from informejo.tickets.words import Hold
from informejo.web import by_link

HELD = {
    Hold.UNCHECKED: (
        "This file waits to be checked",
        "“{name}” is here, but the desk's virus scanner did not answer when it came, so nobody opens it yet.",
        "It is checked by itself as soon as the scanner answers; the ticket shows it then.",
    ),
    Hold.INFECTED: (
        "This file is not handed out",
        "The desk's virus scanner found something in “{name}”, so nobody opens it.",
        "Ask whoever sent it for another one.",
    ),
}

bp = Blueprint("files", __name__)


class Lost(Gone):
    """Its row is there, and this person may see it; its file is not on disk any more."""

    headline, next = "This file is lost", "If you still have it, attach it to the ticket again."

    def __init__(self, attachment: Attachment):
        super().__init__(
            f"“{attachment.name}” was here, but the file itself is missing on the desk's disk, or not whole any more."
            " Whoever runs the desk finds this in the log."
        )
        self.way_back = f"/tickets/{attachment.ticket_id}", f"Ticket #{attachment.ticket_id}"


class Held(Locked):
    """It is there, and this person may see it; but a virus is in it, or nobody knows yet that there is none."""

    def __init__(self, attachment: Attachment):
        self.headline, sentence, self.next = HELD[attachment.hold]
        super().__init__(sentence.replace("{name}", attachment.name))
        self.way_back = f"/tickets/{attachment.ticket_id}", f"Ticket #{attachment.ticket_id}"


@bp.get("/files/<token>/<name>")
@by_link
def download(token: str, name: str):
    """The file, to be saved. Who may read the ticket may read it; the name in the address decides nothing."""
    return _send(policy.find_attachment(web.actor(), token), as_attachment=True)


@bp.get("/files/<token>")
@by_link
def preview(token: str):
    """The file within the page, if it is a picture of a kind that can hold no scripts."""
    attachment = policy.find_attachment(web.actor(), token)
    if not attachment.is_image:
        abort(404)
    return _send(attachment, as_attachment=False)


def _send(attachment: Attachment, as_attachment: bool):
    if attachment.hold:
        raise Held(attachment)
    path = files.path_of(attachment)
    if files.is_lost(attachment):
        current_app.logger.error("attachment %s of ticket %s is lost: %s", attachment.id, attachment.ticket_id, path)
        raise Lost(attachment)
    return downloads.sent(path, attachment.media_type, attachment.name, as_attachment)
