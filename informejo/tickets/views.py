"""Pages of tickets: the list of one's own, opening one, and writing on one."""

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, render_template, request
from sqlalchemy import Row
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from informejo import db, policy
from informejo.accounts.actions import guest_for
from informejo.drafts.queries import draft_for, offered
from informejo.events.models import Event
from informejo.guests.link_actions import prove
from informejo.guests.links import new_link, with_link
from informejo.inputs import Invalid
from informejo.live import drawings, fragments
from informejo.own_counts import count_own
from informejo.tickets import actions, addressing, files, list_queries, queries
from informejo.tickets.filters import TicketFilter
from informejo.tickets.inputs import NewComment, NewTicket, asked, list_from
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.ticket_page import composer, key_of, out_of_sight, ticket_page
from informejo.tickets.words import Status
from informejo.web import actor, answer, by_link, go_to, page, standing, stream, wants_fragment

bp = Blueprint("tickets", __name__)
SAID = {"body", "internal", "key", "continues"}


@bp.get("/tickets")
def index():
    """One's own tickets, for staff too: those they asked for themselves."""
    live, filter = stream(), asked({**request.args, "requester": "me"})
    listed = list_queries.tickets_for(actor(), standing(), filter, request.args.get("page", type=int))
    shown = {
        "listed": listed,
        "lines": drawings.cards(actor(), standing(), listed.tickets),
        "filter": filter,
        "since": standing().bookmark,
        "address": _own(filter),
        "news": 0,
    }
    shown["any"] = listed.total > 0 or list_queries.has_tickets(actor(), standing(), requester="me")
    return page("tickets/mine.html", title="My tickets", stream=live, **shown)


@bp.get("/tickets/news")
def news():
    """How many of one's own tickets came into a list since it was drawn."""
    filter = asked({**request.args, "requester": "me"})
    number = list_queries.news_for(actor(), filter, *list_from(request.args))
    return render_template("desk/_news.html", news=number, address=_own(filter))


@bp.get("/tickets/new")
def new():
    """The form for a new ticket, with what was typed into it before."""
    chosen = request.args.get("draft")
    draft = draft_for(actor(), "new-ticket", chosen)
    if draft.get("requester_email") and not chosen:
        draft = {"others": offered(actor(), "new-ticket")}  # the next caller is somebody else
    return _new_page(draft, {}, request.args.get("follows") or draft.get("follows"))


@bp.post("/tickets")
def create():
    """Open a ticket."""
    count_own("ticket")
    try:
        new = NewTicket.read(request.form)
        with files.kept(request.files.getlist("files"), actor()) as kept:
            opened = _open(new, kept)
            db.commit()
    except Invalid as invalid:
        return _new_page(invalid.typed, invalid.problems, request.form.get("follows")), 422
    except files.FileRefused as refused:
        problems = {"files": str(refused)}
        return _new_page(request.form, problems, request.form.get("follows")), refused.status, refused.headers
    return _opened(opened)


@bp.post("/tickets/<int:number>/comments")
@by_link
def create_comment(number: int):
    """Add a message. On a ticket that is closed, what its requester writes opens a new one."""
    ticket, uploads = policy.find_ticket(actor(), number), request.files.getlist("files")
    count_own("comment" if _ticket_of(ticket) else "ticket")
    try:
        new = NewComment.read({**request.form, "files": any(upload.filename for upload in uploads)})
        addressing.check(ticket, new)
        again = queries.said_before(actor(), ticket, new.body, new.internal, new.key if new.files else None)
        with files.kept(uploads, actor(), _ticket_of(ticket), new.internal, again) as kept:
            prove(actor(), ticket)
            said = actions.reply(actor(), ticket, files=kept, **new.model_dump(include=SAID))
            link = new_link(actor(), said) if isinstance(said, Ticket) and actor().only else ""
            drafts = offered(actor(), f"ticket:{number}")  # before the end of the transaction: the next one costs more
            events = db.commit()
    except Invalid as invalid:
        return _refused(ticket, {name or "body": said for name, said in invalid.problems.items()}, invalid.status)
    except files.FileRefused as refused:
        return _refused(ticket, {"files": str(refused)}, refused.status, refused.headers)
    if isinstance(said, Ticket):
        return with_link(_opened(said), said.id, link) if link else _opened(said)
    return _said(said, events, drafts)


def _own(filter: TicketFilter) -> str:
    return f"/tickets?{replace(filter, requester='').address}"


def _open(new: NewTicket, kept: list[files.Kept]) -> Ticket:
    requester = guest_for(actor(), new.requester_email, new.requester_name) if new.requester_email else None
    return actions.open_ticket(
        actor(),
        title=new.title,
        description=new.description,
        category=new.category,
        priority=new.priority,
        requester=requester,
        files=kept,
        follows=_followed(new.follows),
        key=new.key,
        continues=new.continues,
    )


def _ticket_of(ticket: Ticket) -> Ticket | None:
    """The ticket to which a message on this one is added; None if it will be a new one (`actions.reply`)."""
    return None if ticket.status == Status.CLOSED and not actor().is_staff else ticket


def _opened(ticket: Ticket) -> Response:
    if gone := out_of_sight(ticket, "ticket-opened-out-of-sight"):
        return gone
    own = ticket.requester_id == actor().id
    return go_to(f"/tickets/{ticket.number}", "ticket-opened" if own else "ticket-opened-for-another")


def _said(comment: Comment, events: list[Event], drafts: Sequence[Row]):
    ticket = comment.ticket
    emptied = composer(ticket, {"others": drafts}, {})
    parts = [emptied, *fragments.answer(events, ticket, policy.audience(actor()))]
    return answer(fragments.render(parts), f"/tickets/{ticket.number}#comment-{comment.id}")


def _refused(ticket: Ticket, problems: dict[str, str], status: int = 422, headers: dict | None = None):
    if wants_fragment():
        return composer(ticket, request.form, problems).render(), status, headers
    return ticket_page(ticket, request.form, problems), status, headers


def _followed(number: str | None) -> Ticket | None:
    """The ticket that a new one follows, if it can be found: what was written must not be lost with it."""
    try:
        return policy.find_ticket(actor(), int(number or ""))
    except (ValueError, NotFound):
        return None


def _new_page(typed, problems: dict[str, str], follows: str | None) -> str:
    audience = policy.audience(actor())
    context = {"draft": typed, "problems": problems, "audience": audience, "follows": _followed(follows)}
    return page("tickets/new.html", title="New ticket", key=key_of(typed), **context)
