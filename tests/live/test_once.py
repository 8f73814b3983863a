"""Browsers whose streams are held back ask for one whole answer at a time: what a stream would say, and no more."""

import os
import re

import pytest

from informejo import metrics
from informejo.accounts import rights_actions
from informejo.accounts.models import Role
from informejo.db import commit
from informejo.doctor import held_checks
from informejo.doctor.checks import Patient
from informejo.live import bookmark as bookmarks, held, presence
from informejo.live.hub import BEAT_SECONDS, hub
from informejo.live.wire import PADDING, PUSH
from informejo.tickets import change_actions
from informejo.version import BUILD
from tests.live.sse import PRESENCE, Listener, parse


@pytest.fixture(autouse=True)
def nobody():
    """As when the server begins: nobody is known to be held back."""
    held.forget()
    yield
    held.forget()


@pytest.fixture
def ask(visit):
    """`ask(user, "ticket:1", ...)`: one whole answer for that person on those topics."""

    def ask(user, *topics, bookmark="", path="/live", browser=None):
        query = "&".join(f"on={topic}" for topic in topics)
        headers = {"Last-Event-ID": bookmark} if bookmark else {}
        return (browser or visit(user)).get(f"{path}?{query}&once=1", headers=headers)

    return ask


def shown(answer):
    return PRESENCE.sub("", "".join(message.data for message in parse(answer.data) if not message.event))


def start(ask, user, *topics):
    """The bookmark of somebody who has seen all there is."""
    return parse(ask(user, *topics).data)[-1].id


def test_an_answer_is_what_a_stream_would_begin_with_and_ends(world, ticket, ask, visit):
    before = start(ask, world.mia, f"ticket:{ticket.id}", "queue")
    world.comment(world.ren, ticket, "It smokes again.")
    world.note(ticket, "Tom knows this printer.")
    change_actions.set_status(world.mia, ticket, "waiting")
    commit()
    answer = ask(world.mia, f"ticket:{ticket.id}", "queue", bookmark=before)
    stream = Listener(visit(world.mia), f"/live?on=ticket:{ticket.id}&on=queue", before)
    told, _who_is_here, ready, beat = parse(answer.data)
    assert (told.event, told.data) == ("", stream.greeting[0].data)
    assert "It smokes again." in told.data
    assert (ready.event, beat.event, beat.data.split()[0]) == ("ready", "beat", BUILD)
    assert [bookmarks.read(one.id, "test") for one in (ready, stream.greeting[-1])] == [
        bookmarks.read(ready.id, "test")
    ] * 2
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_next_answer_holds_only_what_came_since(world, ticket, ask):
    topic = f"ticket:{ticket.id}"
    bookmark = start(ask, world.ren, topic)
    for word in ("one", "two", "three"):
        world.comment(world.mia, ticket, f"Word {word}.")
        answer = ask(world.ren, topic, bookmark=bookmark)
        assert shown(answer).count(f"Word {word}.") == 1
        assert len(re.findall("Word ", shown(answer))) == 1
        bookmark = parse(answer.data)[-1].id
    assert shown(ask(world.ren, topic, bookmark=bookmark)) == ""


@pytest.mark.parametrize("path", ["/live", "/live/events"])
def test_an_internal_note_is_not_in_the_answer_for_the_requester(world, ticket, ask, path):
    topic = f"ticket:{ticket.id}"
    before = start(ask, world.ren, topic)
    world.note(ticket, "He plugged it in wrong")
    for user, hears in ((world.ren, False), (world.mia, True)):
        assert ("plugged it in wrong" in ask(user, topic, bookmark=before, path=path).text) == hears


def test_it_waits_after_each_answer_for_as_long_as_the_desk_says(world, ticket, ask):
    assert f"retry: {held.ASK_AGAIN}\n" in ask(world.ren, f"ticket:{ticket.id}").text


