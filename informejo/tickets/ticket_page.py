"""The page of one ticket, for all views that show it: as it is, or with what is wrong with what was sent."""

import secrets

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from informejo import policy
from informejo.events.models import Audience
from informejo.live import drawings, presence
from informejo.live.drawings import Conversation
from informejo.live.makers import Fragment
from informejo.mail.queries import can_be_sent
from informejo.security import SAFE
from informejo.tickets import queries, trail
from informejo.tickets.models import Comment, Ticket
from informejo.web import actor, go_to, look_up_again, page, standing, stream


def ticket_page(ticket: Ticket, typed, problems: dict[str, str]) -> str:
    """The page of a ticket, with what was typed on it and what is wrong with that."""
    if request.method not in SAFE:
        look_up_again()
        ticket = policy.find_ticket(actor(), ticket.number)  # it was found before, by somebody who could see it then
    return page("tickets/show.html", **ticket_context(ticket, typed, problems))


def ticket_context(ticket: Ticket, typed, problems: dict[str, str]) -> dict:
    """What that page is drawn from, for whoever acts."""
    live = stream(f"ticket:{ticket.id}")
    audience = policy.audience(actor())
    seen = queries.seen_by(actor(), ticket)
    talk, folds_news = _conversation(ticket, seen)
    return dict(
        title=f"#{ticket.number} {ticket.title}",
        stream=live,
        around=drawings.surroundings(actor(), ticket, standing()),
        timeline=drawings.with_deliveries(ticket, talk) if audience == Audience.STAFF else talk.pieces,
        folded=talk.total - talk.events,
        folded_unread=folds_news,
        seen=seen,
        first_new=drawings.first_new(talk.pieces, seen, actor()) if seen else None,
        trail=trail.of(ticket),
        **(_for_staff(ticket) if audience == Audience.STAFF else {"people": []}),
        **composer(ticket, typed, problems).needs,
    )


def out_of_sight(ticket: Ticket, notice: str = "ticket-out-of-sight") -> Response | None:
    """The queue, for whoever of the staff does not see the ticket any more by what they did; None for all others."""
    return go_to("/queue", notice) if actor().is_staff and not policy.sees(actor(), ticket) else None


def composer(ticket: Ticket, typed, problems: dict[str, str]) -> Fragment:
    """The form for a message, with what was typed into it and what is wrong with that."""
    audience = policy.audience(actor())
    needs = {"ticket": ticket, "audience": audience, "draft": typed, "problems": problems, "key": key_of(typed)}
    needs["addressees"] = drawings.addressed_by(actor(), ticket, standing()) if audience == Audience.STAFF else None
    needs["can_be_sent"] = can_be_sent()
    return Fragment("composer", "#composer", "outerMorph", "tickets/_composer.html", needs)


def key_of(typed) -> str:
    """The once-only key of a form: a new one, or the one it had when it came back with problems."""
    return typed.get("key") or secrets.token_urlsafe(16)


def _conversation(ticket: Ticket, seen: int) -> tuple[Conversation, bool]:
    """What is shown of the timeline, and whether news are folded away: the latest, and more for who has more to see."""
    if request.args.get("all") == "yes":
        return drawings.conversation(actor(), ticket, standing(), None), False
    recent = drawings.conversation(actor(), ticket, standing(), queries.RECENT)
    at, read = _asked_for(ticket), max(seen, queries.old_news())
    if recent.total <= recent.events or (at is None and read >= recent.first):
        return recent, False
    most, folds_news = queries.worth_showing(actor(), ticket, read, at)
    if most <= queries.RECENT:
        return recent, folds_news
    return drawings.conversation(actor(), ticket, standing(), most), folds_news


def _for_staff(ticket: Ticket) -> dict:
    return {
        "people": presence.people_at(ticket.id),
        "reading": queries.reading_of_answer(ticket),
        "beside": drawings.beside(actor(), ticket, standing()),
    }


def _asked_for(ticket: Ticket) -> Comment | None:
    """The message that the address asks for, if it is one of this ticket's that the reader may see."""
    id = request.args.get("at", type=int)
    try:
        found = policy.find_comment(actor(), id) if id else None
    except NotFound:
        return None
    return found if found and found.ticket_id == ticket.id else None
