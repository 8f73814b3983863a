"""What a page says of people is so at the moment it is said: who is on it, who has read it, who is writing."""

from datetime import timedelta

import pytest

from informejo import clock, db
from informejo.accounts.models import Role
from informejo.live import presence
from informejo.live.hub import hub
from informejo.live.wire import Channel
from informejo.shelf import shelf
from informejo.tickets import actions, change_actions
from informejo.tickets.queries import reading_of_answer
from informejo.tickets.words import Status
from tests.live import dom
from tests.live.sse import Listener


@pytest.fixture
def ticket(world):
    ticket = world.ticket()
    change_actions.assign(world.mia, ticket, world.tom)
    db.commit()
    return ticket


def header(visit, person, ticket) -> str:
    return dom.read(visit(person).get(f"/tickets/{ticket.number}").text).find("ticket-head").text


def read(person, ticket):
    actions.mark_seen(person, ticket, ticket.last_event_id)
    db.commit()


@pytest.mark.parametrize("who", ["mia", "ren"])
def test_whoever_has_an_open_ticket_is_on_it(world, visit, ticket, who):
    assert "Tom Berg is on it" in header(visit, getattr(world, who), ticket)


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
@pytest.mark.parametrize("who", ["mia", "ren"])
def test_nobody_is_on_a_ticket_that_is_over(world, visit, ticket, who, status):
    change_actions.set_status(world.mia, ticket, status)
    db.commit()
    said = header(visit, getattr(world, who), ticket)
    assert "Assigned to Tom Berg" in said
    assert "is on it" not in said


@pytest.mark.parametrize("why", ["shut out", "a requester now"])
def test_nobody_is_on_a_ticket_whose_assignee_left_the_desk(world, visit, ticket, why):
    if why == "shut out":  # before what hung on somebody was handed over
        world.tom.active = False
    else:
        world.tom.role = Role.USER
    db.commit()
    assert "Assigned to Tom Berg, who is not at the desk any more" in header(visit, world.mia, ticket)
    assert "Waiting for somebody to take it" in header(visit, world.ren, ticket)


def test_read_means_that_the_last_answer_was(world, ticket):
    read(world.ren, ticket)
    assert reading_of_answer(ticket) is None, "there is no answer yet"
    world.comment(world.mia, ticket)
    assert reading_of_answer(ticket) is None
    read(world.ren, ticket)
    assert reading_of_answer(ticket) is not None
    answer = world.comment(world.tom, ticket, "One thing more.")
    assert reading_of_answer(ticket) is None
    read(world.ren, ticket)
    assert reading_of_answer(ticket) is not None
    change_actions.edit_comment(world.tom, answer, body="Another thing more.", version=1)
    db.commit()
    assert reading_of_answer(ticket) is None, "what it says now was not read"


def test_a_note_and_the_requesters_own_words_are_no_answer_to_be_read(world, ticket):
    world.comment(world.mia, ticket)
    read(world.ren, ticket)
    world.note(ticket)
    world.comment(world.ren, ticket, "Thank you.")
    assert reading_of_answer(ticket) is not None


def test_the_time_is_that_of_reading_the_answer_whatever_is_looked_at_later(world, ticket, monkeypatch):
    world.comment(world.mia, ticket)
    read(world.ren, ticket)
    first, later = reading_of_answer(ticket).at, clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    change_actions.set_priority(world.mia, ticket, "high")
    db.commit()
    read(world.ren, ticket)
    assert reading_of_answer(ticket).at == first
    world.comment(world.mia, ticket, "Better now?")
    read(world.ren, ticket)
    assert reading_of_answer(ticket).at == later


def test_whoever_has_sent_a_message_is_not_writing_it_any_more(world, ticket, visit):
    def who() -> str:
        people, _seen = presence.at(Channel(f"ticket:{ticket.id}", "staff", "html"))
        return people.html

    tom = Listener(visit(world.tom), f"/live?on=ticket:{ticket.id}")
    presence.writes(world.tom, ticket)
    assert "is writing…" in who()
    world.comment(world.mia, ticket)
    assert "is writing…" in who(), "somebody else's message changes nothing"
    world.comment(world.tom, ticket)
    assert "is here" in who()
    assert "is writing…" not in who()
    hub.drop(tom.subscription)


def test_an_empty_desk_does_not_boast(world, visit):
    shelf.forget()
    said = visit(world.mia).get("/desk").text
    assert "There are no tickets yet." in said
    assert "No ticket waits for an owner." not in said


def test_a_desk_where_everything_has_an_owner_says_so(world, visit, ticket):
    shelf.forget()
    assert "No ticket waits for an owner." in visit(world.mia).get("/desk").text
