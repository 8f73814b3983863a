"""A search finds what the searcher remembers of a ticket, wherever it stands, and never what they may not see."""

import io

import pytest

from informejo import db
from informejo.accounts import actions as accounts
from informejo.events import log
from informejo.tickets import change_actions, list_queries
from informejo.tickets.filters import TicketFilter
from informejo.tickets.list_queries import tickets_for
from informejo.tickets.words import Status
from tests.live import dom


def found(actor, words: str, **fields) -> list[int]:
    listed = tickets_for(actor, log.standing(), TicketFilter.read({"q": words, "sort": "oldest"} | fields)).tickets
    return [line.id for line in listed]


def send_file(visit, actor, ticket, name: str, **fields):
    upload = (io.BytesIO(b"plain words"), name)
    address = f"/tickets/{ticket.number}/comments"
    answer = visit(actor).post(address, data={"body": "Here.", "files": upload} | fields)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("ÖFFNUNGSZEITEN der Werkstatt", "öffnungszeiten"),
        ("Принтер не печатает", "ПРИНТЕР"),
        ("Ο εκτυπωτής του Νίκος", "νίκος"),
        ("Écran cassé", "ecran casse"),
        ("プリンターが動かない", "ﾌﾟﾘﾝﾀｰ"),
        ("الطابعة لا تعمل", "الطَّابعة"),
        ("Straße ohne Netz", "STRASSE"),
        ("100% CPU on c:\\temp_1", "100% TEMP_1"),
    ],
)
def test_words_are_found_in_every_script_without_case_and_accents(world, title, words):
    ticket, other = world.ticket(title=title), world.ticket(title="Something else")
    assert found(world.mia, words) == [ticket.number]
    assert other.number not in found(world.ren, words) == [ticket.number]


def test_words_may_stand_in_any_order_and_in_different_places(world, visit):
    ticket = world.ticket(title="No paper comes out", description="It was fine on Monday.")
    world.ticket(title="No paper ordered", description="Since Tuesday.")
    world.comment(world.mia, ticket, "Which tray do you use?")
    send_file(visit, world.ren, ticket, "Foto vom Gerät.txt")
    for words in (
        "monday paper",
        "TRAY paper",
        "gerät tray",
        "ren monday",
        f"#{ticket.number} tray",
        "foto ren@example",
    ):
        assert found(world.mia, words) == [ticket.number], words
    assert found(world.mia, "paper wednesday") == []


def test_what_stands_in_quotes_is_looked_for_as_it_stands(world):
    ticket = world.ticket(title="Paper jam in tray 2")
    other = world.ticket(title="Jam on the paper")
    assert found(world.mia, "paper jam") == [ticket.number, other.number]
    assert found(world.mia, '"paper  JAM"') == [ticket.number]


def test_no_word_is_found_across_two_texts(world):
    world.ticket(title="Ends with alpha", description="beta begins")
    assert found(world.mia, '"alpha beta"') == []
    assert len(found(world.mia, "alpha beta")) == 1


@pytest.mark.parametrize("words", ['"', '""', "\N{COMBINING ACUTE ACCENT}"])
def test_who_asks_for_nothing_that_can_be_found_is_not_shown_everything(world, visit, words):
    world.ticket()
    assert found(world.mia, words) == []
    assert "No ticket has" in visit(world.mia).get("/queue", query_string={"q": words}).text


def test_a_search_by_department_and_address_finds_who_asked(world):
    accounts.edit_profile(world.ren, department="Buchhaltung Süd")
    db.commit()
    ticket = world.ticket()
    world.ticket(by=world.zoe)
    assert found(world.mia, "sud buchhaltung") == found(world.mia, "REN@EXAMPLE.ORG") == [ticket.number]


def test_what_was_changed_is_found_by_its_new_words_and_no_more_by_its_old_ones(world):
    ticket = world.ticket(title="Old título")
    message = world.comment(world.mia, ticket, "Früher war alles besser")
    change_actions.edit_comment(world.mia, message, body="Später", version=1)
    change_actions.edit_ticket(world.ren, ticket, title="New título", description=ticket.description, version=1)
    db.commit()
    assert found(world.mia, "früher") == found(world.mia, "old titulo") == []
    assert found(world.mia, "spater") == found(world.mia, "new titulo") == [ticket.number]


@pytest.mark.parametrize("words", ["zanzibar", "Secret.txt", "gehäuse", "printer zanzibar"])
def test_a_note_and_its_files_are_found_by_the_staff_alone(world, visit, words):
    ticket = world.ticket()
    world.note(ticket, "Zanzibar: the Gehäuse of the printer")
    send_file(visit, world.mia, ticket, "secret.txt", internal="yes")
    assert found(world.mia, words) == [ticket.number]
    assert found(world.ren, words) == []


def test_nobody_finds_a_colleagues_ticket_or_who_works_at_the_desk(world):
    ticket = world.ticket(title="Zanzibar")
    change_actions.assign(world.mia, ticket, world.tom)
    db.commit()
    assert found(world.zoe, "zanzibar") == found(world.ren, "tom@example.org") == []
    assert found(world.ren, "zanzibar") == [ticket.number]


def test_the_bar_above_every_page_searches_all_tickets_and_keeps_the_words(world, visit):
    ticket = world.ticket(title="Zanzibar")
    change_actions.set_status(world.mia, ticket, Status.CLOSED)
    db.commit()
    page = dom.read(visit(world.mia).get("/queue?q=zanzibar").text)
    assert "Zanzibar" in page.find("queue").text
    assert not any("selected" in option.attributes for option in page.all("select", name="status")[0].all("option"))
    narrow = dom.read(visit(world.mia).get("/queue?q=zanzibar&status=open").text)
    assert "Zanzibar" not in narrow.find("queue").text
    assert [link.text for link in narrow.all("a", href="/queue?status=&q=zanzibar&sort=activity")] == [
        "Search all tickets"
    ]


def test_a_message_that_makes_a_ticket_fit_is_news_for_who_searched(world):
    ticket, since = world.ticket(), log.bookmark().id
    world.comment(world.mia, ticket, "Zanzibar")
    for person, filter in (
        (world.mia, TicketFilter(q="zanzibar")),
        (world.ren, TicketFilter(q="zanzibar", requester="me")),
    ):
        assert list_queries.news_for(person, filter, since) == 1
        assert list_queries.news_for(person, filter, since, [ticket.id]) == 0


def test_a_note_is_no_news_for_the_requester_who_searched(world):
    ticket, since = world.ticket(), log.bookmark().id
    world.note(ticket, "The printer again")
    assert list_queries.news_for(world.ren, TicketFilter(q="printer", requester="me"), since) == 0
    assert list_queries.news_for(world.mia, TicketFilter(q="printer"), since) == 1