def test_an_answer_takes_no_stream_and_shows_nobody_as_looking(app, world, ticket, ask, visit):
    app.config["STREAMS_PER_USER"] = 1
    tom = Listener(visit(world.tom), f"/live?on=ticket:{ticket.id}")
    tom.heard()
    assert ask(world.mia, f"ticket:{ticket.id}").status_code == 200
    assert ask(world.tom, f"ticket:{ticket.id}").status_code == 200
    assert len(hub) == 1
    assert not tom.subscription.waiting
    Listener(visit(world.mia), f"/live?on=ticket:{ticket.id}")  # the twin: a stream is seen
    assert tom.subscription.waiting


def test_who_is_here_is_as_it_is_now_for_the_staff_alone(world, ticket, ask, visit):
    topic = f"ticket:{ticket.id}"
    tom = Listener(visit(world.tom), f"/live?on={topic}")
    presence.writes(world.tom, ticket)
    who = ask(world.mia, topic).text
    assert "Tom Berg" in who
    assert "is writing…" in who
    assert "Tom Berg" not in ask(world.ren, topic).text
    hub.drop(tom.subscription)
    assert "Tom Berg" not in ask(world.mia, topic).text


def test_each_answer_has_the_page_count_what_is_unread_again_for_it_may_have_been_read_elsewhere(world, ticket, ask):
    heard = ask(world.ren, f"ticket:{ticket.id}", "me").text
    assert heard.count('hx-swap="nudge">unread-changed<') == 1
    assert "unread-changed" not in ask(world.ren, f"ticket:{ticket.id}").text  # who does not listen to it is not told


@pytest.mark.parametrize("said", ["once=0", "once=", "once", "once=banana", "once=11", "once=1&once=0", "once=%31x"])
def test_whatever_else_once_may_say_opens_a_stream(world, ticket, visit, said):
    stream = Listener(visit(world.ren), f"/live?on=ticket:{ticket.id}&{said}")
    assert stream.status == 200
    assert len(hub) == 1
    assert held.count() == 0


@pytest.mark.parametrize("said", ["once=1", "once=1&once=1", "once=%31"])
def test_said_once_or_twice_once_is_one_answer(world, ticket, visit, said):
    answer = visit(world.ren).get(f"/live?on=ticket:{ticket.id}&{said}")
    assert [message.event for message in parse(answer.data)] == ["ready", "beat"]
    assert len(hub) == 0
    assert held.count() == 1


def test_a_quiet_page_does_not_grow_too_old_while_others_are_busy(app, world, ticket, ask):
    app.config["REPLAY_LIMIT"] = 2
    topic, other = f"ticket:{ticket.id}", world.ticket()
    bookmark = start(ask, world.ren, topic)
    for _ in range(5):
        world.comment(world.mia, other)
        before, bookmark = bookmark, parse(ask(world.ren, topic, bookmark=bookmark).data)[-1].id
        assert bookmarks.read(bookmark, "test").id > bookmarks.read(before, "test").id


def test_who_asks_for_single_answers_is_not_counted_as_coming_back(world, ticket, ask, visit):
    topic = f"ticket:{ticket.id}"
    bookmark, before = start(ask, world.ren, topic), returned()
    ask(world.ren, topic, bookmark=bookmark)
    ask(world.ren, "queue", bookmark=bookmark)
    assert returned() == before
    Listener(visit(world.ren), f"/live?on={topic}", bookmark)  # the twin: a stream is
    assert returned() == before + 1
    visit(world.ren).get("/live?on=queue", headers={"Last-Event-ID": bookmark})
    assert returned() == before + 2


def returned():
    samples = metrics.reconnects.collect()[0].samples
    return sum(one.value for one in samples if one.name.endswith("_total"))


