"""What people hear on their streams: everything that is for them, once, in order, and nothing else."""

import json
import pkgutil
import random
import re
from collections import Counter
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import delete, select

from informejo import clock, db, signals
from informejo.accounts import rights_actions
from informejo.accounts.models import Role, Session, User
from informejo.events import log
from informejo.live import bookmark as bookmarks
from informejo.live.bookmark import LENGTH, Bookmark
from informejo.live.hub import Hub, hub
from informejo.tickets import actions, change_actions
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.words import Status
from informejo.version import BUILD
from tests.live import dom
from tests.live.sockets import beat_all
from tests.live.sse import Listener, parse

UNKNOWN = [str(Bookmark("other", 1)), str(Bookmark("test", 2**52)), "A" * LENGTH, "x" * 8000]
UNKNOWN += ["other-1", "test-1", "-1", "0", "reset", "test-1\x00", "тест-1"]


def ids(messages):
    return [bookmarks.read(message.id, "test").id for message in messages]


def test_a_comment_reaches_everybody_at_the_ticket_within_the_same_moment(world, ticket, listen):
    streams = [listen(world.ren, f"ticket:{ticket.id}"), listen(world.tom, f"ticket:{ticket.id}")]
    comment = world.comment(world.mia, ticket, "Is it still burning?")
    for stream in streams:
        (message,) = stream.heard()
        assert f'id="comment-{comment.id}"' in message.data
        assert "Is it still burning?" in message.data


@pytest.mark.hardening("O-03")
def test_an_internal_note_is_heard_by_the_staff_and_is_silence_to_the_requester(world, ticket, listen):
    requester = listen(world.ren, f"ticket:{ticket.id}", "me")
    staff = listen(world.tom, f"ticket:{ticket.id}", "me")
    world.note(ticket, "He plugged it in wrong")
    assert requester.heard() == []
    assert "He plugged it in wrong" in staff.heard()[0].data


def test_an_event_that_touches_two_topics_of_a_page_is_one_message(world, ticket, listen):
    stream = listen(world.ren, f"ticket:{ticket.id}", "me")
    world.comment(world.mia, ticket)
    (message,) = stream.heard()
    assert 'hx-target="#timeline"' in message.data
    assert 'hx-target="#toasts"' in message.data


@pytest.mark.hardening("L-06")
def test_what_a_cut_connection_missed_is_replayed_once(world, ticket, listen):
    first = listen(world.ren, f"ticket:{ticket.id}")
    hub.drop(first.subscription)
    for number in range(3):
        world.comment(world.mia, ticket, f"message {number}")
    world.note(ticket, "not for Ren")
    again = listen(world.ren, f"ticket:{ticket.id}", bookmark=first.bookmark)
    replay, ready = again.greeting
    assert [replay.data.count(f"message {number}") for number in range(3)] == [1, 1, 1]
    assert "not for Ren" not in replay.data
    assert ready.event == "ready"
    assert again.heard() == []


@pytest.mark.hardening("L-06")
@pytest.mark.parametrize("way", ["stream", "once"])
@pytest.mark.parametrize("who", ["ren", "mia"])
def test_what_happened_on_one_ticket_meanwhile_is_nothing_for_the_page_of_another(world, ticket, visit, who, way):
    """Both are theirs, and their bell hears of both."""
    other, person = world.ticket(title="Quite another matter"), getattr(world, who)
    topics = [f"ticket:{ticket.id}", "me", *(["desk"] if person.is_staff else [])]
    address = f"/live?{'&'.join(f'on={topic}' for topic in topics)}&since={log.bookmark()}"
    world.comment(world.tom, other, "This is about the other one")
    world.comment(world.tom, ticket, "This is about this one")
    if way == "once":
        said = visit(person).get(f"{address}&once=1").text
    else:
        said = "".join(message.data for message in Listener(visit(person), address).greeting)
    page = dom.read(said)
    placed = [part for part in page.walk() if part.attributes.get("hx-target") == "#timeline"]
    assert [part.text for part in placed if "This is about this one" in part.text]
    assert not [part.text for part in placed if "the other one" in part.text]
    [header] = [part for part in page.walk() if part.attributes.get("hx-target") == "#ticket-head"]
    assert ticket.title in header.text
    assert "Quite another matter" not in header.text


def test_who_was_away_is_told_in_a_toast_of_their_own_tickets_and_not_of_every_one(world, listen):
    since, own = str(log.bookmark()), world.ticket(title="Mine to do")
    change_actions.assign(world.tom, own, world.mia)
    db.commit()
    world.comment(world.tom, world.ticket(title="Nothing of mine"), "Hello.")
    said = listen(world.mia, "me", "desk", since=since).greeting[0].data
    assert "Mine to do" in said
    assert "Nothing of mine" not in said


