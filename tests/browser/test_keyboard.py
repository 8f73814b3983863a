"""With nothing but a keyboard: everything can be reached, the focus is always seen, and never lost."""

import pytest
from playwright.sync_api import Locator, Page, expect

from informejo.accounts.models import Role
from tests.browser.person import LIVE
from tests.world import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.server]

# The ring is drawn on the element, on the whole of the card or row it opens, or on the label that stands for a radio.
IS_SEEN = """() => {
  const focused = document.activeElement;
  const places = [[focused], [focused, "::after"], [focused.closest("label") ?? focused]];
  const drawn = places.some(([element, part]) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element, part);
    return outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
  });
  const { top, bottom, width, height } = focused.getBoundingClientRect();
  return focused !== document.body && drawn && width > 0 && height > 0 && top < innerHeight && bottom > 0;
}"""


def go_to(page: Page, target: Locator, key: str = "Tab"):
    """Press the key until the focus is there, and look at each stop whether one can see where it is."""
    for _ in range(60):
        page.keyboard.press(key)
        assert page.evaluate(IS_SEEN), page.evaluate("document.activeElement.outerHTML")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("it cannot be reached")


def test_from_the_sign_in_to_a_ticket(browse, world, newcomer):
    agent, ticket, page = newcomer(Role.AGENT), world.ticket(title="By keyboard alone"), browse().open("/")
    go_to(page, page.locator("main").get_by_role("link", name="Sign in"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(agent.email)
    go_to(page, page.get_by_label("Password"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    go_to(page, page.locator("nav").get_by_role("link", name="Queue"))
    page.keyboard.press("Enter")
    expect(page.locator(f"#row-{ticket.number}")).to_be_visible()
    expect(page.locator(LIVE)).to_be_visible()  # its scripts listen to keys by then
    for key in "jjk":
        page.keyboard.press(key)
    expect(page.get_by_role("link", name="By keyboard alone")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="By keyboard alone")).to_be_visible()


def test_a_note_is_written_and_the_focus_stays_where_the_next_one_begins(browse, world):
    page = browse(world.mia).open(f"/tickets/{world.ticket().number}")
    page.keyboard.press("r")
    expect(page.get_by_label("Your message")).to_be_focused()
    go_to(page, page.get_by_label("Reply"), "Shift+Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Internal note")).to_be_checked()
    go_to(page, page.get_by_label("Your message"))
    page.keyboard.type("Written without a mouse.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .is-internal")).to_contain_text("without a mouse")
    expect(page.get_by_label("Your message")).to_be_focused()
    assert page.evaluate(IS_SEEN)


def test_a_status_is_set_and_the_focus_stays_on_it(browse, world):
    page = browse(world.mia).open(f"/tickets/{world.ticket().number}")
    go_to(page, page.get_by_label("Status", exact=True))
    page.keyboard.type("Wai")
    page.keyboard.press("Enter")
    expect(page.locator("#timeline")).to_contain_text("set this to Waiting")
    expect(page.get_by_label("Status", exact=True)).to_be_focused()
    assert page.evaluate(IS_SEEN)


@pytest.mark.parametrize(
    "place", ["#set-status", "#composer button >> nth=0", "#timeline .own >> nth=0", ".rail a >> nth=1"]
)
def test_the_focus_survives_what_others_do_to_a_ticket(browse, world, place):
    ticket = world.ticket()
    world.comment(world.mia, ticket)
    page, ren = browse(world.mia).open(f"/tickets/{ticket.number}"), browse(world.ren)
    page.locator(place).focus()
    ren.post(f"/tickets/{ticket.number}/comments", body="A word from me.")
    expect(page.locator("#timeline")).to_contain_text("A word from me.")
    expect(page.locator(place)).to_be_focused()


def test_the_focus_survives_what_others_do_in_the_queue(browse, world):
    ticket = world.ticket()
    page, ren = browse(world.mia).open("/queue"), browse(world.ren)
    page.keyboard.press("j")
    ren.post(f"/tickets/{ticket.number}/comments", body="A word from me.")
    expect(page.locator(f"#place-{ticket.number}.unread")).to_be_visible()
    expect(page.locator(f"#row-{ticket.number} a")).to_be_focused()


def test_claiming_by_keyboard_does_not_lose_the_focus(browse, world):
    page = browse(world.mia).open(f"/tickets/{world.ticket().number}")
    page.get_by_role("button", name="Claim").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#ticket-head")).to_contain_text("Mia Lund is on it")
    expect(page.get_by_label("Assignee")).to_be_focused()


def test_the_requesters_answer_does_not_lose_the_focus(browse, world):
    page = browse(world.ren).open(f"/tickets/{world.ticket().number}")
    page.get_by_role("button", name="It is solved").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("You said that it is solved.")).to_be_visible()
    assert page.evaluate("document.activeElement !== document.body")


def test_the_first_stop_of_every_page_leads_to_its_content(browse, world):
    page = browse(world.mia).open("/queue")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
