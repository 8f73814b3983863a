"""One ticket as a page: its timeline, the addresses of its messages, the way back, and paper."""

from datetime import timedelta

import pytest

from informejo import clock, db
from informejo.tickets import actions, change_actions, queries
from informejo.tickets.words import Priority, Status
from tests.live import dom


@pytest.fixture
def ticket(world):
    return world.ticket()


def lines(page: str) -> list[str]:
    return [item.text for item in dom.read(page).find("timeline").all("li", class_name="change")]


def test_what_one_person_changes_within_a_minute_is_one_line(world, ticket, visit):
    moment = ticket.created_at.replace(second=0) + timedelta(minutes=1)
    for seconds, act in enumerate(
        (
            lambda: change_actions.assign(world.mia, ticket, world.mia),
            lambda: change_actions.set_status(world.mia, ticket, Status.IN_PROGRESS),
            lambda: change_actions.set_priority(world.mia, ticket, Priority.HIGH),
        )
    ):
        with clock.at(moment + timedelta(seconds=10 * seconds)):
            act()
            db.commit()
    [line] = lines(visit(world.tom).get("/tickets/1").text)
    assert "Mia Lund claimed this, set this to In progress and changed the priority to High" in line


@pytest.mark.parametrize("between", ["another person", "another minute", "a message"])
def test_a_line_ends_where_somebody_or_something_else_begins(world, ticket, visit, between):
    moment = ticket.created_at.replace(second=0) + timedelta(minutes=1)
    with clock.at(moment):
        change_actions.set_status(world.mia, ticket, Status.WAITING)
        db.commit()
        if between == "a message":
            world.comment(world.mia, ticket)
    with clock.at(moment + timedelta(seconds=70 if between == "another minute" else 10)):
        change_actions.set_priority(world.tom if between == "another person" else world.mia, ticket, Priority.HIGH)
        db.commit()
    assert len(lines(visit(world.tom).get("/tickets/1").text)) == 2


def test_a_note_between_two_changes_is_silence_to_the_requester(world, ticket, visit):
    moment = ticket.created_at.replace(second=0) + timedelta(minutes=1)
    with clock.at(moment):
        change_actions.set_status(world.mia, ticket, Status.WAITING)
        world.note(ticket)
        change_actions.set_priority(world.mia, ticket, Priority.HIGH)
        db.commit()
    assert len(lines(visit(world.ren).get("/tickets/1").text)) == 1
    assert len(lines(visit(world.tom).get("/tickets/1").text)) == 2


def test_news_are_never_folded_away(world, ticket, visit, monkeypatch):
    monkeypatch.setattr(queries, "RECENT", 3)
    for number in range(10):
        world.comment(world.mia, ticket, f"Message {number}.")
    assert "Message 0." in visit(world.ren).get("/tickets/1").text
    actions.mark_seen(world.ren, ticket, ticket.last_event_id)
    db.commit()
    page = visit(world.ren).get("/tickets/1").text
    assert "Message 0." not in page
    assert "earlier</a>" in page


def test_news_that_are_too_many_are_folded_and_do_not_count_as_read(world, ticket, visit, monkeypatch):
    monkeypatch.setattr(queries, "RECENT", 3)
    monkeypatch.setattr(queries, "UNREAD", 4)
    for number in range(10):
        world.comment(world.mia, ticket, f"Message {number}.")
    page = visit(world.ren).get("/tickets/1").text
    assert "not all of them read" in page
    assert "data-unread-before" in page
    assert "data-unread-before" not in visit(world.ren).get("/tickets/1?all=yes").text


def test_a_messages_address_finds_it_beyond_the_fold_and_without_scripts(world, ticket, visit, monkeypatch):
    monkeypatch.setattr(queries, "RECENT", 3)
    old = world.comment(world.mia, ticket, "The oldest of all.")
    for number in range(10):
        world.comment(world.mia, ticket, f"Message {number}.")
    actions.mark_seen(world.ren, ticket, ticket.last_event_id)
    db.commit()
    ren = visit(world.ren)
    assert "The oldest of all." not in ren.get("/tickets/1").text
    answer = ren.get(f"/comments/{old.id}")
    assert answer.location == f"/tickets/1?at={old.id}#comment-{old.id}"
    page = ren.get(answer.location).text
    assert f'id="comment-{old.id}"' in page
    assert f'href="/comments/{old.id}"' in page


@pytest.mark.hardening("H-02")
def test_a_notes_address_is_for_the_requester_one_that_never_was(world, ticket, visit):
    note, ren = world.note(ticket), visit(world.ren)
    never = ren.get("/comments/1")
    hidden = ren.get(f"/comments/{note.id}")
    assert (hidden.status_code, hidden.text) == (never.status_code, never.text) == (404, never.text)
    plain = ren.get("/tickets/1").text
    assert ren.get(f"/tickets/1?at={note.id}").text.count("<li") == plain.count("<li")
    assert visit(world.mia).get(f"/comments/{note.id}").status_code == 302


