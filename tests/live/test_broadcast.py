"""The live reader meets what cannot be shown, and rights that end while somebody is being let in."""

import pytest
from sqlalchemy.exc import OperationalError

from informejo import signals
from informejo.accounts import rights_actions
from informejo.accounts.models import Role
from informejo.db import commit
from informejo.events import log
from informejo.live import broadcast, fragments, presence, stream as door
from informejo.live.hub import hub
from informejo.live.subscription import Subscription
from informejo.live.wire import Channel
from informejo.tickets import change_actions, queries
from tests.live.sse import PRESENCE, parse

STAFF = Channel("ticket:1", "staff", "html")


@pytest.fixture
def reader(app):
    return app.extensions["broadcast"]


@pytest.fixture
def refused(monkeypatch):
    """`refused(body)`: the database answers nothing about messages that say this; the function it returns mends it."""

    def refused(body):
        topics_of = broadcast.fragments.topics_of

        def ask(event, *own_lists):
            if event.comment and event.comment.body == body:
                raise OperationalError("SELECT what it needs", {}, Exception("too many SQL variables"))
            return topics_of(event, *own_lists)

        monkeypatch.setattr(broadcast.fragments, "topics_of", ask)
        return lambda: monkeypatch.setattr(broadcast.fragments, "topics_of", topics_of)

    return refused


def drain_again(reader, times):
    for _ in range(times):
        with pytest.raises(OperationalError):
            reader.drain()


def test_an_event_that_the_database_refuses_for_a_moment_is_shown_once_all_the_same(
    world, ticket, listen, reader, refused
):
    stream = listen(world.ren, f"ticket:{ticket.id}")
    mend = refused("waited")
    with pytest.raises(OperationalError):
        world.comment(world.mia, ticket, "waited")
    drain_again(reader, broadcast.TRIES - 2)
    assert stream.heard() == []
    mend()
    reader.drain()
    (message,) = stream.heard()
    assert "waited" in message.data
    assert stream.is_open


def test_an_event_that_the_database_always_refuses_keeps_nothing_back(world, ticket, listen, reader, refused):
    """Whose rights it took may be what could not be asked: all come back, and are looked up anew."""
    stream = listen(world.ren, f"ticket:{ticket.id}")
    refused("never")
    with pytest.raises(OperationalError):
        world.comment(world.mia, ticket, "never")
    drain_again(reader, broadcast.TRIES - 2)
    reader.drain()
    assert stream.heard()[-1].event == "bye"
    again = listen(world.ren, f"ticket:{ticket.id}")
    world.comment(world.mia, ticket, "and goes on")
    assert "and goes on" in again.heard()[0].data


def test_a_stream_that_cannot_be_written_to_keeps_nobody_from_being_told_to_load_again(
    world, ticket, listen, reader, monkeypatch
):
    mia, tom = (listen(person, f"ticket:{ticket.id}") for person in (world.mia, world.tom))
    of, write, faulty = fragments.of, Subscription.write, mia.subscription
    monkeypatch.setattr(fragments, "of", lambda event, channel: 1 / 0 if event.comment else of(event, channel))
    monkeypatch.setattr(Subscription, "write", lambda one, frame: 1 / 0 if one is faulty else write(one, frame))
    world.comment(world.ren, ticket, "cannot be drawn")
    assert faulty.closed
    assert [message.event for message in tom.heard()] == ["reset"]
    monkeypatch.undo()
    world.comment(world.ren, ticket, "and goes on")
    assert "and goes on" in tom.heard()[0].data


def gathers(reader, monkeypatch):
    """Notices wait until the reader comes to them, as on a desk that runs."""
    monkeypatch.setattr(reader, "_running", True)
    reader._bell.clear()


def test_a_notice_that_cannot_be_drawn_costs_the_others_nothing(world, ticket, listen, reader, monkeypatch):
    other = world.ticket()
    broken, well = listen(world.tom, f"ticket:{ticket.id}"), listen(world.mia, f"ticket:{other.id}")
    assert [stream.heard() for stream in (broken, well)] == [[], []]
    draw, its = presence.noticed, f"ticket:{ticket.id}"
    monkeypatch.setattr(presence, "noticed", lambda topic, channel: 1 / 0 if topic == its else draw(topic, channel))
    gathers(reader, monkeypatch)
    signals.noticed.send(f"ticket:{ticket.id}")
    signals.noticed.send(f"ticket:{other.id}")
    reader._show_notices()
    assert well.subscription.waiting
    assert broken.is_open
    assert not reader._noticed


