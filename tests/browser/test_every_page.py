"""A walk through every page there is a link to: each opens, nothing breaks in it, and everybody can use it."""

import re
from importlib.resources import files

import pytest
from playwright.sync_api import expect

from informejo.accounts.models import Role
from informejo.mail.actions import watch

pytestmark = [pytest.mark.browser, pytest.mark.server]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"color-contrast": {"enabled": False}},
    "preload": False,  # of sound and films, which there are none of
}
SIZES = {"runOnly": ["target-size", "scrollable-region-focusable"]}  # all that another width changes
COLOURS = {"runOnly": ["color-contrast"]}
# What style sheets can tell apart of all that has words of its own, kind by kind.
KINDS = """() => {
  const own = ({ attributes }) => [...attributes].map(({ name, value }) =>
    /^(class|type|style|aria-(current|pressed|expanded|selected)|data-state)$/.test(name) ? `${name}=${value}` : name);
  const said = (part) => `${part.localName} ${own(part).sort()}`;
  const around = ({ parentElement }) => [parentElement.parentElement ?? document.body, parentElement];
  const kind = (part) => [...around(part), part].map(said).join("; ");
  const words = (part) => part.value || [...part.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
  window.kinds = Map.groupBy([...document.querySelectorAll("body *")].filter(words), kind);
  return [...kinds.keys()];
}"""
CHECK = """async ([options, kinds]) => {
  const looked = kinds ? { include: kinds.map((kind) => window.kinds.get(kind)[0]) } : document;
  const { violations } = await axe.run(looked, { ...options, resultTypes: ["violations"] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary, target }) =>
    `${target} ${html.slice(0, 200)} ${failureSummary}`).slice(0, 3).join(" | ")}`);
}"""
WIDE = 1280
WIDTHS = [(320, SIZES), (WIDE, RULES)]
# Colours depend on the theme, and not on the width; they are looked at once for each kind of thing, as that takes long.
THEMES = [{"color_scheme": "dark"}, {"color_scheme": "light"}, {"forced_colors": "active"}]
coloured = set()
TEXT_SIZE = "size => { document.documentElement.style.fontSize = size; }"
# axe passes over a single character, so that a number it should look at needs two.
TEN_UNREAD = "() => document.querySelectorAll('.unread-count').forEach((count) => { count.textContent = '10'; })"
# Columns of a page that lie over each other: text that belongs to the one is read through the other.
COVERED = """() => {
  scrollTo({ top: 0, behavior: "instant" });
  const columns = [...document.querySelectorAll(".topbar, .rail, .ticket-aside, .ticket-talk, .page-head, .list-head")];
  const boxes = columns.map((column) => [column.className, column.getBoundingClientRect()]);
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  return boxes.flatMap(([name, box], i) => boxes.slice(i + 1).filter(([, other]) => meet(box, other))
    .map(([other]) => `${name} and ${other}`));
}"""
WHO = [None, "ren", "mia", "ana"]
LONG = f"nothing+{'x' * 80}"  # what was looked for stands in the sentence that it was not found
PLACES = {
    None: [
        "/",
        "/sign-in",
        "/register",
        "/register/sent",
        "/forgot-password/sent",
        "/setup/void",
        "/choose-password/void",
        "/mail/confirm/void",
        "/nowhere",
    ],
    "ren": ["/tickets/{0}/edit", "/tickets/999999", f"/tickets?q={LONG}", "/users", "/tickets/new?follows={1}"],
    "mia": ["/comments/{2}/edit", f"/queue?q={LONG}", f"/users?q={LONG}", "/tickets/999999"],
    "ana": [
        "/bin",
        "/users?role=admin",
        "/users/{3}",
        "/users/{4}",
        "/users/{4}/rights",
        "/users/{5}/sign-in",
        "/users/{5}/merge?into={4}",
        "/users/new",
        "/queue?status=closed&sort=oldest",
    ],
}


@pytest.fixture
def places(world):
    """Addresses that nobody is led to by a link, or only at times."""
    ticket, closed = world.ticket(), world.ticket(title="Long over")
    watch(world.mia, ticket, world.tom)
    comment = world.comment(
        world.mia, ticket, "With `code`, a [link](https://example.org) and\n\n> a quote\n\n- a list"
    )
    world.note(ticket)
    world.comment(world.ren, closed)
    people = (world.mia.id, world.gus.id, world.dan.id)
    return lambda who: [place.format(ticket.number, closed.number, comment.id, *people) for place in PLACES[who]]


def kind(path: str) -> str:
    """Pages that differ only in a number, or in what is searched for, are one kind."""
    return re.sub(r"\d+", "9", path.partition("?")[0])


# What an administrator sees as every agent does, and the walk of one has been to: each look takes more than a second.
AS_AN_AGENT = ("/queue", "/tickets", "/comments", "/profile", "/mail/in", "/mail/out")


def walk(person, begin: str, more: list[str], without: tuple[str, ...] = ()):
    """Every kind of page that can be reached by links, and those named; yields each address once it is open."""
    ahead, known = [begin, *more], set()
    while ahead:
        path = ahead.pop()
        if (path if path in more else kind(path)) in known:
            continue
        known.add(path if path in more else kind(path))
        person.open(path)
        yield path
        links = person.page.locator('a[href^="/"]:not([download], [href^="/files/"], .comment-time)')
        found = links.evaluate_all("links => links.map(link => link.pathname + link.search)")
        ahead.extend(address for address in found if not address.startswith(without))


