"""The live reader: follows the log and shows each event, once and in order, to every open channel that may see it."""

import logging
import threading
import time

from flask import Flask
from sqlalchemy.exc import DBAPIError

from informejo import db, metrics, signals
from informejo.accounts.sign_ins import without_factor
from informejo.events import log
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.faults import contained, note
from informejo.live import fragments, payload, presence, sight, wire
from informejo.live.bookmark import Bookmark
from informejo.live.hub import hub
from informejo.live.seers import Seers, apart
from informejo.live.subscription import Subscription
from informejo.live.wire import Channel, Thing

POLL_SECONDS = 1  # a bell that another process rang is not heard here; looking this often makes up for it
BATCH = 200
GONE = (EventName.USER_DEACTIVATED, EventName.USER_ERASED)
SIGHT = {"teams", "narrowed"}  # of somebody: they see other tickets from then on, and their pages begin anew
RESET = wire.sign("reset")
TRIES = 5  # of one event, a second apart, while the database refuses what it needs

logger = logging.getLogger(__name__)


class Broadcast:
    """One per process. `drain` shows what the log has and this process has not shown yet."""

    def __init__(self, app: Flask):
        self.app = app
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._noticed: set[str] = set()  # a set: a hundred people who come at once are drawn once
        self._refused = (0, 0)  # the event that the database refused to let be shown, and how often in a row
        self._running = False
        self.here: Bookmark | None = None  # this reader's own; what came before its first look is no news
        self.reached = 0  # the newest event that was shown, or is just being shown; `here` follows when it was
        self._rung: float | None = None  # when the bell rang first for what is not read yet
        self._since = 0.0  # when the wait of those being shown began

    def begin(self):
        """Set the bookmark, if this process has none yet: streams that are opened from now on miss nothing."""
        if self.here is None:
            here = log.bookmark()
            if self.here is None:  # else somebody else has begun meanwhile, and streams rely on where
                self.here, self.reached = here, here.id

    def run(self):
        """Drain whenever the bell rings, until the hub closes: those who write need not wait for those who watch."""
        self._running = True
        while not hub.closing:
            with contained("drain"):  # the database may be away for a while; the bookmark stands where it stood
                self.drain()
            self._show_notices()
            with contained("bell"):
                self._bell.wait(POLL_SECONDS)
                self._bell.clear()

    def ring(self, _sender=None):
        """What the `recorded` signal calls."""
        self._rung = self._rung or time.monotonic()
        self._bell.set()
        if not self._running:
            self.drain()

    def notice(self, topic: str):
        """What the `noticed` signal calls with a topic: what is true only now is drawn again for those who look."""
        self._noticed.add(topic)
        if not self._running:
            self._show_notices()

    def drain(self):
        """Show every event after the bookmark, in id order, under one lock, so that no two drains can cross."""
        with self._lock, self.app.app_context():
            self.begin()
            full = True
            while full:
                news = self._next()
                full = len(news) == BATCH  # otherwise that was all: whatever came since rings again
                for event, epoch in news:
                    bookmark = Bookmark(epoch, event.id)
                    self.reached = event.id
                    self._show_or_reset(event, bookmark)
                    self.here = bookmark
                db.session.remove()

    def lag(self) -> int:
        """How many events of the log are not shown yet."""
        return log.count_after(self.here.id) if self.here else 0

    def _next(self) -> list[tuple[Event, str]]:
        self._since, self._rung = self._rung or time.monotonic(), None  # another process's bell is not heard here
        return log.news(self.here.id, BATCH)

    def _show_notices(self):
        """Draw what was noticed, one topic after the other; events that were recorded meanwhile go first."""
        while self._noticed:
            with contained("notices"), self.app.app_context():
                topic = self._noticed.pop()
                parts = {channel: presence.noticed(topic, channel) for channel in presence.channels(topic)}
                hub.publish({channel: fragments.things(found) for channel, found in parts.items() if found})
            if self._running and self._bell.is_set():
                return

    def _show_or_reset(self, event: Event, bookmark: Bookmark):
        try:
            self._show(event, bookmark)
        except DBAPIError as error:
            if self._is_worth_another_try(bookmark.id):
                raise
            note("event", error)
            hub.drop_where(lambda stream: True)  # whose rights it took may be what could not be asked
        except Exception:  # ours does not pass, and one event that cannot be shown must not keep all later ones back
            logger.exception("event %s cannot be shown", bookmark.id)
            _reset(hub.subscriptions(), bookmark)

    def _is_worth_another_try(self, id: int) -> bool:
        """Count one refusal of this event by the database; whether it is still below TRIES."""
        before, times = self._refused
        self._refused = (id, times + 1 if before == id else 1)
        return self._refused[1] < TRIES

    def _show(self, event: Event, bookmark: Bookmark):
        _revoke_or_end_all(event)
        sight.withdraw(event, bookmark)
        html, json, own_lists = {}, {}, hub.own_lists()
        seers, elsewhere = Seers.on_lists(event, own_lists if event.ticket else ()), apart(event)
        for topic in fragments.topics_of(event, own_lists):
            for audience in ("requester", "staff"):
                self._draw(seers, Channel(topic, audience, "html"), html, bookmark)
                self._draw(seers, Channel(topic, audience, "json"), json, bookmark)
        html |= {channel: fragments.things(parts) for channel, parts in fragments.following(event).items()}
        # A program hears of an event once, however many of its topics the event touches: it is one thing on all.
        received = hub.publish(html, bookmark, elsewhere) + hub.publish(json, bookmark, elsewhere)
        presence.hear(event)
        metrics.events_shown.inc()
        if received:
            metrics.delivery.observe(time.monotonic() - self._since)
        logger.info("event %s %s ticket=%s received=%s", event.id, event.name, event.ticket_id, received)

    def _draw(self, seers: Seers, channel: Channel, shown: dict[Channel, list[Thing]], bookmark: Bookmark):
        if not hub.is_open(channel):
            return
        event = seers.event
        try:
            is_json = channel.form == "json"
            things = [payload.of(event, channel, seers)] if is_json else fragments.of(event, channel, seers)
        except DBAPIError:
            raise
        except Exception:  # one thing that cannot be drawn must not cost the others their messages
            logger.exception("event %s cannot be drawn for %s", event.id, channel)
            _reset(hub.subscriptions(channel), bookmark)
        else:
            if any(things):
                shown[channel] = things


