"""Nothing typed is ever lost, and nothing is sent twice."""

import os

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete, func, select

from informejo import db
from informejo.accounts.models import Session
from informejo.db import commit
from informejo.tickets.models import Comment
from tests.world import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.server]
TEXT = "I had written all of this\nin two lines."


@pytest.fixture
def ticket(world, newcomer):
    return world.ticket(by=newcomer())


@pytest.fixture
def kim(browse, ticket):
    """The requester, with the ticket open."""
    kim = browse(ticket.requester)
    kim.open(f"/tickets/{ticket.number}")
    return kim


def message(person):
    return person.page.get_by_label("Your message")


def send(person):
    person.page.get_by_role("button", name="Send").click()


def comments(ticket) -> int:
    db.session.rollback()  # what others wrote meanwhile is to be seen
    return db.session.scalar(select(func.count(Comment.id)).where(Comment.ticket_id == ticket.id))


def test_text_survives_a_session_that_ended_while_it_was_written(kim, ticket):
    kim.loses_the_sign_in()
    kim.forgives("htmx:response:error")
    message(kim).fill(TEXT)
    db.session.execute(delete(Session).where(Session.user_id == kim.user.id))
    commit()
    send(kim)
    expect(kim.page.get_by_text("What you were writing is kept")).to_be_visible()
    kim.page.get_by_label("E-mail address").fill(kim.user.email)
    kim.page.get_by_label("Password").fill(PASSWORD)
    kim.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(kim.page.get_by_text("What you had typed is still here")).to_be_visible()
    expect(message(kim)).to_have_value(TEXT)
    send(kim)
    expect(kim.page.locator("#timeline")).to_contain_text("I had written all of this")
    assert comments(ticket) == 1


def test_another_device_shows_what_was_typed_here(kim, browse, ticket):
    message(kim).press_sequentially("Begun here")
    expect(kim.page.locator("#draft-state")).to_contain_text("Draft saved")
    telephone = browse(kim.user, viewport={"width": 390, "height": 800})
    telephone.open(f"/tickets/{ticket.number}")
    expect(message(telephone)).to_have_value("Begun here")
    send(telephone)
    expect(kim.page.locator("#timeline")).to_contain_text("Begun here")
    assert comments(ticket) == 1


def test_a_reload_keeps_the_text_and_sending_it_forgets_it(kim):
    message(kim).press_sequentially("Not yet")
    kim.page.reload()
    expect(message(kim)).to_have_value("Not yet")
    send(kim)
    expect(kim.page.locator("#timeline")).to_contain_text("Not yet")
    kim.page.reload()
    expect(message(kim)).to_have_value("")


@pytest.mark.hardening("X-22")
def test_a_double_click_sends_once(kim, ticket):
    message(kim).fill("Only once, please")
    kim.page.get_by_role("button", name="Send").dblclick()
    expect(kim.page.locator("#timeline > li")).to_have_count(1)
    expect(message(kim)).to_have_value("")
    assert comments(ticket) == 1


@pytest.mark.hardening("X-22")
def test_an_answer_that_got_lost_leads_to_no_second_comment(kim, ticket):
    kim.forgives("net::ERR_", "htmx:error")
    kim.page.route("**/comments", lambda route: (route.fetch(), route.abort()))
    message(kim).fill("Did you get this?")
    send(kim)
    expect(kim.page.get_by_role("alert")).to_contain_text("could not be sent")
    expect(message(kim)).to_have_value("Did you get this?")
    kim.page.unroute("**/comments")
    send(kim)
    expect(message(kim)).to_have_value("")
    expect(kim.page.get_by_role("alert")).to_have_count(0)
    assert comments(ticket) == 1


def test_a_new_ticket_is_opened_once_and_its_text_survives_a_reload(browse, newcomer):
    lou = browse(newcomer())
    page = lou.open("/tickets/new")
    page.get_by_label("In a few words").press_sequentially("The lamp flickers")
    page.get_by_label("What happens, and since when?").press_sequentially("Since this morning.")
    page.reload()
    expect(page.get_by_label("In a few words")).to_have_value("The lamp flickers")
    page.get_by_role("button", name="Send").dblclick()
    expect(page.get_by_text("You opened this ticket.")).to_be_visible()
    lou.open("/tickets")
    expect(page.locator("#cards > li")).to_have_count(1)