def test_too_much_to_replay_and_nonsense_are_a_reset(app, world, ticket, ask):
    app.config["REPLAY_LIMIT"] = 2
    topic = f"ticket:{ticket.id}"
    before = start(ask, world.ren, topic)
    assert parse(ask(world.ren, topic, bookmark="nonsense").data)[0].event == "reset"
    for _ in range(2):
        world.comment(world.mia, ticket)
    assert parse(ask(world.ren, topic, bookmark=before).data)[0].event == ""
    world.comment(world.mia, ticket)
    assert parse(ask(world.ren, topic, bookmark=before).data)[0].event == "reset"


def test_rights_that_ended_are_refused_as_a_stream_refuses_them(world, ticket, ask, visit):
    topic = f"ticket:{ticket.id}"
    assert ask(None, topic).status_code == 401
    assert ask(world.zoe, topic).status_code == 404
    assert ask(world.ren, "queue").status_code == 404
    assert ask(world.mia, "queue").status_code == 200
    assert ask(world.mia, *["me"] * 9).status_code == 404
    tom = visit(world.tom)
    assert ask(world.tom, "queue", browser=tom).status_code == 200
    rights_actions.set_role(world.ana, world.tom, Role.USER)
    commit()
    assert ask(world.tom, "queue", browser=tom).status_code in (401, 404)


def test_a_ticket_that_went_into_the_bin_is_taken_away(world, ticket, ask):
    topic = f"ticket:{ticket.id}"
    before = start(ask, world.ren, topic)
    change_actions.delete_ticket(world.ana, ticket)
    commit()
    answer = ask(world.ren, topic, bookmark=before)
    assert answer.status_code == 200
    assert 'hx-swap="lose"' in answer.text
    assert "The printer is on fire" not in answer.text


def test_a_greeting_is_padded_and_pushed_on_at_once(world, ticket, visit):
    answer = visit(world.ren).get(f"/live?on=ticket:{ticket.id}", buffered=False)
    chunks = iter(answer.response)
    assert next(chunks).startswith(PADDING)
    assert next(chunks) == PADDING + b"\n"
    assert parse(PADDING + b"\n") == []
    assert PUSH.id == 0


def test_a_new_stream_has_two_beats_soon_in_different_seconds(world, ticket, visit):
    ren = Listener(visit(world.ren), f"/live?on=ticket:{ticket.id}")
    ren.heard()
    hub.begin(ren.subscription)
    other = (ren.subscription.slot + 1) % BEAT_SECONDS
    told = []
    for _ in range(5):
        hub.beat(other)
        told.append(b"".join(iter_chunks(ren)))
    assert [text.count(b"event: beat") for text in told] == [0, 1, 1, 0, 0]


def iter_chunks(listener):
    while listener.subscription.waiting:
        yield next(listener._chunks)


@pytest.fixture
def examine(app):
    return lambda: held_checks.browsers(Patient(dict(app.config), os.getpid(), []))


def test_those_who_are_held_back_are_counted_once_each_and_for_a_minute(world, ticket, ask, visit, monkeypatch):
    count = lambda: metrics.REGISTRY.get_sample_value("informejo_held_back")  # noqa: E731
    ren = visit(world.ren)
    assert count() == 0
    for browser in (ren, ren, visit(world.mia)):
        ask(None, f"ticket:{ticket.id}", browser=browser)
    ask(world.tom, "queue", path="/live/events")  # a program that asks now and then is held back by nobody
    assert count() == 2
    now = held.time.monotonic()
    monkeypatch.setattr(held.time, "monotonic", lambda: now + held.LATELY_SECONDS + 1)
    assert count() == 0


def test_health_says_how_many_and_what_to_do(world, ticket, ask, examine):
    assert examine().state == "well"
    ask(world.ren, f"ticket:{ticket.id}")
    one = examine()
    assert (one.state, "For 1 browser " in one.sentence) == ("look", True)
    assert "docs/troubleshooting.md" in one.remedy
    ask(world.mia, f"ticket:{ticket.id}")
    assert "For 2 browsers " in examine().sentence


def test_a_refused_request_counts_nobody(world, ask):
    ask(world.ren, "queue")
    assert held.count() == 0
