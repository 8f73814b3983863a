"""The hub: owns every open stream, and writes each message once to each socket that wants it.

A stream begins as an ordinary request. Its answer hands the connection to the hub (`attach`), which writes head and
greeting itself, and the worker's greenlet is free again: ten thousand streams cost ten thousand sockets, not ten
thousand greenlets. Where there is no plain socket to take (TLS, HTTP/1.0, Flask's own server and test client) the same
subscription is read by its `frames`.

No stream's fault may reach another's. Whatever one stream raises ends that stream, whose browser comes back with its
bookmark; a stream that ends is first closed to everything new, then taken out of every index, and only then is its
reader told, each step by itself.
"""

import logging
import os
import random
import select
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from socket import socket

from informejo import metrics
from informejo.faults import contained, note
from informejo.live import wire
from informejo.live.bookmark import Bookmark
from informejo.live.listeners import Channels, Listeners
from informejo.live.subscription import Subscription
from informejo.live.wire import Channel, Frame, Thing

BEAT_SECONDS = 15
EARLY = (2, 3)  # a new stream's first beats come with these seconds; one alone might be pushed on by what follows it
RENEW_SECONDS = (300, 600)  # a stream ends after so long, spread, and its browser opens the next, rights checked anew
OPENING_SECONDS = 60  # a stream that nobody has begun to read after so long never will be
TURN = 128  # sockets written to before others get a turn: about a millisecond

RENEW = wire.sign("renew", retry=200)  # a planned end: come back at once
BYE = wire.sign("bye")
LEAVING = select.EPOLLIN | select.EPOLLRDHUP  # a stream's browser has nothing to say: whatever it sends, it is leaving

NOBODY = 0  # whose streams the process opens to itself: they take nobody's place

logger = logging.getLogger(__name__)


