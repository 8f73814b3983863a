"""What programs are told about an event: JSON, picked field by field, for one audience."""

import json

from informejo.events.models import Event
from informejo.events.names import WATCHING, EventName
from informejo.live.seers import Seers
from informejo.live.wire import Channel, Thing


def of(event: Event, channel: Channel, seers: Seers) -> Thing | None:
    """The event for that channel as one line of JSON, None when those on it may not know of it."""
    if event.ticket is None or not event.is_for(channel.audience):
        return None
    if event.name == EventName.TICKET_DELETED or not seers.see(channel):
        return lost(event.ticket_id, event) if seers.saw(channel) else None
    content = {
        "at": event.at.isoformat(),
        "actor": _person(event.actor),
        "ticket": _ticket(event),
        "changes": _changes(event),
    }
    if event.name in WATCHING:
        content["watcher"] = _person(event.user)
    if event.attachment is not None:
        content["attachment"] = _attachment(event.attachment)
    elif event.comment is not None:
        content["comment"] = _comment(event.comment)
    return Thing(f"event-{event.id}", json.dumps(content, ensure_ascii=False), event.name)


def lost(number: int, event: Event | None = None) -> Thing:
    """Says that a ticket is gone for the reader, or came back if `event` restored it, and of it only its number."""
    restored = event is not None and event.name == EventName.TICKET_RESTORED
    key = f"lost-{number}" if event is None else f"event-{event.id}"
    name = EventName.TICKET_RESTORED if restored else EventName.TICKET_DELETED
    return Thing(key, json.dumps({"ticket": {"number": number}}), name)


def _changes(event: Event) -> dict:
    """Not where a message went that was taken out: that ticket may be nobody's here to know of."""
    hidden = event.name == EventName.COMMENT_REMOVED
    return {field: values for field, values in event.changes.items() if not (hidden and field == "mail")}


def _person(user) -> dict | None:
    return {"id": user.id, "name": user.name, "staff": user.is_staff} if user else None


def _ticket(event: Event) -> dict:
    ticket = event.ticket
    return {
        "number": ticket.number,
        "title": ticket.title,
        "status": ticket.status,
        "priority": ticket.priority,
        "category": ticket.category,
        "requester": _person(ticket.requester),
        "assignee": _person(ticket.assignee),
    }


def _comment(comment) -> dict:
    return {
        "id": comment.id,
        "internal": comment.internal,
        "body": comment.body,
        "edited": comment.edited_at is not None,
    }


def _attachment(attachment) -> dict:
    return {"name": attachment.name, "size": attachment.size, "comment": attachment.comment_id, "hold": attachment.hold}
