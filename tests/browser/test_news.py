"""News reach people where they are: toasts, unread marks, the title, presence, and the queue's bar."""

import re

import pytest
from playwright.sync_api import expect

from informejo.accounts.models import Role
from tests.browser.drawn import ids

pytestmark = [pytest.mark.browser, pytest.mark.server]


def test_an_answer_reaches_its_requester_on_whatever_page_they_are(browse, world, newcomer):
    kim = newcomer()
    ticket = world.ticket(by=kim, title="My desk wobbles")
    person, mia = browse(kim), browse(world.mia)
    page = person.open("/profile")
    mia.post(f"/tickets/{ticket.number}/comments", body="Which leg?")
    toast = page.locator("#toasts .toast")
    expect(toast).to_contain_text("Mia Lund replied")
    expect(toast).to_contain_text("My desk wobbles")
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    expect(page.locator("#announcer")).to_contain_text("Mia Lund replied")
    toast.get_by_role("link", name="Open").click()
    expect(page.locator("#timeline")).to_contain_text("Which leg?")
    expect(page).to_have_title(re.compile(r"^#\d+ My desk wobbles"))


def test_a_note_is_no_news_to_the_requester(browse, world, newcomer):
    kim = newcomer()
    ticket = world.ticket(by=kim)
    page, mia = browse(kim).open("/tickets"), browse(world.mia)
    mia.post(f"/tickets/{ticket.number}/comments", body="A secret.", internal="yes")
    mia.post(f"/tickets/{ticket.number}/priority", value="high")
    expect(page.locator("#toasts .toast")).to_have_count(1)
    expect(page.locator("#toasts .toast")).to_contain_text("changed the priority to High")
    assert not re.search(r"\bnotes?\b(?!-)", page.content(), re.IGNORECASE)
    assert "A secret" not in page.content()


def test_a_card_is_unread_until_it_is_read(browse, world, newcomer):
    kim = newcomer()
    ticket = world.ticket(by=kim)
    person, mia = browse(kim), browse(world.mia)
    page, card = person.open("/tickets"), f"#place-{ticket.number}"
    expect(page.locator(f"{card}.unread")).to_have_count(0)
    mia.post(f"/tickets/{ticket.number}/comments", body="Which leg?")
    expect(page.locator(f"{card}.unread")).to_be_visible()
    page.reload()
    expect(page.locator(f"{card}.unread")).to_be_visible()
    with page.expect_response("**/seen"):
        person.open(f"/tickets/{ticket.number}")
    person.open("/tickets")
    expect(page.locator(card)).not_to_have_class(re.compile("unread"))
    expect(page).to_have_title(re.compile(r"^My tickets"))


def test_a_row_is_unread_and_its_assignee_is_told(browse, world, newcomer):
    agent = newcomer(Role.AGENT, "Lee Park")
    ticket = world.ticket()
    page, ren, mia = browse(agent).open("/queue"), browse(world.ren), browse(world.mia)
    mia.post(f"/tickets/{ticket.number}/assignment", value=str(agent.id))
    expect(page.locator("#toasts")).to_contain_text("Mia Lund gave it to you")
    expect(page.locator(f"#row-{ticket.number}").get_by_label("Lee Park")).to_be_visible()
    ren.post(f"/tickets/{ticket.number}/comments", body="Anybody there?")
    expect(page.locator(f"#place-{ticket.number}.unread")).to_be_visible()
    expect(page).to_have_title(re.compile(r"^\(1\) Queue"))
    expect(page.locator("#count-mine")).to_have_text("1")


