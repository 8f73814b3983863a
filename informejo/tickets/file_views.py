"""Sending attached files: as a download, pictures also within a page, and nothing as a page of its own."""

from urllib.parse import quote

from flask import Blueprint, abort, current_app, send_file
from werkzeug.exceptions import Gone

from informejo import policy, web
from informejo.text import plain_file_name
from informejo.tickets import files
from informejo.tickets.models import Attachment

bp = Blueprint("files", __name__)

# What people attach must not become a page of this site: no scripts, no guessing of kinds, no copies on shared disks.
HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


class Lost(Gone):
    """Its row is there, and this person may see it; its file is not on disk any more."""

    headline, next = "This file is lost", "If you still have it, attach it to the ticket again."

    def __init__(self, attachment: Attachment):
        super().__init__(
            f"“{attachment.name}” was here, but the file itself is missing on the desk's disk, or not whole any more."
            " Whoever runs the desk finds this in the log."
        )
        self.way_back = f"/tickets/{attachment.ticket_id}", f"Ticket #{attachment.ticket_id}"


@bp.get("/files/<token>/<name>")
def download(token: str, name: str):
    """The file, to be saved. Who may read the ticket may read it; the name in the address decides nothing."""
    return _send(policy.find_attachment(web.actor(), token), as_attachment=True)


@bp.get("/files/<token>")
def preview(token: str):
    """The file within the page, if it is a picture of a kind that can hold no scripts."""
    attachment = policy.find_attachment(web.actor(), token)
    if not attachment.is_image:
        abort(404)
    return _send(attachment, as_attachment=False)


def _send(attachment: Attachment, as_attachment: bool):
    path = files.path_of(attachment)
    if files.is_lost(attachment):
        current_app.logger.error("attachment %s of ticket %s is lost: %s", attachment.id, attachment.ticket_id, path)
        raise Lost(attachment)
    response = send_file(path, attachment.media_type)
    names = f"filename=\"{plain_file_name(attachment.name)}\"; filename*=UTF-8''{quote(attachment.name, safe='')}"
    response.headers["Content-Disposition"] = f"{'attachment' if as_attachment else 'inline'}; {names}"  # RFC 6266
    response.headers.update(HEADERS)
    return response
