"""What pages show of tickets, drawn once for each audience and kept on the shelf.

The keys hold ids of events: that of a ticket's newest event changes whenever the ticket does, and `standing.people`
whenever somebody's name or role does. They are read before what is drawn, which is therefore never older than its key.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import NamedTuple

from markupsafe import Markup

from informejo import policy
from informejo.accounts.models import User
from informejo.events.log import Standing
from informejo.events.models import Audience
from informejo.live import fragments, mail_makers, makers
from informejo.live.makers import Fragment, draw
from informejo.mail import delivery_queries
from informejo.mail.queries import can_be_sent, watcher_ids
from informejo.mail.reply_queries import Addressees, addressees
from informejo.settings.saved import edition
from informejo.shelf import shelf
from informejo.tickets import files, list_queries, queries
from informejo.tickets.list_queries import Listed
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.person_queries import others_open
from informejo.tickets.sight_queries import sight


class Piece(NamedTuple):
    """A message or a line of a timeline, drawn: the event that orders it, who wrote or did it, and when."""

    order: int
    author_id: int | None
    at: datetime | None
    html: Markup


class Conversation(NamedTuple):
    """The latest pieces of a ticket's timeline, and how many events it has in all for this audience."""

    pieces: tuple[Piece, ...]
    first: int  # the oldest event they show, 0 for none
    events: int  # how many events they show
    total: int


def rows(standing: Standing, listed: Sequence[Listed]) -> list[tuple[Listed, Markup]]:
    """The tickets of a page of the queue as their rows, for the staff."""
    return _lines("row", Audience.STAFF, standing, listed)


def cards(actor: User, standing: Standing, listed: Sequence[Listed]) -> list[tuple[Listed, Markup]]:
    """The tickets of a page of one's own as their cards."""
    return _lines("card", policy.audience(actor), standing, listed)


def conversation(actor: User, ticket: Ticket, standing: Standing, most: int | None) -> Conversation:
    """The latest `most` of the ticket's events, or all, as this actor's audience sees them."""
    key = _key("conversation", actor, ticket, standing)
    lost = _lost(ticket, key)
    make = partial(_conversation, actor, ticket, most)
    return shelf.one((*key, most, lost), make, still=lambda: _lost(ticket, key) == lost)


def with_deliveries(ticket: Ticket, talk: Conversation) -> list[Piece]:
    """The pieces, and after each message what became of its mails. These stand in no event, so they are not kept."""
    shown, can = {piece.order for piece in talk.pieces}, can_be_sent()
    found = [each for each in delivery_queries.deliveries_since(ticket.id, talk.first) if each.order in shown]
    lines = [Piece(each.order + 1, None, None, mail_makers.delivery_of(each, can).html) for each in found]
    return sorted((*talk.pieces, *lines), key=attrgetter("order"))


def beside(actor: User, ticket: Ticket, standing: Standing) -> dict[str, Markup]:
    """What stands beside the conversation for the staff alone, and hangs on more of the log than this ticket."""
    return shelf.one(("beside", *standing, ticket.id, sight(actor, standing)), partial(_beside, actor, ticket))


def addressed_by(actor: User, ticket: Ticket, standing: Standing) -> Addressees:
    """Who gets what this member of the staff writes on the ticket. That people choose other mails is in the log too."""
    return shelf.one(("addressees", *standing, ticket.id, actor.id), partial(_addressed_by, actor, ticket, standing))


def _addressed_by(actor: User, ticket: Ticket, standing: Standing) -> Addressees:
    """Few events change it, and to ask who watches costs a tenth of asking everybody what they want to hear of."""
    its = ticket.id, ticket.requester_id, ticket.assignee_id, ticket.deleted_at, watcher_ids(ticket), ticket.team_id
    its += (ticket.confidential and ticket.last_event_id,)  # each event of a confidential one: it may name others
    return shelf.one(("addressed", standing.epoch, standing.people, actor.id, *its), lambda: addressees(ticket, actor))


def surroundings(actor: User, ticket: Ticket, standing: Standing) -> dict[str, Markup]:
    """What stands above and beside the conversation, each by the name of its place: `ticket-head` and so on."""
    key = _key("surroundings", actor, ticket, standing)
    lost, follows = _lost(ticket, key), ticket.follows_for(policy.audience(actor))  # no event of this one says either
    return shelf.one(
        (*key, lost, follows and follows.id),
        partial(_surroundings, actor, ticket),
        still=lambda: _lost(ticket, key) == lost,
    )


def first_new(pieces: Iterable[Piece], seen: int, reader: User) -> Piece | None:
    """The first of these pieces of a timeline that came after the event `seen`, and from somebody else."""
    return next((piece for piece in pieces if piece.order > seen and piece.author_id != reader.id), None)


def _lines(kind: str, audience: Audience, standing: Standing, listed: Sequence[Listed]) -> list[tuple[Listed, Markup]]:
    keys = {one.id: (kind, audience, standing.epoch, standing.people, edition(), one.id, one.last) for one in listed}
    drawn = shelf.several(keys, lambda ids: _drawn_lines(kind, audience, ids))
    return [(one, drawn[one.id]) for one in listed if one.id in drawn]


def _drawn_lines(kind: str, audience: Audience, ids: Collection[int]) -> dict[int, Markup]:
    draw = makers.row_of if kind == "row" else lambda ticket, _said: makers.card_of(ticket, audience)
    return {ticket.id: draw(ticket, said).html for ticket, said in list_queries.listed_tickets(audience, ids)}


def _key(kind: str, actor: User, ticket: Ticket, standing: Standing) -> tuple:
    audience = policy.audience(actor)
    its = ticket.id, ticket.last_event_id_for(audience)
    return kind, audience, standing.epoch, standing.people, edition(), *its  # the edition: what categories are called


def _lost(ticket: Ticket, key: tuple) -> tuple[str, ...]:
    """The stored names of its files that are not on disk. No event says when one goes, so they are part of the key."""
    _kind, *rest = key  # without the kind: both drawings show the same files
    return files.lost(shelf.one(("files", *rest), lambda: files.sizes_of(ticket)))


def _conversation(actor: User, ticket: Ticket, most: int | None) -> Conversation:
    events = queries.timeline_for(actor, ticket, most)
    total = len(events) if most is None or len(events) < most else queries.count_events(actor, ticket)
    pieces = map(_piece, fragments.timeline(events, policy.audience(actor)))
    return Conversation(tuple(pieces), events[0].id if events else 0, len(events), total)


def _piece(fragment: Fragment) -> Piece:
    said: Comment | None = fragment.needs.get("comment")
    if said:
        return Piece(fragment.needs["order"], said.author_id, said.created_at, fragment.html)
    run = fragment.needs["events"]
    return Piece(fragment.needs["order"], run[-1].actor_id, run[0].at, fragment.html)


def _beside(actor: User, ticket: Ticket) -> dict[str, Markup]:
    others = draw("tickets/_others_open.html", number=ticket.number, others=others_open(actor, ticket))
    return {"ticket-watchers": mail_makers.watchers_of(ticket).html, "ticket-others": others}


def _surroundings(actor: User, ticket: Ticket) -> dict[str, Markup]:
    return {fragment.id: fragment.html for fragment in makers.about(ticket, policy.audience(actor))}