class Refused(Exception):
    """No stream is opened. `reason`: this person holds too many (`personal`), all do (`total`), or `closing`."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class Hub:
    """All open streams of this process."""

    def __init__(self):
        self.closing = False
        self.revocations = 0  # grows whenever rights end: who is being let in meanwhile may have lost theirs
        self.on_leave: Callable[[Subscription], None] = lambda subscription: None
        self.listeners = Listeners()
        self._losses = 0  # grows whenever somebody loses a channel
        self._by_descriptor: dict[int, Subscription] = {}
        self._slots: list[dict[Subscription, None]] = [{} for _ in range(BEAT_SECONDS)]
        self._young: dict[Subscription, int] = {}  # those whose early beats are not all out: for how many seconds
        self._per_user: Counter[int] = Counter()
        self._per_way: Counter[tuple[int, int | None]] = Counter()  # signed in, or by the link to which ticket
        self._count = 0
        self._epoll = None
        self._watcher = self._socket = None
        self._pause: Callable[[], None] = lambda: None
        self._ask = self._want_turn  # bound once, not once for each stream

    def __len__(self) -> int:
        return self._count

    def has_page_of(self, user_id: int) -> bool:
        """Whether this person has a stream open here."""
        return self._per_user.get(user_id, 0) > 0

    def subscribe(
        self,
        channels,
        user_id: int,
        session_id: int,
        *,
        per_user: int,
        total: int,
        lasts: float,
        only: int | None = None,
    ) -> Subscription:
        """Open a stream; from now on its messages wait for it. `lasts`: seconds it may live at most. Raises Refused.

        Those who come by a link have streams for its ticket `only`, and take none from whoever is signed in.
        """
        if self.closing:
            raise Refused("closing")
        taken = len(self) - self._per_user[NOBODY]
        if self._per_way[user_id, only] >= per_user or taken >= total:
            raise Refused("personal" if taken < total else "total")
        channels = tuple(dict.fromkeys(channels))  # each once, however it was asked for
        expires = time.monotonic() + min(OPENING_SECONDS, lasts)
        subscription = Subscription(channels, user_id, session_id, random.randrange(BEAT_SECONDS), expires)
        subscription.lasts, subscription.only = lasts, only
        self.listeners.add(subscription)
        self._slots[subscription.slot][subscription] = None
        self._count += 1
        for streams, taker in self._counted(subscription):
            streams[taker] += 1
        metrics.streams_opened.inc()
        return subscription

    def begin(self, subscription: Subscription):
        """Somebody reads this stream: from now on it may live as long as streams do.

        Its EARLY beats follow within three seconds, after whatever else is shown because it opened: a browser that does
        not have them by then knows that something on the way keeps the latest message back.
        """
        if subscription.closed:
            return  # its rights went while it was being opened
        self._young[subscription] = 0
        subscription.expires = time.monotonic() + min(random.uniform(*RENEW_SECONDS), subscription.lasts)

    def attach(self, subscription: Subscription, connection: socket, beginning: bytes = b""):
        """Take over a connection, and write this `beginning` and what has waited for it so far.

        Raises OSError when the kernel gives no descriptor, or watches no more of them: the stream has ended then, and
        nothing was written. Once something was, it raises nothing any more.
        """
        try:
            taken = self._take_over(subscription, connection)
        except BaseException:
            self.drop(subscription, reason="fault")
            raise
        try:
            if taken and not subscription.take(taken, self._ask, beginning):
                self.drop(subscription)
        except Exception as error:
            self._give_up(subscription, "write", error)

    def drop(self, subscription: Subscription, last_words: Frame | None = None, reason: str = "left"):
        """End a stream, with last words for a reader who is still there, and free what it held. It never raises.

        `reason` counts it: left, lost, renewed, revoked, fault or closing.
        """
        if subscription.closed:
            return
        subscription.closed = True  # nothing is written to it any more, whatever fails below
        self._forget(subscription)
        try:
            with contained("last_words"):
                subscription.finish(last_words)
        finally:
            self._release(subscription)
        with contained("count"):
            metrics.streams_ended.labels(reason).inc()
        with contained("log"):
            logger.info("stream closed user=%s reason=%s", subscription.user_id, reason)
        with contained("on_leave"):
            self.on_leave(subscription)

    def drop_where(self, matches: Callable[[Subscription], bool], last_words: Frame = BYE):
        """End, with `bye`, every stream that matches: its rights are gone. In doubt a stream ends, too."""
        self.revocations += 1
        for subscription in self.subscriptions():
            try:
                revoked = matches(subscription)
            except Exception as error:
                note("revocation", error)
                revoked = True
            if revoked:
                self.drop(subscription, last_words, "revoked")

    def take_off(self, subscription: Subscription, channels):
        """Take one stream off some of its channels; it goes on with the others. Never raises, and twice is once."""
        self._losses += 1
        self.listeners.remove(subscription, channels)
        subscription.channels = tuple(channel for channel in subscription.channels if channel not in channels)

    def close(self):
        """The process is about to stop: end every stream, take no new one. Browsers come back by themselves."""
        self.closing = True
        for turn, subscription in enumerate(self.subscriptions(), 1):
            self.drop(subscription, reason="closing")
            self._breathe(turn)

    def subscriptions(self, channel: Channel | None = None) -> list[Subscription]:
        """Those who listen to that channel; without one, all."""
        if channel is None:
            return [subscription for slot in self._slots for subscription in slot]
        return self.listeners.of(channel)

    def waiting(self) -> tuple[int, int, int]:
        """What waits for slow readers: how many of them, of things, of bytes."""
        slow = [subscription for subscription in self.subscriptions() if subscription.waiting]
        return len(slow), sum(one.waiting for one in slow), sum(one.size for one in slow)

    def topics(self) -> set[str]:
        """What anybody listens to."""
        return self.listeners.topics()

    def own_lists(self) -> set[str]:
        """Those of them that are a list as one person alone sees it."""
        return self.listeners.own_lists()

    def is_open(self, channel: Channel) -> bool:
        """Whether anybody listens to that channel: what nobody sees is not rendered."""
        return channel in self.listeners

    def publish(
        self,
        shown: Mapping[Channel, Iterable[Thing]],
        bookmark: Bookmark | None = None,
        apart: Collection[str] = (),
    ) -> int:
        """Send each listener one message of what is shown on all their channels; returns how many it went to.

        A thing that is shown on several of them is in it once. It is encoded once per distinct message, not once per
        listener. Listeners who had the event behind `bookmark` replayed are passed over. Whoever listens to a topic
        `apart` hears there what the shared lists do not say, and nothing on those.
        """
        received, losses = 0, self._losses
        for channels, listeners in self.listeners.shares(shown, apart):
            try:
                things = {thing.key: thing for channel in channels for thing in shown[channel]}
                frame = wire.frame(things.values(), bookmark)
            except Exception as error:  # they come back with their bookmark, and have what they missed replayed
                for subscription in listeners:
                    self._give_up(subscription, "publish", error)
                continue
            while batch := listeners[: TURN - received % TURN]:
                del listeners[: len(batch)]
                received += self._send(self._still(batch, channels, losses), frame)
                self._breathe(received)
        metrics.messages.inc(received)
        return received

    def _still(self, listeners: list[Subscription], channels: Channels, losses: int) -> list[Subscription]:
        # Looked at right before they are written to: in the pauses some end. Who loses a channel must not get what was
        # shown there, but the rest of it: that is replayed when they come back with their bookmark.
        if self._losses != losses:
            for subscription in listeners:
                if not set(channels) <= set(subscription.channels):
                    self.drop(subscription, reason="revoked")
        return [subscription for subscription in listeners if not subscription.closed]

    def _send(self, listeners: list[Subscription], frame: Frame) -> int:
        """`write` for many, without a call for each: nearly all can be written to at once. Returns how many."""
        id, chunk, size = frame.id, frame.chunk, len(frame.chunk)
        for subscription in listeners:
            if not subscription.free or 0 < id <= subscription.floor:
                self.write(subscription, frame)
                continue
            try:
                sent = subscription.socket.send(chunk)
            except Exception:
                self.write(subscription, frame)  # which knows what to make of it, whatever it is
                continue
            subscription.floor = id or subscription.floor
            if sent < size:
                self._keep_rest(subscription, chunk, sent)
        return len(listeners)

    def _keep_rest(self, subscription: Subscription, chunk: bytes, sent: int):
        try:
            subscription.keep_rest(chunk, sent)
        except Exception as error:
            self._give_up(subscription, "write", error)

    def write(self, subscription: Subscription, frame: Frame):
        """Send one listener one message, and never raise; who is gone or too slow is dropped and comes back."""
        try:
            if not subscription.closed and not subscription.write(frame):
                logger.info("stream lost user=%s waiting=%s", subscription.user_id, subscription.size)
                self.drop(subscription, reason="lost")
        except Exception as error:
            self._give_up(subscription, "write", error)

    def beat(self, second: int, here: Bookmark | None = None):
        """Once a second: the heartbeat of those whose turn it is, and the end of those who have lived long enough.

        `here` is how far the log was shown to everybody: bookmarks move on with each beat, so that a quiet page never
        has more to catch up with than what happened since.
        """
        plain, beat = wire.beat(), wire.beat(here)
        for turn, subscription in enumerate(self._due(second), 1):
            try:
                if time.monotonic() > subscription.expires:
                    self.drop(subscription, RENEW, "renewed")
                elif not subscription.opening:
                    # One who was told of more already, while it opened, keeps the newer bookmark.
                    self.write(subscription, beat if here and subscription.floor <= here.id else plain)
            except Exception as error:
                self._give_up(subscription, "beat", error)
            self._breathe(turn)

    def _due(self, second: int) -> list[Subscription]:
        # Not both in one second: the later would push on the earlier, which is to show that nothing has to.
        young = {subscription: age + 1 for subscription, age in self._young.items()}
        self._young = {subscription: age for subscription, age in young.items() if age < max(EARLY)}
        in_turn = [subscription for subscription in self._slots[second % BEAT_SECONDS] if subscription not in young]
        return in_turn + [subscription for subscription, age in young.items() if age in EARLY]

    def _forget(self, subscription: Subscription):
        # Nothing here can fail half-way, and doing it again changes nothing.
        self._young.pop(subscription, None)
        if self._slots[subscription.slot].pop(subscription, self) is None:
            self._count -= 1
            for streams, taker in self._counted(subscription):
                streams[taker] -= 1
                if streams[taker] <= 0:
                    del streams[taker]
        self.listeners.remove(subscription, subscription.channels)

    def _counted(self, subscription: Subscription) -> tuple[tuple[Counter, object], ...]:
        user_id = subscription.user_id
        return (self._per_user, user_id), (self._per_way, (user_id, subscription.only))

    def _release(self, subscription: Subscription):
        if subscription.socket is not None:
            descriptor = subscription.socket.fileno()
            if self._by_descriptor.pop(descriptor, None) is not None:
                with contained("unwatch"):
                    self._epoll.unregister(descriptor)
        with contained("close"):
            subscription.close()

    def _give_up(self, subscription: Subscription, where: str, error: Exception):
        note(where, error)
        self.drop(subscription, reason="fault")

    def _breathe(self, turn: int):
        if turn % TURN == 0:
            with contained("pause"):
                self._pause()

    # One epoll for all sockets, whose own descriptor is all that gevent has to watch.

    def _start(self):
        if self._epoll is not None:
            return
        import gevent

        self._socket, self._epoll = _original("socket", "socket"), _original("select", "epoll")()
        self._watcher = gevent.get_hub().loop.io(self._epoll.fileno(), 1)
        self._watcher.start(self._look)
        self._pause = whole_turn

    def _take_over(self, subscription: Subscription, connection: socket) -> socket | None:
        """The hub's own socket on that connection, watched from now on; None if the stream has ended meanwhile."""
        self._start()
        kind = connection.family, connection.type, connection.proto  # else each would be asked of the kernel
        raw = self._socket(*kind, fileno=os.dup(connection.fileno()))
        if subscription.closed:  # its rights went while it was being opened
            raw.close()
            return None
        subscription.socket = raw  # from here on `drop` lets go of it, whatever fails
        raw.setblocking(False)
        descriptor = raw.fileno()
        self._epoll.register(descriptor, LEAVING)
        self._by_descriptor[descriptor] = subscription
        self.begin(subscription)
        return raw

    def _look(self):
        # gevent stops a watcher for ever whose callback raises.
        with contained("look"):
            for descriptor, happened in self._epoll.poll(0, TURN):  # whoever is left is reported with the next turn
                self._turn_of(descriptor, happened)

    def _turn_of(self, descriptor: int, happened: int):
        subscription = self._by_descriptor.get(descriptor)
        if subscription is None:  # nobody's any more: watched on, it would be reported at every turn
            with contained("unwatch"):
                self._epoll.unregister(descriptor)
            return
        try:
            if happened & ~select.EPOLLOUT or not subscription.flush():
                self.drop(subscription)
        except Exception as error:
            self._give_up(subscription, "look", error)

    def _want_turn(self, subscription: Subscription, wanted: bool):
        if subscription.socket.fileno() not in self._by_descriptor:
            return  # it is being dropped, and its last words did not fit any more
        self._epoll.modify(subscription.socket.fileno(), LEAVING | (select.EPOLLOUT if wanted else 0))


def whole_turn():
    """Let the event loop go round once: everything else that is ready has a turn before the caller goes on.

    gevent.sleep(0) is not enough: gevent runs up to fifty greenlets before it looks which sockets have got something,
    and the caller would be among the fifty. So a page would wait behind a whole crowd.
    """
    import gevent

    waiter = gevent.get_hub()
    with waiter.loop.check() as turned, waiter.loop.idle() as awake:
        awake.start(_nothing)  # or the loop would sleep until something happens
        waiter.wait(turned)


def _nothing():
    pass


def _original(module: str, name: str):
    """The standard library's own object, behind gevent's cooperative one: the hub does its waiting itself."""
    from gevent import monkey

    return monkey.get_original(module, name)


hub = Hub()
