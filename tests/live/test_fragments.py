"""Each event becomes what the page shows: the same things at the same places, the same bytes for one audience."""

import random
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from flask import has_request_context

from informejo import clock, db
from informejo.events import log
from informejo.events.models import Event
from informejo.events.names import LOOKS, EventName
from informejo.events.sentences import sentence
from informejo.intake.taking_out_actions import take_out_message
from informejo.live import fragments
from informejo.live.fragments import FRAGMENTS, SILENT, TOASTED
from informejo.live.hub import hub
from informejo.live.seers import Seers
from informejo.live.wire import Channel
from informejo.mail import actions as mail, outgoing_actions
from informejo.mail.models import OutgoingMail
from informejo.mail.words import Kind
from informejo.tickets import actions, change_actions, hold_actions, queries
from informejo.tickets.files import Kept
from informejo.tickets.words import Category, Hold, Priority, Status
from tests.live import dom
from tests.live.sse import Listener

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def something_happens(world, ticket, chance: random.Random):
    """One step of a ticket's life: somebody says, notes, edits or changes something."""
    staff = chance.choice([world.mia, world.tom, world.ana])
    comments = [event.comment for event in log.since(0) if event.name == EventName.COMMENT_ADDED]
    written = chance.choice(comments or [None])
    text = f"{chance.choice('abcdef')} {chance.random()}"
    steps = [
        lambda: actions.add_comment(chance.choice([staff, world.ren]), ticket, body=text),
        lambda: actions.add_comment(staff, ticket, body=text, internal=True),
        lambda: change_actions.set_status(staff, ticket, chance.choice(list(Status))),
        lambda: change_actions.set_priority(staff, ticket, chance.choice(list(Priority))),
        lambda: change_actions.set_category(staff, ticket, chance.choice(list(Category))),
        lambda: change_actions.assign(staff, ticket, chance.choice([None, world.mia, world.tom])),
        lambda: change_actions.edit_ticket(world.ren, ticket, title=text, description=text * 2, version=ticket.version),
        lambda: written and change_actions.edit_comment(written.author, written, body=text, version=written.version),
    ]
    chance.choice(steps)()
    db.commit()


def everything_happens(world, ticket) -> list[Event]:
    """A history with every event a ticket can have."""
    comment, note = world.comment(world.mia, ticket), world.note(ticket)
    change_actions.edit_comment(world.mia, comment, body="Better said.", version=1)
    change_actions.edit_comment(world.mia, note, body="Better noted.", version=1)
    change_actions.set_status(world.mia, ticket, Status.WAITING)
    db.commit()
    world.comment(world.ren, ticket, "Here you are.")
    outgoing_actions.mark_failed(queued(world.ren, comment), "550 No such person here")
    held = Kept("token", "log.txt", "text/plain", 4, "stored", Hold.UNCHECKED)
    hold_actions.note_verdict(world.comment(world.ren, ticket, "The log.", files=[held]).attachments[0], "")
    mistaken = world.comment(world.ren, ticket, "Here you are.")
    take_out_message(world.mia, mistaken, None)
    mail.watch(world.mia, ticket, world.tom)
    db.commit()
    mail.unwatch(world.tom, ticket, world.tom)
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    change_actions.restore_ticket(world.ana, ticket)
    db.commit()
    return log.since(0)


def queued(user, comment) -> OutgoingMail:
    """A mail to them about that message."""
    about = {"ticket": comment.ticket, "comment": comment, "user": user, "address": user.email}
    mail = OutgoingMail(kind=Kind.MESSAGE, due_at=clock.now(), **about)
    db.session.add(mail)
    db.session.flush()
    return mail


