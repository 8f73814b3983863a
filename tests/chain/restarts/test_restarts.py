"""Whatever is restarted while people write and read, nothing is lost and nothing comes twice."""

import threading
import time
import uuid
from http.client import HTTPException

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from informejo import db
from informejo.accounts.models import Role, User
from informejo.events.models import Event
from informejo.tickets.models import Comment
from tests.chain.asking import ask
from tests.waiting import until

pytestmark = pytest.mark.server
READERS = 20
PER_SECOND = 10


class Posting:
    """People who write comments, ten a second in all; `failed` are those that had to be sent again."""

    def __init__(self, port, ticket, cookies):
        self.sent, self.failed = [], []
        self._address, self._cookies, self._port = f"/tickets/{ticket.number}/comments", cookies, port
        self._leaving = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(n,), daemon=True) for n in range(len(cookies))]
        for thread in self._threads:
            thread.start()

    def end(self):
        self._leaving.set()
        for thread in self._threads:
            thread.join(60)

    def _write(self, writer):
        for number in range(10_000):
            if self._leaving.wait(len(self._threads) / PER_SECOND):
                return
            body = f"Word {number} of writer {writer}."
            form = {"body": body, "key": uuid.uuid4().hex}
            while not self._post(form, self._cookies[writer]):
                self.failed.append(body)
                time.sleep(0.2)
            self.sent.append(body)

    def _post(self, form, cookie) -> bool:
        try:
            return ask(self._port, self._address, form=form, headers=cookie).status == 303
        except (OSError, HTTPException):
            return False


@pytest.fixture
def crowd(chain, world, cookie, listening):
    """`crowd(port)` are twenty who read a ticket and twelve who write to it."""
    postings = []

    def crowd(port):
        ticket = world.ticket()
        people = [world.mia, world.tom, world.ana, world.ren, *_colleagues()]
        address = f"/live/events?on=ticket:{ticket.number}"
        readers = [listening(port, people[n % 3], address) for n in range(READERS)]
        for reader in readers:
            reader.until_ready()
        postings.append(Posting(port, ticket, [cookie(person) for person in people]))
        return ticket, readers, postings[-1]

    yield crowd
    for posting in postings:
        posting.end()


def _colleagues() -> list[User]:
    """Twelve write ten messages a second between them; four would be asked to wait, after 60 in a minute each."""
    there = list(db.session.scalars(select(User).where(User.email.like("c%@desk.example"))))
    if there:  # from the test before: all have one desk
        return there
    people = [User(email=f"c{n}@desk.example", name=f"Colleague {n}", role=Role.AGENT) for n in range(8)]
    db.session.add_all(people)
    db.commit()
    return people


def nothing_is_lost(ticket, readers, posting):
    """Each comment is there once, and every reader had every event once and in order."""
    some_more = len(posting.sent) + PER_SECOND
    until(lambda: len(posting.sent) >= some_more)
    posting.end()
    db.session.rollback()
    bodies = list(db.session.scalars(select(Comment.body).where(Comment.ticket_id == ticket.id)))
    assert sorted(bodies) == sorted(posting.sent)
    added = Event.ticket_id == ticket.id, Event.name == "comment:added"
    ids = list(db.session.scalars(select(Event.id).where(*added).order_by(Event.id)))
    assert len(ids) == len(posting.sent)
    until(lambda: all(reader.ids[-1:] == ids[-1:] for reader in readers), seconds=30)
    assert all(reader.ids == ids for reader in readers)


@pytest.fixture(params=["nginx alone", "HAProxy and nginx"])
def port(request, chain):
    return (chain.nginx if request.param == "nginx alone" else chain.haproxy).port


@pytest.mark.hardening("X-15", "F-05")
def test_nginx_is_reloaded_ten_times_and_no_post_fails(chain, crowd, port):
    ticket, readers, posting = crowd(port)
    for _ in range(10):
        chain.nginx.reload()
        time.sleep(0.2)  # the time between two reloads is what is tried here
    nothing_is_lost(ticket, readers, posting)
    assert posting.failed == []


@pytest.mark.hardening("X-15", "F-05")
def test_nginx_is_restarted_three_times(chain, crowd, port, record_property):
    ticket, readers, posting = crowd(port)
    for _ in range(3):
        chain.nginx.restart()
        until(lambda: all(reader.is_ready for reader in readers))
    nothing_is_lost(ticket, readers, posting)
    record_property("posts of a restart of nginx that had to be sent again", len(posting.failed))
    assert min(len(reader.opened) for reader in readers) == 4


@pytest.mark.hardening("F-05")
@pytest.mark.parametrize("what", ["reload", "restart"])
def test_haproxy_is_reloaded_and_restarted(chain, crowd, what):
    ticket, readers, posting = crowd(chain.haproxy.port)
    for _ in range(3):
        getattr(chain.haproxy, what)()
        until(lambda: all(reader.is_ready for reader in readers))
    nothing_is_lost(ticket, readers, posting)


BREAKS = {
    "the worker is killed": lambda server: server.kill_worker(),
    "the worker is told to begin anew": lambda server: server.reload(),
    "the server is restarted": lambda server: server.restart(),
}


@pytest.mark.hardening("F-05")
@pytest.mark.parametrize("cause", BREAKS)
def test_the_worker_ends_and_comes_back(chain, crowd, server, cause):
    ticket, readers, posting = crowd(chain.haproxy.port)
    opened = [len(reader.opened) for reader in readers]
    BREAKS[cause](server)
    until(lambda: all(len(reader.opened) > before for reader, before in zip(readers, opened, strict=True)), seconds=40)
    nothing_is_lost(ticket, readers, posting)


@pytest.mark.browser
def test_browsers_come_back_by_themselves(browse, world, chain, server):
    ticket = world.ticket()
    ren = browse("ren")
    ren.forgives("net::ERR_", "status of 50[23]", "htmx:(sse:)?error")
    page = ren.open(f"/tickets/{ticket.number}")
    page.evaluate("window.isTheSamePage = true")
    for number, end in enumerate((server.restart, chain.nginx.restart, chain.haproxy.restart, server.kill_worker)):
        end()
        world.comment(world.mia, ticket, f"After break {number}.")
        expect(page.locator("#timeline")).to_contain_text(f"After break {number}.", timeout=30_000)
    expect(page.locator("#live-mark")).to_have_text("Live")
    expect(page.locator("#timeline .comment")).to_have_count(4)
    assert page.evaluate("isTheSamePage")