RIGHTS_END = {
    "deactivated": lambda ana, mia: rights_actions.set_active(ana, mia, False),
    "another role": lambda ana, mia: rights_actions.set_role(ana, mia, Role.USER),
    "signed out": lambda ana, mia: db.session.execute(delete(Session).where(Session.user_id == mia.id)),
}


@pytest.fixture
def ends(app, world, ticket, monkeypatch):
    """`ends(how, where)`: Mia's rights end, in another thread, before a greeting asks that; Tom writes a note then.

    The broadcast has not come to it yet: it runs behind the commit, as in a server.
    """
    ids, done = (world.ana.id, world.mia.id, world.tom.id), []

    def end(how):
        with app.app_context():
            ana, mia, tom = (db.session.get(User, id) for id in ids)
            RIGHTS_END[how](ana, mia)
            db.commit()
            actions.add_comment(tom, db.session.get(Ticket, 1), body="Not for Mia any more", internal=True)
            db.commit()

    def ends(how, where):
        look = pkgutil.resolve_name(where)

        def meanwhile(*asked, **limits):
            if not done:
                done.append(Thread(target=end, args=(how,)))
                done[0].start()
                done[0].join()
            return look(*asked, **limits)

        monkeypatch.setattr(signals.recorded, "send", lambda: None)
        monkeypatch.setattr(where, meanwhile)

    yield ends
    assert "Not for Mia any more" in {one.body for one in db.session.scalars(select(Comment))}


@pytest.mark.hardening("X-52")
@pytest.mark.parametrize("way", ["", "&once=1"])
@pytest.mark.parametrize("on", ["on=ticket:1", "on=queue&on=desk&on=me"])
@pytest.mark.parametrize("ending", RIGHTS_END)
@pytest.mark.parametrize("where", ["informejo.live.replay.missed", "informejo.live.replay.log.since"])
def test_whose_rights_end_while_the_greeting_is_gathered_hears_nothing_that_was_written_after(
    world, ticket, visit, ends, ending, on, way, where
):
    mia, since = visit(world.mia), log.bookmark()
    world.comment(world.tom, ticket, "That she missed")
    ends(ending, where)
    answer = mia.get(f"/live?{on}&since={since}{way}", buffered=True)
    assert answer.status_code == 503
    assert "Not for Mia any more" not in answer.text
    assert len(hub) == 0


def test_the_header_wins_over_the_address_of_the_page(world, ticket, listen):
    since = str(log.bookmark())
    world.comment(world.mia, ticket, "seen already")
    later = str(log.bookmark())
    assert "seen already" in listen(world.ren, f"ticket:{ticket.id}", since=since).greeting[0].data
    assert len(listen(world.ren, f"ticket:{ticket.id}", since=since, bookmark=later).greeting) == 1


@pytest.mark.hardening("L-06")
def test_what_happens_while_the_stream_is_being_opened_comes_once(world, ticket, visit, monkeypatch):
    """The seam between page, replay and live: an event that both the replay and the broadcast would bring."""
    since, look, between = str(log.bookmark()), log.since, []
    world.comment(world.mia, ticket, "missed")

    def look_and_then_it_happens(*asked, **limits):
        if hub.subscriptions() and not between:
            between.append("in between")
            world.comment(world.mia, ticket, *between)
        return look(*asked, **limits)

    monkeypatch.setattr("informejo.live.stream.log.since", look_and_then_it_happens)
    stream = Listener(visit(world.ren), f"/live?on=ticket:{ticket.id}&since={since}")
    everything = "".join(message.data for message in [*stream.greeting, *stream.heard()])
    said = db.session.scalars(select(Comment.id).order_by(Comment.id))
    assert [everything.count(f'id="comment-{id}"') for id in said] == [1, 1]


@pytest.mark.hardening("L-06")
def test_what_others_are_shown_while_somebody_is_let_in_is_in_their_greeting(world, ticket, visit, monkeypatch):
    """The seam before that: read after it was looked up where the log stands, and shown before the stream is open."""
    door = "informejo.live.opening._subscribe"
    since, subscribe, between = str(log.bookmark()), pkgutil.resolve_name(door), []

    def it_happens_and_then_subscribe(*asked):
        if not between:
            between.append(world.comment(world.mia, ticket, "in between"))
        return subscribe(*asked)

    monkeypatch.setattr(door, it_happens_and_then_subscribe)
    opened = Listener(visit(world.ren), f"/live?on=ticket:{ticket.id}&since={since}")
    everything = "".join(message.data for message in [*opened.greeting, *opened.heard()])
    assert everything.count(f'id="comment-{between[0].id}"') == 1


