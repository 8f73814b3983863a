"""Two people at one ticket: what one does appears at the other's, without a reload."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.server]

# Both pages read the same clock.
NOTE_SENT = "() => addEventListener('submit', () => { window.sentAt = Date.now() }, { capture: true })"
NOTE_SEEN = """() => new MutationObserver(() => { window.seenAt ??= Date.now() })
  .observe(document.getElementById("timeline"), { childList: true })"""
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c626001000000050001"
    "0d0a2db40000000049454e44ae426082"
)


@pytest.fixture
def ticket(world):
    return world.ticket()


@pytest.fixture
def at_ticket(browse, world, ticket):
    """`at_ticket("mia")` is that person, with the ticket open and live."""

    def at_ticket(name):
        person = browse(getattr(world, name))
        person.open(f"/tickets/{ticket.number}")
        person.page.evaluate("window.isTheSamePage = true")
        return person

    return at_ticket


def say(person, text, *, note=False):
    if note:
        person.page.get_by_text("Internal note").check()
    person.page.get_by_label("Your message").fill(text)
    person.page.get_by_role("button", name="Add note" if note else "Send").click()


def test_a_comment_appears_at_the_other(at_ticket, record_property):
    mia, ren = at_ticket("mia"), at_ticket("ren")
    mia.page.evaluate(NOTE_SENT)
    ren.page.evaluate(NOTE_SEEN)
    say(mia, "Which **tray** is it?")
    for page in (mia.page, ren.page):
        expect(page.locator("#timeline strong", has_text="tray")).to_be_visible()
    record_property("ms to the other's page", ren.page.evaluate("seenAt") - mia.page.evaluate("sentAt"))
    expect(mia.page.get_by_label("Your message")).to_have_value("")
    assert ren.page.evaluate("isTheSamePage")


def test_an_answer_that_is_long_on_its_way_undoes_nothing_that_was_shown_since(at_ticket, ticket):
    mia, tom = at_ticket("mia"), at_ticket("tom")
    chips = mia.page.locator(".ticket-chips")

    def slow(route):
        answer = route.fetch()
        tom.post(f"/tickets/{ticket.number}/status", value="waiting", was="open")
        expect(chips).to_contain_text("Waiting")
        route.fulfill(response=answer)

    mia.page.route("**/priority", slow)
    with mia.page.expect_response("**/priority"):
        mia.page.get_by_label("Priority", exact=True).select_option("high")
    expect(mia.page.locator("form[action$=priority]")).not_to_have_attribute("aria-busy", "true")
    expect(chips).to_contain_text("High")
    expect(chips).to_contain_text("Waiting")
    expect(mia.page.get_by_label("Status", exact=True)).to_have_value("waiting")


def test_a_note_appears_at_the_colleagues_and_is_nowhere_in_the_requesters_page(at_ticket):
    mia, tom, ren = at_ticket("mia"), at_ticket("tom"), at_ticket("ren")
    say(mia, "He always says that.", note=True)
    expect(tom.page.locator("#timeline .is-internal")).to_contain_text("He always says that.")
    mia.page.get_by_text("Reply", exact=True).check()
    say(mia, "We are on it.")
    expect(ren.page.locator("#timeline")).to_contain_text("We are on it.")
    assert "He always" not in ren.page.content()


def test_a_new_status_appears_at_everybodys(at_ticket):
    mia, tom, ren = at_ticket("mia"), at_ticket("tom"), at_ticket("ren")
    mia.page.get_by_label("Status").select_option("Waiting")
    for page in (mia.page, tom.page, ren.page):
        expect(page.locator("#ticket-head [data-status]")).to_have_text(re.compile("Waiting"))
        expect(page.locator("#timeline")).to_contain_text("Mia Lund set this to Waiting")
    expect(tom.page.get_by_label("Status")).to_have_value("waiting")


def test_a_claim_appears_at_everybodys(at_ticket, world):
    mia, tom, ren = at_ticket("mia"), at_ticket("tom"), at_ticket("ren")
    mia.page.get_by_role("button", name="Claim").click()
    expect(ren.page.locator("#ticket-head")).to_contain_text("Mia Lund is on it")
    expect(tom.page.get_by_label("Assignee")).to_have_value(str(world.mia.id))
    expect(tom.page.get_by_role("button", name="Claim")).to_have_count(0)


def test_a_file_appears_at_the_other_and_can_be_fetched(at_ticket):
    mia, ren = at_ticket("mia"), at_ticket("ren")
    picture = {"name": "tray.png", "mimeType": "image/png", "buffer": PIXEL}
    ren.page.get_by_label("Files").set_input_files([picture])
    say(ren, "It is this one.")
    link = mia.page.locator("#timeline").get_by_role("link", name="tray.png").last
    expect(link).to_be_visible()
    with mia.page.expect_download() as fetched:
        link.click()
    assert fetched.value.path().read_bytes() == PIXEL
    expect(ren.page.locator(".file-list li")).to_have_count(0)


def test_an_edit_appears_at_the_other(at_ticket, world, ticket):
    comment = world.comment(world.ren, ticket, "The lower trey.")
    mia, ren = at_ticket("mia"), at_ticket("ren")
    ren.page.locator(f"#comment-{comment.id}").get_by_role("link", name="Edit").click()
    ren.page.get_by_label("Your message").fill("The lower tray.")
    ren.page.get_by_role("button", name="Save", exact=True).click()
    shown = mia.page.locator(f"#comment-{comment.id}")
    expect(shown).to_contain_text("The lower tray.")
    expect(shown).to_contain_text("edited")
    expect(mia.page.locator(f"#comment-{comment.id}").get_by_role("link", name="Edit")).to_have_count(0)
