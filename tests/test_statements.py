"""How often a page asks the database: within a table of maxima, and no more often for having more to show."""

import secrets
from itertools import cycle, islice
from typing import NamedTuple

import pytest
from sqlalchemy import select

from bench.statements import watched
from informejo import db, slow_reads
from informejo.accounts.models import User
from informejo.rates import limiter
from informejo.settings.queries import saved
from informejo.shelf import shelf
from informejo.tickets import change_actions
from informejo.tickets.models import Ticket

FEW, MANY = 2, 40
HTMX = {"HX-Request": "true"}


class Most(NamedTuple):
    """Statements for the first look after something happened, and for each look after it."""

    who: str
    path: str
    first: int
    again: int


# Each: whose sign-in it is, and with it how far the log has come. A page: how many tickets have news for the reader.
# What the log alone decides is read once after each event: for the staff, how many are unsolved, theirs, nobody's.
# Whoever makes a page ask less lowers its row.
PAGES = {
    # The ticket; drafts; how far the reader and the requester have read; what became of its mails. Once: its events,
    # files, people, the staff; who watches it and whom one could ask to; its requester's others; who is mailed a reply.
    "ticket": Most("mia", "/tickets/1", 19, 7),
    # How far they were read. Once: how many there are, which are on this page, the rows and their last comments.
    "queue": Most("mia", "/queue", 10, 3),
    # Nothing of its own. Once: the statistics, the reader's own by urgency, who waits longest, and two short lists.
    "dashboard": Most("mia", "/desk", 17, 2),
    # As in the queue.
    "my tickets": Most("ren", "/tickets", 8, 3),
    # The ticket, held; who is mailed it, and what they chose; whether the form came before; the comment and its event;
    # then the same read anew and drawn.
    "POST of a comment": Most("mia", "/tickets/1/comments", 16, 14),
}


@pytest.fixture
def looked(world, visit, monkeypatch):
    """`looked(page)`: how many statements that page takes now and, right after, once more."""
    browsers = {}
    monkeypatch.setattr("informejo.settings.saved.FRESH_SECONDS", 600)  # a page may take longer than two seconds here

    def look(page: Most) -> tuple[int, int]:
        browser = browsers.setdefault(page.who, visit(getattr(world, page.who)))
        shelf.forget()
        saved(), limiter()  # read once in two seconds, and once in the life of the process, whichever page comes first
        db.session.commit()  # a connection that is open already is not watched
        return asked(browser, page.path), asked(browser, page.path)

    return look


def asked(browser, path: str) -> int:
    form = {"body": "It works again.", "key": secrets.token_hex(8)}
    with watched(db.engine()) as asked:
        answer = browser.post(path, data=form, headers=HTMX) if path.endswith("/comments") else browser.get(path)
    assert answer.status_code == 200
    return asked.statements


def fill(world, rows: int):
    """So many more tickets, and as many comments on the first of all, by everybody in turn."""
    for number in range(rows):
        change_actions.assign(
            world.mia, world.ticket(title=f"Printer {number}"), [world.tom, world.mia, None][number % 3]
        )
    ticket = db.session.get(Ticket, 1)
    for author in islice(cycle([world.mia, world.ren, world.tom, world.ana]), rows):
        world.comment(author, ticket)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_the_database_no_more_often_than_it_has_to(world, looked, name):
    fill(world, FEW)
    first, again = looked(PAGES[name])
    assert first <= PAGES[name].first
    assert again <= PAGES[name].again


@pytest.mark.parametrize("name", PAGES)
def test_it_asks_no_more_often_when_there_is_more_to_show(world, looked, name):
    fill(world, FEW)
    few = looked(PAGES[name])
    fill(world, MANY - FEW)
    many = looked(PAGES[name])
    assert (many[0] <= few[0], many[1] <= few[1]) == (True, True), (few, many)


def test_a_question_for_each_row_would_be_counted(world):
    fill(world, FEW)
    db.session.rollback()
    one = [select(User.name).where(User.id == number) for number in (1, 2, 3)]
    with watched(db.engine()) as asked:
        found = [db.session.scalar(statement) for statement in one]
        beside = [slow_reads.rows(statement)[0][0] for statement in one]
        db.session.rollback()
    assert found == beside
    assert asked.statements == len(found) + len(beside)