def test_a_program_is_told_once_of_a_ticket_that_goes_while_it_is_let_in(world, ticket, listen, monkeypatch):
    door, since = "informejo.live.opening.find_channels", str(log.bookmark())
    look, gone = pkgutil.resolve_name(door), []

    def it_goes_and_then_look(*asked):
        if not gone:
            gone.append(change_actions.delete_ticket(world.ana, ticket))
            db.commit()
        return look(*asked)

    monkeypatch.setattr(door, it_goes_and_then_look)
    monkeypatch.setattr(signals.recorded, "send", lambda: None)  # the broadcast runs behind the commit, as in a server
    first = listen(world.mia, f"ticket:{ticket.id}", bookmark=since, path="/live/events")
    assert [message.event for message in first.greeting] == ["ticket:deleted", "ready"]
    again = listen(world.mia, f"ticket:{ticket.id}", bookmark=first.bookmark, path="/live/events")
    assert [message.event for message in again.greeting] == ["ready"]


def test_fifty_changes_of_one_thing_are_replayed_as_it_is_now(world, ticket, listen):
    since = str(log.bookmark())
    for number in range(25):
        with clock.at(ticket.created_at + timedelta(minutes=number)):
            change_actions.set_status(world.mia, ticket, Status.WAITING if number % 2 else Status.IN_PROGRESS)
            db.commit()
    replay = listen(world.tom, f"ticket:{ticket.id}", since=since).greeting[0].data
    assert replay.count('hx-target="#ticket-head"') == 1
    assert replay.count('class="change"') == 25


@pytest.mark.hardening("L-04")
@pytest.mark.parametrize("bookmark", UNKNOWN, ids=range(len(UNKNOWN)))
def test_a_bookmark_the_log_does_not_know_makes_the_page_load_itself_again(world, ticket, listen, bookmark):
    stream = listen(world.ren, f"ticket:{ticket.id}", bookmark=bookmark.encode().decode("latin-1"))
    assert [message.event for message in stream.greeting] == ["reset", "ready"]
    world.comment(world.mia, ticket, "and goes on")
    assert "and goes on" in stream.heard()[0].data


@pytest.mark.hardening("F-06")
def test_too_much_missed_makes_the_page_load_itself_again(app, world, ticket, listen):
    app.config["REPLAY_LIMIT"] = 3
    since = str(log.bookmark())
    for number in range(3):
        world.comment(world.mia, ticket, str(number))
    assert [message.event for message in listen(world.ren, f"ticket:{ticket.id}", since=since).greeting] == [
        "",
        "ready",
    ]
    world.comment(world.mia, ticket, "one too many")
    assert listen(world.ren, f"ticket:{ticket.id}", since=since).greeting[0].event == "reset"


@pytest.mark.hardening("L-04", "O-03")
def test_no_bookmark_shows_how_busy_the_desk_is(world, ticket, visit):
    """Not how many events there are, not even whether there was one since the last."""
    page = f"/tickets/{ticket.id}"
    quiet = {stream_of(visit(world.ren).get(page)) for _ in range(3)}
    for _ in range(50):
        world.note(ticket)
    busy = {stream_of(visit(world.ren).get(page)) for _ in range(3)}
    assert len(quiet | busy) == 6
    assert {len(one) for one in quiet | busy} == {bookmarks.LENGTH}
    assert {bookmarks.read(one, "test").id for one in busy} == {log.standing().latest}
    assert {bookmarks.read(one, "another desk") for one in busy} == {None}


def stream_of(answer) -> str:
    return re.search(r"since=([\w-]+)", answer.text)[1]


def test_a_quiet_page_moves_on_with_every_beat_and_needs_no_replay(app, world, ticket, listen):
    app.config["REPLAY_LIMIT"] = 3
    quiet = listen(world.zoe, "me")
    for number in range(5):
        world.comment(world.mia, ticket, f"not for Zoe {number}")
    quiet.heard()
    beat_all(hub, app.extensions["broadcast"].here)
    (beat,) = parse(next(quiet._chunks))
    assert bookmarks.read(beat.id, "test").id == log.standing().latest
    assert [message.event for message in listen(world.zoe, "me", bookmark=beat.id).greeting] == ["ready"]


