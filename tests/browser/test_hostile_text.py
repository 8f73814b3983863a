"""Whatever people write is text: in lists, tickets, live fragments, toasts and titles nothing of it runs or acts."""

import re

import pytest
from playwright.sync_api import expect

from informejo.accounts import actions as accounts
from informejo.accounts.models import Role
from informejo.db import commit

pytestmark = [pytest.mark.browser, pytest.mark.server]

# Two attacks at once: the first leaves what surrounds it, where that can be left, and the second acts.
PAYLOADS = {
    "a broken attribute and a script": (
        "\"'><svg onload=alert(1)>",
        "<script>alert(1)</script><img src=/evil onerror=alert(1)>",
    ),
    "an end of everything and a fragment": (
        "</textarea></title></style></script><script>alert(1)</script>",
        '<hx-partial hx-target="body" hx-swap="innerHTML">evil</hx-partial>',
    ),
    "something of htmx and a template or a link": (
        '<b hx-get="/evil" data-hx-trigger="load" hx-on:click="alert(1)">hx</b>',
        "{{ 7 * 19.1 }} ${7 * 19.1} [x](javascript:alert(1)) [y](data:text/html,evil) ![z](/evil)",
    ),
}
# What people wrote must have become neither an element that acts nor an address that runs.
ACTS = """() => document.querySelectorAll(`main script, svg[onload], [onerror], hx-partial,
  [hx-get^="/evil"], [src^="/evil"], [href^="javascript:" i], [href^="data:" i],
  [data-hx-trigger], .prose [hx-get]`).length"""


@pytest.fixture
def hostile(newcomer):
    """Somebody whose very name is an attack."""

    def hostile(name, department, role=Role.USER):
        user = newcomer(role, name)
        accounts.edit_profile(user, name=name, department=department)
        commit()
        return user

    return hostile


@pytest.fixture
def harmless(browse):
    """`harmless(user)` is somebody in whose pages nothing of all this may act; they are looked over after the test."""
    people = []

    def harmless(user):
        person = browse(user)
        person.context.on("request", lambda request: "/evil" in request.url and person.broken.append(request.url))
        people.append(person)
        return person

    yield harmless
    assert [person.page.evaluate(ACTS) for person in people] == [0] * len(people)


@pytest.mark.hardening("H-15", "H-16", "H-17")
@pytest.mark.parametrize("attacks", PAYLOADS.values(), ids=PAYLOADS)
def test_it_stays_text_on_every_page_and_in_every_live_message(browse, harmless, hostile, world, attacks):
    payload = " ".join(attacks)
    requester, agent = hostile(*attacks), hostile(*reversed(attacks), Role.AGENT)
    ticket = world.ticket(by=requester, title=payload, description=f"{payload}\n\n{payload}")
    staff, reader = harmless(world.mia), harmless(requester)
    reader.open("/tickets")
    page = staff.open(f"/tickets/{ticket.number}")
    expect(page.locator("h1")).to_have_text(payload)
    assert payload in page.title()

    reader.post(f"/tickets/{ticket.number}/comments", body=payload)
    browse(agent).post(f"/tickets/{ticket.number}/comments", body=f"{payload}\n\n* {payload}")
    expect(page.locator("#timeline > .comment")).to_have_count(2)
    expect(page.locator("#timeline")).to_contain_text(payload)
    expect(reader.page.locator("#toasts")).to_contain_text(payload)
    expect(reader.page.locator("#cards")).to_contain_text(payload)
    assert [one.page.evaluate(ACTS) for one in (staff, reader)] == [0, 0]

    for person, path in (
        (reader, f"/tickets/{ticket.number}"),
        (staff, "/queue"),
        (staff, "/users"),
        (staff, "/desk"),
        (staff, f"/users/{requester.id}"),
        (staff, f"/users/{agent.id}"),
    ):
        person.open(path)
        assert person.page.evaluate(ACTS) == 0, path
        assert "133.7" not in person.page.content()


@pytest.mark.hardening("H-15")
def test_file_names_stay_text(harmless, world):
    ticket = world.ticket()
    names = [re.sub(r"[/\\]", "", attack)[:80] + ".txt" for attacks in PAYLOADS.values() for attack in attacks]
    ren, mia = harmless(world.ren), harmless(world.mia)
    page = mia.open(f"/tickets/{ticket.number}")
    ren.open(f"/tickets/{ticket.number}")
    ren.page.get_by_label("Files").set_input_files(
        [{"name": name, "mimeType": "text/html", "buffer": b"<script>alert(1)</script>"} for name in names]
    )
    expect(ren.page.locator(".file-name")).to_have_text(names)
    ren.page.get_by_role("button", name="Send").click()
    expect(page.locator("#timeline .attachment")).to_have_count(len(names))


@pytest.mark.hardening("H-15")
def test_a_word_in_a_search_stays_text(harmless, world):
    mia = harmless(world.mia)
    mia.page.goto("/queue")
    for payload in map(" ".join, PAYLOADS.values()):
        mia.page.get_by_role("searchbox", name="Search tickets").fill(payload)
        mia.page.keyboard.press("Enter")
        expect(mia.page.get_by_role("searchbox", name="Search tickets")).to_have_value(payload)
        assert mia.page.evaluate(ACTS) == 0, payload