def problems(page) -> list[str]:
    """What stands in somebody's way: in each theme and width, with text of twice the size, where colours are forced."""
    found = []
    page.evaluate(AXE)
    page.evaluate(TEN_UNREAD)
    page.emulate_media(color_scheme="light")
    for width, rules in sorted(
        WIDTHS, key=lambda one: one[0] != page.viewport_size["width"]
    ):  # as it is, to begin with
        page.set_viewport_size({"width": width, "height": 800})
        found.extend(f"{width}: {violation}" for violation in page.evaluate(CHECK, [rules, None]))
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{width}: it has to be scrolled sideways")
        if width == WIDE:
            found.extend(f"text of twice the size: {trouble}" for trouble in of_large_text(page))
    if kinds := [kind for kind in page.evaluate(KINDS) if kind not in coloured]:
        coloured.update(kinds)
        for theme in THEMES:
            page.emulate_media(**theme)
            found.extend(f"{theme}: {violation}" for violation in page.evaluate(CHECK, [COLOURS, kinds]))
        page.emulate_media(forced_colors="none")
    return found


def of_large_text(page) -> list[str]:
    """What stands in the way of somebody for whom text has to be twice as large."""
    page.evaluate(TEXT_SIZE, "200%")
    found = [f"{words} are covered" for words in page.evaluate(COVERED)]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("it has to be scrolled sideways")
    page.evaluate(TEXT_SIZE, "")
    return found


@pytest.mark.parametrize("who", WHO)
def test_every_page_works_and_can_be_used_by_everybody(browse, world, places, who):
    person, found = browse(who and getattr(world, who)), {}
    person.forgives("status of 40[134]", "status of 410")
    kinds = set()
    for path in walk(person, "/", places(who), AS_AN_AGENT if who == "ana" else ()):
        kinds.add(kind(path))
        if trouble := problems(person.page):
            found[path] = trouble
    assert found == {}
    assert len(kinds) >= {None: 4, "ren": 5, "mia": 7, "ana": 8}[who]


@pytest.mark.parametrize(
    ("path", "button", "fields"),
    [
        ("/sign-in", "Sign in", {"E-mail address": "nobody@example.org", "Password": "wrong"}),
        ("/register", "Make an account", {"Your name": "Nia New", "E-mail address": "nia@here.example"}),
        ("/tickets/new", "Send", {"In a few words": "  a      ", "What happens": "   b          "}),
        ("/profile/security", "Change password", {"Current password": "wrong", "Repeat the password": "another"}),
        ("/profile/mail", "Save", {"Quiet hours begin": "22:00"}),
    ],
)
def test_a_form_that_says_what_is_wrong_can_be_used_by_everybody(browse, newcomer, path, button, fields):
    person = browse(None if path in ("/sign-in", "/register") else newcomer())
    person.forgives("status of 422")
    page = person.open(path)
    for label, text in fields.items():
        page.get_by_label(label).fill(text)
    for secret in page.get_by_label("New password").all():
        secret.fill("too easy to guess 1")
    if page.get_by_label("Repeat the password").count():
        page.get_by_label("Repeat the password").fill("and different from it")
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator(".summary[role=alert]")).to_be_visible()
    assert problems(page) == []


def test_a_link_to_choose_a_password_can_be_made_and_used_by_everybody(browse, world, newcomer):
    guest = newcomer(Role.GUEST, "Gil " + "Very-Long-Name" * 4)
    page, visitor = browse(world.ana).open(f"/users/{guest.id}/sign-in"), browse()
    page.get_by_role("button", name="Make a link to choose a password").click()
    assert problems(page) == []
    visitor.forgives("status of 422")
    form = visitor.open(page.locator(".one-time-link").inner_text())
    assert problems(form) == []
    form.get_by_label("New password").fill("too easy to guess 1")
    form.get_by_label("Repeat the password").fill("and different from it")
    form.get_by_role("button", name="Choose this password").click()
    expect(form.locator(".summary[role=alert]")).to_be_visible()
    assert problems(form) == []


def test_a_ticket_still_can_be_used_by_everybody_after_much_has_happened(browse, world, newcomer):
    kim = newcomer()
    ticket, other = world.ticket(by=kim), world.ticket(by=kim, title="The other one")
    mia, reader, staff = browse(world.mia), browse(kim), browse(world.tom)
    for person in (reader, staff):
        person.open(f"/tickets/{ticket.number}")
    for path, form in {
        "comments": {"body": "A **word** of mine."}, "status": {"value": "resolved"}, "priority": {"value": "critical"},
    }.items():  # fmt: skip
        mia.post(f"/tickets/{ticket.number}/{path}", **form)
        mia.post(f"/tickets/{other.number}/{path}", **form)
    mia.post(f"/tickets/{ticket.number}/comments", body="Between us.", internal="yes")
    expect(staff.page.locator("#timeline")).to_contain_text("Between us.")
    expect(reader.page.locator("#toasts .toast")).to_have_count(3)
    expect(reader.page.get_by_text("We think this is solved.")).to_be_visible()
    assert problems(reader.page) == []
    assert problems(staff.page) == []