@pytest.mark.parametrize("at", ["nonsense", "-1", "0", "99999999999999999999999", "1&at=2"])
def test_an_address_that_asks_for_no_message_shows_the_ticket(world, ticket, visit, at):
    assert visit(world.ren).get(f"/tickets/1?at={at}").status_code == 200


def trail(page: str) -> dict[str, str]:
    return {link["id"]: link["href"] for link in dom.read(page).find("trail").all("a")}


def test_the_way_back_is_the_list_one_came_from(world, visit):
    tickets = [world.ticket(title=f"Number {number}") for number in range(3)]
    here = {"Referer": "http://localhost/queue?status=&sort=oldest"}
    found = trail(visit(world.mia).get(f"/tickets/{tickets[1].id}", headers=here).text)
    back = "/queue?status=&sort=oldest"
    assert found["trail-back"] == back
    assert [found[step].partition("?")[0] for step in ("trail-before", "trail-after")] == ["/tickets/1", "/tickets/3"]
    further = trail(visit(world.mia).get(found["trail-after"]).text)
    assert further["trail-back"] == back
    assert "trail-after" not in further


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/queue",
        "//evil.example/queue",
        "/\\evil.example/queue",
        "/users",
        "javascript:alert(1)",
        "/queue.evil",
        "http://[",
        "",
    ],
)
def test_no_other_place_becomes_a_way_back(world, ticket, visit, place):
    mia = visit(world.mia)
    for answer in (
        mia.get("/tickets/1", query_string={"list": place}),
        mia.get("/tickets/1", headers={"Referer": place}),
    ):
        assert answer.status_code == 200
        assert 'id="trail"' not in answer.text


def test_a_requester_is_led_along_their_own_tickets_alone(world, visit):
    own = world.ticket(title="Mine")
    world.ticket(world.zoe, title="Not mine")
    later = world.ticket(title="Mine too")
    ren = visit(world.ren)
    assert 'id="trail"' not in ren.get(f"/tickets/{own.id}?list=/queue").text
    found = trail(ren.get(f"/tickets/{own.id}?list=/tickets%3Fsort%3Doldest").text)
    assert found["trail-after"].startswith(f"/tickets/{later.id}?")


def test_on_paper_nothing_is_folded_and_nothing_is_a_control(world, ticket, visit, monkeypatch):
    monkeypatch.setattr(queries, "RECENT", 3)
    for number in range(10):
        world.comment(world.mia, ticket, f"Message {number}.")
    world.note(ticket, "Only for us.")
    page = dom.read(visit(world.mia).get("/tickets/1/print").text).all("article", class_name="paper-sheet")[0]
    assert "Message 0." in page.text
    assert "Only for us." not in page.text
    assert "Without internal notes." in page.text
    assert not [*page.all("select"), *page.all("textarea"), *page.all("button")]
    assert "Only for us." in visit(world.mia).get("/tickets/1/print?notes=yes").text


@pytest.mark.hardening("H-02")
def test_the_requesters_paper_has_no_notes_whatever_is_asked_for(world, ticket, visit):
    world.note(ticket, "Only for us.")
    page = visit(world.ren).get("/tickets/1/print?notes=yes").text
    assert "Only for us." not in page
    assert "internal notes" not in page
    assert visit(world.zoe).get("/tickets/1/print").status_code == 404


def test_whoever_said_that_it_is_solved_is_not_asked_whether_it_is(world, ticket, visit):
    change_actions.set_status(world.ren, ticket, Status.RESOLVED)
    db.commit()
    page = visit(world.ren).get("/tickets/1").text
    assert "You said that it is solved." in page
    assert "We think this is solved" not in page
    change_actions.set_status(world.mia, ticket, Status.OPEN)
    change_actions.set_status(world.mia, ticket, Status.RESOLVED)
    db.commit()
    assert "We think this is solved. Is it?" in visit(world.ren).get("/tickets/1").text


def test_a_line_of_an_edited_note_says_so_and_stands_by_itself(world, ticket, visit):
    moment = ticket.created_at.replace(second=0) + timedelta(minutes=1)
    with clock.at(moment):
        note = world.note(ticket)
        change_actions.set_status(world.mia, ticket, Status.WAITING)
        change_actions.edit_comment(world.mia, note, body="Only for the team.", version=1)
        change_actions.set_priority(world.mia, ticket, Priority.HIGH)
        db.commit()
    items = dom.read(visit(world.tom).get("/tickets/1").text).find("timeline").all("li", class_name="change")
    assert ["data-internal" in item.attributes for item in items] == [False, True, False]
    assert "edited an internal note" in items[1].text
    assert len(lines(visit(world.ren).get("/tickets/1").text)) == 1