def test_whatever_takes_the_place_of_its_older_self_says_how_old_it_is(world):
    ticket = world.ticket()
    for event in everything_happens(world, ticket):
        for topic, audience in (("queue", "staff"), *((f"ticket:{ticket.id}", who) for who in ("staff", "requester"))):
            for fragment in fragments.on(event, Channel(topic, audience, "html"), Seers(event)):
                if fragment.id.partition("-")[0] in ("ticket", "comment", "row", "card"):
                    [thing] = dom.read(fragment.html).children
                    assert thing.attributes.keys() & {"data-last", "data-version"}, fragment.id


def test_every_event_has_its_fragments_or_is_silent_on_purpose():
    assert set(FRAGMENTS) | set(SILENT) == set(EventName)
    assert not set(FRAGMENTS) & set(SILENT)
    assert set(FRAGMENTS) >= TOASTED
    assert {kind for table in FRAGMENTS.values() for kind in table} <= {"timeline", "ticket", "queue", "desk"}


@pytest.mark.parametrize("audience", ["requester", "staff"])
def test_fragments_are_drawn_where_there_is_no_request_at_all(app, world, ticket, audience):
    """The broadcast draws in a thread of its own, which knows the app and nothing of who asked for what."""
    names, drawn = {event.id: event.name for event in everything_happens(world, ticket)}, {}

    def draw():
        with app.app_context():
            assert not has_request_context()
            for event in log.since(0):
                for topic in fragments.topics_of(event):
                    drawn[event.id, topic] = shown(event, topic, audience)

    thread = Thread(target=draw)
    thread.start()
    thread.join()
    assert set(names.values()) >= set(FRAGMENTS) - set(LOOKS)
    assert {id for id, _ in drawn} == set(names)
    assert any("Better said." in html for html in drawn.values())


@pytest.mark.parametrize("audience", ["requester", "staff"])
def test_every_fragment_names_an_existing_partial_and_draws_the_id_it_promises(world, ticket, audience):
    for event in everything_happens(world, ticket):
        for topic in fragments.topics_of(event):
            for fragment in fragments.on(event, Channel(topic, audience, "html"), Seers(event)):
                if not fragment.template:
                    continue
                assert (TEMPLATES / fragment.template).is_file()
                [thing] = dom.read(str(fragment.html)).children
                assert thing["id"] == fragment.id


def test_two_of_the_staff_get_the_very_same_bytes(world, ticket, visit):
    streams = [Listener(visit(person), f"/live?on=ticket:{ticket.id}") for person in (world.mia, world.tom)]
    everything_happens(world, ticket)
    mia, tom = (stream.heard() for stream in streams)
    assert sum(message.data.count("<hx-partial") for message in mia) > 5
    assert [message.data for message in mia] == [message.data for message in tom]


def test_the_page_of_two_of_the_staff_differs_only_where_it_is_personal(world, ticket, visit):
    everything_happens(world, ticket)
    pages = [dom.read(visit(person).get(f"/tickets/{ticket.id}").text) for person in (world.mia, world.tom)]
    for id in ("timeline", "ticket-head", "opening", "ticket-properties"):
        mia, tom = (page.find(id).same() for page in pages)
        assert mia == tom


@pytest.mark.hardening("H-03")
def test_fragments_for_requesters_hold_nothing_that_is_for_the_staff(world, ticket):
    for event in everything_happens(world, ticket):
        for topic in fragments.topics_of(event):
            html = shown(event, topic, "requester")
            assert "noted" not in html
            assert "ticket-properties" not in html
            assert event.audience == "requester" or not html


