"""Somebody who writes, asks or listens in bad faith gets no further with a live stream than with a page."""

import json
import time

import pytest

from informejo import db
from informejo.events import log
from informejo.live import fragments
from informejo.live.bookmark import LENGTH, Bookmark, read
from informejo.live.hub import hub
from informejo.tickets import change_actions
from informejo.tickets.words import Category, Priority, Status
from tests.live import dom
from tests.live.sse import Listener

PATHS = ("/live", "/live/events")
LINE_ENDS = [
    "one\n\nevent: bye\ndata: forged\n\n",
    "one\r\n\r\nevent: reset\r\nid: test-999\r\n\r\ntwo",
    "one\revent: bye\r\rdata: two\r\r",
    "one\u2028\u2028event: bye\u2029data: two\x85\x85id: 9\v\f",
    "one\0two\0\n\nid: 1\0\n\n",
    "one\n\nretry: 0\n\n: a comment\n\ndata",
]
BOOKMARKS = ["0", "-1", "9" * 20, "letters", "x" * 8000, "", "test-1", "A" * LENGTH]
BOOKMARKS += [str(Bookmark("test", id)) for id in (0, 1, 999_999, 10**18)]


@pytest.fixture
def ticket(world):
    return world.ticket()


@pytest.fixture
def listen(visit):
    """`listen(path, user, topics, ...)`: an open stream."""
    return lambda path, user, *topics, since="", bookmark="": Listener(
        visit(user), f"{path}?{'&'.join(f'on={topic}' for topic in topics)}&since={since}", bookmark
    )


def change_everything(world, ticket):
    """One change of every kind."""
    world.comment(world.mia, ticket)
    world.note(ticket)
    change_actions.set_status(world.mia, ticket, Status.WAITING if ticket.status == Status.OPEN else Status.OPEN)
    change_actions.set_priority(world.mia, ticket, Priority.HIGH)
    change_actions.set_category(world.mia, ticket, Category.ACCESS)
    change_actions.assign(world.mia, ticket, world.tom if ticket.assignee is None else None)
    description = f"{ticket.description}."
    change_actions.edit_ticket(
        ticket.opened_by, ticket, title=ticket.title, description=description, version=ticket.version
    )
    db.commit()


@pytest.mark.hardening("L-01", "L-03")
@pytest.mark.parametrize("text", LINE_ENDS)
def test_text_with_any_line_end_is_one_message_behind_every_door(world, visit, ticket, listen, text):
    topic, since = f"ticket:{ticket.id}", str(log.bookmark())
    streams = [listen(path, world.ren, topic) for path in PATHS]
    visit(world.mia).post(f"/tickets/{ticket.id}/comments", data={"body": text})
    live = [stream.heard() for stream in streams]
    missed = [listen(path, world.ren, topic, since=since).greeting for path in PATHS]
    assert [[message.event for message in heard] for heard in live] == [[""], ["comment:added"]]
    assert [[message.event for message in heard] for heard in missed] == [["", "ready"], ["comment:added", "ready"]]
    place = f"comment-{json.loads(live[1][0].data)['comment']['id']}"
    shown = dom.read(visit(world.ren).get(f"/tickets/{ticket.id}").text).find(place).same()
    assert all(dom.read(heard[0].data).find(place).same() == shown for heard in (live[0], missed[0]))
    assert json.loads(live[1][0].data) == json.loads(missed[1][0].data)


@pytest.mark.hardening("L-03")
@pytest.mark.parametrize("word", ["reset", "bye", "ready", "renew", "test-999999", "comment:added"])
def test_fields_named_like_those_of_a_stream_choose_nothing(world, visit, ticket, listen, word):
    streams = [listen(path, world.ren, f"ticket:{ticket.id}") for path in PATHS]
    forged = {"event": word, "id": word, "retry": "0", "data": word, "title": word}
    visit(world.mia).post(f"/tickets/{ticket.id}/comments?event={word}", data=forged | {"body": word})
    heard = [message for stream in streams for message in stream.heard()]
    assert [(message.event, read(message.id, "test").id) for message in heard] == [
        (name, ticket.last_event_id) for name in ("", "comment:added")
    ]
    assert all(stream.is_open for stream in streams)


