"""Attached files on their way out: always as a download, pictures also within the page, never as a page."""

from urllib.parse import quote

from flask import Blueprint, abort, current_app, send_file

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


@bp.get("/files/<token>/<name>")
def download(token: str, name: str):
    """The file, to be saved. Who may read the ticket may read it; the name in the address decides nothing."""
    return _send(policy.find_attachment(web.actor(), token), as_attachment=True)


@bp.get("/files/<token>")
def preview(token: str):
    """The file within the page, if it is a kind of picture that cannot act."""
    attachment = policy.find_attachment(web.actor(), token)
    if not attachment.is_image:
        abort(404)
    return _send(attachment, as_attachment=False)


def _send(attachment: Attachment, as_attachment: bool):
    path = files.path_of(attachment)
    if not path.is_file():
        current_app.logger.error("attachment %s has no file at %s", attachment.id, path)
        abort(404)
    response = send_file(path, attachment.media_type)
    names = f"filename=\"{plain_file_name(attachment.name)}\"; filename*=UTF-8''{quote(attachment.name, safe='')}"
    response.headers["Content-Disposition"] = f"{'attachment' if as_attachment else 'inline'}; {names}"  # RFC 6266
    response.headers.update(HEADERS)
    return response