@pytest.mark.hardening("L-06")
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("who", ["ren", "mia"])
def test_a_page_that_listened_looks_like_one_that_is_loaded_anew(world, ticket, visit, who, seed):
    chance, browser = random.Random(seed), visit(getattr(world, who))
    address = f"/tickets/{ticket.id}"
    page = dom.read(browser.get(address).text)
    stream, bookmark = Listener(browser, page.find("stream")["hx-sse:connect"]), ""
    for _ in range(25):
        something_happens(world, ticket, chance)
        heard = stream.heard()
        if chance.random() < 0.2:  # the connection breaks, and what it had brought may be brought again
            heard = heard[: chance.randrange(len(heard) + 1)]
            bookmark = heard[-1].id if heard else bookmark
            hub.drop(stream.subscription)
            something_happens(world, ticket, chance)
            stream = Listener(browser, page.find("stream")["hx-sse:connect"], bookmark)
            heard += stream.greeting[:-1]
        assert not [message for message in heard if message.event]
        for message in heard:
            dom.receive(page, message.data)
        bookmark = heard[-1].id if heard else bookmark
    loaded = dom.read(browser.get(address).text)
    for id in ("timeline", "ticket-head", "opening", "ticket-properties" if who == "mia" else "ticket-actions"):
        assert page.find(id).same() == loaded.find(id).same()


def test_a_long_ticket_shows_the_latest_in_order_even_when_something_old_was_edited(world, ticket, visit, monkeypatch):
    monkeypatch.setattr(queries, "RECENT", 5)
    comments = [world.comment(world.mia, ticket, f"message {number}") for number in range(8)]
    change_actions.edit_comment(world.mia, comments[0], body="the first, edited", version=1)
    db.commit()
    shown = dom.read(visit(world.ren).get(f"/tickets/{ticket.id}").text).find("timeline").children
    orders = [int(piece["data-order"]) for piece in shown]
    assert orders == sorted(orders)
    assert {f"comment-{comments[0].id}", f"comment-{comments[-1].id}"} <= {piece["id"] for piece in shown}


def test_an_event_of_a_ticket_in_the_bin_shows_nothing_but_that_it_is_gone(world, ticket):
    world.comment(world.mia, ticket, "said before")
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    words = {
        event.name: "".join(shown(event, topic, "staff") for topic in fragments.topics_of(event))
        for event in log.since(0)
    }
    assert not words[EventName.COMMENT_ADDED]
    assert f'id="lost-{ticket.id}"' in words[EventName.TICKET_DELETED]
    assert ticket.title not in words[EventName.TICKET_DELETED]


def shown(event, topic: str, audience: str) -> str:
    return "".join(thing.text for thing in fragments.of(event, Channel(topic, audience, "html"), Seers(event)))


def test_what_happened_fifty_times_is_gathered_once_and_as_it_is_now(world, ticket):
    for number in range(1, 11):
        with clock.at(ticket.created_at + timedelta(minutes=number)):
            change_actions.edit_ticket(
                world.ren, ticket, title=f"Title {number}", description="As long as it must be.", version=number
            )
            db.commit()
    parts = fragments.gather(log.since(0), [Channel(f"ticket:{ticket.id}", "requester", "html")])
    assert [part.id for part in parts].count("ticket-head") == 1
    assert len({part.id for part in parts}) == len(parts) == 10 + 3
    assert "Title 10" in str(next(part.html for part in parts if part.id == "ticket-head"))


def test_drawing_costs_a_bounded_number_of_queries(world, ticket, visit):
    from sqlalchemy import event as sql

    asked = []
    sql.listen(db.engine(), "before_cursor_execute", lambda *args: asked.append(args[2]))
    counts = []
    for _ in range(2):
        for number in range(10):
            world.comment(world.mia, ticket, f"message {number}")
        db.session.expire_all()
        asked.clear()
        visit(world.tom).get(f"/tickets/{ticket.id}")
        counts.append(len(asked))
    assert counts[1] <= counts[0] + 1


def test_a_toast_calls_everybody_by_their_own_name(world, ticket):
    world.tom.name = "Mathis This"
    change_actions.assign(world.mia, ticket, world.tom)
    db.commit()
    event = log.since(0)[-1]
    assert sentence(event, world.ren.id).startswith("Mia Lund gave it to Mathis This · #")
    assert sentence(event, world.tom.id).startswith("Mia Lund gave it to you · #")
    change_actions.assign(world.tom, ticket, world.ana)
    db.commit()
    assert sentence(event, world.ana.id).startswith("Mia Lund gave it to Mathis This · #"), "not to her"
