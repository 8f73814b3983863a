"""Whatever breaks for one stream stays with that stream: the others hear on, and nothing is counted twice."""

import random
import socket
from contextlib import suppress

import gevent
import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy.exc import DBAPIError

from informejo import faults, metrics
from informejo.live import hub as hub_module, wire
from informejo.live.hub import BEAT_SECONDS, OPENING_SECONDS, Hub, Refused
from informejo.live.subscription import Subscription
from tests.live.sockets import HERE, ROOM, THERE, beat_all, fill, read, say, words
from tests.live.sse import parse


class Fault(Exception):
    """On purpose."""


def stumble(*_args, **_more):
    raise Fault


@pytest.fixture
def hub():
    hub = Hub()
    yield hub
    hub.close()


@pytest.fixture
def connect(hub):
    ends = []

    def connect(*channels, user=1, session=1):
        subscription = hub.subscribe(channels or (HERE,), user, session, **ROOM)
        subscription.settle(0)
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        theirs.setblocking(False)
        hub.attach(subscription, ours)
        ours.close()
        ends.append(theirs)
        return subscription, theirs

    yield connect
    for end in ends:
        end.close()


def require_sound(hub: Hub):
    """Every index agrees with every other, and nothing that has ended is in any."""
    alive = hub.subscriptions()
    assert len(alive) == len(set(alive)) == len(hub)
    assert not any(subscription.closed for subscription in alive)
    assert set(hub._young) <= set(alive)
    users = {one.user_id for one in alive}
    assert dict(hub._per_user) == {user: sum(one.user_id == user for one in alive) for user in users}
    ways = {(one.user_id, one.only) for one in alive}
    assert dict(hub._per_way) == {way: sum((one.user_id, one.only) == way for one in alive) for way in ways}
    listed = {(channel, one) for channel, listeners in hub.listeners.items() for one in listeners}
    assert listed == {(channel, one) for one in alive for channel in one.channels}
    assert all(listeners for _, listeners in hub.listeners.items())
    assert not [one for one in alive if one.free and (one.waiting or one.opening or one.socket is None)]
    watched = {one for one in alive if one.socket is not None}
    assert set(hub._by_descriptor.values()) == watched
    assert all(one.socket.fileno() == descriptor for descriptor, one in hub._by_descriptor.items())


class Broken:
    """Stands before a thing whose method `name` raises."""

    def __init__(self, thing, name: str):
        self._thing, self._name = thing, name

    def __getattr__(self, name):
        return stumble if name == self._name else getattr(self._thing, name)


def break_epoll(name):
    return lambda hub, _one, patch: patch.setattr(hub, "_epoll", Broken(hub._epoll, name))


def break_socket(name):
    return lambda _hub, one, patch: patch.setattr(one, "socket", Broken(one.socket, name))


def break_method(name):
    def break_it(_hub, one, patch):
        whole = getattr(Subscription, name)
        patch.setattr(Subscription, name, lambda self, *a: stumble() if self is one else whole(self, *a))

    return break_it


