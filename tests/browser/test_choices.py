"""The controls of a ticket show what the ticket says, and passing over them changes nothing."""

import re

import pytest
from playwright.sync_api import expect

from informejo.accounts import rights_actions
from informejo.accounts.models import Role
from informejo.db import commit
from informejo.tickets import change_actions
from informejo.tickets.words import Priority, Status

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def ticket(world):
    return world.ticket()


@pytest.fixture
def mia(browse, world, ticket):
    mia = browse(world.mia)
    mia.open(f"/tickets/{ticket.number}")
    return mia


def saved(page):
    """What the ticket says after a reload: the lines of its changes."""
    page.reload()
    return page.locator("#timeline .change").all_inner_texts()


@pytest.mark.parametrize("keys", [("ArrowDown", "ArrowDown"), ("c",), ("End",), ("PageDown", "ArrowUp", "ArrowDown")])
def test_what_the_keyboard_passes_over_is_not_saved(mia, keys):
    status = mia.page.get_by_label("Status", exact=True)
    status.focus()
    for key in keys:
        mia.page.keyboard.press(key)
    expect(mia.page.get_by_text("going on saves it")).to_be_visible()
    mia.page.keyboard.press("Escape")
    expect(status).to_have_value("open")
    expect(mia.page.get_by_text("going on saves it")).to_have_count(0)
    assert saved(mia.page) == []


@pytest.mark.parametrize("end", ["Enter", "Tab"])
def test_the_keyboard_saves_once_with_enter_or_by_going_on(mia, end):
    status = mia.page.get_by_label("Status", exact=True)
    status.focus()
    for _ in range(3):
        mia.page.keyboard.press("ArrowDown")
    mia.page.keyboard.press(end)
    expect(mia.page.locator("#timeline")).to_contain_text("set this to Resolved")
    assert len(saved(mia.page)) == 1


def test_a_choice_that_was_passed_over_gives_way_to_what_others_saved(mia, world, ticket, app):
    priority = mia.page.get_by_label("Priority", exact=True)
    priority.focus()
    mia.page.keyboard.press("ArrowUp")
    change_actions.set_priority(world.tom, ticket, Priority.CRITICAL)
    commit()
    expect(priority).to_have_value("critical")
    mia.page.keyboard.press("Tab")
    expect(mia.page.locator("#timeline .change")).to_have_count(1)
    assert len(saved(mia.page)) == 1


def test_a_choice_that_could_not_be_sent_is_not_shown_and_can_be_made_again(mia):
    mia.forgives("net::ERR_", "htmx:(sse:)?error")
    priority = mia.page.get_by_label("Priority", exact=True)
    mia.page.route("**/priority", lambda route: route.abort())
    priority.select_option("High")
    problem = mia.page.locator(".property-form .form-problem")
    expect(problem).to_be_visible()
    expect(priority).to_have_value("medium")
    assert problem.bounding_box()["width"] > 200  # it has a line of its own beside no control
    mia.page.unroute("**/priority")
    priority.select_option("High")
    expect(mia.page.locator("#timeline")).to_contain_text("changed the priority to High")
    expect(problem).to_have_count(0)


@pytest.mark.parametrize("how", ["deactivated", "demoted"])
def test_an_assignee_who_left_is_what_the_control_shows(browse, world, newcomer, how):
    leaver, ticket = newcomer(Role.AGENT), world.ticket()
    change_actions.assign(world.mia, ticket, leaver)
    change_actions.set_status(world.mia, ticket, Status.RESOLVED)  # what is not solved is handed over
    commit()
    if how == "deactivated":
        rights_actions.set_active(world.ana, leaver, False)
    else:
        rights_actions.set_role(world.ana, leaver, Role.USER)
    commit()
    page = browse(world.mia).open(f"/tickets/{ticket.number}")
    expect(page.get_by_label("Assignee")).to_have_value(str(leaver.id))
    expect(page.get_by_label("Assignee")).to_contain_text(f"{leaver.name} (not at the desk any more)")
    page.get_by_label("Assignee").select_option("Nobody yet")
    expect(page.locator("#timeline")).to_contain_text("gave this back to the queue")


def test_a_question_is_asked_at_the_control_and_has_the_focus(browse, world, ticket):
    tom = browse(world.tom)
    tom.forgives("status of 409", "net::ERR_", "htmx:(sse:)?error", "htmx:response:error")
    tom.page.route("**/live?*", lambda route: route.abort())
    tom.page.goto(f"/tickets/{ticket.number}")
    change_actions.set_priority(world.mia, ticket, Priority.LOW)
    commit()
    tom.page.get_by_label("Priority", exact=True).select_option("Critical")
    question = tom.page.locator("#question-priority .conflict")
    expect(question).to_be_focused()
    expect(question).to_be_in_viewport()
    expect(tom.page.get_by_label("Priority", exact=True)).to_have_value("low")  # what the ticket says
    assert question.bounding_box()["y"] - tom.page.get_by_label("Priority", exact=True).bounding_box()["y"] < 100


def test_a_filter_applies_when_it_changes_and_keys_may_pass_over_it(browse, world):
    urgent = world.ticket(title="Kettle on fire", priority="critical")
    calm = world.ticket(title="Kettle slow", priority="low")
    page = browse(world.mia).open("/queue?status=&q=kettle")
    page.get_by_label("Priority", exact=True).select_option("Critical")
    expect(page.locator(f"#row-{calm.number}")).to_have_count(0)
    expect(page.locator(f"#row-{urgent.number}")).to_be_visible()
    page.get_by_label("Priority", exact=True).focus()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Priority", exact=True)).to_have_value("low")
    expect(page.locator(f"#row-{urgent.number}")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(f"#row-{calm.number}")).to_be_visible()
    page.get_by_role("link", name=re.compile("kettle.*take this away")).click()
    expect(page).not_to_have_url(re.compile("q=kettle"))


def test_after_back_a_filter_says_what_the_list_shows(browse, world):
    page = browse(world.mia).open("/queue?status=")
    page.get_by_label("Category").evaluate("select => { select.value = 'hardware'; }")
    page.get_by_role("link", name="Dashboard").click()
    page.go_back()
    expect(page.get_by_label("Category")).to_have_value("")
