"""The hub writes whole messages, each once; whoever is too slow is let go and costs the others nothing."""

import socket
import time
from contextlib import suppress

import gevent
import gevent.socket
import pytest

from informejo.live import backlog, bookmark, wire
from informejo.live.hub import BEAT_SECONDS, BYE, TURN, Hub, Refused
from tests.live.sockets import HERE, ROOM, THERE, beat_all, chunks, drained, fill, read, say, thing, words
from tests.live.sse import parse


@pytest.fixture
def hub():
    hub = Hub()
    yield hub
    hub.close()


@pytest.fixture
def browsers():
    """The browsers' ends of all connections, closed at the end."""
    ends = []
    yield ends
    for end in ends:
        end.close()


@pytest.fixture
def connect(hub, browsers):
    """`connect(channel, ...)`: an open stream and the browser's end of its connection, which holds only a little."""

    def connect(*channels, user=1, session=1):
        subscription = hub.subscribe(channels or (HERE,), user, session, **ROOM)
        subscription.settle(0)
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        theirs.setblocking(False)
        hub.attach(subscription, ours)
        ours.close()  # as gunicorn closes its own descriptor
        browsers.append(theirs)
        return subscription, theirs

    return connect


def test_a_message_reaches_those_who_listen_and_nobody_else(hub, connect):
    (_, here), (_, there) = connect(HERE), connect(THERE)
    assert say(hub, "hello") == 1
    assert words(here) == ["hello"]
    assert words(there) == []


def test_somebody_with_two_channels_gets_one_message_of_both_parts(hub, connect):
    (_, both), (_, single) = connect(HERE, THERE), connect(THERE)
    hub.publish({HERE: [thing("one ")], THERE: [thing("two")]})
    assert words(both) == ["one two"]
    assert words(single) == ["two"]


def test_a_message_is_encoded_once_for_all_who_get_the_same(hub, connect, monkeypatch):
    browsers, encoded, encode = [connect()[1] for _ in range(TURN + 5)], [], wire.frame
    with monkeypatch.context() as patch:
        patch.setattr(wire, "frame", lambda things, bookmark: encoded.append(things) or encode(things, bookmark))
        say(hub, "same")
    assert len(encoded) == 1
    assert {tuple(words(browser)) for browser in browsers} == {("same",)}


def test_somebody_whose_bytes_arrive_has_a_turn_while_a_message_goes_out_to_a_crowd(hub, connect):
    """A page, for instance, that is asked for meanwhile."""
    browsers = [connect(user=user)[1] for user in range(2 * TURN + 1)]
    ours, theirs = gevent.socket.socketpair()
    with ours, theirs:
        order, waits = [], gevent.spawn(lambda: order.append(ours.recv(1)))
        gevent.idle()
        theirs.sendall(b"x")
        assert say(hub, "to all") == len(browsers)
        order.append("sent")
        waits.join()
    assert order == [b"x", "sent"]
    assert {tuple(words(browser)) for browser in browsers} == {("to all",)}


def test_what_does_not_fit_waits_and_arrives_whole_and_in_order(hub, connect):
    subscription, browser = connect()
    fill(hub, subscription)
    for number in range(5):
        say(hub, f"later {number}")
    raw = drained(browser)
    heard = [message.data for message in parse(b"".join(content for _, content in chunks(raw)))]
    assert "".join(heard).endswith("".join(f"later {number}" for number in range(5)))
    assert "".join(heard).strip("x") == "".join(f"later {number}" for number in range(5))
    assert subscription.backlog is None
    assert subscription.size == 0


@pytest.mark.hardening("L-08", "F-13", "X-13")
def test_a_slow_reader_is_dropped_after_so_many_messages_and_the_others_hear_on(hub, connect):
    slow, _ = connect(user=1)
    quick, browser = connect(user=2)
    fill(hub, slow)
    for _ in range(backlog.MAX_THINGS + 1 - len(slow.backlog or ())):
        assert not slow.closed
        say(hub, "y")
        drained(browser)
    assert slow.closed
    assert not quick.closed
    say(hub, "for the quick")
    assert words(browser) == ["for the quick"]
    assert len(hub) == 1


