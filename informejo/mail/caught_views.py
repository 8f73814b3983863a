"""What MAIL_CATCH kept instead of sending it, for administrators: links to choose a password are among it."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from flask import Blueprint, Response, current_app, request

from informejo import policy
from informejo.mail import out_queries
from informejo.web import actor, page

# The mail as a mail program would show it: a page of its own without scripts, forms, or anything from elsewhere.
IN_A_FRAME = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"

bp = Blueprint("caught", __name__)


@bp.get("/mail/caught")
def caught():
    """All of them, the newest first."""
    policy.require(actor(), "mail.check")
    listed = out_queries.caught(actor(), request.args.get("page", type=int))
    catches = current_app.config["MAIL_CATCH"]
    return page("ledger/caught.html", title="Caught mail", listed=listed, catches=catches)


@bp.get("/mail/caught/<int:id>")
def one(id: int):
    """One mail: its HTML in a frame, its text, its header fields."""
    mail = out_queries.find_caught(actor(), id)
    message = _read(mail.raw)
    return page(
        "ledger/caught_mail.html",
        title=mail.subject or "Caught mail",
        mail=mail,
        text=_part(message, "plain"),
        fields=[(name, str(value)) for name, value in message.items()],
    )


@bp.get("/mail/caught/<int:id>/html")
def html(id: int):
    """What stands in the frame."""
    message = _read(out_queries.find_caught(actor(), id).raw)
    return Response(_part(message, "html"), mimetype="text/html", headers={"Content-Security-Policy": IN_A_FRAME})


def _read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=SMTP)


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return part.get_content() if part else ""