def test_a_beat_never_takes_a_bookmark_back(app, world, ticket, listen):
    stream, before = listen(world.tom, f"ticket:{ticket.id}"), app.extensions["broadcast"].here
    world.comment(world.mia, ticket)
    told = stream.heard()[-1].id
    beat_all(hub, before)
    (beat,) = parse(b"id: " + told.encode() + b"\n" + next(stream._chunks))
    assert beat.id == told


@pytest.mark.hardening("H-01", "H-02")
@pytest.mark.parametrize("topic", ["ticket:999", "ticket:%", "ticket:*", "ticket:_", "ticket:1 OR 1=1", "ticket:../1",
                                   "ticket:", "ticket:٣", "queue", "desk", "user:1", "nonsense", ""])  # fmt: skip
def test_topics_that_are_not_for_somebody_do_not_exist(world, listen, topic):
    world.ticket()
    stream = listen(world.zoe, topic)
    assert stream.status == 404
    assert len(stream.response.data) < 300
    assert len(hub) == 0


@pytest.mark.hardening("H-01", "O-01")
def test_a_foreign_ticket_cannot_be_listened_to_but_ones_own_can(world, ticket, listen):
    assert listen(world.zoe, f"ticket:{ticket.id}").status == 404
    assert listen(world.ren, f"ticket:{ticket.id}").status == 200


@pytest.mark.hardening("L-10", "O-01")
def test_visitors_are_told_to_sign_in_at_once(world, ticket, visit):
    assert visit().get(f"/live?on=ticket:{ticket.id}").status_code == 401


def test_the_queue_hears_of_new_tickets_and_a_requesters_stream_only_of_their_own(world, listen):
    staff, ren, zoe = listen(world.tom, "queue", "desk"), listen(world.ren, "me"), listen(world.zoe, "me")
    ticket = world.ticket(world.ren)
    assert f'id="row-{ticket.id}"' in staff.heard()[0].data
    assert f'id="card-{ticket.id}"' in ren.heard()[0].data
    assert zoe.heard() == []


@pytest.mark.hardening("L-12")
def test_one_person_cannot_take_all_streams(app, world, ticket, listen):
    app.config["STREAMS_PER_USER"] = 2
    kept = [listen(world.ren, "me") for _ in range(2)]
    refused = listen(world.ren, "me")
    assert all(stream.is_open for stream in kept)
    assert refused.status == 429
    assert refused.response.headers["Retry-After"]
    assert listen(world.zoe, "me").status == 200
    hub.drop(kept[0].subscription)
    assert listen(world.ren, "me").status == 200


@pytest.mark.hardening("L-12")
def test_when_all_streams_are_taken_the_next_is_asked_to_come_back(app, world, ticket, listen):
    app.config["STREAMS_TOTAL"] = 1
    taken = listen(world.ren, "me")
    refused = listen(world.zoe, "me")
    assert taken.is_open
    assert refused.status == 503
    assert refused.response.headers["Retry-After"]


@pytest.mark.hardening("L-11", "H-33")
def test_after_deactivation_nothing_more_is_heard(world, ticket, listen):
    stream = listen(world.tom, f"ticket:{ticket.id}", "queue")
    rights_actions.set_active(world.ana, world.tom, False)
    actions.add_comment(world.mia, ticket, body="without Tom")
    db.commit()
    assert not stream.is_open
    assert [message.event for message in stream.heard()] == ["bye"]


@pytest.mark.hardening("H-33", "L-11")
def test_signing_out_ends_the_streams_of_that_sign_in_alone(world, ticket, visit):
    here, there = visit(world.ren), visit(world.ren)
    ending, staying = Listener(here, "/live?on=me"), Listener(there, "/live?on=me")
    here.post("/sign-out")
    assert not ending.is_open
    assert staying.is_open


@pytest.mark.hardening("L-11", "S-50")
def test_a_change_of_role_ends_the_persons_streams(world, ticket, listen):
    stream = listen(world.tom, "queue")
    rights_actions.set_role(world.ana, world.tom, Role.USER)
    db.commit()
    assert not stream.is_open
    assert listen(world.tom, "queue").status == 404


