"""The link in a mail with which somebody shows that they read what is sent to their address."""

from flask import Blueprint, g, request

from informejo import db, rates, security
from informejo.accounts.models import User
from informejo.accounts.queries import user_by_id
from informejo.mail import actions, queries, signatures
from informejo.web import anybody, page

bp = Blueprint("mail_confirmation", __name__)


@bp.route("/mail/confirm/<token>", methods=["GET", "POST"])
@anybody
def confirm(token: str):
    """A page with a button: programs that look through mails follow links, and press nothing."""
    user = _named(token)
    if user is None or request.method == "POST":
        rates.count("address confirmed", f"link of {user.id}" if user else security.address())
    if user is None:
        return page("accounts/confirm_address.html", title="This link does not work", user=None), 410
    # Of an account that a stranger may have made only who is signed in to it can say so. The others choose a password.
    elsewhere = user.is_unproven and (g.actor is None or g.actor.id != user.id)
    if request.method == "POST" and not elsewhere:
        actions.confirm_address(user, user.email)
        db.commit()
    return page("accounts/confirm_address.html", title="Your address", token=token, user=user, elsewhere=elsewhere)


def _named(token: str) -> User | None:
    """Whose address the link confirms, as long as they have it and may come in."""
    id = signatures.confirms_whom(token)
    user = id is not None and user_by_id(id)
    is_theirs = user and user.active and signatures.is_confirmation(queries.key(), token, user.id, user.email)
    return user if is_theirs else None
