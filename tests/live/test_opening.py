"""What opening a stream leaves behind where it does not come to its end, and which connections the hub takes."""

import errno
import re
import socket
import ssl
import time
from datetime import timedelta

import pytest
from flask import current_app
from werkzeug.exceptions import NotFound, ServiceUnavailable

from informejo import clock, db, metrics, policy
from informejo.accounts import sign_ins
from informejo.accounts.session_actions import start_session
from informejo.events import log
from informejo.live import opening, presence, replay
from informejo.live.bookmark import read
from informejo.live.hub import hub
from informejo.live.opening import Wanted
from tests.live.sse import parse


@pytest.fixture
def token(world):
    token = start_session(world.mia, "test")
    db.commit()
    return token


def wanted(token: str, *topics: str, last: str | None = None, since: str = "") -> Wanted:
    return Wanted(sign_ins.viewer_for(token), list(topics or ("queue",)), "html", last, since)


def opened(asked: Wanted):
    channels, unseen = opening.find_channels(asked)
    return opening.open_stream(asked, channels, unseen)


def ended(reason: str) -> float:
    return metrics.REGISTRY.get_sample_value("informejo_streams_ended_total", {"reason": reason}) or 0


def came_back(how: str) -> float:
    return metrics.REGISTRY.get_sample_value("informejo_reconnects_total", {"ended": how}) or 0


def test_a_stream_names_one_to_eight_things_that_are_there(world, token):
    tickets = [world.ticket() for _ in range(8)]
    names = [f"ticket:{ticket.id}" for ticket in tickets]
    assert len(opening.find_channels(wanted(token, *names))[0]) == 8
    assert [channel.topic for channel in opening.find_channels(wanted(token, names[0]))[0]] == names[:1]
    for topics in ([], [*names, "queue"]):
        with pytest.raises(NotFound):
            opening.find_channels(wanted(token)._replace(topics=topics))
    for since in ("", "a bookmark"):
        asked = wanted(token, names[0], "ticket:987", "ticket:986", since=since)
        if since:
            assert [gone.number for gone in opening.find_channels(asked)[1]] == [987, 986]
        else:
            with pytest.raises(policy.Unseen) as first:
                opening.find_channels(asked)
            assert first.value.number == 987
    assert wanted(token, last="header", since="page").bookmark == "header"
    assert wanted(token, last="", since="page").bookmark == wanted(token, since="page").bookmark == "page"


def test_whoever_reads_the_log_sees_whose_stream_opened_and_what_it_is_about(world, token, caplog):
    ticket = world.ticket()
    caplog.set_level("INFO", "informejo.live.opening")
    opened(wanted(token, "queue", f"ticket:{ticket.id}"))
    lines = [record.getMessage() for record in caplog.records]
    assert f"stream opened user={world.mia.id} topics=queue,user:{world.mia.id},ticket:{ticket.id}" in lines


@pytest.mark.parametrize(("events", "as_of_here", "looks"), [(0, False, 0), (0, True, 0), (3, True, 0), (3, False, 1)])
def test_of_a_crowd_that_comes_back_only_those_are_looked_up_twice_who_are_sent_what_was_written_since(
    world, token, monkeypatch, events, as_of_here, looks
):
    asked, looked = wanted(token), []
    missed = replay.missed(asked.bookmark, log.bookmark(), (), asked.viewer)._replace(events=events)
    monkeypatch.setattr(replay, "missed", lambda *_: missed._replace(as_of_here=as_of_here))
    monkeypatch.setattr(opening, "holds", lambda *_: looked.append(1) or True)
    opening.read_missed(asked, (), log.bookmark())
    assert len(looked) == looks


