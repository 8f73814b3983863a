"""Fragment, and the makers: for each thing a page shows, what it is drawn from. `fragments` says when it is shown."""

from functools import cache
from typing import Any, NamedTuple

from flask import current_app
from markupsafe import Markup, escape
from werkzeug.local import LocalProxy

from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.events.sentences import last_word, runs, sentence
from informejo.live.wire import Thing
from informejo.shelf import shelf
from informejo.teams.queries import choices
from informejo.tickets.files import lost_among
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.queries import is_solved_by_requester, last_messages, order_of
from informejo.tickets.sight_queries import named_on

_PARTIAL = Markup('<hx-partial hx-target="%s" hx-swap="%s">%s</hx-partial>')


class Fragment(NamedTuple):
    """One thing to be drawn: its DOM id, where it goes and how, from which partial and with what; or a bare text."""

    id: str
    target: str
    swap: str
    template: str = ""
    needs: dict[str, Any] = {}
    text: str = ""
    looks: tuple = ()  # all that its HTML depends on; where they are given, equal looks are drawn once and kept

    @property
    def html(self) -> Markup:
        """Its HTML without its place in the page; from the shelf if its looks were drawn before."""
        if not self.template:
            return escape(self.text)
        return shelf.one((self.template, self.looks), self.draw) if self.looks else self.draw()

    def draw(self) -> Markup:
        """Render the partial."""
        return draw(self.template, **self.needs)

    def render(self) -> Markup:
        """Its HTML with where it goes and how, as an `<hx-partial>`."""
        return _PARTIAL % (self.target, self.swap, self.html)

    @property
    def thing(self) -> Thing:
        """The same as a part of a message; of several with one id that wait for a slow reader, the newest is sent."""
        return Thing(self.id, self.render())


def draw(template: str, **needs) -> Markup:
    """Render a partial without anything of the request, so that it is the same whoever asks."""
    return Markup(current_app.jinja_env.get_template(template).render(needs))  # noqa: S704 - autoescaped


def comment(event: Event, audience: str, run: list[Event] | None = None) -> list[Fragment]:
    """The event's message as it is now, in the timeline at the place where it was added."""
    order = event.id if event.name == EventName.COMMENT_ADDED else order_of(event.comment)
    said = event.comment
    lost = lost_among(said.attachments)
    files = tuple((attachment.token, attachment.hold) for attachment in said.attachments), lost
    looks = (said.id, said.body, said.edited_at, said.author.name, said.author.role, files, order, str(audience))
    needs = {"comment": said, "audience": audience, "order": order, "lost": lost}
    return [Fragment(f"comment-{said.id}", "#timeline", "place", "tickets/_comment.html", needs, looks=looks)]


def checked(event: Event, audience: str, run: list[Event] | None = None) -> list[Fragment]:
    """The message whose file the scanner has seen at last; one that came with the description stands there."""
    return comment(event, audience) if event.comment else []


def opening_checked(event: Event, audience: str) -> list[Fragment]:
    """The header; and the description, if it is its file that the scanner has seen."""
    return ticket(event, audience) if event.comment is None else header(event, audience)


def change(event: Event, audience: str, run: list[Event] | None = None) -> list[Fragment]:
    """The line of the timeline that says what the event changed.

    Changes that one person makes one after the other within a minute share a line. `run` is all its events up to this
    one, for callers who have them already.
    """
    run = run or runs(log.same_minute(event, audience)).get(event.id, [event])
    needs = {"events": run, "audience": audience, "order": event.id}
    return [Fragment(f"event-{run[0].id}", "#timeline", "place", "tickets/_change.html", needs)]


def changes_beside(event: Event, audience: str, run: list[Event] | None = None) -> list[Fragment]:
    """The same line for a message, if the ticket's fields were changed with it."""
    return change(event, audience, run) if event.changes else []


def ticket(event: Event, audience: str) -> list[Fragment]:
    """All that stands above and beside the conversation."""
    return about(event.ticket, audience)


def header(event: Event, audience: str) -> list[Fragment]:
    """The header alone: a message changes nothing else of what stands around the conversation."""
    return [header_of(event.ticket, audience)]


def ticket_spoken_on(event: Event, audience: str) -> list[Fragment]:
    """The header; or all of it, if fields were changed with the message, such as when it opened the ticket again."""
    return ticket(event, audience) if event.changes else header(event, audience)


