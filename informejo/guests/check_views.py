"""Checking a ticket without a link at hand: with the access code from a mail, or by having a new link mailed."""

from flask import Blueprint, g, redirect, request

from informejo import cookies, db, rates, security
from informejo.accounts.gate import carried_fields, draft_name, passing_through
from informejo.accounts.models import Session
from informejo.accounts.queries import address_for, user_by_email
from informejo.asked_for import ticket_of_draft
from informejo.audit import accesses
from informejo.drafts.actions import keep_text
from informejo.drafts.queries import page_of
from informejo.guests.actions import ask_for_link
from informejo.guests.inputs import LinkWish, TypedCode
from informejo.guests.link_queries import opened_by_code, ticket_held
from informejo.guests.links import new_link_beside, with_link
from informejo.inputs import Invalid
from informejo.web import NOTICES, go_to, page, public

WRONG = "This e-mail address and access code do not open a ticket, or not any more."
ANOTHER = (
    "This code opens ticket #{}, and what you were writing is for another one. Take the code from a mail about that,"
    " or have a new link to it mailed. Nothing is lost so far."
)

bp = Blueprint("check", __name__)


@bp.get("/check")
@public
def check():
    """Where people type the code; whoever is signed in has all their tickets, if the address is known to be theirs."""
    return redirect("/tickets", 303) if g.actor and not g.actor.is_unproven else _page({}, {})


@bp.post("/check")
@public
def enter():
    """Open the ticket of that code. Wrong, unknown and ended are one answer, after the same time."""
    try:
        typed = TypedCode.read(request.form)
    except Invalid as invalid:
        return _page(invalid.typed, invalid.problems), 422
    _count_code(typed.email)
    with security.in_even_time():
        link = opened_by_code(typed.email, typed.code)
        if link is None:
            known = user_by_email(typed.email)
            accesses.note("code-failed", user=known, who="" if known else typed.email)
            db.commit()
    if link is None:
        return _page(request.form, {"code": WRONG}), 422
    return _open(link)


@bp.post("/check/link")
@public
def ask():
    """Have a new link mailed. What is answered does not tell whether there is such a ticket."""
    try:
        wish = LinkWish.read(request.form)
    except Invalid as invalid:
        return _page(invalid.typed, {f"link-{name}": said for name, said in invalid.problems.items()}), 422
    rates.count_link(wish.email, _held(wish.email))
    with security.in_even_time():
        ask_for_link(wish.email, int(wish.number) if wish.number else None)
        db.commit()
    if not carried_fields(request.form):
        return go_to("/check", "link-asked")
    return _page({"email": wish.email}, {}, NOTICES["link-asked"])  # the code in that mail takes along what they write


def _open(link: Session):
    """Come in by a link of one's own, which begins here, with what one was writing to this very ticket."""
    fields, draft = carried_fields(request.form), draft_name(request.form)
    if fields and ticket_of_draft(draft or "") != link.ticket_id:
        return _page(request.form, {"code": ANOTHER.format(link.ticket_id)}), 422
    token = new_link_beside(link)
    if not token:
        db.session.rollback()
        return _page(request.form, {"code": WRONG}), 422
    accesses.note("link-used", user=link.user, said="With an access code.")  # which ticket is not for all who audit
    if fields:
        keep_text(link.user, draft, fields)
    db.commit()
    if g.actor:
        return go_to(f"/t/{token}")
    onward = go_to(page_of(draft), "draft-kept") if fields else go_to(f"/tickets/{link.ticket_id}")
    return with_link(onward, link.ticket_id, token)


def _count_code(email: str):
    """Refuse who guesses. A browser that holds a link of theirs counts apart, so that nobody keeps them out."""
    email = address_for(email)
    held = _held(email)
    if held is None:
        rates.count("code", security.address())
    rates.count("code of a person", f"{email} {held or security.address()}")
    if held is None:
        rates.count("codes of a person", email)
    db.commit()  # what is counted is kept, and nobody waits to write while the code is hashed


def _held(email: str) -> int | None:
    return ticket_held(cookies.link_cookies(), email)


def _page(typed, problems: dict[str, str], said: str = "") -> str:
    context = {"typed": typed, "problems": problems, "hidden": passing_through(), "said": said}
    return page("guests/check.html", title="Check a ticket", **context)