def test_a_stream_that_is_open_lasts_as_its_sign_in_and_has_its_greeting(world, token):
    here, before = log.bookmark(), came_back("nothing_missed")
    asked = wanted(token)
    stream = opened(asked)
    assert hub.subscriptions() == [stream.subscription]
    [ready] = parse(stream.greeting)
    assert re.search(rb"\nretry: ?\d+\n", stream.greeting)
    assert (ready.event, read(ready.id, here.epoch)) == ("ready", here)
    assert came_back("nothing_missed") == before
    opened(wanted(token, last=str(here)))
    assert came_back("nothing_missed") == before + 1
    soon = asked.sign_in._replace(ends_at=clock.now() + timedelta(minutes=1))
    short = opened(asked._replace(asking=asked.asking._replace(session=soon)))
    assert short.subscription.expires == pytest.approx(time.monotonic() + 60, abs=5)


@pytest.mark.hardening("X-52")
def test_nothing_is_open_where_opening_fails(world, token, monkeypatch):
    asked = wanted(token)
    with monkeypatch.context() as broken:
        broken.setattr(presence, "welcome", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            opened(asked)
    assert hub.subscriptions() == []
    hub.revocations += 1
    with pytest.raises(ServiceUnavailable) as refused:
        opened(asked)
    assert refused.value.retry_after == 1
    assert hub.subscriptions() == []
    assert opened(wanted(token)).subscription in hub.subscriptions()


@pytest.mark.hardening("X-52")
def test_a_sign_in_that_has_ended_is_asked_to_come_back_in_a_second(world, token):
    asked = wanted(token)
    opening.require_holding(asked)
    for unlike in ({"role": "user"}, {"narrowed": True}):
        viewer = asked.viewer._replace(**unlike)
        other = asked._replace(asking=asked.asking._replace(session=asked.sign_in._replace(user=viewer)))
        with pytest.raises(ServiceUnavailable) as refused:
            opening.require_holding(other)
        assert refused.value.retry_after == 1
        with pytest.raises(ServiceUnavailable):
            opening.find_end(other, ["a ticket that is gone"])
        assert opening.find_end(other, []) == asked.asking.standing.bookmark
    world.ticket()
    assert current_app.extensions["broadcast"].reached > asked.asking.standing.bookmark.id
    assert opening.find_end(asked, []) == log.bookmark()


def test_the_hub_writes_head_and_greeting_and_the_worker_takes_it_for_a_browser_that_left(world, token):
    stream = opened(wanted(token))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(5)
        with pytest.raises(BrokenPipeError) as gone:
            opening.hand_over(stream, ours, [("X-Name", "value")])
        assert gone.value.errno == errno.EPIPE
        told = theirs.recv(65_536)
    head, _, body = told.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"X-Name: value" in head
    assert body.startswith(b"%x\r\n%b\r\n" % (len(stream.greeting), stream.greeting))
    hub.drop(stream.subscription)


def test_a_connection_that_cannot_be_taken_over_ends_the_stream_as_a_fault(world, token):
    stream, before = opened(wanted(token)), ended("fault")
    with pytest.raises(UnicodeEncodeError):
        opening.hand_over(stream, None, [("X-Name", "\u2026")])
    assert stream.subscription.closed
    assert ended("fault") == before + 1


def test_only_a_plain_socket_is_handed_over():
    class Tls(socket.socket):
        """As ssl.SSLSocket is one: what is written to its descriptor arrives in clear."""

    assert issubclass(ssl.SSLSocket, socket.socket)
    with socket.socket() as plain, Tls() as tls:
        cases = ((plain, "HTTP/1.1"), True), ((plain, "HTTP/1.0"), False), ((tls, "HTTP/1.1"), False)
        for (connection, protocol), can in cases:
            environ = {"gunicorn.socket": connection, "SERVER_PROTOCOL": protocol}
            assert opening.can_be_handed_over(environ) is can
    assert opening.can_be_handed_over({"SERVER_PROTOCOL": "HTTP/1.1"}) is False


def test_a_small_desk_comes_back_within_a_second_and_a_large_one_within_five(monkeypatch):
    asked = []
    monkeypatch.setattr(opening.random, "randint", lambda *between: asked.append(between) or 7)
    for streams in (0, 300, 4_200, 9_000):
        monkeypatch.setattr(type(hub), "__len__", lambda _, streams=streams: streams)
        assert opening._retry() == 7
    assert asked == [(200, 800), (200, 1_100), (200, 5_000), (200, 5_000)]