def test_staff_see_who_is_here_and_who_is_writing_and_the_requester_does_not(browse, world):
    ticket = world.ticket()
    mia, tom, ren = browse(world.mia), browse(world.tom), browse(world.ren)
    here = mia.open(f"/tickets/{ticket.number}").locator("#presence")
    ren.open(f"/tickets/{ticket.number}")
    tom.open(f"/tickets/{ticket.number}")
    expect(here).to_contain_text("Tom Berg is here")
    tom.page.get_by_label("Your message").press_sequentially("Let me")
    expect(here).to_contain_text("Tom Berg is writing…")
    expect(mia.page.locator(f'[data-present="{world.mia.id}"]')).to_be_hidden()
    expect(ren.page.locator("#presence")).to_have_text("")
    tom.open("/queue")
    expect(here).not_to_contain_text("Tom Berg")
    assert "Tom Berg is" not in ren.page.content()


def test_staff_see_that_the_requester_has_read_the_last_answer_and_not_longer_than_it_is_the_last(browse, world):
    ticket = world.ticket()
    mia, tom, ren = browse(world.mia), browse(world.tom), browse(world.ren)
    page = mia.open(f"/tickets/{ticket.number}")
    mia.post(f"/tickets/{ticket.number}/comments", body="Which printer is it?")
    expect(page.locator("#seen")).to_have_text("")
    ren.open(f"/tickets/{ticket.number}")
    expect(page.locator("#seen")).to_contain_text("Ren Ito has read the last answer")
    ren.open("/tickets")
    tom.post(f"/tickets/{ticket.number}/comments", body="I have found it.")
    expect(page.locator("#timeline")).to_contain_text("I have found it.")
    expect(page.locator("#seen")).to_have_text("")


def test_new_tickets_wait_behind_a_bar_and_no_row_moves(browse, world):
    for number in range(3):
        world.ticket(title=f"Here already {number}")
    page, ren = browse(world.tom).open("/queue"), browse(world.ren)
    rows, counted = ids(page, "#queue > li"), int(page.locator("#count-open").inner_text())
    where = page.locator("#queue > li").first.bounding_box()
    for number in (1, 2):
        ren.post("/tickets", title=f"Newcomer {number}", description="It just began.", key=f"bar-{counted}-{number}")
    expect(page.locator("#queue-news")).to_have_text("2 new tickets: show")
    expect(page.locator("#count-open")).to_have_text(str(counted + 2))
    assert ids(page, "#queue > li") == rows
    assert page.locator("#queue > li").first.bounding_box()["x"] == where["x"]
    page.get_by_role("link", name="2 new tickets: show").click()
    expect(page.locator("#queue > li").first).to_contain_text("Newcomer 2")


def test_a_press_that_is_under_way_counts_although_more_arrives(browse, world):
    page, ren = browse(world.tom).open("/queue"), browse(world.ren)
    ren.post("/tickets", title="The first", description="It just began.")
    page.get_by_role("link", name="1 new ticket: show").hover()
    page.mouse.down()
    ren.post("/tickets", title="The second", description="It just began.")
    expect(page.get_by_role("link", name="2 new tickets: show")).to_be_visible()
    page.mouse.up()
    expect(page.locator("#queue > li").first).to_contain_text("The second")


def test_a_filtered_list_reports_only_what_fits_its_filter(browse, world):
    page, ren = browse(world.tom).open("/queue?priority=critical"), browse(world.ren)
    ren.post("/tickets", title="Not so urgent", description="It can wait.", priority="low")
    ren.post("/tickets", title="Very urgent", description="It cannot wait.", priority="critical")
    expect(page.locator("#queue-news")).to_have_text("1 new ticket: show")
    page.get_by_role("link", name="1 new ticket: show").click()
    expect(page.locator("#queue > li").first).to_contain_text("Very urgent")
    expect(page.locator("#queue")).not_to_contain_text("Not so urgent")


def test_the_dashboard_counts_along(browse, world):
    page, ren = browse(world.tom).open("/desk"), browse(world.ren)
    all_tickets = page.locator(".tile-number").first
    counted = int(all_tickets.text_content())
    ren.post("/tickets", title="One more", description="And it counts.")
    expect(all_tickets).to_have_text(str(counted + 1))
