"""The makers of what the staff see of mail on the page of a ticket: who watches it, what became of each message."""

from functools import cache

from werkzeug.local import LocalProxy

from informejo.events.models import Audience, Event
from informejo.events.names import WATCHING
from informejo.live.makers import Fragment
from informejo.mail import delivery_queries, queries
from informejo.mail.delivery_queries import Delivery
from informejo.mail.reply_queries import Addressees
from informejo.policy import OF_SIGHT
from informejo.tickets.models import Ticket
from informejo.tickets.sight_queries import choices_for


def watchers(event: Event, audience: str) -> list[Fragment]:
    """Who watches the ticket of the event."""
    return [watchers_of(event.ticket)]


def watchers_asked_anew(event: Event, audience: str) -> list[Fragment]:
    """The same where others may be asked to watch it by now, because others see it."""
    changed = event.changes.keys() & set(OF_SIGHT) and audience == Audience.STAFF
    return watchers(event, audience) if changed else []


def watchers_of(ticket: Ticket) -> Fragment:
    """Who watches a ticket now, for the staff."""
    watching, staff = (
        LocalProxy(cache(lambda: queries.watching(ticket))),
        LocalProxy(cache(lambda: choices_for(ticket))),
    )
    needs = {"number": ticket.number, "watching": watching, "staff": staff}
    return Fragment("ticket-watchers", "#ticket-watchers", "outerMorph", "tickets/_watchers.html", needs)


def recipients_changed(event: Event, audience: str) -> list[Fragment]:
    """A nudge for the forms of the staff: who gets what they write may be somebody else by now."""
    changed = event.name in WATCHING or event.changes.keys() & set(OF_SIGHT)
    return [RECIPIENTS_CHANGED] if changed and audience == Audience.STAFF else []


def addressees(found: Addressees) -> list[Fragment]:
    """Who gets what one of the staff writes, in the words of their form."""
    can = queries.can_be_sent()
    told = {"addressees": found, "can_be_sent": can}
    return [
        Fragment("composer-whom", "#composer-whom", "outerMorph", "tickets/_whom.html", {"addressees": found}),
        Fragment("composer-told", "#composer-told", "outerMorph", "tickets/_addressees.html", told),
    ]


def deliveries(ticket_id: int) -> list[Fragment]:
    """What became of the mails of the ticket's latest messages, each under its message."""
    can = queries.can_be_sent()
    return [delivery_of(delivery, can) for delivery in delivery_queries.latest_deliveries(ticket_id)]


def delivery_of(delivery: Delivery, can_be_sent: bool) -> Fragment:
    """What became of the mails of one message. It stands right after it: orders are times, and none is so near."""
    place = f"delivery-{delivery.comment_id}"
    needs = {"delivery": delivery, "order": delivery.order + 1, "can_be_sent": can_be_sent}
    return Fragment(place, "#timeline", "place", "tickets/_delivery.html", needs, looks=(delivery, can_be_sent))


RECIPIENTS_CHANGED = Fragment("recipients-changed", "body", "nudge", text="recipients-changed")