def test_events_need_not_wait_until_all_notices_are_drawn(world, ticket, listen, reader, monkeypatch):
    topics = {f"ticket:{world.ticket().id}" for _ in range(5)}
    gathers(reader, monkeypatch)
    for topic in topics:
        signals.noticed.send(topic)
    reader._bell.set()
    reader._show_notices()
    assert len(reader._noticed) == 4
    reader._bell.clear()
    reader._show_notices()
    assert not reader._noticed


def deactivate(world, ticket):
    rights_actions.set_active(world.ana, world.ren, False)


def promote(world, ticket):
    rights_actions.set_role(world.ana, world.ren, Role.AGENT)


def bin_it(world, ticket):

    change_actions.delete_ticket(world.ana, ticket)


@pytest.mark.parametrize("ending", [deactivate, promote, bin_it])
@pytest.mark.parametrize("once", ["", "&once=1"])
def test_rights_that_end_while_a_stream_is_being_opened_open_nothing(world, ticket, visit, monkeypatch, ending, once):
    """They were looked up, then they ended and every open stream was told, and then this one was let in."""
    channels = door.policy.channels

    def look_and_then_it_happens(*asked):
        found = channels(*asked)
        ending(world, ticket)
        commit()
        return found

    address = f"/live?on=ticket:{ticket.id}&on=me{once}"
    assert visit(world.ren).get(address, buffered=False).status_code == 200  # nothing ended
    streams = len(hub)
    monkeypatch.setattr(door.policy, "channels", look_and_then_it_happens)
    answer = visit(world.ren).get(address, buffered=False)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert len(hub) == streams


def test_what_happens_while_an_answer_is_gathered_is_in_the_next_one_once(world, ticket, visit, monkeypatch):
    ren, look, between = visit(world.ren), log.since, []
    address = f"/live?on=ticket:{ticket.id}&once=1"
    start = parse(ren.get(address).data)[-1].id
    world.comment(world.mia, ticket, "missed")

    def it_happens_and_then_look(*asked, **limits):
        if len(between) == 0:
            between.append("in between")
            between.append(world.comment(world.mia, ticket, *between))
        return look(*asked, **limits)

    monkeypatch.setattr(door.log, "since", it_happens_and_then_look)
    first = ren.get(address, headers={"Last-Event-ID": start})
    second = ren.get(address, headers={"Last-Event-ID": parse(first.data)[-1].id})
    third = ren.get(address, headers={"Last-Event-ID": parse(second.data)[-1].id})
    said = [PRESENCE.sub("", answer.text) for answer in (first, second, third)]
    assert [text.count(f'id="comment-{between[1].id}"') for text in said] == [0, 1, 0]
    assert ["missed" in text for text in said] == [True, False, False]


def test_a_name_reaches_its_ticket_however_many_are_open(world, ticket):
    """More than a database takes values in one statement."""
    many = [ticket.id, *range(10**9, 10**9 + 70_000)]
    assert queries.with_people({world.ren.id}, many) == {ticket.id}
    assert queries.with_people({world.zoe.id}, many) == set()


@pytest.mark.hardening("L-06")
def test_who_begins_while_another_is_still_about_to_loses_nothing(world, ticket, reader, monkeypatch):
    """Where reading gives others a turn, two streams may be the first of their process at the same time."""
    look, opened, reader.here = log.bookmark, [], None

    def look_while_another_is_quicker():
        if not opened:
            opened.append(hub.subscribe((STAFF,), world.mia.id, 1, per_user=5, total=10, lasts=100))
            reader.begin()
            opened[0].settle(reader.here.id)
            monkeypatch.setattr(reader, "_running", True)  # a commit only rings
            world.comment(world.ren, ticket, "said meanwhile")
        return look()

    monkeypatch.setattr(log, "bookmark", look_while_another_is_quicker)
    reader.begin()
    reader.drain()
    assert "said meanwhile" in opened[0].backlog.next().decode()