def test_a_file_that_is_too_large_is_named_before_it_is_sent(kim, tmp_path):
    huge = tmp_path / "film.bin"
    huge.touch()
    os.truncate(huge, 10_485_761)
    message(kim).fill("See the film")
    kim.page.get_by_label("Files").set_input_files(huge)
    send(kim)
    expect(kim.page.get_by_role("alert")).to_contain_text("Too big")
    kim.page.get_by_role("button", name="Remove film.bin").click()
    send(kim)
    expect(kim.page.locator("#timeline")).to_contain_text("See the film")


def test_a_note_that_never_reached_the_server_comes_back_as_a_note(browse, world, ticket):
    """Its text must not stand in the box for replies, from where it would go to the requester."""
    mia = browse(world.mia)
    mia.open(f"/tickets/{ticket.number}")
    mia.forgives("Failed to load resource", "Failed to fetch", "htmx")
    mia.page.route("**/drafts", lambda route: route.abort())
    mia.page.get_by_text("Internal note").click()
    message(mia).fill("He plugged it in wrong")
    mia.open(f"/tickets/{ticket.number}")
    expect(message(mia)).to_have_value("He plugged it in wrong")
    expect(mia.page.get_by_label("Internal note")).to_be_checked()


def saved(tab):
    expect(tab.locator("#draft-state")).to_contain_text("Draft saved")


def test_what_is_half_written_in_one_tab_outlives_what_is_sent_from_another(browse, world, ticket):
    mia = browse(world.mia)
    first = mia.open(f"/tickets/{ticket.number}")
    first.get_by_text("Internal note", exact=True).click()
    first.get_by_label("Your message").press_sequentially("They called, and")
    saved(first)
    second = mia.new_tab(f"/tickets/{ticket.number}?draft=none")
    second.get_by_label("Your message").fill("We are on it.")
    saved(second)
    second.get_by_text("Reply", exact=True).click()
    second.get_by_role("button", name="Send").click()
    expect(second.locator("#timeline")).to_contain_text("We are on it.")
    expect(second.locator(".drafts")).to_contain_text("They called, and")
    expect(first.get_by_label("Your message")).to_have_value("They called, and")
    first.reload()
    expect(first.get_by_label("Your message")).to_have_value("They called, and")
    expect(first.locator("#internal-note")).to_be_checked()


def test_a_new_ticket_in_one_tab_does_not_take_the_place_of_one_in_another(browse, newcomer):
    lou = browse(newcomer())
    words = "In a few words"
    first = lou.open("/tickets/new")
    second = lou.new_tab("/tickets/new")
    for tab, text in ((first, "The lamp flickers"), (second, "The lift stops")):
        tab.get_by_label(words).press_sequentially(text)
        saved(tab)
    assert [tab.get_by_label(words).input_value() for tab in (first, second)] == ["The lamp flickers", "The lift stops"]
    third = lou.new_tab("/tickets/new")
    expect(third.get_by_label(words)).to_have_value("The lift stops")
    third.get_by_role("link", name="Open").click()
    expect(third.get_by_label(words)).to_have_value("The lamp flickers")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_draft_that_is_thrown_away_is_gone_here_and_there(browse, ticket, scripts):
    kim = browse(ticket.requester, java_script_enabled=scripts)
    page = kim.page
    page.goto(f"/tickets/{ticket.number}")
    message(kim).press_sequentially("Never mind")
    if scripts:
        saved(page)
    else:
        page.get_by_role("button", name="Save draft").click()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("The draft is gone.")).to_be_visible()
    expect(message(kim)).to_have_value("")
    page.goto(f"/tickets/{ticket.number}")
    expect(message(kim)).to_have_value("")


def test_nothing_is_called_saved_while_saving_fails(kim):
    kim.forgives("net::ERR_", "htmx:error", "status of 503")
    state = kim.page.locator("#draft-state")
    kim.page.route("**/drafts", lambda route: route.abort())
    message(kim).press_sequentially("No line")
    expect(state).to_have_text("Kept on this device, not yet saved")
    kim.page.unroute("**/drafts")
    kim.page.route("**/drafts", lambda route: route.fulfill(status=503, body="busy"))
    message(kim).press_sequentially(", and then busy")
    expect(state).to_have_text("Kept on this device, not yet saved")
    kim.page.unroute("**/drafts")
    message(kim).press_sequentially(", and back")
    saved(kim.page)