@pytest.mark.hardening("L-11", "X-51")
def test_a_deleted_ticket_leaves_its_pages_and_the_lists(world, ticket, listen):
    on_ticket, on_queue, own = (
        listen(world.ren, f"ticket:{ticket.id}"),
        listen(world.tom, "queue"),
        listen(world.ren, "me"),
    )
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    gone = f'<hx-partial hx-target="body" hx-swap="lose"><section class="lost" id="lost-{ticket.id}"'
    heard = [stream.heard()[0].data for stream in (on_ticket, on_queue, own)]
    assert [gone in data for data in heard] == [True] * 3
    assert not [data for data in heard if ticket.title in data]
    assert [stream.subscription.channels for stream in (on_ticket, on_queue)] == [(), on_queue.subscription.channels]


def test_a_list_that_was_offline_learns_that_a_ticket_was_deleted(world, ticket, listen):
    since = str(log.bookmark())
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    assert f'id="lost-{ticket.id}"' in listen(world.tom, "queue", since=since).greeting[0].data


@pytest.mark.hardening("S-45")
def test_a_stream_does_not_outlive_its_sign_in(world, ticket, listen):
    stream = listen(world.ren, "me")
    lasts = stream.subscription.expires
    with clock.at(clock.now()):
        assert lasts > 0
    stream.subscription.expires = 0
    beat_all(hub)
    assert not stream.is_open


def test_heartbeats_come_to_everybody_within_fifteen_seconds(world, listen):
    stream = listen(world.ren, "me")
    stream.heard()
    beat_all(hub)
    (beat,) = parse(next(stream._chunks))
    assert (beat.event, beat.data.split(" ")[0]) == ("beat", BUILD)


@pytest.mark.hardening("L-15")
def test_something_that_cannot_be_drawn_costs_the_others_nothing(world, ticket, listen, monkeypatch):
    requester, staff = listen(world.ren, f"ticket:{ticket.id}"), listen(world.tom, f"ticket:{ticket.id}")
    from informejo.live import fragments

    draw = fragments.of

    def stumble(event, channel, seers):
        if channel.audience == "requester":
            raise RuntimeError("a fault on purpose")
        return draw(event, channel, seers)

    monkeypatch.setattr(fragments, "of", stumble)
    world.comment(world.mia, ticket, "still there")
    assert "still there" in staff.heard()[0].data
    assert [message.event for message in requester.heard()] == ["reset"]


def test_programs_hear_the_same_events_under_their_own_names(world, ticket, listen):
    program = listen(world.ren, f"ticket:{ticket.id}", "me", path="/live/events")
    world.comment(world.mia, ticket, "for programs too")
    world.note(ticket, "not for Ren's program")
    (message,) = program.heard()
    content = json.loads(message.data)
    assert message.event == "comment:added"
    assert content["comment"]["body"] == "for programs too"
    assert content["actor"] == {"id": world.mia.id, "name": "Mia Lund", "staff": True}


def test_programs_have_each_missed_event_replayed_by_itself(world, ticket, listen):
    since = str(log.bookmark())
    comments = [world.comment(world.mia, ticket, str(number)) for number in range(3)]
    *replayed, ready = listen(world.ren, f"ticket:{ticket.id}", since=since, path="/live/events").greeting
    assert [json.loads(message.data)["comment"]["id"] for message in replayed] == [comment.id for comment in comments]
    assert ids(replayed) == sorted(ids(replayed))
    assert ready.event == "ready"


@pytest.mark.hardening("L-15")
def test_an_event_that_cannot_be_shown_at_all_does_not_keep_the_later_ones_back(world, ticket, listen, monkeypatch):
    stream = listen(world.ren, f"ticket:{ticket.id}")
    from informejo.live import broadcast

    with monkeypatch.context() as fault:
        fault.setattr(broadcast.fragments, "topics_of", lambda event: 1 / 0)
        world.comment(world.mia, ticket, "lost to a fault")
    world.comment(world.mia, ticket, "and goes on")
    reset, message = stream.heard()
    assert reset.event == "reset"
    assert "and goes on" in message.data


@pytest.mark.hardening("X-20", "F-07")
def test_the_more_were_cut_off_the_longer_they_come_spread(monkeypatch):
    retry = pkgutil.resolve_name("informejo.live.opening._retry")
    browsers = {}
    for streams in (10, 2_000, 9_000):
        monkeypatch.setattr(Hub, "__len__", lambda _, streams=streams: streams)
        waits = [retry() / 1000 * random.uniform(0.7, 1.3) for _ in range(5_000)]  # as htmx does
        browsers[streams] = max(waits), max(Counter(map(int, waits)).values()) / len(waits)
    last, _ = browsers[10]
    assert last < 1.1
    last, most = browsers[2_000]
    assert last < 4
    assert most < 0.43  # 40 %, and what chance adds
    _, most = browsers[9_000]
    assert most < 0.3
