"""The desk: lists that show what fits and nothing else, numbers that are right, and pages that follow each other."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus

import pytest

from informejo import clock, db
from informejo.desk import stats
from informejo.events import log
from informejo.shelf import shelf
from informejo.tickets import change_actions, list_queries
from informejo.tickets.filters import TicketFilter
from informejo.tickets.list_queries import tickets_for
from informejo.tickets.models import Ticket
from informejo.tickets.words import UNSOLVED, Category, Priority, Status
from tests.live import dom

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def desk(world):
    """Six tickets, one of each status and a second open one; what makes each of them different is in its title."""
    tickets = {}
    for number, status in enumerate([*Status, Status.OPEN], 1):
        priority, category = list(Priority)[number % 4], list(Category)[number % 6]
        ticket = world.ticket(
            world.ren if number % 2 else world.zoe, f"Number {number}", priority=priority, category=category
        )
        change_actions.set_status(world.mia, ticket, status)
        if number in (1, 2, 4):
            change_actions.assign(world.mia, ticket, world.mia if number != 2 else world.tom)
        tickets[number] = ticket
    db.commit()
    shelf.forget()
    return tickets


def shown(actor, **fields) -> list[int]:
    return [listed.id for listed in tickets_for(actor, log.standing(), TicketFilter.read(fields)).tickets]


def on_page(browser, address: str) -> list[int]:
    page = dom.read(browser.get(address).text)
    return [int(item["id"].removeprefix("place-")) for item in page.find("queue").children]


@pytest.mark.parametrize(
    ("fields", "numbers"),
    [
        ({}, {1, 2, 3, 4, 5, 6}),
        ({"status": "open"}, {1, 6}),
        ({"status": "unsolved"}, {1, 2, 3, 6}),
        ({"status": "nonsense"}, {1, 2, 3, 4, 5, 6}),
        ({"priority": "medium"}, {1, 5}),
        ({"category": "software"}, {1}),
        ({"assignee": "me"}, {1, 4}),
        ({"assignee": "none"}, {3, 5, 6}),
        ({"assignee": "none", "status": "unsolved"}, {3, 6}),
        ({"q": "number 3"}, {3}),
        ({"q": "#4"}, {4}),
        ({"q": "4"}, {4}),
        ({"q": "zoe k"}, {2, 4, 6}),
        ({"q": "SMOKE"}, {1, 2, 3, 4, 5, 6}),
        ({"q": "%"}, set()),
        ({"q": "_"}, set()),
        ({"q": "' OR 1=1 --"}, set()),
        ({"q": "nothing like it"}, set()),
        ({"status": "open", "q": "number 6", "priority": "high"}, {6}),
    ],
)
def test_a_filter_shows_what_fits(world, desk, fields, numbers):
    assert set(shown(world.mia, **fields)) == {desk[number].id for number in numbers}


def test_a_filter_by_person_takes_their_id(world, desk):
    assert shown(world.mia, assignee=str(world.tom.id)) == [desk[2].id]
    assert set(shown(world.mia, requester=str(world.zoe.id))) == {desk[2].id, desk[4].id, desk[6].id}
    assert shown(world.mia, assignee="99999") == []


def test_the_order_is_the_one_asked_for(world, desk):
    numbers = [desk[number].id for number in range(1, 7)]
    world.note(desk[3])
    assert shown(world.mia, sort="oldest") == numbers
    assert shown(world.mia, sort="newest") == numbers[::-1]
    assert shown(world.mia, sort="activity")[0] == shown(world.mia, sort="nonsense")[0] == desk[3].id
    urgency = [
        db.session.get(Ticket, listed.id).priority
        for listed in tickets_for(world.mia, log.standing(), TicketFilter.read({"sort": "priority"})).tickets
    ]
    assert urgency == sorted(urgency, key=list(Priority).index, reverse=True)


@pytest.mark.hardening("H-08")
def test_requesters_find_their_own_tickets_and_by_no_trick_others(world, desk):
    own = {desk[number].id for number in (1, 3, 5)}
    tricks = (
        {},
        {"requester": str(world.zoe.id)},
        {"requester": ""},
        {"q": "Zoe"},
        {"q": f"#{desk[2].id}"},
        {"assignee": "none"},
    )
    for fields in tricks:
        assert set(shown(world.ren, **fields)) <= own
    assert set(shown(world.ren)) == own


def test_the_page_of_ones_own_tickets_takes_no_other_requester(world, desk, visit):
    for query in ("", f"?requester={world.zoe.id}", "?requester=", "?requester=me&requester=5"):
        page = visit(world.ren).get(f"/tickets{query}").text
        assert "Number 1" in page
        assert "Number 2" not in page


@pytest.mark.hardening("H-08")
def test_searching_for_what_others_have_looks_like_searching_for_nothing(world, desk, visit):
    ren, words = visit(world.ren), [f"#{desk[2].id}", "Number 2", "Zoe Kaur"]
    answers = {word: ren.get("/tickets", query_string={"q": word}).text for word in [*words, "xyzzy"]}
    found = {
        re.sub(r"since=[\w-]+", "", text.replace(quote_plus(word), "WORD").replace(word, "WORD"))
        for word, text in answers.items()
    }
    assert len(found) == 1


def test_the_queue_begins_with_what_is_not_solved_and_shows_all_when_asked(world, desk, visit):
    mia = visit(world.mia)
    assert set(on_page(mia, "/queue")) == {desk[number].id for number in (1, 2, 3, 6)}
    assert len(on_page(mia, "/queue?status=")) == 6
    assert on_page(mia, "/queue?assignee=none&status=closed") == [desk[5].id]


def test_a_long_list_has_pages_that_neither_repeat_nor_leave_out(world, visit, monkeypatch):
    monkeypatch.setattr(list_queries.tickets_for, "__defaults__", (1, 4))
    opened = [world.ticket(title=f"Number {number}").id for number in range(10)]
    mia, address, found, pages = visit(world.mia), "/queue?sort=oldest", [], 0
    while address:
        page = dom.read(mia.get(address).text)
        found += [int(item["id"].removeprefix("place-")) for item in page.find("queue").children]
        further = [link for link in page.all("a") if link.text == "Next page"]
        address, pages = further and further[0]["href"], pages + 1
    assert (found, pages) == (opened, 3)


@pytest.mark.hardening("H-40")
@pytest.mark.parametrize("page", ["0", "-1", "abc", "", "1e3", "9" * 30, "2"])
def test_a_page_that_does_not_exist_is_empty_or_the_first(world, desk, visit, page):
    assert len(on_page(visit(world.mia), f"/queue?status=&page={page}")) in (0, 6)


def test_news_counts_what_came_since_and_fits_the_filter(world, desk, visit):
    mia = visit(world.mia)
    since = re.search(r"since=([\w-]+)", mia.get("/queue?priority=high").text)[1]
    for priority in (Priority.HIGH, Priority.HIGH, Priority.LOW):
        world.ticket(priority=priority)
    world.comment(world.ren, desk[1])

    def news(query: str) -> str:
        return dom.read(mia.get(f"/queue/news?{query}").text).text

    assert news(f"since={since}&priority=high") == "2 new tickets: show"
    assert news(f"since={since}&priority=low&status=unsolved") == "1 new ticket: show"
    assert news(f"since={log.bookmark()}") == ""
    assert news("since=nonsense") == news("") == ""


def test_the_rail_counts_unsolved_tickets_in_all_free_and_ones_own(world, desk):
    assert stats.counts_for(world.mia, log.standing()) == (4, 2, 1)
    assert stats.counts_for(world.tom, log.standing()) == (4, 2, 1)
    assert stats.counts_for(world.ana, log.standing()) == (4, 2, 0)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("/desk", "/desk"),
        ("/queue?q=fire", "/queue"),
        ("/queue?assignee=me&status=", "/queue?assignee=me"),
        ("/queue?assignee=7", "/queue"),
        ("/users", "/users"),
        ("/bin", "/bin"),
        ("/tickets", None),
        ("/users/1?assignee=me", None),
        ("/nowhere", None),
    ],
)
def test_the_rail_says_at_which_of_its_places_one_is(world, visit, address, place):
    rail = dom.read(visit(world.ana).get(address).text).find("desk-counts")
    assert [link["href"] for link in rail.all("a") if "aria-current" in link.attributes] == ([place] if place else [])


def test_what_is_typed_into_an_address_makes_no_rail_of_its_own(world, visit):
    mia = visit(world.mia)
    rails = []
    for addresses in (["/queue"], [f"/queue?assignee={id}" for id in range(3)], ["/a", "/b", "/users/9"]):
        for address in addresses:
            mia.get(address)
        rails.append(len([key for key in shelf._values if key[0] == "layout/_rail.html"]))
    assert rails == [1, 1, 2]


def test_the_counts_follow_what_happens(world, desk, visit):
    change_actions.set_status(world.mia, desk[1], Status.CLOSED)
    change_actions.delete_ticket(world.ana, desk[3])
    db.commit()
    shelf.forget()
    parts = {part["hx-target"]: part.text for part in dom.read(visit(world.mia).get("/desk/counts").text).children}
    assert parts == {"#count-open": "2", "#count-mine": "", "#count-unassigned": "1"}


def test_the_dashboard_counts_every_visible_ticket_once(world, desk):
    change_actions.delete_ticket(world.ana, desk[6])
    db.commit()
    found = stats.stats_for(world.mia, log.standing())
    assert found.total == sum(found.by_status.values()) == 5
    assert found.by_status == dict.fromkeys(Status, 1)
    assert sum(found.by_status[status] for status in UNSOLVED) == 3
    assert sum(found.due.values()) == len(stats.longest_waiting(world.mia, log.standing(), 9)) == 2
    assert sum(found.unassigned.values()) == 1
    assert stats.mine_by_priority(world.mia) == {
        Priority.MEDIUM: 1,
        Priority.LOW: 0,
        Priority.HIGH: 0,
        Priority.CRITICAL: 0,
    }


def test_averages_are_the_hours_from_opening_to_the_end_of_those_that_ended(world):
    for hours, category in ((2, Category.HARDWARE), (4, Category.HARDWARE), (9, Category.ACCESS)):
        with clock.at(NOON):
            ticket = world.ticket(category=category, priority=Priority.HIGH)
        with clock.at(NOON + timedelta(hours=hours)):
            change_actions.set_status(world.mia, ticket, Status.CLOSED if hours == 9 else Status.RESOLVED)
            db.commit()
    with clock.at(NOON):
        reopened = world.ticket(category=Category.HARDWARE)
    for status in (Status.CLOSED, Status.OPEN):
        change_actions.set_status(world.mia, reopened, status)
    db.commit()
    found = stats.stats_for(world.mia, log.standing())
    assert found.average_hours == pytest.approx(5)
    assert found.average_by_category[Category.HARDWARE] == pytest.approx(3)
    assert found.average_by_category[Category.ACCESS] == pytest.approx(9)
    assert found.average_by_category[Category.TRAVEL] is None
    assert found.average_by_priority[Priority.HIGH] == pytest.approx(5)


def test_without_tickets_every_page_of_the_desk_says_so(world, visit):
    ana = visit(world.ana)
    assert stats.stats_for(world.mia, log.standing()).average_hours is None
    for address in ("/desk", "/queue", "/bin", "/tickets", "/users", "/queue/news", "/desk/counts", "/unread"):
        assert ana.get(address).status_code == 200


def test_the_numbers_are_computed_once_for_all_who_look_until_something_happens(world, desk):
    first = stats.stats_for(world.mia, log.standing())
    assert stats.stats_for(world.mia, log.standing()) is first
    world.ticket()
    assert stats.stats_for(world.mia, log.standing()).total == first.total + 1


@pytest.mark.parametrize(("query", "chosen"), [("assignee=99999", ""), ("assignee=7", "7"), ("assignee=me", "me")])
def test_the_filter_shows_whom_the_list_is_of_and_nobody_else(world, desk, visit, query, chosen):
    page = dom.read(visit(world.mia).get(f"/queue?status=&{query}").text)
    [select] = [each for each in page.all("select") if each["name"] == "assignee"]
    picked = [option["value"] for option in select.all("option") if "selected" in option.attributes] or [""]
    assert picked == [chosen]
    assert (len(page.find("queue").children) == 6) == (chosen == "")


def test_a_list_of_one_requesters_tickets_says_so_with_a_way_out(world, desk, visit):
    page = dom.read(visit(world.mia).get(f"/queue?status=&requester={world.zoe.id}").text)
    [chip] = page.all("a", class_name="filter-taken")
    assert "From Zoe Kaur" in chip.text
    assert "requester" not in chip["href"]


def test_the_desks_turn_ends_with_an_answer_and_comes_back_with_the_next_word(world, visit):
    ticket = world.ticket()
    assert shown(world.mia, status="due") == [ticket.id]
    world.note(ticket)
    assert shown(world.mia, status="due") == [ticket.id], "a note is no answer"
    world.comment(world.mia, ticket)
    assert shown(world.mia, status="due") == []
    world.comment(world.ren, ticket, "It still smokes.")
    assert shown(world.mia, status="due") == [ticket.id]
    change_actions.set_status(world.mia, ticket, Status.WAITING)
    db.commit()
    assert shown(world.mia, status="due") == []


def test_whoever_waits_longest_is_first_whatever_else_happened(world):
    first, second = world.ticket(title="First"), world.ticket(title="Second")
    change_actions.set_priority(world.mia, first, Priority.HIGH)
    db.commit()
    assert [waiting.number for waiting in stats.longest_waiting(world.mia, log.standing(), 5)] == [first.id, second.id]
    world.comment(world.mia, first)
    world.comment(world.ren, first, "And again.")
    assert [waiting.number for waiting in stats.longest_waiting(world.mia, log.standing(), 5)] == [second.id, first.id]


def test_a_row_says_what_was_said_last_and_by_whom(world, visit):
    ticket = world.ticket(description="Smoke comes out.")
    mia = visit(world.mia)

    def row() -> str:
        return " ".join(dom.read(mia.get("/queue").text).find(f"row-{ticket.id}").text.split())

    assert "Ren Ito: Smoke comes out." in row()
    world.comment(world.tom, ticket, "Which tray is **it**?")
    assert "Ren Ito · Tom Berg: Which tray is it?" in row()
    world.note(ticket, "The old one again.")
    assert "Internal note by Mia Lund: The old one again." in row()
    world.comment(world.ren, ticket, "The lower one.")
    assert "Ren Ito: The lower one." in row()
