"""Who watches a ticket: the staff see and change it beside the conversation, and its requester learns nothing of it."""

import json

import pytest

from informejo import db
from informejo.mail import actions as mail
from informejo.mail.queries import watching
from informejo.tickets.queries import unread_for
from tests.live import dom
from tests.live.sse import Listener

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ticket(world):
    return world.ticket()


@pytest.fixture
def at_desk(visit, ticket):
    """`at_desk(user)`: the names of those who watch, as that person's page of the ticket shows them."""

    def at_desk(user) -> list[str]:
        return names(visit(user).get(f"/tickets/{ticket.id}").text)

    return at_desk


def names(html: str) -> list[str]:
    beside = dom.read(html).find("ticket-watchers")
    return [name.text for name in beside.all("span", class_name="watcher-name")]


def test_somebody_watches_a_ticket_and_stops(world, visit, ticket, at_desk):
    mia = visit(world.mia)
    assert at_desk(world.mia) == []
    assert mia.post(f"/tickets/{ticket.id}/watchers", data={"user": "me"}).location.startswith(f"/tickets/{ticket.id}")
    assert at_desk(world.tom) == ["Mia Lund"]
    mia.post(f"/tickets/{ticket.id}/watchers/{world.mia.id}/removal")
    assert at_desk(world.tom) == []


def test_a_colleague_is_asked_by_name_and_somebody_who_is_no_colleague_is_refused(world, visit, ticket, at_desk):
    mia = visit(world.mia)
    assert mia.post(f"/tickets/{ticket.id}/watchers", data={"user": str(world.tom.id)}).status_code == 303
    for nobody in (world.ren.id, world.dan.id, 999, ""):
        assert mia.post(f"/tickets/{ticket.id}/watchers", data={"user": str(nobody)}).status_code == 422
    assert at_desk(world.mia) == ["Tom Berg"]
    choices = dom.read(mia.get(f"/tickets/{ticket.id}").text).find("ticket-watchers").all("option")
    assert [choice.text for choice in choices] == ["Choose", "Ana Silva", "Mia Lund"], (
        "who watches already is no choice"
    )


def test_twice_is_as_good_as_once(world, visit, ticket):
    mia = visit(world.mia)
    for _ in range(2):
        answer = mia.post(f"/tickets/{ticket.id}/watchers", data={"user": "me"}, headers=HTMX)
        assert names(answer.text) == ["Mia Lund"]
    for _ in range(2):
        answer = mia.post(f"/tickets/{ticket.id}/watchers/{world.mia.id}/removal", headers=HTMX)
        assert names(answer.text) == []


def test_who_is_not_at_the_desk_any_more_is_shown_as_such_and_can_be_taken_off(world, visit, ticket, at_desk):
    mail.watch(world.mia, ticket, world.tom)
    world.tom.active = False
    db.commit()
    assert "not at the desk any more" in at_desk(world.mia)[0]
    visit(world.mia).post(f"/tickets/{ticket.id}/watchers/{world.tom.id}/removal")
    assert at_desk(world.mia) == []


def test_it_is_no_activity_nobody_has_news_and_no_list_changes_its_order(world, visit, ticket):
    ticket.assignee = world.mia
    db.commit()
    visit(world.mia).post(f"/tickets/{ticket.id}/seen", data={"event": ticket.last_event_id})
    before = ticket.last_event_id, unread_for(world.mia)
    mail.watch(world.tom, ticket, world.tom)
    db.commit()
    assert (ticket.last_event_id, unread_for(world.mia)) == before
    world.comment(world.ren, ticket)
    assert unread_for(world.mia) == 1, "an answer is"


def test_live_the_staff_see_it_and_whoever_was_asked_is_told(world, visit, ticket):
    mia = Listener(visit(world.mia), f"/live?on=ticket:{ticket.id}&on=desk")
    tom = Listener(visit(world.tom), "/live?on=me&on=desk")
    ana = Listener(visit(world.ana), "/live?on=me&on=desk")
    mail.watch(world.mia, ticket, world.tom)
    db.commit()
    assert "Tom Berg" in "".join(message.data for message in mia.heard())
    assert "Mia Lund asked you to watch it" in "".join(message.data for message in tom.heard())
    assert ana.heard() == []


def test_a_program_of_the_staff_hears_who_watches(world, visit, ticket):
    program = Listener(visit(world.mia), f"/live/events?on=ticket:{ticket.id}")
    mail.watch(world.mia, ticket, world.tom)
    db.commit()
    [heard] = program.heard()
    assert heard.event == "watcher:added"
    assert json.loads(heard.data)["watcher"]["name"] == "Tom Berg"


def test_the_requester_learns_nothing_of_it(world, visit, ticket):
    ren = Listener(visit(world.ren), f"/live?on=ticket:{ticket.id}&on=me")
    program = Listener(visit(world.ren), f"/live/events?on=ticket:{ticket.id}&on=me")
    page = visit(world.ren).get(f"/tickets/{ticket.id}").text
    mail.watch(world.mia, ticket, world.tom)
    db.commit()
    mail.unwatch(world.mia, ticket, world.tom)
    db.commit()
    mail.watch(world.mia, ticket, world.ana)
    db.commit()
    assert ren.heard() == program.heard() == []
    again = visit(world.ren).get(f"/tickets/{ticket.id}").text
    for html in (page, again):
        assert "watch" not in dom.read(html).find("main").text.lower()
        assert dom.read(html).find("ticket-watchers") is None
    assert [person.name for person in watching(ticket).people] == ["Ana Silva"]


def test_a_change_of_fields_around_it_stays_one_line(world, visit, ticket):
    mia = visit(world.mia)
    mia.post(f"/tickets/{ticket.id}/status", data={"value": "waiting"})
    mia.post(f"/tickets/{ticket.id}/watchers", data={"user": "me"})
    mia.post(f"/tickets/{ticket.id}/priority", data={"value": "high"})
    [line] = dom.read(mia.get(f"/tickets/{ticket.id}").text).find("timeline").all("li", class_name="change")
    assert "set this to Waiting and changed the priority to High" in line.text