@pytest.mark.hardening("L-08", "F-13", "X-13")
def test_a_slow_reader_is_dropped_after_so_many_bytes(hub, connect):
    slow, _ = connect()
    large = "z" * 100_000
    for _ in range(backlog.MAX_BYTES // len(large) + 3):
        say(hub, large)
    assert slow.closed
    assert slow.size <= backlog.MAX_BYTES + 2 * len(large)  # what waits, the last straw, and the rest of one in work


@pytest.mark.hardening("L-07")
def test_a_browser_that_left_is_forgotten_at_the_next_look_or_the_next_word(hub, connect):
    (noticed, first), (written, second) = connect(), connect()
    first.close()
    gevent.idle()
    assert noticed.closed
    second.close()
    say(hub, "hello?")
    assert written.closed
    assert len(hub) == 0
    assert not hub.is_open(HERE)


def test_last_words_end_the_response_on_a_whole_message(hub, connect):
    subscription, browser = connect()
    hub.drop(subscription, BYE)
    content, finished = read(browser)
    assert [message.event for message in parse(content)] == ["bye"]
    assert finished
    assert browser.recv(1) == b""


def test_last_words_are_not_put_into_the_middle_of_a_message(hub, connect):
    subscription, browser = connect()
    fill(hub, subscription)
    hub.drop(subscription, BYE)
    content, finished = read(browser)
    assert not finished, "the browser must notice that the response was cut, and come back"
    assert {message.event for message in parse(content)} == {""}
    assert len(hub) == 0


def test_a_reader_whose_connection_is_full_to_the_brim_can_still_be_dropped(hub, connect):
    """Nothing waits yet, and nothing more fits: the farewell itself is the first that cannot be written."""
    (full, _), (_, other) = connect(), connect()
    with suppress(BlockingIOError):
        while True:
            full.socket.send(wire.chunk(b"x"))
    hub.drop_where(lambda stream: stream is full)
    assert full.closed
    assert len(hub) == 1
    say(hub, "and on")
    assert words(other) == ["and on"]


def test_dropping_twice_is_dropping_once(hub, connect):
    subscription, _ = connect()
    left = []
    hub.on_leave = left.append
    hub.drop(subscription)
    hub.drop(subscription, BYE)
    assert left == [subscription]
    assert len(hub) == 0


def test_messages_wait_while_a_stream_is_being_opened_and_replayed_ones_are_passed_over(hub):
    subscription = hub.subscribe((HERE,), 1, 1, **ROOM)
    for id in (5, 6, 7):
        say(hub, f"event {id}", id=id)
    say(hub, "a notice")
    subscription.settle(floor=6)
    say(hub, "late event 6", id=6)
    say(hub, "event 8", id=8)
    (heard,) = parse(wire.unchunk(subscription.backlog.next()))
    assert heard.data == "event 7a noticeevent 8"
    assert bookmark.read(heard.id, "test").id == 8


def test_what_waited_is_written_as_soon_as_the_connection_is_there(hub, browsers):
    subscription = hub.subscribe((HERE,), 1, 1, **ROOM)
    say(hub, "early", id=1)
    subscription.settle(0)
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    browsers.append(theirs)
    hub.attach(subscription, ours)
    ours.close()
    say(hub, "late", id=2)
    assert words(theirs) == ["early", "late"]


@pytest.mark.hardening("L-11")
def test_a_stream_that_lost_its_rights_while_it_opened_is_closed_when_it_connects(hub, browsers):
    subscription = hub.subscribe((HERE,), 1, 1, **ROOM)
    hub.drop_where(lambda stream: stream.user_id == 1)
    ours, theirs = socket.socketpair()
    browsers.append(theirs)
    hub.attach(subscription, ours)
    ours.close()
    assert theirs.recv(1) == b""
    assert say(hub, "not for you") == 0


def test_whoever_does_not_even_take_the_greeting_is_cut_off_when_the_stream_ends(hub, browsers):
    subscription = hub.subscribe((HERE,), 1, 1, **ROOM)
    subscription.connection, theirs = socket.socketpair()
    browsers.append(theirs)
    theirs.settimeout(10)
    hub.drop(subscription, reason="renewed")
    assert theirs.recv(1) == b""
    subscription.connection.close()


def test_streams_are_counted_per_person_and_in_all(hub):
    first = hub.subscribe((HERE,), 1, 1, per_user=1, total=2, lasts=60)
    with pytest.raises(Refused) as refused:
        hub.subscribe((HERE,), 1, 1, per_user=1, total=2, lasts=60)
    assert refused.value.reason == "personal"
    hub.subscribe((HERE,), 2, 2, per_user=1, total=2, lasts=60)
    with pytest.raises(Refused) as refused:
        hub.subscribe((HERE,), 3, 3, per_user=1, total=2, lasts=60)
    assert refused.value.reason == "total"
    hub.drop(first)
    assert hub.subscribe((HERE,), 1, 1, per_user=1, total=2, lasts=60)


@pytest.mark.hardening("F-15")
def test_each_stream_has_one_heartbeat_in_fifteen_seconds(hub, connect):
    browsers = [connect()[1] for _ in range(40)]
    for second, beats in enumerate((0, 1, 1)):  # soon after it opened, besides
        hub.beat(second)
        assert beats_of(browsers) == [beats] * 40
    for second in range(3, 3 + BEAT_SECONDS):
        hub.beat(second)
    assert beats_of(browsers) == [1] * 40


def beats_of(browsers) -> list[int]:
    return [read(browser)[0].count(b"event: beat\n") for browser in browsers]


@pytest.mark.hardening("S-45")
def test_a_stream_ends_when_its_sign_in_does(hub):
    short = hub.subscribe((HERE,), 1, 1, per_user=9, total=9, lasts=-1)
    long = hub.subscribe((HERE,), 1, 1, **ROOM)
    beat_all(hub)
    assert short.closed
    assert not long.closed
    assert long.expires <= time.monotonic() + 600


def test_a_hub_that_closes_lets_everybody_go_and_finishes_their_responses(hub, connect):
    browsers = [connect(user=user)[1] for user in range(5)]
    hub.close()
    assert all(read(browser)[1] for browser in browsers)
    assert len(hub) == 0
