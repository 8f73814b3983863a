"""How much one person may do in a minute, of what costs the desk more than a row: see `rates.RATES`."""

import io

import pytest
from limits import parse
from sqlalchemy import func, select

from informejo import db, rates, security
from informejo.tickets import change_actions
from informejo.tickets.models import Attachment, Comment, Ticket
from informejo.tickets.words import Status
from tests.live import dom

TEXT = "The printer is on fire again, and so is the one beside it."


@pytest.fixture
def few(monkeypatch):
    """`few("comment", 2)`: two of them a minute are the most."""

    def few(what: str, most: int):
        rate = rates.RATES[what]
        monkeypatch.setitem(rates.RATES, what, rate._replace(limit=parse(f"{most} per minute")))

    return few


def ticket_of(browser, number: int, **fields):
    return browser.post("/tickets", data={"title": f"Printer {number}", "description": TEXT, **fields})


def message_of(browser, ticket, text: str = TEXT, files: int = 0):
    fields = {"body": text, "key": text, "files": [(io.BytesIO(b"x"), f"{text[:3]}{n}.txt") for n in range(files)]}
    return browser.post(f"/tickets/{ticket.id}/comments", data=fields, content_type="multipart/form-data")


def number_of(model) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model))


def kept_words(answer) -> str:
    return dom.read(answer.text).all("section", class_name="error")[0].all("textarea")[-1].text


@pytest.mark.hardening("H-55")
@pytest.mark.parametrize(
    ("what", "most"), [("file", 100), ("comment", 60), ("ticket", 30), ("search", 120), ("export", 5)]
)
def test_so_much_a_minute_is_plenty_for_a_person_and_little_for_a_program(what, most):
    assert rates.RATES[what].limit == parse(f"{most} per minute")


@pytest.mark.hardening("H-55")
def test_one_message_too_many_waits_with_all_its_words(world, visit, few):
    few("comment", 3)
    ticket, ren = world.ticket(), visit(world.ren)
    assert [message_of(ren, ticket, f"Message {n}").status_code for n in range(3)] == [303] * 3
    refused = message_of(ren, ticket)
    assert (refused.status_code, kept_words(refused)) == (429, TEXT)
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert number_of(Comment) == 3
    assert message_of(visit(world.mia), ticket).status_code == 303, "nobody else waits"
    assert ren.post("/drafts", data={"draft": f"ticket:{ticket.id}", "body": TEXT}).status_code == 303


@pytest.mark.hardening("H-55")
def test_one_ticket_too_many_waits_with_all_its_words(world, visit, few):
    few("ticket", 2)
    ren = visit(world.ren)
    assert [ticket_of(ren, number).status_code for number in range(2)] == [303] * 2
    refused = ticket_of(ren, 2, key="once")
    assert (refused.status_code, kept_words(refused)) == (429, TEXT)
    assert number_of(Ticket) == 2


def test_a_message_on_a_closed_ticket_counts_as_the_ticket_that_it_opens(world, visit, few):
    few("ticket", 1)
    ticket = world.ticket()
    ren = visit(world.ren)
    assert message_of(ren, ticket).status_code == 303
    change_actions.set_status(world.mia, ticket, Status.CLOSED)
    db.commit()
    assert [message_of(ren, ticket, f"Again {n}").status_code for n in range(2)] == [303, 429]
    assert number_of(Ticket) == 2


@pytest.mark.hardening("H-55")
def test_each_file_of_a_message_counts_and_a_message_with_too_many_is_refused_whole(world, visit, few):
    few("file", 5)
    ticket, ren = world.ticket(), visit(world.ren)
    assert message_of(ren, ticket, "One: three files", files=3).status_code == 303
    refused = message_of(ren, ticket, TEXT, files=3)
    assert (refused.status_code, kept_words(refused)) == (429, TEXT)
    assert number_of(Attachment) == 3
    assert message_of(ren, ticket, "Two: as many as fit", files=2).status_code == 303
    assert message_of(ren, ticket, "Three: none").status_code == 303, "without files it never has to wait for them"


def test_who_sends_several_files_is_told_when_all_of_them_fit_again(app, world, visit, few, monkeypatch):
    few("file", 3)
    ticket, ren = world.ticket(), visit(world.ren)
    started = security.time.monotonic()
    now = [started]
    monkeypatch.setattr(rates._Monotonic, "time", lambda: now[0])
    assert message_of(ren, ticket, "One", files=2).status_code == 303
    now[0] += 20
    assert message_of(ren, ticket, "Two", files=1).status_code == 303
    assert message_of(ren, ticket, "Of two", files=2).headers["Retry-After"] == "40"
    assert message_of(ren, ticket, "Of three", files=3).headers["Retry-After"] == "60"
    now[0] += 41
    assert message_of(ren, ticket, "Two again", files=2).status_code == 303


def test_more_files_than_a_message_carries_are_refused_with_that_sentence_and_not_for_ever(app, world, visit, few):
    few("file", 2)
    app.config["MAX_FILES"] = 1
    ticket, ren = world.ticket(), visit(world.ren)
    assert "1 files at most" in message_of(ren, ticket, files=3).text


@pytest.mark.hardening("H-55")
@pytest.mark.parametrize("search", ["/users?q=ren", "/users/1/merge?q=ren", "/audit?who=ren", "/audit?about=ren"])
def test_a_search_for_people_counts_as_a_search_and_the_page_without_one_does_not(world, visit, few, search):
    few("search", 2)
    ana = visit(world.ana)
    assert [ana.get(search).status_code for _ in range(3)] == [200, 200, 429]
    assert ana.get(search.partition("?")[0]).status_code == 200
