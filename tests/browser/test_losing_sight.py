"""A ticket that somebody may no longer see goes from their screen with a word, and what they were typing stays."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.server]

HALF = "Three hours of work in one sen"


@pytest.fixture
def browse(browse):
    """A page that has been without its stream for a moment looks for itself, and may find the ticket gone already."""

    def browse_and_forgive(*who, **options):
        person = browse(*who, **options)
        person.forgives("status of 404")
        return person

    return browse_and_forgive


@pytest.fixture
def ticket(world):
    return world.ticket(title="A xylophone in the attic")


def binned(browse, world, ticket):
    assert browse(world.ana).post(f"/tickets/{ticket.number}/deletion") == 303


def test_who_was_typing_keeps_the_text_the_caret_and_a_draft(browse, world, ticket):
    ren = browse(world.ren)
    page = ren.open(f"/tickets/{ticket.number}")
    page.get_by_label("Your message").press_sequentially(HALF)
    page.keyboard.press("ArrowLeft")
    with page.expect_request("**/drafts"):
        binned(browse, world, ticket)
    expect(page.locator("h1")).to_have_text(f"Ticket #{ticket.number} is not here any more")
    expect(page.locator("main")).to_contain_text("Ana Silva moved it to the bin.")
    kept = page.get_by_label("What you wrote")
    expect(kept).to_have_value(HALF)
    expect(kept).to_be_focused()
    assert kept.evaluate("text => text.selectionStart") == len(HALF) - 1
    assert "xylophone" not in page.content()
    expect(page).to_have_title(re.compile(rf"Ticket #{ticket.number} · Informejo$"))
    expect(page.locator("#announcer")).to_contain_text("is not here any more")
    expect(page.locator("#live-mark")).to_have_attribute("data-state", "live")
    page.reload()
    expect(page.get_by_label("What you wrote")).to_have_value(HALF)


def test_who_typed_nothing_is_offered_nothing(browse, world, ticket):
    page = browse(world.mia).open(f"/tickets/{ticket.number}")
    binned(browse, world, ticket)
    expect(page.locator(".lost")).to_be_visible()
    expect(page.locator("textarea")).to_have_count(0)
    assert "xylophone" not in page.content()


def test_an_edit_page_keeps_what_was_changed_and_nothing_else(browse, world, ticket):
    page = browse(world.ren).open(f"/tickets/{ticket.number}/edit")
    page.get_by_label("Description").fill(HALF)
    binned(browse, world, ticket)
    expect(page.locator(".lost")).to_be_visible()
    expect(page.get_by_label("What you wrote")).to_have_count(0)
    expect(page.get_by_label("Description")).to_have_value(HALF)
    assert "xylophone" not in page.content()


def test_lists_toasts_and_counts_let_go_of_it_too(browse, world, ticket):
    mia, ren = browse(world.mia), browse(world.ren)
    queue, cards = mia.open("/queue"), ren.open("/tickets")
    world.comment(world.mia, ticket, "Which attic?")
    expect(cards.locator("#toasts")).to_contain_text("xylophone")
    counted = int(queue.locator("#count-open").inner_text())
    binned(browse, world, ticket)
    for page in (queue, cards):
        expect(page.locator(f"#place-{ticket.number}")).to_have_count(0)
        expect(page.locator("#toasts")).not_to_contain_text("xylophone")
        assert "xylophone" not in page.content()
    expect(queue.locator("#count-open")).to_have_text(str(counted - 1 or ""))


def test_it_can_be_opened_again_when_it_is_back(browse, world, ticket):
    page, ana = browse(world.mia).open(f"/tickets/{ticket.number}"), browse(world.ana)
    ana.post(f"/tickets/{ticket.number}/deletion")
    expect(page.locator(".lost")).to_be_visible()
    ana.post(f"/tickets/{ticket.number}/restoration")
    page.get_by_role("link", name="Open it").click()
    expect(page.locator("h1")).to_have_text("A xylophone in the attic")


def test_who_was_offline_meanwhile_is_told_when_the_line_is_back(browse, world, ticket, line):
    ren = browse(world.ren, at=line.address)
    ren.forgives("net::ERR_", "htmx:(sse:)?error", "status of 404")  # the last: it was away for so long that it looked
    page = ren.open(f"/tickets/{ticket.number}")
    page.get_by_label("Your message").fill(HALF)
    page.evaluate("window.isTheSamePage = true")
    line.cut()
    binned(browse, world, ticket)
    line.mend()
    expect(page.get_by_label("What you wrote")).to_have_value(HALF)
    expect(page.locator("main")).to_contain_text("Ana Silva moved it to the bin.")
    assert page.evaluate("isTheSamePage")
