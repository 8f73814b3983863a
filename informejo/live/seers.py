"""Who of those who listen may know of a ticket: who sees it now, and who saw it before something happened to it."""

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Self

from informejo import db, policy
from informejo.accounts.models import User
from informejo.events.models import Event
from informejo.live.wire import OWN, Channel


class Seers:
    """Who sees the ticket of one event, channel by channel.

    On a ticket's channel everybody does: whoever lost it was taken off (`sight.withdraw`). The shared lists show what
    all of the staff see who are not narrowed, and so nothing that is confidential. On channels of one person it is
    theirs to see or not; of `known` people it was asked before.
    """

    def __init__(self, event: Event, known: Mapping[int, bool] | None = None):
        self.event, self._known = event, dict(known or {})

    @classmethod
    def on_lists(cls, event: Event, own_lists: Collection[str]) -> Self:
        """Asks for everybody at once who has such a list of their own open."""
        people = {_owner(topic) for topic in own_lists}
        seeing = policy.who_sees(event.ticket_id, people) if people else ()
        return cls(event, {id: id in seeing for id in people})

    @classmethod
    def who_read_it(cls, event: Event, channels: Iterable[Channel]) -> Self:
        """Of an event that was read for whoever listens to these channels: they see its ticket, if not in the bin."""
        people = {_owner(channel.topic) for channel in channels} - {None}
        return cls(event, dict.fromkeys(people, event.ticket.deleted_at is None))

    def see(self, channel: Channel) -> bool:
        """Whether those on this channel may see the ticket now, whatever it was that happened."""
        ticket, owner = self.event.ticket, _owner(channel.topic)
        if owner is None:
            return ticket.deleted_at is None and not (ticket.confidential and policy.ticket_of(channel.topic) is None)
        if owner not in self._known:
            self._known[owner] = policy.sees(db.session.get(User, owner), ticket)
        return self._known[owner]

    def saw(self, channel: Channel) -> bool:
        """Whether those on this channel saw the ticket until the event, or would have if it was in the bin.

        They alone may be told that they do not see it any more.
        """
        if not policy.may_end_sight(self.event):
            return False
        owner = _owner(channel.topic)
        if owner is None:
            return not (self._before.confidential and policy.ticket_of(channel.topic) is None)
        return policy.may(db.session.get(User, owner), "ticket.see", self._before)

    @cached_property
    def _before(self) -> policy.AsItWas:
        return policy.as_it_was(self.event)


def apart(event: Event) -> set[str]:
    """The topics of those whom a confidential ticket concerns: they hear of it there, and not on the shared lists."""
    ticket = event.ticket
    if ticket is None or not ticket.confidential or ticket.deleted_at is not None:
        return set()
    people = {ticket.requester_id, ticket.assignee_id, *policy.named_on(ticket)} - {None}
    return {f"{OWN}{id}" for id in people}


def _owner(topic: str) -> int | None:
    """Whose topic that is, None for one that several people share."""
    kind, _, id = topic.partition(":")
    return int(id) if id and kind != "ticket" else None