def _reset(subscriptions: list[Subscription], bookmark: Bookmark):
    """Have these pages load themselves again: they missed something that cannot be sent to them."""
    frame = wire.sign("reset", bookmark=bookmark)._replace(id=bookmark.id)  # it stands for the event
    for subscription in subscriptions:
        hub.write(subscription, frame)


def _revoke_or_end_all(event: Event):
    """`_revoke`; if that fails, end all streams, since any may have lost its rights, and raise what it raised."""
    try:
        _revoke(event)
    except Exception:
        hub.drop_where(lambda stream: True)
        raise


def _revoke(event: Event):
    """End the streams whose rights this event took, before anything that happened after it is shown."""
    if event.name in GONE or (event.name == EventName.USER_UPDATED and "role" in event.changes):
        hub.drop_where(lambda stream: stream.user_id == event.user_id)
    elif event.name == EventName.USER_MERGED or (event.name == EventName.USER_UPDATED and event.changes.keys() & SIGHT):
        hub.drop_where(lambda stream: stream.user_id == event.user_id, RESET)
    elif event.name == EventName.SETTING_CHANGED and "SECOND_FACTOR" in event.changes:
        _, whom = event.changes["SECOND_FACTOR"]
        lacking = without_factor(whom)
        hub.drop_where(lambda stream: stream.session_id in lacking)
    elif event.name == EventName.SESSION_ENDED:
        ended, _ = event.changes["session"]
        hub.drop_where(lambda stream: stream.session_id == ended)


def init_app(app: Flask):
    """One broadcast for the app, rung by the signals."""
    broadcast = app.extensions["broadcast"] = Broadcast(app)
    signals.recorded.connect(broadcast.ring)
    signals.noticed.connect(broadcast.notice)
    hub.on_leave = presence.show_again
