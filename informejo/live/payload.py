"""What programs are told about an event: JSON, picked field by field, for one audience."""

import json

from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.live.wire import Channel


def of(event: Event, channel: Channel) -> str:
    """The event as one line of JSON, empty when the channel's audience may not see it."""
    if not event.is_for(channel.audience):
        return ""
    if event.name == EventName.TICKET_DELETED:
        return json.dumps({"ticket": {"number": event.ticket_id}})
    content = {
        "at": event.at.isoformat(),
        "actor": _person(event.actor),
        "ticket": _ticket(event),
        "changes": event.changes,
    }
    if event.attachment is not None:
        content["attachment"] = _attachment(event.attachment)
    elif event.comment is not None:
        content["comment"] = _comment(event.comment)
    return json.dumps(content, ensure_ascii=False)


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
    return {"name": attachment.name, "size": attachment.size, "comment": attachment.comment_id}
