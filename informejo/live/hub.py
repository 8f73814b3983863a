"""The hub: owns every open stream, and writes each message once to each socket that wants it.

A stream begins as an ordinary response. When its greeting is out, the hub takes the connection over (`attach`) and the
worker's greenlet is free again: ten thousand streams cost ten thousand sockets, not ten thousand greenlets. Where
there is no socket to take (Flask's own server and test client) the same subscription is read by its `frames`.
"""

import logging
import os
import random
import select
import time
from collections import Counter
from collections.abc import Callable

from informejo import metrics
from informejo.live import wire
from informejo.live.subscription import Subscription
from informejo.live.wire import Channel

BEAT_SECONDS = 15
RENEW_SECONDS = (300, 600)  # a stream ends after so long, spread, and its browser opens the next, rights checked anew
TURN = 256  # sockets written to before others get a turn

BEAT = wire.chunk(wire.message("", event="beat"))
RENEW = wire.chunk(wire.message("", event="renew", retry=200))  # a planned end: come back at once
BYE = wire.chunk(wire.message("", event="bye"))
LEAVING = select.EPOLLIN | select.EPOLLRDHUP  # a stream's browser has nothing to say: whatever it sends, it is leaving

logger = logging.getLogger(__name__)


class Full(Exception):
    """No stream is left; `personal` when it is this person who holds too many."""

    def __init__(self, personal: bool):
        super().__init__("too many streams")
        self.personal = personal


