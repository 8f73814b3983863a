"""What surrounds a page: announcements, title, reading, toasts, times and keys."""

import re

import pytest
from playwright.sync_api import expect

from tests.scripts.drawn import catch_up, comment, ids, row, sent, visit

pytestmark = pytest.mark.browser


def test_new_messages_of_others_are_announced_together_and_counted_in_the_title(ticket, server):
    for number, author in ((1, 3), (2, 4), (3, 7)):
        server.partial("#timeline", comment(number, author=author), "place")
    server.partial("#unread", '<span id="unread" data-count="2"></span>')
    expect(ticket.locator("#announcer")).to_have_text("2 new messages")
    expect(ticket).to_have_title("(2) Ticket")


def test_the_ticket_is_read_as_far_as_it_is_seen(ticket, server):
    with ticket.expect_response("**/tickets/42/seen"):
        server.partial("#timeline", comment(1, order=77), "place")
    assert [post.body for post in sent(server, "/tickets/42/seen")] == [b"event=77"]


def test_at_most_three_toasts_and_none_about_the_open_ticket(ticket, server):
    for number in (1, 2, 3, 4, 42):
        asks = '<a href="/tickets/9">Open</a>' if number == 1 else ""
        toast = f'<div id="toast-{number}" data-ticket="{number}">News {asks}<button data-dismiss>Close</button></div>'
        server.partial("#toasts", toast, "place")
    expect(ticket.locator("#toast-4")).to_be_visible()
    catch_up(ticket, server)
    assert ids(ticket, "#toasts > *") == ["toast-1", "toast-3", "toast-4"]
    ticket.keyboard.press("Escape")
    ticket.locator("#toast-3 button").click()
    assert ids(ticket, "#toasts > *") == ["toast-1"]


def test_times_are_in_the_readers_zone(ticket, server):
    server.partial("#timeline", comment(1, '<time datetime="2020-01-02T03:04:00Z">then</time>'), "place")
    expect(ticket.locator("time")).to_have_text(re.compile("2020.*12:04"))
    expect(ticket.locator("time")).to_have_attribute("title", re.compile("Thursday"))


def test_single_keys_lead_around_but_not_while_typing_or_when_switched_off(page, server):
    rows = "".join(f'<li id="place-{number}">{row(number, 1)}</li>' for number in (1, 2))
    server.main = f'<form class="search"><input type="search" id="search"></form><ol id="queue">{rows}</ol>'
    visit(page, "/queue")
    for key in ("j", "j", "k"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.closest('li').id") == "place-1"
    page.keyboard.press("/")
    page.keyboard.type("jk/")
    assert page.locator("#search").input_value() == "jk/"
    page.locator("#search").blur()
    page.evaluate("document.body.dataset.keys = 'off'")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement === document.body")
