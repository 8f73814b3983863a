"""After a break of any kind a page shows exactly what a fresh one does, without having been loaded again."""

from io import BytesIO

import pytest
from playwright.sync_api import expect
from werkzeug.datastructures import FileStorage

from informejo.db import commit
from informejo.tickets import change_actions, files
from informejo.tickets.words import Category, Priority, Status
from tests.browser.drawn import as_drawn
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.server]

BREAKS = {
    "the line is cut": (lambda line, server: line.cut(), lambda line, server: line.mend()),
    "the worker dies": (lambda line, server: server.kill_worker(), lambda line, server: None),
    "the server restarts": (lambda line, server: server.stop(), lambda line, server: server.start()),
}
SECRET = "marker-of-a-note"
LOST = ("net::ERR_", "status of 503", "htmx:(sse:)?error")


@pytest.fixture
def ticket(world):
    ticket = world.ticket()
    world.comment(world.mia, ticket, "The first word.")
    return ticket


@pytest.fixture
def at_ticket(browse, world, ticket, line):
    """`at_ticket("mia")` is that person with the ticket open, on the line that can break."""

    def at_ticket(name, line=line, **options):
        person = browse(getattr(world, name), at=line.address, **options)
        person.forgives(*LOST)
        person.open(f"/tickets/{ticket.number}")
        person.page.evaluate("window.isTheSamePage = true")
        return person

    return at_ticket


def fifty_changes(world, ticket):
    """Ten kinds of change, five times over; the last one is a comment."""
    mine = world.comment(world.mia, ticket, "To be edited.")
    for times, (status, priority, category) in enumerate(
        zip(Status, [*Priority, Priority.LOW], Category, strict=False)
    ):
        change_actions.set_priority(world.tom, ticket, priority)
        change_actions.set_category(world.mia, ticket, category)
        change_actions.assign(world.mia, ticket, [world.tom, world.ana, None][times % 3])
        change_actions.edit_comment(world.mia, mine, body=f"Edited *{times}* times.", version=mine.version)
        change_actions.edit_ticket(
            world.ren, ticket, title=f"Title {times}", description="Smoke, and *fire*.", version=ticket.version
        )
        world.note(ticket, f"{SECRET} {times}")
        with files.kept([FileStorage(BytesIO(b"a log"), "printer.log")], world.ren, ticket) as kept:
            world.comment(world.ren, ticket, "Here is the log.", files=kept)
        change_actions.set_status(world.mia, ticket, status)
        commit()
        world.comment(world.mia, ticket, f"Word {times} of Mia.")
        world.comment(world.ren, ticket, f"Word {times} of Ren.")
    world.comment(world.ana, ticket, "The last word.")


def is_up_to_date(person, again):
    """It caught up, was not loaded again, and looks like a page that is: that of the same person in another browser."""
    page, fresh = person.page, again.page
    expect(page.locator("#timeline")).to_contain_text("The last word.", timeout=20_000)
    # Beside a busy core it may have taken its stream for one that is held back, and tries again after a minute.
    expect(page.locator("#live-mark")).to_have_text("Live", timeout=90_000)
    assert page.evaluate("isTheSamePage")
    until(
        lambda: is_alike(page, fresh), every=0.5
    )  # what becomes of mails is decided a moment later, and shown when it is
    return True


def shown_again(person, ticket):
    person.open(f"/tickets/{ticket.number}")
    return person


def is_alike(page, fresh):
    fresh.reload()
    return as_drawn(page) == as_drawn(fresh)


@pytest.mark.parametrize("cause", BREAKS)
def test_nothing_is_missing_after_a_break(at_ticket, browse, world, ticket, line, server, cause):
    mia, ren = at_ticket("mia"), at_ticket("ren")
    begins, ends = BREAKS[cause]
    begins(line, server)
    fifty_changes(world, ticket)
    ends(line, server)
    again = shown_again(browse(world.ren), ticket)
    assert is_up_to_date(mia, shown_again(browse(world.mia), ticket))
    assert is_up_to_date(ren, again)
    assert SECRET in mia.page.content()
    assert SECRET not in ren.page.content()
    assert SECRET not in again.page.content()


def test_live_changes_lead_to_the_same_page_as_well(at_ticket, browse, world, ticket):
    mia, ren = at_ticket("mia"), at_ticket("ren")
    fifty_changes(world, ticket)
    assert is_up_to_date(mia, shown_again(browse(world.mia), ticket))
    assert is_up_to_date(ren, shown_again(browse(world.ren), ticket))


def test_what_is_typed_stays_while_the_server_restarts_and_can_be_sent_then(at_ticket, server):
    ren = at_ticket("ren")
    ren.page.get_by_label("Your message").fill("As I was saying")
    server.restart()
    expect(ren.page.locator("#live-mark[data-state=live]")).to_be_visible()
    expect(ren.page.get_by_label("Your message")).to_have_value("As I was saying")
    ren.page.get_by_role("button", name="Send").click()
    expect(ren.page.locator("#timeline")).to_contain_text("As I was saying")


def test_the_mark_says_that_the_connection_is_lost_and_back(at_ticket, line):
    mia = at_ticket("mia")
    line.cut()
    expect(mia.page.locator("#live-mark")).to_have_text("Catching up")
    line.mend()
    expect(mia.page.locator("#live-mark")).to_have_text("Live")


@pytest.mark.hardening("X-14")
def test_a_connection_that_died_silently_is_noticed_and_replaced(at_ticket, world, ticket, line):
    mia = at_ticket("mia")
    mia.page.clock.install()
    mia.open(f"/tickets/{ticket.number}")
    line.silence()
    world.comment(world.ren, ticket, "Does anybody hear me?")
    mia.page.clock.fast_forward(15_000)
    expect(mia.page.locator("#timeline")).not_to_contain_text("Does anybody")
    mia.page.clock.fast_forward(40_000)
    expect(mia.page.locator("#timeline")).to_contain_text("Does anybody hear me?")


@pytest.mark.parametrize(
    ("state", "word"), [("held", "Updates every few seconds"), ("offline", "Offline, your text is safe")]
)
def test_the_longest_words_of_the_mark_hide_nothing_on_a_narrow_screen(browse, world, state, word):
    ren = browse(world.ren, viewport={"width": 320, "height": 640})
    page = ren.open("/tickets")
    expect(page.locator("#live-mark")).to_have_text("Live")
    page.locator("#live-mark").evaluate("(mark, state) => { mark.dataset.state = state; }", state)
    page.locator("#live-mark [data-word]").evaluate("(place, word) => { place.textContent = word; }", word)
    expect(page.get_by_text(word)).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="your account")).to_be_in_viewport(ratio=1)