FAULTS = {
    "send": break_socket("send"),
    "modify": break_epoll("modify"),
    "unregister": break_epoll("unregister"),
    "finish": break_method("finish"),
    "write": break_method("write"),
    "flush": break_method("flush"),
    "on_leave": lambda hub, _one, patch: patch.setattr(hub, "on_leave", stumble),
    "want_turn": lambda _hub, one, patch: patch.setattr(one, "want_turn", stumble),
    "log": lambda _hub, _one, patch: patch.setattr(hub_module.logger, "info", stumble),
    "count": lambda _hub, _one, patch: patch.setattr(metrics.streams_ended, "labels", stumble),
    "pause": lambda hub, _one, patch: (patch.setattr(hub_module, "TURN", 1), patch.setattr(hub, "_pause", stumble)),
}
OPERATIONS = {
    "publish": lambda hub, one: say(hub, "x" * 500),
    "event": lambda hub, one: say(hub, "x" * 500, id=7),
    "beat": lambda hub, one: beat_all(hub),
    "renew": lambda hub, one: (setattr(one, "expires", 0), beat_all(hub)),
    "drop": lambda hub, one: hub.drop(one),
    "revoke": lambda hub, one: hub.drop_where(lambda stream: stream.user_id == one.user_id),
    "look": lambda hub, one: hub._look(),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("full", [False, True], ids=["quick", "slow"])
def test_a_fault_of_one_stream_costs_at_most_that_stream(hub, connect, monkeypatch, fault, operation, full):
    (one, _), *others = connect(user=1), connect(user=2), connect(THERE, user=3)
    if full:
        fill(hub, one)
    for _, browser in others:
        words(browser)
    with monkeypatch.context() as patch:
        FAULTS[fault](hub, one, patch)
        OPERATIONS[operation](hub, one)
        require_sound_but_for(hub, one)
    if operation in ("drop", "revoke", "renew"):
        assert one.closed
    require_sound(hub)
    for (other, browser), channel in zip(others, (HERE, THERE), strict=True):
        assert not other.closed
        words(browser)
        say(hub, "and on", channel)
        beat_all(hub)
        heard = parse(read(browser)[0])
        assert "and on" in [message.data for message in heard]
        assert "beat" in [message.event for message in heard]


def require_sound_but_for(hub: Hub, one: Subscription):
    assert one.closed != (one in hub.subscriptions())


def test_a_stream_whose_rights_cannot_be_told_is_revoked_and_so_is_everybody_behind_it(hub, connect):
    streams = [connect(user=user)[0] for user in range(1, 9)]
    stays = connect(user=99)[0]

    def matches(stream):
        return stumble() if stream is streams[3] else stream.user_id != 99

    hub.drop_where(matches)
    assert all(stream.closed for stream in streams)
    assert not stays.closed
    require_sound(hub)


def test_a_channel_named_twice_is_listened_to_once(hub, connect):
    subscription, browser = connect(HERE, HERE, THERE, HERE)
    assert subscription.channels == (HERE, THERE)
    say(hub, "once")
    assert words(browser) == ["once"]
    hub.drop(subscription)
    require_sound(hub)
    assert len(hub) == 0


def test_a_message_that_cannot_be_encoded_costs_those_it_was_for_and_nobody_else(hub, connect, monkeypatch):
    (one, _), (other, browser) = connect(HERE), connect(THERE)
    with monkeypatch.context() as patch:
        patch.setattr(wire, "frame", stumble)
        say(hub, "x")
    assert one.closed
    assert not other.closed
    say(hub, "and on", THERE)
    assert words(browser) == ["and on"]


@pytest.mark.parametrize("name", ["dup", "register"])
def test_a_connection_that_cannot_be_taken_over_leaves_nothing_behind(hub, connect, monkeypatch, name):
    connect()
    subscription = hub.subscribe((HERE,), 2, 2, **ROOM)
    ours, theirs = socket.socketpair()
    with theirs, ours, monkeypatch.context() as patch:
        if name == "dup":  # the kernel has no descriptor left
            patch.setattr(hub_module.os, "dup", stumble)
        else:
            patch.setattr(hub, "_epoll", Broken(hub._epoll, "register"))
        with pytest.raises(Fault):
            hub.attach(subscription, ours)
        assert subscription.closed
        ours.close()
        while theirs.recv(100):
            pass  # until the connection's end
    require_sound(hub)


@pytest.mark.parametrize("name", ["take", "flush"])
def test_what_fails_once_a_connection_is_taken_over_ends_the_stream_and_asks_for_no_other_answer(
    hub, monkeypatch, name
):
    subscription = hub.subscribe((HERE,), 2, 2, **ROOM)
    ours, theirs = socket.socketpair()
    with theirs, ours:
        with monkeypatch.context() as patch:
            patch.setattr(Subscription, name, stumble)
            hub.attach(subscription, ours, b"the beginning")  # whoever calls would answer what it raises
        assert subscription.closed
        ours.close()
        said = b""
        while part := theirs.recv(100):
            said += part
        assert said.startswith(b"the beginning" if name == "flush" else b"")
        assert b"HTTP/" not in said
    require_sound(hub)


@pytest.fixture
def meanwhile(hub, monkeypatch):
    """`meanwhile(do)`: once, in the first pause of what is sent, after the first who listen."""

    def meanwhile(do):
        monkeypatch.setattr(hub_module, "TURN", 1)
        left = [do]
        monkeypatch.setattr(hub, "_pause", lambda: left and left.pop()())

    return meanwhile


@pytest.mark.parametrize("id", [0, 7], ids=["notice", "event"])
@pytest.mark.parametrize("more", [[], [THERE]], ids=["one channel", "two"])
def test_whoever_loses_their_rights_while_a_message_goes_out_does_not_get_it(hub, connect, meanwhile, id, more):
    heard, losers = dict([connect(HERE, *more, user=n) for n in range(4)]), []

    def lose():
        losers.extend([stream for stream, browser in heard.items() if not is_there(browser)][:2])
        hub.drop_where(lambda stream: stream is losers[0])
        hub.take_off(losers[1], [HERE])

    meanwhile(lose)
    assert say(hub, "not for all", id=id) == 2
    ended, left = (heard.pop(stream) for stream in losers)
    assert [message.event for message in parse(read(ended)[0])] == ["bye"]
    assert (words(left), losers[1].closed) == ([], True), "the rest of it is replayed when they come back"
    assert [words(browser) for browser in heard.values()] == [["not for all"]] * 2
    require_sound(hub)


def is_there(browser) -> bool:
    with suppress(BlockingIOError):
        return bool(browser.recv(1, socket.MSG_PEEK))
    return False


@pytest.mark.parametrize("id", [0, 7], ids=["notice", "event"])
def test_whoever_comes_while_a_message_goes_out_keeps_nobody_from_it(hub, connect, meanwhile, id):
    browsers, late = [connect(user=user)[1] for user in (1, 2, 3)], []
    meanwhile(lambda: late.append(connect(user=4)))
    assert say(hub, "to all", id=id) == 3
    assert [words(browser) for browser in browsers] == [["to all"]] * 3
    assert words(late[0][1]) == []
    say(hub, "and on", id=id and id + 1)
    assert words(late[0][1]) == ["and on"]
    require_sound(hub)


@pytest.mark.parametrize("name", ["send", "rest"])
def test_a_fault_in_the_middle_of_an_event_for_all_costs_one_of_them(hub, connect, monkeypatch, name):
    streams = [connect(user=user) for user in (1, 2, 3)]
    broken, _ = streams[1]
    if name == "rest":  # a part goes out, and its end cannot be asked for
        monkeypatch.setattr(broken, "want_turn", stumble)
        monkeypatch.setattr(broken, "socket", Half(broken.socket))
    else:
        monkeypatch.setattr(broken, "socket", Broken(broken.socket, "send"))
    assert say(hub, "to all", id=7) == 3
    assert broken.closed
    assert [words(browser) for _, browser in (streams[0], streams[2])] == [["to all"]] * 2
    require_sound(hub)


class Half:
    """A socket that takes half of what it is given."""

    def __init__(self, raw):
        self._raw = raw

    def __getattr__(self, name):
        return getattr(self._raw, name)

    def send(self, chunk):
        return self._raw.send(chunk[: len(chunk) // 2])


def test_who_has_an_event_already_is_passed_over_and_hears_the_next(hub, connect):
    (ahead, first), (_, second) = connect(user=1), connect(user=2)
    ahead.floor = 8  # had it replayed
    for id in (7, 8, 9):
        say(hub, str(id), id=id)
    assert words(first) == ["9"]
    assert words(second) == ["7", "8", "9"]


def test_a_look_that_fails_does_not_blind_the_hub(hub, connect, monkeypatch):
    subscription, browser = connect()
    with monkeypatch.context() as patch:
        patch.setattr(hub, "_epoll", Broken(hub._epoll, "poll"))
        hub._look()
    browser.close()
    gevent.idle()
    assert subscription.closed


def test_a_stream_that_nobody_begins_to_read_ends_by_itself(hub, connect, monkeypatch):
    abandoned, (read, _) = hub.subscribe((HERE,), 1, 1, **ROOM), connect(user=2)
    now = hub_module.time.monotonic()
    monkeypatch.setattr(hub_module.time, "monotonic", lambda: now + OPENING_SECONDS + 1)
    beat_all(hub)
    assert abandoned.closed
    assert not read.closed


def test_the_same_fault_is_counted_each_time_and_logged_once(caplog):
    faults._told.clear()

    def counted():
        return metrics.REGISTRY.get_sample_value("informejo_faults_total", {"where": "test"}) or 0

    before = counted()
    for _ in range(3):
        with faults.contained("test"):
            raise Fault
    assert counted() == before + 3
    assert [record.message for record in caplog.records].count("fault in test") == 1


class Streams(RuleBasedStateMachine):
    """Streams that come, hear, are slow, leave and lose their rights in any order."""

    def __init__(self):
        super().__init__()
        random.seed(0)
        self.hub, self.open, self.events = Hub(), {}, 0

    @rule(user=st.integers(1, 3), channels=st.lists(st.sampled_from([HERE, THERE]), min_size=1, max_size=4))
    def come(self, user, channels):
        try:
            one = self.hub.subscribe(channels, user, user, per_user=3, total=6, lasts=60)
        except Refused:
            return
        one.settle(0)
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        self.hub.attach(one, ours)
        ours.close()
        self.open[one] = theirs

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 99))
    def leave(self, which):
        one = list(self.open)[which % len(self.open)]
        self.open.pop(one).close()
        self.hub._look()
        assert one.closed

    @rule(channel=st.sampled_from([HERE, THERE]), size=st.sampled_from([1, 200_000]), event=st.booleans())
    def hear(self, channel, size, event):
        self.events += event
        say(self.hub, "y" * size, channel, self.events if event else 0)

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 99), channel=st.sampled_from([HERE, THERE]))
    def lose_sight(self, which, channel):
        one = list(self.open)[which % len(self.open)]
        self.hub.take_off(one, [channel])
        assert channel not in one.channels
        assert one not in self.hub.subscriptions(channel)

    @rule(user=st.integers(1, 3))
    def revoke(self, user):
        self.hub.drop_where(lambda stream: stream.user_id == user)
        assert not any(stream.user_id == user for stream in self.hub.subscriptions())

    @rule(second=st.integers(0, BEAT_SECONDS - 1))
    def beat(self, second):
        self.hub.beat(second)

    @invariant()
    def every_index_agrees(self):
        require_sound(self.hub)
        for one in [one for one in self.open if one.closed]:
            self.open.pop(one).close()
        assert set(self.open) == set(self.hub.subscriptions())

    def teardown(self):
        self.hub.close()
        for end in self.open.values():
            end.close()


TestStreams = Streams.TestCase
TestStreams.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)


def test_the_databases_own_trouble_is_a_line_and_no_trace(caplog):
    faults._told.clear()
    with faults.contained("test"):
        raise DBAPIError("SELECT what people wrote", {}, OSError("database disk image is malformed"))
    (record,) = caplog.records
    assert record.message == "fault in test: database disk image is malformed"
    assert not record.exc_info


def test_what_must_end_everything_is_let_through():
    with pytest.raises(KeyboardInterrupt), faults.contained("test"):
        raise KeyboardInterrupt