class Hub:
    """All open streams of this process."""

    def __init__(self):
        self.closing = False
        self.on_leave: Callable[[Subscription], None] = lambda subscription: None
        self._by_channel: dict[Channel, dict[Subscription, None]] = {}
        self._by_descriptor: dict[int, Subscription] = {}
        self._slots: list[dict[Subscription, None]] = [{} for _ in range(BEAT_SECONDS)]
        self._per_user: Counter[int] = Counter()
        self._epoll = None
        self._watcher = None
        self._pause: Callable[[], None] = lambda: None
        self._ask = self._want_turn  # bound once, not once for each stream

    def __len__(self) -> int:
        return sum(map(len, self._slots))

    def subscribe(
        self, channels, user_id: int, session_id: int, *, per_user: int, total: int, lasts: float
    ) -> Subscription:
        """Open a stream; from now on its messages wait for it. `lasts`: seconds it may live at most. Raises Full."""
        if self._per_user[user_id] >= per_user or len(self) >= total:
            raise Full(personal=len(self) < total)
        expires = time.monotonic() + min(random.uniform(*RENEW_SECONDS), lasts)
        subscription = Subscription(channels, user_id, session_id, random.randrange(BEAT_SECONDS), expires)
        for channel in channels:
            self._by_channel.setdefault(channel, {})[subscription] = None
        self._slots[subscription.slot][subscription] = None
        self._per_user[user_id] += 1
        metrics.streams_opened.inc()
        return subscription

    def attach(self, subscription: Subscription, descriptor: int):
        """Take over the connection behind `descriptor` and write what has waited for it so far."""
        self._start()
        raw = _original("socket", "socket")(fileno=os.dup(descriptor))
        raw.setblocking(False)
        if subscription.closed:  # its rights went while it was being opened
            raw.close()
            return
        try:
            self._epoll.register(raw.fileno(), LEAVING)
        except OSError:  # the kernel watches no more of them (fs.epoll.max_user_watches)
            raw.close()
            raise
        self._by_descriptor[raw.fileno()] = subscription
        if not subscription.take(raw, self._ask):
            self.drop(subscription)

    def drop(self, subscription: Subscription, farewell: bytes = b"", reason: str = "left"):
        """End a stream, with last words for a reader who is still there, and free what it held.

        `reason` counts it: left, lost, renewed, revoked or closing.
        """
        if subscription.closed:
            return
        subscription.finish(farewell)
        if subscription.socket is not None:
            del self._by_descriptor[subscription.socket.fileno()]
            self._epoll.unregister(subscription.socket.fileno())
        subscription.close()
        self._forget(subscription)
        metrics.streams_ended.labels(reason).inc()
        logger.info("stream closed user=%s reason=%s", subscription.user_id, reason)
        self.on_leave(subscription)

    def drop_where(self, matches: Callable[[Subscription], bool]):
        """End, with `bye`, every stream that matches: its rights are gone."""
        for subscription in filter(matches, self.subscriptions()):
            self.drop(subscription, BYE, "revoked")

    def leave(self, subscription: Subscription, channels):
        """Take one stream off some of its channels; it goes on with the others. Never raises, and twice is once."""
        for channel in channels:
            listeners = self._by_channel.get(channel, {})
            if listeners.pop(subscription, self) is None and not listeners:
                del self._by_channel[channel]
        subscription.channels = tuple(channel for channel in subscription.channels if channel not in channels)

    def close(self):
        """The process is about to stop: end every stream, take no new one. Browsers come back by themselves."""
        self.closing = True
        for turn, subscription in enumerate(self.subscriptions(), 1):
            self.drop(subscription, reason="closing")
            if turn % TURN == 0:
                self._pause()

    def subscriptions(self, channel: Channel | None = None) -> list[Subscription]:
        """Those who listen to that channel; without one, all."""
        if channel is None:
            return [subscription for slot in self._slots for subscription in slot]
        return list(self._by_channel.get(channel, ()))

    def waiting(self) -> tuple[int, int, int]:
        """What waits for slow readers: how many of them, of messages, of bytes."""
        slow = [subscription for subscription in self.subscriptions() if subscription.waiting]
        return len(slow), sum(len(one.waiting) for one in slow), sum(one.size for one in slow)

    def is_open(self, channel: Channel) -> bool:
        """Whether anybody listens to that channel: what nobody sees is not rendered."""
        return channel in self._by_channel

    def publish(self, parts: dict[Channel, str], encode: Callable[[list[str]], bytes], id: int = 0) -> int:
        """Send each listener one message made of the parts of all their channels; returns how many it went to.

        `encode` turns parts into one chunk; it is called once per distinct message, not once per listener. `id`
        is the event's: listeners who had it replayed are passed over.
        """
        wanted: dict[Subscription, tuple[Channel, ...]] = {}
        for channel in parts:
            for subscription in self._by_channel.get(channel, ()):
                wanted[subscription] = (*wanted.get(subscription, ()), channel)
        frames: dict[tuple[Channel, ...], bytes] = {}
        for turn, (subscription, channels) in enumerate(wanted.items(), 1):
            if channels not in frames:
                frames[channels] = encode([parts[channel] for channel in channels])
            self.write(subscription, frames[channels], id)
            if turn % TURN == 0:
                self._pause()
        metrics.messages.inc(len(wanted))
        return len(wanted)

    def write(self, subscription: Subscription, frame: bytes, id: int = 0):
        """Send one listener one chunk; a listener who is gone or too slow is dropped and comes back with a bookmark."""
        if not subscription.closed and not subscription.write(frame, id):
            logger.info("stream lost user=%s waiting=%s", subscription.user_id, subscription.size)
            self.drop(subscription, reason="lost")

    def beat(self, second: int):
        """Once a second: the heartbeat of those whose turn it is, and the end of those who have lived long enough."""
        for subscription in list(self._slots[second % BEAT_SECONDS]):
            if time.monotonic() > subscription.expires:
                self.drop(subscription, RENEW, "renewed")
            else:
                self.write(subscription, BEAT)

    def _forget(self, subscription: Subscription):
        self._slots[subscription.slot].pop(subscription)
        self._per_user[subscription.user_id] -= 1
        if not self._per_user[subscription.user_id]:
            del self._per_user[subscription.user_id]
        for channel in subscription.channels:
            self._by_channel[channel].pop(subscription)
            if not self._by_channel[channel]:
                del self._by_channel[channel]

    # One epoll for all sockets, whose own descriptor is all that gevent has to watch.

    def _start(self):
        if self._epoll is not None:
            return
        import gevent

        self._epoll = _original("select", "epoll")()
        self._watcher = gevent.get_hub().loop.io(self._epoll.fileno(), 1)
        self._watcher.start(self._look)
        self._pause = lambda: gevent.sleep(0)

    def _look(self):
        for descriptor, happened in self._epoll.poll(0):
            subscription = self._by_descriptor.get(descriptor)
            if subscription and (happened & ~select.EPOLLOUT or not subscription.flush()):
                self.drop(subscription)

    def _want_turn(self, subscription: Subscription, wanted: bool):
        if subscription.socket.fileno() not in self._by_descriptor:
            return  # it is being dropped, and its last words did not fit any more
        self._epoll.modify(subscription.socket.fileno(), LEAVING | (select.EPOLLOUT if wanted else 0))


def _original(module: str, name: str):
    """The standard library's own object, behind gevent's cooperative one: the hub does its waiting itself."""
    from gevent import monkey

    return monkey.get_original(module, name)


hub = Hub()