def about(ticket: Ticket, audience: str) -> list[Fragment]:
    """What stands above and beside the conversation of a ticket as it is now.

    What needs a query is asked when a fragment is drawn, not when it is made: of many that are made only the last is
    drawn (see `fragments.gather`).
    """
    lost = LocalProxy(cache(lambda: lost_among(ticket.attachments)))
    needs = {"ticket": ticket, "audience": audience, "lost": lost}
    top = [
        header_of(ticket, audience),
        Fragment("opening", "#opening", "outerMorph", "tickets/_opening.html", needs),
    ]
    if audience != Audience.STAFF:
        needs = {"ticket": ticket, "own_word": LocalProxy(cache(lambda: is_solved_by_requester(ticket)))}
        return [*top, Fragment("ticket-actions", "#ticket-actions", "outerMorph", "tickets/_actions.html", needs)]
    found, named = cache(choices), LocalProxy(cache(lambda: named_on(ticket)))
    needs = {"ticket": ticket, "staff": LocalProxy(lambda: found().staff)}
    confiding = needs | {"named": named}
    needs |= {"teams": LocalProxy(lambda: found().teams)}
    return [
        *top,
        Fragment("ticket-properties", "#ticket-properties", "outerMorph", "tickets/_properties.html", needs),
        Fragment("ticket-confiding", "#ticket-confiding", "outerMorph", "tickets/_confiding.html", confiding),
        Fragment("ticket-requester", "#ticket-requester", "outerMorph", "tickets/_requester.html", {"ticket": ticket}),
    ]


def row(event: Event, audience: str) -> list[Fragment]:
    """The ticket's row in the queue."""
    return [row_of(event.ticket, last_messages(audience, [event.ticket_id]).get(event.ticket_id))]


def row_of(ticket: Ticket, said: Comment | None) -> Fragment:
    """The ticket's row in the queue; `said` is the last message that the staff see, None without any."""
    owner = ticket.assignee and (ticket.assignee.id, ticket.assignee.name, ticket.assignee.role)
    words = (ticket.title, ticket.status, ticket.priority, ticket.category.word, ticket.requester.name)
    words += (ticket.confidential,)
    looks = (ticket.id, ticket.last_event_id, owner, said and (said.id, said.version, said.author.name), *words)
    needs = {"ticket": ticket, "said": said}
    return Fragment(f"row-{ticket.id}", "#queue", "place", "tickets/_row.html", needs, looks=looks)


def card_of(ticket: Ticket, audience: str) -> Fragment:
    """The ticket in the list of its requester."""
    needs = {"ticket": ticket, "audience": audience}
    return Fragment(f"card-{ticket.id}", "#cards", "place", "tickets/_card.html", needs)


def farewell(number: int, binned: Event | None = None) -> Fragment:
    """Takes a ticket away from wherever it is on a page. It holds the ticket's number, and nothing of its content.

    `binned` is the event that put it into the bin, given only where the reader may know who did.
    """
    needs = {"number": number, "sentence": last_word(binned)}
    return Fragment(f"lost-{number}", "body", "lose", "tickets/_lost.html", needs)


def back(event: Event, audience: str) -> list[Fragment]:
    """For pages from which a ticket was taken away: says that it was restored."""
    place = f"back-{event.ticket_id}"
    return [Fragment(place, f"#{place}", "outerMorph", "tickets/_back.html", {"number": event.ticket_id})]


def question(field: str, needs: dict | None = None) -> Fragment:
    """At a field that two people changed: which value it shall have. Without `needs` the question goes away."""
    place = f"question-{field}"
    return Fragment(place, f"#{place}", "innerHTML", "tickets/_conflict.html" if needs else "", needs or {})


def desk_changed(event: Event, audience: str) -> list[Fragment]:
    """A nudge: counters, lists with a filter and the dashboard read themselves again."""
    return [DESK_CHANGED]


def read_again(event: Event, audience: str) -> list[Fragment]:
    """A nudge: the whole page loads itself again."""
    return [PEOPLE_CHANGED]


def toast(event: Event, reader_id: int) -> Fragment:
    """A short message to somebody whom the event concerns and who looks at another page."""
    needs = {"event": event, "sentence": sentence(event, reader_id)}
    return Fragment(f"toast-{event.id}", "#toasts", "place", "live/_toast.html", needs)


def head(ticket: Ticket, audience: str, follows: Ticket | None) -> Fragment:
    """What stands above the conversation, and which ticket this one follows, where that may be said."""
    needs = {"ticket": ticket, "audience": audience, "follows": follows}
    return Fragment("ticket-head", "#ticket-head", "outerMorph", "tickets/_header.html", needs)


def header_of(ticket: Ticket, audience: str) -> Fragment:
    """What stands above the conversation as it is now."""
    return head(ticket, audience, LocalProxy(cache(lambda: ticket.follows_for(audience))))


DESK_CHANGED = Fragment("desk-changed", "body", "nudge", text="desk-changed")
UNREAD_CHANGED = Fragment("unread-changed", "body", "nudge", text="unread-changed")
# Somebody has another name or role, or a message went elsewhere: such pages load themselves again, each a little later.
PEOPLE_CHANGED = Fragment("people-changed", "body", "nudge", text="people-changed")
