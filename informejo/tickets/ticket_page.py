"""The page of one ticket, as every door of tickets draws it: opened, or with what is wrong with what was sent."""

import secrets

from flask import request
from werkzeug.exceptions import NotFound

from informejo import db, policy
from informejo.accounts.queries import staff_members
from informejo.events.models import Audience
from informejo.live import fragments, presence
from informejo.live.fragments import Fragment
from informejo.tickets import queries, trail
from informejo.tickets.models import Comment, Ticket
from informejo.web import actor, page, stream


def ticket_page(ticket: Ticket, typed, problems: dict[str, str]) -> str:
    """The page of a ticket, with what was typed on it and what is wrong with that."""
    live, audience = stream(f"ticket:{ticket.id}"), policy.audience(actor())
    db.session.refresh(ticket)  # it was found before the bookmark was taken
    seen = queries.seen_by(actor(), ticket)
    shown = queries.timeline_for(
        actor(), ticket, max(seen, queries.old_news()), _asked_for(ticket), request.args.get("all") == "yes"
    )
    pieces = fragments.timeline(shown.events, audience)
    return page(
        "tickets/show.html",
        title=f"#{ticket.number} {ticket.title}",
        stream=live,
        timeline=pieces,
        folded=shown.folded,
        folded_unread=shown.unread,
        seen=seen,
        first_new=fragments.first_new(pieces, seen, actor()) if seen else None,
        trail=trail.of(ticket),
        **(_for_staff(ticket) if audience == Audience.STAFF else _for_requester(ticket)),
        **composer(ticket, typed, problems).needs,
    )


def composer(ticket: Ticket, typed, problems: dict[str, str]) -> Fragment:
    """The form for a message, with what was typed into it and what is wrong with that."""
    audience = policy.audience(actor())
    needs = {"ticket": ticket, "audience": audience, "draft": typed, "problems": problems, "key": key_of(typed)}
    return Fragment("composer", "#composer", "outerMorph", "tickets/_composer.html", needs)


def key_of(typed) -> str:
    """The once-only key of a form: a new one, or the one it had when it came back with problems."""
    return typed.get("key") or secrets.token_urlsafe(16)


def _for_staff(ticket: Ticket) -> dict:
    reading = queries.reading_of_answer(ticket)
    return {"people": presence.people_at(ticket.id), "reading": reading, "staff": staff_members()}


def _for_requester(ticket: Ticket) -> dict:
    return {"people": [], "own_word": queries.is_solved_by_requester(ticket)}


def _asked_for(ticket: Ticket) -> Comment | None:
    """The message that the address asks for, if it is one of this ticket's that the reader may see."""
    id = request.args.get("at", type=int)
    try:
        found = policy.find_comment(actor(), id) if id else None
    except NotFound:
        return None
    return found if found and found.ticket_id == ticket.id else None
