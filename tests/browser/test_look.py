"""What the eye has to find at once: measured where it stands."""

import re

import pytest
from playwright.sync_api import expect

from informejo.db import commit
from informejo.tickets import actions

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def full(world):
    """More tickets than a window holds, with words of every length."""
    for number in range(24):
        title = f"Row {number}" + " and a title that goes on for longer than a line of any window can be" * (number % 3)
        actions.open_ticket(world.ren, title=title, description="It smokes at the back of the tray. " * 9)
    commit()


@pytest.mark.parametrize("width", [320, 375])
def test_on_a_phone_the_first_ticket_is_near_the_top(browse, world, full, width):
    page = browse(world.mia, viewport={"width": width, "height": 760}).open("/queue")
    assert page.locator("#queue > li").first.bounding_box()["y"] <= 200


@pytest.mark.parametrize("scripts", [True, False])
def test_on_a_phone_the_search_is_behind_a_button(browse, world, scripts):
    ticket = world.ticket(title="Kettle on a phone")
    page = browse(world.mia, viewport={"width": 375, "height": 760}, java_script_enabled=scripts).page
    page.goto("/desk")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("searchbox", name="Search tickets").fill("kettle phone")
    page.keyboard.press("Enter")
    expect(page.locator(f"#row-{ticket.number}")).to_be_visible()


def test_an_empty_list_is_no_line_and_on_a_phone_the_place_one_is_at_is_in_sight(browse, world):
    page = browse(world.ana, viewport={"width": 320, "height": 760}).open("/queue?q=nothing-like-it")
    expect(page.locator("#queue")).to_be_hidden()
    page = browse(world.ana, viewport={"width": 320, "height": 760}).open("/health")
    expect(page.locator(".rail [aria-current]")).to_be_in_viewport(ratio=0.9)


def test_a_window_of_900_pixels_holds_eighteen_tickets(browse, world, full):
    page = browse(world.mia, viewport={"width": 1280, "height": 900}).open("/queue")
    last = page.locator("#queue > li").nth(17).bounding_box()
    assert last["y"] + last["height"] <= 900


@pytest.mark.parametrize("who", ["mia", "ren"])
@pytest.mark.parametrize("messages", [0, 30])
def test_send_is_in_sight_on_any_ticket(browse, world, who, messages):
    ticket = world.ticket(description="A line of it.\n\n" * 40)
    for number in range(messages):
        actions.add_comment(world.tom, ticket, body=f"Answer {number}.\n\nAnd more of it.")
    commit()
    page = browse(getattr(world, who), viewport={"width": 1280, "height": 900}).open(f"/tickets/{ticket.number}")
    assert page.evaluate("document.documentElement.scrollHeight") > 900
    expect(page.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
    assert page.locator("#dock").bounding_box()["height"] <= 220


def test_what_is_normal_has_no_colour_and_what_is_not_has_one(browse, world):
    for priority in ("low", "medium", "high", "critical"):
        world.ticket(title=f"Colour {priority}", priority=priority)
    page = browse(world.mia).open("/queue?status=&q=colour")
    chips = page.locator("#queue .chip")
    bare = (
        "chips => chips.map(chip => [chip.textContent.trim().split(' ').pop(), getComputedStyle(chip).backgroundColor])"
    )
    colours = dict(chips.evaluate_all(bare))
    none = "rgba(0, 0, 0, 0)"
    assert {word for word, colour in colours.items() if colour != none} == {"High", "Critical"}
    assert colours["Open"] == colours["Medium"] == colours["Low"] == none


def test_the_letters_are_our_own_and_figures_are_of_one_width(browse, world):
    page = browse(world.mia).open("/queue")
    page.evaluate("document.fonts.ready.then(() => true)")
    assert page.evaluate("document.fonts.check('16px Inter', 'Aÿ Ελ Жд')")
    width = "text => { const box = document.body.appendChild(document.createElement('span')); box.textContent = text;"
    width += " const wide = box.getBoundingClientRect().width; box.remove(); return wide; }"
    assert page.evaluate(width, "1111111") == page.evaluate(width, "8888888")


def test_a_picture_is_seen_before_it_is_sent(browse, world):
    page = browse(world.ren).open(f"/tickets/{world.ticket().number}")
    pixel = page.evaluate("""() => { const c = document.createElement('canvas'); c.width = c.height = 8;
      c.getContext('2d').fillRect(0, 0, 8, 8); return c.toDataURL('image/png').split(',')[1]; }""")
    import base64

    picture = {"name": "shot.png", "mimeType": "image/png", "buffer": base64.b64decode(pixel)}
    page.locator("#field-files").set_input_files([picture, {**picture, "name": "odd.png", "buffer": b"no picture"}])
    expect(page.locator(".file-list .file")).to_have_count(2)
    expect(page.locator(".file-list canvas")).to_have_count(1)


def test_health_shows_a_dot_to_administrators_when_something_is_broken(browse, world, app):
    from informejo import clock, db
    from informejo.doctor.models import Finding, State

    now = clock.now()
    found = Finding(name="planted", state=State.BROKEN, sentence="It is.", remedy="", since=now, checked_at=now)
    db.session.add(found)
    commit()
    page = browse(world.ana).open("/queue")
    expect(page.get_by_role("link", name=re.compile("Health.*something is wrong"))).to_be_visible()
    expect(browse(world.mia).open("/queue").locator(".rail-trouble")).to_have_count(0)
    db.session.delete(found)
    commit()
    page.reload()
    expect(page.get_by_role("link", name="Health", exact=True)).to_be_visible()
