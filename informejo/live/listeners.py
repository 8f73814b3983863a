"""Who listens to which channel, and who is sent what of an event that is shown on several of them."""

from collections.abc import Collection, Iterable

from informejo.live.subscription import Subscription
from informejo.live.wire import LISTS, Channel, is_own_list

Channels = tuple[Channel, ...]


class Listeners:
    """The index of all open streams by channel. No change of it can fail half-way, or matters if made twice."""

    def __init__(self):
        self._by_channel: dict[Channel, dict[Subscription, None]] = {}
        self._own_lists: dict[Channel, None] = {}

    def __contains__(self, channel: Channel) -> bool:
        return channel in self._by_channel

    def __len__(self) -> int:
        return len(self._by_channel)

    def items(self) -> Iterable[tuple[Channel, Iterable[Subscription]]]:
        """Each channel that anybody listens to, and who does."""
        return self._by_channel.items()

    def add(self, subscription: Subscription):
        """From now on it listens to all its channels."""
        for channel in subscription.channels:
            if channel not in self._by_channel and is_own_list(channel.topic):
                self._own_lists[channel] = None
            self._by_channel.setdefault(channel, {})[subscription] = None

    def remove(self, subscription: Subscription, channels: Iterable[Channel]):
        """From now on it does not listen to these."""
        for channel in channels:
            listeners = self._by_channel.get(channel, {})
            listeners.pop(subscription, None)
            if not listeners:
                self._by_channel.pop(channel, None)
                self._own_lists.pop(channel, None)

    def of(self, channel: Channel) -> list[Subscription]:
        """Those who listen to that channel."""
        return list(self._by_channel.get(channel, ()))

    def topics(self) -> set[str]:
        """What anybody listens to."""
        return {channel.topic for channel in self._by_channel}

    def own_lists(self) -> set[str]:
        """The topics of lists that somebody listens to whose sight is like nobody else's."""
        return {channel.topic for channel in self._own_lists}

    def shares(
        self, shown: Iterable[Channel], apart: Collection[str] = ()
    ) -> list[tuple[Channels, list[Subscription]]]:
        """Who listens to which of these channels: each listener is in one share, with all of theirs.

        Whoever listens to one of the topics `apart` is sent nothing of the shared lists. Sets are compared as a whole,
        which for thousands takes a tenth of the time of looking at one after the other.
        """
        shares: list[tuple[Channels, set[Subscription]]] = []
        for channel in shown:
            others, split = set(self._by_channel.get(channel, ())), []
            for topic in apart if channel.topic in LISTS else ():
                others -= self._by_channel.get(channel._replace(topic=topic), {}).keys()
            for channels, listeners in shares:
                both = listeners & others
                others -= both
                split += [((*channels, channel), both), (channels, listeners - both)]
            shares = [share for share in (*split, ((channel,), others)) if share[1]]
        return [(channels, list(listeners)) for channels, listeners in shares]
