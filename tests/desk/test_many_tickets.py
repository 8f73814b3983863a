"""A desk that has gathered many tickets stays quick: no page walks through tickets it does not show."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.engine import Engine

from informejo import db, slow_reads
from informejo.accounts.erase_actions import erase
from informejo.events import log
from informejo.shelf import shelf
from informejo.tickets import change_actions, list_queries, queries
from informejo.tickets.filters import TicketFilter
from informejo.tickets.list_queries import tickets_for
from informejo.tickets.words import Status

PAGES = (
    *("/queue", "/queue?sort=oldest", "/queue?sort=priority", "/queue?status=waiting", "/queue?assignee=me", "/desk"),
    *("/users", "/users/1"),
)


@pytest.fixture
def statements(app):
    """Every SELECT that is run on the loop, with its values."""
    seen = []

    def note(_connection, _cursor, statement, values, *_):
        if statement.startswith("SELECT"):
            seen.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def walked(statements, *tables) -> list[str]:
    """The steps of SQLite's plans that go through all tickets, events or comments, or all of those tables."""
    tables = tables or ("tickets", "events", "comments")
    plans = [
        step.detail
        for statement, values in list(statements)
        for step in db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    ]
    return [step for step in plans if step.startswith("SCAN") and step.split()[1] in tables]


@pytest.mark.hardening("O-12")
@pytest.mark.parametrize("path", PAGES)
def test_no_page_of_the_staff_goes_through_all_tickets_while_others_wait(world, visit, statements, path):
    world.ticket()
    browser = visit(world.mia)
    statements.clear()
    shelf.forget()
    assert browser.get(path).status_code == 200
    assert len(statements) > 5
    assert walked(statements) == []


@pytest.mark.hardening("O-12")
def test_what_was_done_to_somebody_just_now_is_not_looked_for_among_all_events(world, visit, statements):
    ana = visit(world.ana)
    answer = ana.post("/users/2/activity", data={"value": "inactive", "to": "1"})
    statements.clear()
    assert "Tom Berg is deactivated." in ana.get(answer.location).text
    assert walked(statements) == []


@pytest.mark.hardening("O-12")
def test_whether_somebody_else_is_called_like_a_person_who_is_erased_is_not_looked_for_among_everybody(
    world, statements
):
    erase(world.ana, world.zoe)
    assert len(statements) > 5
    assert walked(statements, "users") == []


@pytest.mark.hardening("O-12")
@pytest.mark.parametrize("path", ["/tickets", "/tickets/1"])
def test_no_page_of_a_requester_goes_through_all_tickets(world, visit, statements, path):
    world.ticket()
    browser = visit(world.ren)
    statements.clear()
    assert browser.get(path).status_code == 200
    assert walked(statements) == []


def test_going_through_all_tickets_would_be_noticed(world, statements):
    db.session.execute(text("SELECT id FROM tickets WHERE title = 'x'"))
    statements.append(("SELECT id FROM tickets WHERE title = ?", ("x",)))
    assert walked(statements)


@pytest.mark.parametrize("fields", [{}, {"q": "printer"}, {"status": "closed"}, {"category": "network"}])
def test_what_no_index_leads_to_is_looked_for_beside_the_loop(world, monkeypatch, fields):
    asked = []
    monkeypatch.setattr(slow_reads, "offload", lambda function, *args: asked.append(args) or function(*args))
    tickets_for(world.mia, log.standing(), TicketFilter.read(fields))
    assert asked
    asked.clear()
    tickets_for(world.mia, log.standing(), TicketFilter.read({"status": "unsolved"}))
    assert not asked


def test_a_search_finds_the_most_recently_active_and_says_how_many(world, visit, monkeypatch):
    monkeypatch.setattr(list_queries, "MOST_FOUND", 2)
    first, second, third = (world.ticket(title=f"Printer {number}") for number in range(3))
    world.comment(world.mia, first)
    db.commit()
    found = tickets_for(world.mia, log.standing(), TicketFilter.read({"q": "printer"}))
    assert ({listed.id for listed in found.tickets}, found.total) == ({first.id, third.id}, 2)
    assert second not in found.tickets


def test_a_slow_read_finds_what_a_quick_one_finds(world):
    for number, status in enumerate([*Status, *Status]):
        change_actions.set_status(world.mia, world.ticket(title=f"It's 50% {number}"), status)
    db.commit()
    statement = select(list_queries.Ticket.id).where(list_queries.Ticket.status.in_([Status.OPEN, Status.CLOSED]))
    titled = statement.where(list_queries.Ticket.title.icontains("it's 50% 0", autoescape=True))
    for asked in (statement, titled, statement.limit(1).offset(1)):
        assert slow_reads.rows(asked) == [tuple(row) for row in db.session.execute(asked)] != []


def test_what_happened_very_long_ago_is_no_news(world, monkeypatch):
    ticket = world.ticket()
    world.comment(world.mia, ticket)
    db.commit()
    assert queries.unread_for(world.ren) == 1
    assert [listed.unread for listed in tickets_for(world.ren, log.standing(), TicketFilter()).tickets] == [True]
    monkeypatch.setattr(queries, "NEWS", timedelta(0))
    assert queries.unread_for(world.ren) == 0
    assert [listed.unread for listed in tickets_for(world.ren, log.standing(), TicketFilter()).tickets] == [False]


@pytest.mark.hardening("H-55")
def test_who_searches_without_end_waits_a_moment_and_may_still_look_at_lists(world, visit):
    browser = visit(world.mia)
    answers = [browser.get("/queue?q=printer").status_code for _ in range(121)]
    assert (answers[0], answers[119], answers[120]) == (200, 200, 429)
    assert browser.get("/queue").status_code == 200
    assert visit(world.tom).get("/queue?q=printer").status_code == 200


@pytest.mark.parametrize("path", ["/queue", "/queue?status=", "/desk"])
def test_a_longer_list_asks_the_database_no_more_often(world, visit, statements, path):
    asked = []
    browser = visit(world.mia)
    for _ in range(2):
        for _ in range(10):
            world.ticket()
        browser.get(path)
        statements.clear()
        assert browser.get(path).status_code == 200
        asked.append(len(statements))
    assert asked[0] == asked[1] < 20
