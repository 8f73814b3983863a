"""The reader's place in a ticket is known, kept and true: what was read, what is new, and the way back."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from informejo import db
from informejo.db import commit
from informejo.tickets import actions, queries
from informejo.tickets.models import Comment, Reading
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.server]

LONG = "\n\n".join(f"Line {number} of a long answer." for number in range(12))
TOP = "element => element.getBoundingClientRect().top"


@pytest.fixture
def talk(world):
    """A ticket of Ren's with forty long answers."""
    ticket = world.ticket()
    for number in range(40):
        actions.add_comment(world.mia, ticket, body=f"Answer {number}.\n\n{LONG}")
    commit()
    return ticket


def seen(person, ticket) -> int:
    db.session.rollback()
    reading = db.session.get(Reading, (person.id, ticket.id))
    return reading.event_id if reading else 0


def order(page, number: int) -> int:
    return int(page.locator("#timeline > .comment").nth(number).get_attribute("data-order"))


def test_opening_a_long_ticket_at_its_top_reads_its_top_alone(browse, world, talk):
    page = browse(world.ren).open(f"/tickets/{talk.number}")
    until(lambda: seen(world.ren, talk) > 0)
    assert queries.reading_of_answer(talk) is None
    for number in (0, 1):
        item = page.locator("#timeline > .comment").nth(number)
        item.evaluate("item => item.scrollIntoView({block: 'end'})")
        until(lambda number=number: seen(world.ren, talk) == order(page, number))
    page.keyboard.press("End")
    until(lambda: page.evaluate("scrollY + innerHeight >= document.documentElement.scrollHeight - 2"))
    with page.expect_response("**/writing"):  # so much later
        page.get_by_label("Your message").press_sequentially("And now, after a while, an answer.", delay=60)
    assert seen(world.ren, talk) < order(page, 10), "who jumps over the middle has not read it"


def test_whoever_comes_through_all_of_it_has_read_it(browse, world):
    ticket = world.ticket()
    for number in range(5):
        actions.add_comment(world.mia, ticket, body=f"Answer {number}.\n\n{LONG}")
    commit()
    page = browse(world.ren).open(f"/tickets/{ticket.number}")
    items = page.locator("#opening, #timeline > .comment")
    for number in range(items.count()):
        item = items.nth(number)
        item.evaluate("item => item.scrollIntoView({block: 'end'})")
        until(lambda item=item: seen(world.ren, ticket) >= int(item.get_attribute("data-order")))
    until(lambda: seen(world.ren, ticket) == ticket.last_public_event_id)
    assert queries.reading_of_answer(ticket)


def test_a_long_ticket_opens_at_the_first_message_that_is_not_read(browse, world, talk):
    page = browse(world.ren).open(f"/tickets/{talk.number}")
    actions.mark_seen(world.ren, talk, order(page, 19))
    commit()
    page = browse(world.ren).open(f"/tickets/{talk.number}")
    expect(page.locator("#new-since")).to_be_in_viewport()
    assert 0 < page.locator("#new-since").evaluate(TOP) < 200
    above = page.locator("#new-since").evaluate("line => line.previousElementSibling.textContent")
    assert "Answer 19." in above


@pytest.mark.parametrize("who", ["nothing is new", "the first time"])
def test_without_news_a_ticket_opens_at_its_top(browse, world, talk, who):
    if who == "nothing is new":
        actions.mark_seen(world.ren, talk, talk.last_event_id)
        commit()
    page = browse(world.ren).open(f"/tickets/{talk.number}")
    expect(page.locator("#new-since")).to_have_count(0)
    assert page.evaluate("scrollY") == 0


def test_what_arrives_below_the_window_is_said_with_a_way_to_it(browse, world, talk):
    page = browse(world.ren).open(f"/tickets/{talk.number}")
    actions.add_comment(world.mia, talk, body="And one more.")
    commit()
    button = page.get_by_role("button", name="1 new message")
    expect(button).to_be_in_viewport()
    actions.add_comment(world.mia, talk, body="And another.")
    commit()
    page.get_by_role("button", name="2 new messages").click()
    expect(page.get_by_text("And one more.")).to_be_in_viewport()
    expect(page.locator("#arrivals")).to_be_hidden()


def test_ones_own_message_and_one_in_sight_are_no_arrivals(browse, world):
    ticket = world.ticket()
    page = browse(world.ren).open(f"/tickets/{ticket.number}")
    actions.add_comment(world.mia, ticket, body="In sight.")
    commit()
    expect(page.get_by_text("In sight.")).to_be_in_viewport()
    expect(page.locator("#arrivals")).to_be_hidden()


@pytest.mark.parametrize("address", ["/comments/{id}", "/tickets/{number}#comment-{id}"])
def test_the_address_of_an_old_message_leads_to_it(browse, world, talk, monkeypatch, address):
    old = talk_comments(talk)[1]
    for number in range(queries.RECENT):
        actions.add_comment(world.mia, talk, body=f"Later {number}.")
    actions.mark_seen(world.ren, talk, talk.last_event_id)
    commit()
    page = browse(world.ren).open(f"/tickets/{talk.number}")
    expect(page.locator(f"#comment-{old.id}")).to_have_count(0)  # it is folded away
    page.goto("about:blank")
    page.goto(address.format(id=old.id, number=talk.number))
    expect(page.locator(f"#comment-{old.id}")).to_be_in_viewport()


def talk_comments(ticket):
    found = select(Comment).where(Comment.ticket_id == ticket.id).order_by(Comment.id)
    return list(db.session.scalars(found))


def test_the_way_back_leads_to_the_list_as_it_was_and_along_it(browse, world):
    word = f"Trail{world.ticket().number}"
    tickets = [world.ticket(title=f"{word} {number}") for number in range(3)]
    page = browse(world.mia).open(f"/queue?q={word}&sort=oldest&status=unsolved")
    page.get_by_role("link", name=f"{word} 1").click()
    expect(page.get_by_role("heading", name=f"{word} 1")).to_be_visible()
    page.wait_for_load_state()  # the heading may be there before the scripts that hear keys
    page.keyboard.press("j")
    expect(page.get_by_role("heading", name=f"{word} 2")).to_be_visible()
    expect(page.get_by_role("link", name="Next", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_role("heading", name=f"{word} 1")).to_be_visible()
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_role("heading", name=f"{word} 0")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("u")
    expect(page).to_have_url(re.compile(f"/queue.*q={word}.*sort=oldest"))
    assert len(tickets) == 3


def test_the_way_back_stays_when_the_page_is_drawn_anew(browse, world):
    ticket = world.ticket(title="To be found again")
    page = browse(world.mia).open("/queue")
    page.get_by_role("link", name="To be found again").first.click()
    expect(page.locator("#trail-back")).to_be_visible()
    with page.expect_response("**/tickets/*"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('people-changed'))")
    expect(page.locator("#trail-back")).to_be_visible()
    assert ticket.number


def test_question_mark_shows_all_keys_and_escape_leaves_a_field(browse, world):
    page = browse(world.mia).open(f"/tickets/{world.ticket().number}")
    page.keyboard.press("n")
    expect(page.get_by_label("Your message")).to_be_focused()
    expect(page.get_by_label("Internal note")).to_be_checked()
    page.keyboard.type("half")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Your message")).to_have_value("half")
    expect(page.get_by_label("Your message")).not_to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_hidden()
    page.keyboard.press("m")
    expect(page.locator("#timeline")).to_contain_text("claimed this")
    page.keyboard.press("s")
    expect(page.get_by_label("Status", exact=True)).to_be_focused()
