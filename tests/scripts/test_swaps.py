"""Fragments find their place, whatever order they arrive in, and a nudge makes things read themselves again."""

import random

import pytest
from playwright.sync_api import expect

from tests.scripts.drawn import catch_up, comment, ids, row, visit
from tests.scripts.stand_in import Answer, partial
from tests.waiting import until

pytestmark = pytest.mark.browser


def test_the_timeline_stands_in_event_order_whatever_order_messages_arrive_in(ticket, server):
    numbers = list(range(1, 21))
    for number in random.Random(4).sample(numbers, 20) + random.Random(5).sample(numbers, 20):
        server.partial("#timeline", comment(number), "place")
    server.partial("#timeline", comment(21), "place")
    expect(ticket.locator("#comment-21")).to_be_visible()
    assert ids(ticket, "#timeline > li") == [f"comment-{number}" for number in (*numbers, 21)]


def test_the_same_thing_again_is_no_change_and_another_version_of_it_is(ticket, server):
    server.partial("#timeline", comment(1, '<time datetime="2020-01-02T03:04:00Z">then</time>'), "place")
    expect(ticket.locator("#comment-1")).to_have_class("is-new")
    expect(ticket.locator("#comment-1")).not_to_have_class("is-new")
    ticket.evaluate("""() => {
      window.changes = [];
      document.addEventListener("informejo:placed", ({target, detail}) => changes.push([target.id, detail.fresh]));
    }""")
    server.partial("#timeline", comment(1, '<time datetime="2020-01-02T03:04:00Z">then</time>'), "place")
    server.partial("#timeline", comment(1, "Edited"), "place")
    expect(ticket.locator("#comment-1")).to_have_text("Edited")
    assert ticket.evaluate("changes") == [["comment-1", False]]


def test_a_row_is_replaced_but_a_new_one_waits_behind_the_bar(page, server):
    server.main = f'<ol id="queue"><li id="place-1" data-order="1" data-seen="5">{row(1, 5)}</li></ol>'
    visit(page, "/queue")
    server.partial("#queue", row(2, 6), "place")
    server.partial("#queue", row(1, 7, title="Scanner"), "place")
    expect(page.locator("#row-1")).to_have_text("Scanner")
    expect(page.locator("#place-1")).to_have_class("unread")
    server.partial("#queue", row(1, 6, title="Older"), "place")
    server.partial("#unread", '<span id="unread" data-count="1"></span>')
    expect(page).to_have_title("(1) Ticket")
    expect(page.locator("#row-1")).to_have_text("Scanner")
    server.partial("#queue", row(1, 8, author=7, title="By me"), "place")
    expect(page.locator("#row-1")).to_have_text("By me")
    expect(page.locator("#place-1")).not_to_have_class("unread")
    assert page.locator("#row-2").count() == 0


def test_what_was_long_on_its_way_undoes_nothing_that_was_shown_since(page, server):
    server.main = '<section id="ticket-head" data-last="5">As opened</section><ol id="timeline"></ol>'
    visit(page)
    for last, text in ((7, "As it is"), (6, "As it was"), (7, "As it is, once more")):
        server.partial("#ticket-head", f'<section id="ticket-head" data-last="{last}">{text}</section>')
    for version, text in ((2, "Put right"), (1, "As written")):
        item = comment(1, text).replace("data-order", f'data-version="{version}" data-order')
        server.partial("#timeline", item, "place")
    catch_up(page, server)
    expect(page.locator("#ticket-head")).to_have_text("As it is, once more")
    expect(page.locator("#comment-1")).to_have_text("Put right")


def test_a_list_that_grows_takes_new_cards_newest_first(page, server):
    server.main = '<ol id="queue" data-grow></ol>'
    visit(page, "/queue")
    for number in (2, 3, 1):
        server.partial("#queue", row(number, number), "place")
    expect(page.locator("#row-1")).to_be_visible()
    assert ids(page, "#queue > li") == ["place-3", "place-2", "place-1"]


def test_a_nudge_makes_a_counter_read_itself_again_but_not_for_every_nudge(ticket, server):
    server.answers["/counts"] = Answer("3")
    server.push(10 * partial("body", "desk-changed", "nudge"))
    expect(ticket.locator("#counts")).to_have_text("3")
    # Counted where they arrive: the browser's driver may not be listening yet when the first one is sent.
    until(lambda: server.gets.count("/counts") == 2)
    catch_up(ticket, server)
    assert server.gets.count("/counts") == 2
