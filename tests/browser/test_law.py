"""The law with the real scripts: what tests/live/test_law.py says of a model of each page, a browser shows."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Page

from informejo.db import commit
from tests.browser.drawn import as_drawn
from tests.live.law_cases import CASES, furnish
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.server]

PAGES = {"ren": ("/tickets/{}", "/tickets"), "mia": ("/tickets/{}", "/queue?status=")}
PARTS = [
    "#ticket-head",
    "#opening",
    "#timeline",
    "#ticket-properties",
    "#ticket-requester",
    "#ticket-actions",
    ".lost",
]
LISTS = ["#cards", "#queue"]
HAPPENS = (  # one after the other, and together what shows in different places; each leaves to the next what it needs
    ("the requester writes", "the title is put right"),
    ("a note is written", "it becomes urgent"),
    ("a message is put right",),
    ("the requester has another name",),
    ("it goes to the bin",),
)


def seen(page: Page, first: int) -> list[str]:
    """All that is kept up to date there. Rows stand still where they were, and what one has read is no event.

    Of the lists it is the tickets from number `first` on: where one of them goes, the next of a long list is only on a
    fresh page, and how many there are is other tests' doing.
    """
    rows = [re.sub(r' data-(order|seen)="\d+"| class="unread"|</[ou]l>', "", row) for row in as_drawn(page, LISTS)]
    numbers = [re.match(r'<li id="place-(\d+)"', row) for row in rows]
    ours = [row for row, number in zip(rows, numbers, strict=True) if number and int(number[1]) >= first]
    return as_drawn(page, PARTS) + sorted(ours)


def test_an_old_page_in_a_browser_equals_a_fresh_one_whatever_has_happened(browse, world, newcomer):
    desk, old = furnish(replace(world, ren=newcomer())), {}  # nobody else's tests meet Ren under another name
    for who, addresses in PAGES.items():
        person = browse(getattr(desk, who))
        person.forgives("status of 404")  # what a fresh page of a ticket in the bin says
        for address in (address.format(desk.ticket.number) for address in addresses):
            old[who, address] = person.new_tab(address)
    first = desk.ticket.number
    other = {key: page.context.new_page() for key, page in old.items()}
    for cases in HAPPENS:
        for case in cases:
            CASES[case](desk)
            commit()
        for (who, address), page in old.items():
            fresh = other[who, address]
            fresh.goto(address)
            until(lambda page=page, fresh=fresh: seen(fresh, first) == seen(page, first), every=0.2)
            assert seen(fresh, first), address
