"""Mail that goes out, for staff: what waits, what failed and why, and sending it again."""

from flask import Blueprint, current_app, request

from informejo import db, policy
from informejo.mail import out_queries, outgoing_actions, queries
from informejo.mail.words import OutState
from informejo.web import actor, answer, local, page, stream

bp = Blueprint("out", __name__)


@bp.get("/mail/out")
def outgoing():
    """All mails, or those in one state, the newest first."""
    policy.require(actor(), "mail.see")
    live, word = stream(), request.args.get("state", "")
    state = OutState(word) if word in tuple(OutState) else None
    return page(
        "ledger/out.html",
        title="Mail that goes out",
        stream=live,
        listed=out_queries.outgoing(actor(), state, request.args.get("page", type=int)),
        state=state,
        states=list(OutState),
        tally=out_queries.tally(actor()),
        server=out_queries.sending(),
        waits=not queries.can_be_sent(),
        catches=current_app.config["MAIL_CATCH"],
    )


@bp.post("/mail/out/<int:id>/attempts")
def send_again(id: int):
    """Send one that failed or came back once more. An open page of its ticket is told by its stream."""
    mail = out_queries.find_outgoing(actor(), id)
    outgoing_actions.send_again(actor(), mail)
    db.commit()
    return answer("", local(request.form.get("back"), "/mail/out"), notice="mail-again")