@pytest.mark.hardening("L-04")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("door", ["bookmark", "since"])
def test_a_bookmark_of_any_shape_is_answered_and_tells_no_id(world, ticket, listen, record_property, path, door):
    for _ in range(20):
        world.note(ticket)
        world.ticket(world.zoe)
    took = []
    for bookmark in BOOKMARKS:
        start = time.perf_counter()
        stream = listen(path, world.ren, f"ticket:{ticket.id}", "me", **{door: bookmark})
        took.append(time.perf_counter() - start)
        assert stream.status == 200
        assert {len(message.id) for message in stream.greeting if message.id} == {LENGTH}, bookmark
        hub.drop(stream.subscription)
    record_property("ms at most to answer a bookmark", round(max(took) * 1000))


@pytest.mark.hardening("L-04", "H-03")
@pytest.mark.parametrize("path", PATHS)
def test_what_comes_live_brings_no_readable_id_either(world, ticket, listen, path):
    stream = listen(path, world.ren, f"ticket:{ticket.id}", "me")
    foreign = world.ticket(world.zoe)
    for _ in range(3):
        change_everything(world, foreign)
        change_everything(world, ticket)
    heard = stream.heard()
    assert heard
    assert {len(message.id) for message in heard} == {LENGTH}


@pytest.mark.hardening("H-01", "O-01")
@pytest.mark.parametrize("path", PATHS)
def test_a_hundred_changes_of_somebody_elses_ticket_are_not_one_byte(world, ticket, listen, path):
    zoe, ren = listen(path, world.zoe, "me"), listen(path, world.ren, "me")
    for _ in range(15):
        change_everything(world, ticket)
    assert not zoe.subscription.waiting
    assert ren.heard()
    world.comment(world.mia, world.ticket(world.zoe))
    assert zoe.heard()


@pytest.mark.hardening("H-01")
@pytest.mark.parametrize("path", PATHS)
def test_a_deleted_ticket_cannot_be_listened_to_by_anybody(world, ticket, listen, path):
    assert listen(path, world.ren, f"ticket:{ticket.id}").status == 200
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    answers = [listen(path, user, f"ticket:{ticket.id}") for user in (world.zoe, world.ren, world.mia, world.ana)]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.response.data for answer in answers}) == 1


@pytest.mark.hardening("L-15")
def test_a_fault_in_drawing_for_one_costs_neither_the_others_nor_the_change(world, visit, ticket, listen, monkeypatch):
    unlucky = listen("/live", world.ren, "me")
    others = [listen("/live", user, f"ticket:{ticket.id}") for user in (world.mia, world.tom, world.ana) * 4]
    draw = fragments.of

    def stumble(event, channel, seers):
        return 1 / 0 if channel.topic == f"user:{world.ren.id}" else draw(event, channel, seers)

    monkeypatch.setattr(fragments, "of", stumble)
    address, headers = f"/tickets/{ticket.id}/comments", {"HX-Request": "true"}
    assert visit(world.mia).post(address, data={"body": "still said"}, headers=headers).status_code == 200
    assert all("still said" in other.heard()[0].data for other in others)
    assert [message.event for message in unlucky.heard()] == ["reset"]


@pytest.mark.hardening("L-12", "H-02")
@pytest.mark.parametrize("path", PATHS)
def test_refused_streams_hold_nothing(world, visit, path):
    ren = visit(world.ren)
    for query in ("on=queue", "on=ticket:99", "", "&".join(["on=me"] * 9), "on=%FF%FE", "on=" + "x" * 4000):
        answer = ren.get(f"{path}?{query}")
        assert answer.status_code == 404
        assert len(answer.data) < 300
        assert "ren@example.org" not in answer.text
    assert {ren.open(f"{path}?on=me", method=verb).status_code for verb in ("POST", "PUT", "DELETE")} == {405}
    assert len(hub) == 0
