"""What somebody is doing in a page stays as it is while the page changes around it."""

import pytest
from playwright.sync_api import expect

from informejo.tickets import change_actions
from informejo.tickets.words import Priority, Status

pytestmark = [pytest.mark.browser, pytest.mark.server]

STATE = """() => {
  const text = document.querySelector("#composer textarea");
  return {
    text: text.value,
    selection: [text.selectionStart, text.selectionEnd],
    focus: document.activeElement === text,
    note: document.querySelector("#internal-note").checked,
    open: document.querySelector(".ticket-aside").open,
    same: window.text === text,
  };
}"""


def much_happens(world, ticket):
    """Something in every part of the page."""
    world.comment(world.ren, ticket, "It is still burning.")
    world.note(ticket, "Bring the extinguisher.", by=world.ana)
    change_actions.set_status(world.ana, ticket, Status.WAITING)
    change_actions.set_priority(world.ana, ticket, Priority.CRITICAL)
    change_actions.assign(world.ana, ticket, world.tom)
    world.comment(world.ana, ticket, "Enough.")


def test_half_typed_text_caret_choice_and_open_details_survive_what_others_do(browse, world):
    ticket = world.ticket()
    tom = browse(world.tom, viewport={"width": 700, "height": 900})
    page = tom.open(f"/tickets/{ticket.number}")
    page.get_by_text("Status, priority, people").click()
    page.get_by_text("Internal note").check()
    page.get_by_label("Your message").press_sequentially("Half of a sentence")
    page.evaluate("() => { window.text = document.querySelector('#composer textarea'); text.setSelectionRange(5, 9) }")
    before = page.evaluate(STATE)
    much_happens(world, ticket)
    expect(page.locator("#timeline")).to_contain_text("Enough.")
    expect(page.locator("#ticket-properties select[name=value]").nth(1)).to_have_value("critical")
    assert page.evaluate(STATE) == before
    assert before == {
        "text": "Half of a sentence", "selection": [5, 9], "focus": True, "note": True, "open": True, "same": True,
    }  # fmt: skip


def test_a_field_in_use_stays_in_use_and_the_others_follow(browse, world):
    ticket = world.ticket()
    page = browse(world.tom).open(f"/tickets/{ticket.number}")
    page.get_by_label("Category").focus()
    much_happens(world, ticket)
    expect(page.get_by_label("Priority")).to_have_value("critical")
    expect(page.get_by_label("Category")).to_be_focused()


def test_selected_text_can_still_be_copied_after_a_message_arrives(browse, world):
    ticket = world.ticket()
    world.comment(world.ren, ticket, "Serial number 4711-0815.")
    page = browse(world.tom).open(f"/tickets/{ticket.number}")
    page.locator("#timeline .prose").select_text()
    much_happens(world, ticket)
    expect(page.locator("#timeline")).to_contain_text("Enough.")
    assert page.evaluate("getSelection().toString().trim()") == "Serial number 4711-0815."
